#include "aacft/generate/engine.h"

#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <span>

#include "aacft/base/error.h"
#include "aacft/generate/answer_text.h"
#include "aacft/generate/sampler.h"
#include "aacft/kernels/cross_entropy.h"
#include "aacft/model/model.h"
#include "aacft/model/sample_pass.h"
#include "aacft/runtime/loaded_model.h"

namespace aacft {
namespace {

// A request and how far it has come.
struct Answer {
  Answer(std::uint64_t number, Request asked, const Tokenizer& tokenizer)
      : id(number), request(std::move(asked)), ids(request.prompt_ids), text(tokenizer, request.options.stop) {}

  std::uint64_t id;
  Request request;
  std::vector<std::int32_t> ids;  // of the prompt, then the new ones
  AnswerText text;
  Generation result;
  KvCache cache;
  double log_likelihood = 0;
  bool cancelled = false;

  std::int64_t prompt_length() const { return static_cast<std::int64_t>(request.prompt_ids.size()); }
  std::int64_t new_length() const { return static_cast<std::int64_t>(ids.size()) - prompt_length(); }
  std::int64_t unseen_length() const { return static_cast<std::int64_t>(ids.size()) - cache.length(); }
};

// Tokens of a prompt that an earlier request has, too, and computes with the same adapter: all but the last at most,
// whose logits are wanted.
std::int64_t common_beginning(const Answer& next, const Answer& other) {
  if (next.request.adapter != other.request.adapter) return 0;
  const auto end = next.ids.end() - 1;
  return std::mismatch(next.ids.begin(), end, other.ids.begin(), other.ids.end()).first - next.ids.begin();
}

float nll_of(const Matrix& logits, std::int64_t id) {
  float nll;
  cross_entropy(logits, &id, nullptr, &nll);
  return nll;
}

// A beginning of so many tokens is computed once, even if those who share it wait a step for that.
constexpr std::int64_t kWorthWaiting = 32;

// Tokens of a prompt that are computed in one step, so that a long one does not hold up the others.
constexpr std::int64_t kPromptTokensAStep = 256;

// Random numbers depend on what the prompt says, not on where it stands, so that a batch changes nothing.
std::uint64_t stream_of(const Request& request) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const std::int32_t id : request.prompt_ids) hash = (hash ^ static_cast<std::uint64_t>(id)) * 0x100000001b3u;
  return hash + request.draw;
}

}  // namespace

class Engine::Batch {
 public:
  Batch(const LoadedModel& model, const EngineOptions& options) : model_(model), options_(options) {}

  std::uint64_t submit(Request request) {
    const auto length = static_cast<std::int64_t>(request.prompt_ids.size());
    if (length == 0) throw Error(request.name, " is empty");
    if (length >= model_.config().context())
      throw Error(request.name, " has ", length, " tokens, but the model's context of ", model_.config().context(),
                  " must hold it and an answer; shorten it");
    check_ids(request.prompt_ids, model_.config());
    model_.modules(request.adapter);
    waiting_.push_back(std::make_shared<Answer>(next_id_, std::move(request), model_.tokenizer()));
    return next_id_++;
  }

  void cancel(std::uint64_t id) {
    const auto is_it = [&](const std::shared_ptr<Answer>& answer) { return answer->id == id; };
    if (const auto found = std::find_if(active_.begin(), active_.end(), is_it); found != active_.end())
      end(std::shared_ptr(*found), true);
    std::erase_if(waiting_, is_it);
  }

  bool step() {
    while (!waiting_.empty() && active_.size() < static_cast<std::size_t>(options_.batch_size) && take_up()) {}
    if (!active_.empty()) compute();
    return !active_.empty() || !waiting_.empty();
  }

 private:
  const LoadedModel& model_;
  const EngineOptions options_;
  ComputeContext context_;
  std::uint64_t next_id_ = 0;
  std::deque<std::shared_ptr<Answer>> waiting_;
  std::vector<std::shared_ptr<Answer>> active_;
  std::deque<std::shared_ptr<Answer>> kept_;  // ended, with their caches; the one of use last goes last

  // New tokens that there can be.
  std::int64_t room(const Answer& answer) const {
    return std::min(answer.request.options.max_new_tokens, model_.config().context() - answer.prompt_length());
  }

  // The next request, with what it shares with an earlier one. False where one under way is better awaited.
  bool take_up() {
    const std::shared_ptr<Answer> next = waiting_.front();
    if (options_.use_cache) {
      std::int64_t computed = 0, coming = 0;
      std::shared_ptr<Answer> from;
      const auto look_at = [&](const std::shared_ptr<Answer>& other) {
        const std::int64_t common = common_beginning(*next, *other), there = std::min(common, other->cache.length());
        if (there > computed) computed = there, from = other;
        return common;
      };
      for (const auto& other : active_) coming = std::max(coming, look_at(other));
      for (const auto& other : kept_) look_at(other);
      if (coming - computed >= kWorthWaiting) return false;
      begin_with(*next, from, computed);
    }
    waiting_.pop_front();
    active_.push_back(next);
    return true;
  }

