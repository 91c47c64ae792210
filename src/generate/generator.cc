#include "aacft/generate/generator.h"

#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>

#include "aacft/base/error.h"
#include "aacft/base/text.h"
#include "aacft/generate/sampler.h"
#include "aacft/model/model.h"
#include "aacft/model/sample_pass.h"
#include "aacft/runtime/loaded_model.h"

namespace aacft {
namespace {

// A prompt under way.
struct Active {
  std::size_t index = 0;
  Generation result;
  KvCache cache;
  std::vector<std::int32_t> pending;  // tokens that the model has not seen yet
  std::uint64_t stream = 0;           // of random numbers
  std::size_t shown = 0;              // bytes of the text that were reported
};

// Random numbers depend on what the prompt says, not on where it stands, so that a batch changes nothing; the n-th
// repetition of a prompt draws differently.
std::uint64_t stream_of(const std::vector<std::int32_t>& ids,
                        std::map<std::vector<std::int32_t>, std::uint64_t>& seen) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const std::int32_t id : ids) hash = (hash ^ static_cast<std::uint64_t>(id)) * 0x100000001b3u;
  return hash + seen[ids]++;
}

class Batch {
 public:
  Batch(const Model& model, const AdapterModules& adapter, const Tokenizer& tokenizer,
        const std::vector<std::string>& prompts, const GenerateOptions& options, const GenerateEvents& events)
      : model_(model),
        adapter_(adapter),
        tokenizer_(tokenizer),
        options_(options),
        events_(events),
        finished_(prompts.size()) {
    std::map<std::vector<std::int32_t>, std::uint64_t> seen;
    for (std::size_t i = 0; i < prompts.size(); ++i) {
      auto prompt = std::make_unique<Active>();
      prompt->index = i;
      prompt->result.prompt = prompts[i];
      prompt->result.prompt_ids = tokenizer.encode(prompts[i]);
      const auto length = static_cast<std::int64_t>(prompt->result.prompt_ids.size());
      if (length == 0) throw Error("prompt ", i + 1, " is empty");
      if (length >= model.config().max_positions)
        throw Error("prompt ", i + 1, " has ", length, " tokens, but the model's context of ",
                    model.config().max_positions, " must hold it and an answer; shorten it");
      check_ids(prompt->result.prompt_ids, model.config());
      prompt->stream = stream_of(prompt->result.prompt_ids, seen);
      waiting_.push_back(std::move(prompt));
    }
    std::reverse(waiting_.begin(), waiting_.end());
  }

  void run() {
    while (!waiting_.empty() || !active_.empty()) {
      while (!waiting_.empty() && active_.size() < static_cast<std::size_t>(options_.batch_size)) take_up();
      step();
      if (events_.stop_requested && events_.stop_requested()) return;
    }
  }

 private:
  const Model& model_;
  const AdapterModules& adapter_;
  ComputeContext context_;
  const Tokenizer& tokenizer_;
  const GenerateOptions& options_;
  const GenerateEvents& events_;
  std::vector<std::unique_ptr<Active>> waiting_, active_;  // the next one to take up is waiting_'s last
  std::vector<std::unique_ptr<Active>> finished_;          // by index, until those before are done
  std::size_t next_done_ = 0;

  std::int64_t room(const Active& prompt) const {
    const auto length = static_cast<std::int64_t>(prompt.result.prompt_ids.size());
    return std::min(options_.max_new_tokens, model_.config().max_positions - length);
  }

  void take_up() {
    std::unique_ptr<Active> prompt = std::move(waiting_.back());
    waiting_.pop_back();
    prompt->pending = prompt->result.prompt_ids;
    if (options_.use_cache)
      prompt->cache = model_.make_cache(static_cast<std::int64_t>(prompt->result.prompt_ids.size()) + room(*prompt));
    active_.push_back(std::move(prompt));
  }

