// A conversation without a terminal and without a model.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "aacft/base/error.h"
#include "aacft/chat/console.h"
#include "aacft/generate/request.h"
#include "aacft/tokenizer/detokenizer.h"
#include "aacft/tokenizer/tokenizer.h"

namespace aacft::testing {

class ScriptedConsole : public Console {
 public:
  std::deque<std::string> lines;     // what the person types
  std::string out, notes;            // notes: each with a newline behind it
  std::vector<std::string> prompts;  // shown before each line
  std::function<bool()> interrupt = [] { return false; };

  std::optional<std::string> read_line(const std::string& prompt) override {
    prompts.push_back(prompt);
    if (lines.empty()) return {};
    std::string line = lines.front();
    lines.pop_front();
    return line;
  }
  void write(std::string_view text) override { out += text; }
  void note(std::string_view text) override { notes.append(text).append("\n"); }
  bool interrupted() override { return interrupt(); }
};

// Says what it is told to, a token a step, and remembers what it was asked, as an engine that keeps everything.
class ScriptedAnswerer : public Answerer {
 public:
  struct Saying {
    std::string text;
    std::string stop_reason = "eos";
    std::vector<std::int32_t> more_ids;  // behind those of the text: an end, or a stop text
    std::string error;
  };

  ScriptedAnswerer(const Tokenizer& tokenizer, std::int64_t context) : tokenizer_(tokenizer), context_(context) {}

  std::deque<Saying> sayings;  // in the order of the requests; what is not there is ""
  std::vector<Request> asked;
  std::vector<Generation> said;
  std::size_t cancelled = 0;  // before their end

  std::uint64_t submit(Request request) override {
    if (static_cast<std::int64_t>(request.prompt_ids.size()) >= context_) throw Error("too long");
    Active active;
    if (!sayings.empty()) active.saying = sayings.front(), sayings.pop_front();
    active.ids = tokenizer_.encode(active.saying.text);
    active.ids.insert(active.ids.end(), active.saying.more_ids.begin(), active.saying.more_ids.end());
    active.request = asked.size();
    asked.push_back(std::move(request));
    active_.emplace(asked.size(), std::move(active));
    return asked.size();
  }
  void cancel(std::uint64_t id) override {
    if (const auto found = active_.find(id); found != active_.end()) {
      ++cancelled;
      keep(found->second, found->second.next);
      active_.erase(found);
    }
  }
  bool step() override {
    std::vector<std::uint64_t> ids;
    for (const auto& [id, active] : active_) ids.push_back(id);
    for (const std::uint64_t id : ids)
      if (const auto found = active_.find(id); found != active_.end()) advance(id, found->second);
    return !active_.empty();
  }

 private:
  struct Active {
    Saying saying;
    std::vector<std::int32_t> ids;
    std::size_t request = 0, next = 0, given = 0;
  };
  const Tokenizer& tokenizer_;
  const std::int64_t context_;
  std::map<std::uint64_t, Active> active_;
  std::vector<std::pair<std::string, std::vector<std::int32_t>>> kept_;  // voice and ids

  void keep(const Active& active, std::size_t new_ids) {
    std::vector<std::int32_t> ids = asked[active.request].prompt_ids;
    ids.insert(ids.end(), active.ids.begin(), active.ids.begin() + static_cast<std::ptrdiff_t>(new_ids));
    kept_.emplace_back(asked[active.request].adapter, std::move(ids));
  }

  std::int64_t reused(const Request& request) const {
    std::ptrdiff_t most = 0;
    for (const auto& [voice, ids] : kept_)
      if (voice == request.adapter)
        most = std::max(
            most,
            std::mismatch(request.prompt_ids.begin(), request.prompt_ids.end() - 1, ids.begin(), ids.end()).first -
                request.prompt_ids.begin());
    return most;
  }

  void advance(std::uint64_t id, Active& active) {
    const Request request = asked[active.request];
    active.next = std::min(active.next + 1, active.ids.size());
    const std::string text = tokenizer_.decode(std::span(active.ids).first(active.next), true);
    const std::size_t certain = std::min(text.size(), active.saying.text.size());
    if (request.text && certain > active.given) request.text(text.substr(active.given, certain - active.given));
    active.given = std::max(active.given, certain);
    if (active.next < active.ids.size()) return;
    Generation result;
    result.prompt_ids = request.prompt_ids;
    result.new_ids = active.ids;
    result.text = active.saying.text;
    result.stop_reason = active.saying.error.empty() ? active.saying.stop_reason : "error";
    result.error = active.saying.error;
    result.reused = reused(request);
    keep(active, active.next);
    active_.erase(id);
    said.push_back(result);
    request.done(result);
  }
};

}  // namespace aacft::testing