  // A request that goes on where another ended takes its cache over.
  void begin_with(Answer& next, const std::shared_ptr<Answer>& from, std::int64_t computed) {
    const std::int64_t capacity = next.prompt_length() + room(next);
    const auto kept = std::find(kept_.begin(), kept_.end(), from);
    if (kept != kept_.end() && computed == from->cache.length()) {
      next.cache = std::move(from->cache);
      next.cache.grow(capacity);
      kept_.erase(kept);
    } else {
      next.cache = model_.model().make_cache(capacity);
      if (from != nullptr) next.cache.copy_beginning(from->cache, computed);
      if (kept != kept_.end()) std::rotate(kept, kept + 1, kept_.end());  // the one that was of use last goes last
    }
    next.result.reused = computed;
  }

  // Nothing more is computed for it; what was may be of use to a later one.
  void end(const std::shared_ptr<Answer>& answer, bool cancelled) {
    answer->cancelled = cancelled;
    std::erase(active_, answer);
    if (answer->cache.length() == 0 || answer->cache.capacity() > options_.kept_positions) return;
    kept_.push_back(answer);
    std::int64_t positions = 0;
    for (const auto& kept : kept_) positions += kept->cache.capacity();
    for (; positions > options_.kept_positions; kept_.pop_front()) positions -= kept_.front()->cache.capacity();
  }

  // One token for each whose prompt is computed then, in one pass.
  void compute() {
    const std::vector<std::shared_ptr<Answer>> answers = active_;
    std::vector<std::vector<std::int32_t>> unseen;  // tokens that the model has not seen yet
    std::vector<KvCache*> caches;
    for (const auto& answer : answers) {
      const auto first = answer->ids.begin() + answer->cache.length();
      const std::int64_t left = answer->ids.end() - first;
      unseen.emplace_back(first, first + (options_.use_cache ? std::min(left, kPromptTokensAStep) : left));
      caches.push_back(&answer->cache);
    }
    Pass pass = make_pass(unseen);
    if (options_.use_cache) use_caches(pass, std::move(caches));
    std::vector<std::int64_t> last;  // only a text's last row needs logits
    std::vector<std::shared_ptr<Answer>> speaking;
    for (std::size_t i = 0; i < answers.size(); ++i) {
      pass.adapters.attach(i, model_.modules(answers[i]->request.adapter));
      if (pass.offsets[i + 1] - pass.offsets[i] < answers[i]->unseen_length()) continue;
      last.push_back(pass.offsets[i + 1] - 1);
      speaking.push_back(answers[i]);
    }
    const torch::Tensor hidden = model_.model().hidden(pass, context_);
    if (speaking.empty()) return;
    const torch::Tensor logits =
        model_.model().logits(hidden.index_select(0, torch::tensor(last, torch::kInt64)), context_);
    const Matrix rows = matrix_over(logits);
    for (std::size_t i = 0; i < speaking.size(); ++i)
      if (!speaking[i]->cancelled) take_token(speaking[i], rows_of(rows, static_cast<std::int64_t>(i), 1));
  }

  void take_token(const std::shared_ptr<Answer>& answer, const Matrix& row) {
    const std::span logits(reinterpret_cast<const float*>(row.data), static_cast<std::size_t>(row.cols));
    Generation& result = answer->result;
    std::string piece;
    if (std::all_of(logits.begin(), logits.end(), [](float x) { return std::isfinite(x); })) {
      const std::int32_t id =
          choose_token(logits, answer->ids, answer->request.options.sampling, stream_of(answer->request),
                       static_cast<std::uint64_t>(answer->new_length()));
      answer->ids.push_back(id);
      if (answer->request.options.likelihood) answer->log_likelihood -= nll_of(row, id);
      piece = answer->text.add(id);
      result.stop_reason = end_after(*answer, id);
    } else {
      result.stop_reason = "error";
      result.error =
          "the model computes numbers that are not finite: it or its adapter is damaged, or its training had diverged";
    }
    const bool ended = !result.stop_reason.empty();
    if (ended) piece += answer->text.finish();
    result.text += piece;
    if (answer->request.text && !piece.empty()) answer->request.text(piece);
    if (!ended || answer->cancelled) return;
    const auto first_new = answer->ids.begin() + answer->prompt_length();
    result.prompt_ids.assign(answer->ids.begin(), first_new);
    result.new_ids.assign(first_new, answer->ids.end());
    result.likelihood = answer->log_likelihood / static_cast<double>(std::max<std::int64_t>(answer->new_length(), 1));
    end(answer, false);
    if (answer->request.done) answer->request.done(result);
  }

  // Why the answer ends with this token; empty where it goes on.
  std::string end_after(const Answer& answer, std::int32_t id) const {
    const std::vector<std::int32_t>& ends = answer.request.options.end_ids;
    if (model_.config().ends_text(id) || id == model_.tokenizer().end_token() ||
        std::find(ends.begin(), ends.end(), id) != ends.end())
      return "eos";
    if (answer.text.stopped()) return "stop";
    if (answer.new_length() < room(answer)) return "";
    return answer.new_length() >= answer.request.options.max_new_tokens ? "length" : "context";
  }
};

Engine::Engine(const LoadedModel& model, const EngineOptions& options) : batch_(new Batch(model, options)) {}
Engine::~Engine() = default;

std::uint64_t Engine::submit(Request request) { return batch_->submit(std::move(request)); }
void Engine::cancel(std::uint64_t id) { batch_->cancel(id); }
bool Engine::step() { return batch_->step(); }

}  // namespace aacft