  // One token for every prompt under way.
  void step() {
    std::vector<std::vector<std::int32_t>> ids;
    for (const auto& prompt : active_) ids.push_back(prompt->pending);
    Pass pass = make_pass(ids);
    pass.adapters.attach(adapter_);
    if (options_.use_cache) {
      std::vector<KvCache*> caches;
      for (const auto& prompt : active_) caches.push_back(&prompt->cache);
      use_caches(pass, std::move(caches));
    }
    const torch::Tensor hidden = model_.hidden(pass, context_);

    // Only each sequence's last row needs logits.
    std::vector<std::int64_t> last;
    for (std::size_t i = 0; i < pass.segments(); ++i) last.push_back(pass.offsets[i + 1] - 1);
    const torch::Tensor logits = model_.logits(hidden.index_select(0, torch::tensor(last, torch::kInt64)), context_);

    for (std::size_t i = 0; i < active_.size(); ++i) {
      const auto width = static_cast<std::size_t>(logits.size(1));
      take_token(*active_[i], {logits.data_ptr<float>() + i * width, width});
    }
    for (auto& prompt : active_)
      if (!prompt->result.stop_reason.empty()) {
        const std::size_t index = prompt->index;
        finished_[index] = std::move(prompt);
      }
    std::erase_if(active_, [](const auto& prompt) { return prompt == nullptr; });
    for (; next_done_ < finished_.size() && finished_[next_done_] != nullptr; ++next_done_) {
      if (events_.done) events_.done(next_done_, finished_[next_done_]->result);
      finished_[next_done_] = std::make_unique<Active>();  // frees its cache
    }
  }

  void take_token(Active& prompt, std::span<const float> logits) {
    if (!std::all_of(logits.begin(), logits.end(), [](float x) { return std::isfinite(x); }))
      throw Error(
          "the model computes numbers that are not finite: it or its adapter is damaged, or its training had diverged");
    Generation& result = prompt.result;
    std::vector<std::int32_t> previous = result.prompt_ids;
    previous.insert(previous.end(), result.new_ids.begin(), result.new_ids.end());
    const std::int32_t id = choose_token(logits, previous, options_.sampling, prompt.stream, result.new_ids.size());
    result.new_ids.push_back(id);
    if (options_.use_cache) {
      prompt.pending = {id};
    } else {
      prompt.pending.push_back(id);
    }

    const bool ended = model_.config().eos_token_id && id == *model_.config().eos_token_id;
    const std::string text = tokenizer_.decode(result.new_ids, true);
    const CertainText certain = certain_text(text, options_.stop);
    if (ended) {
      result.stop_reason = "eos";
    } else if (certain.stopped) {
      result.stop_reason = "stop";
    } else if (static_cast<std::int64_t>(result.new_ids.size()) >= room(prompt)) {
      result.stop_reason =
          static_cast<std::int64_t>(result.new_ids.size()) >= options_.max_new_tokens ? "length" : "context";
    }
    const bool last = !result.stop_reason.empty();
    const std::size_t end = last && !certain.stopped ? text.size() : certain.length;
    if (last) result.text = text.substr(0, end);
    if (events_.text && end > prompt.shown) {
      events_.text(prompt.index, text.substr(prompt.shown, end - prompt.shown));
      prompt.shown = end;
    }
  }
};

}  // namespace

CertainText certain_text(const std::string& text, const std::vector<std::string>& stop) {
  std::size_t first = std::string::npos;
  for (const std::string& s : stop)
    if (!s.empty()) first = std::min(first, text.find(s));
  if (first != std::string::npos) return {first, true};
  // An incomplete code point decodes to U+FFFD at the end for now.
  std::size_t whole = text.size();
  while (whole >= 3 && text.compare(whole - 3, 3, "\xEF\xBF\xBD") == 0) whole -= 3;
  std::size_t length = whole;
  // That code point may be the stop string's next one, so its beginning may end before it.
  for (const std::string& s : stop)
    for (const std::size_t end : {text.size(), whole})
      for (std::size_t n = std::min(s.size(), end); n > 0; --n)
        if (text.compare(end - n, n, s, 0, n) == 0) {
          length = std::min(length, end - n);
          break;
        }
  return {length, false};
}

void generate(const LoadedModel& model, const std::string& adapter, const std::vector<std::string>& prompts,
              const GenerateOptions& options, const GenerateEvents& events) {
  Batch(model.model(), model.modules(adapter), model.tokenizer(), prompts, options, events).run();
}

}  // namespace aacft
