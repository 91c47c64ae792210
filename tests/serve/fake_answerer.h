// A model that says what it is told to, and a tokenizer of single bytes.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "aacft/base/error.h"
#include "aacft/generate/request.h"
#include "aacft/serve/served_model.h"

namespace aacft {

class ByteTokenizer : public Tokenizer {
 public:
  std::vector<Token> encode_with_offsets(std::string_view text) const override {
    std::vector<Token> tokens;
    for (std::size_t i = 0; i < text.size(); ++i) tokens.push_back({static_cast<unsigned char>(text[i]), i, i + 1});
    return tokens;
  }
  std::string decode(std::span<const std::int32_t> ids, bool) const override {
    return std::string(ids.begin(), ids.end());
  }
  std::string piece(std::int32_t id) const override { return std::string(1, static_cast<char>(id)); }
  std::optional<std::int32_t> find(std::string_view piece) const override {
    if (piece.size() != 1) return {};
    return static_cast<unsigned char>(piece[0]);
  }
  std::int32_t size() const override { return 256; }
};

// Says a byte a step, of what `reply` makes of a request; up to its stop texts and its most tokens.
class FakeAnswerer : public Answerer {
 public:
  std::function<std::string(const Request&)> reply = [](const Request& request) {
    return "Answer " + std::to_string(request.draw) + " of " + (request.adapter.empty() ? "the base" : request.adapter);
  };
  std::function<void()> before_step;   // may throw
  std::chrono::microseconds pause{0};  // of a step
  std::atomic<int> submitted = 0, cancelled = 0, ended = 0, under_way = 0, most_under_way = 0;
  std::vector<std::string> order;  // the first prompts as they were taken up; to be read once nobody asks

  std::uint64_t submit(Request request) override {
    check_thread();
    if (request.prompt_ids.size() > 100'000) throw Error(request.name, " is too long");
    if (order.size() < 1000) order.emplace_back(request.prompt_ids.begin(), request.prompt_ids.end());
    Saying saying{next_++, std::move(request), "", 0, {}};
    saying.text = reply(saying.request);
    for (const std::string& stop : saying.request.options.stop)
      if (const std::size_t at = saying.text.find(stop); at != saying.text.npos) {
        saying.text.resize(at);
        saying.result.stop_reason = "stop";
      }
    saying.result.prompt_ids = saying.request.prompt_ids;
    sayings_.push_back(std::move(saying));
    ++submitted;
    ++under_way;
    most_under_way = std::max(most_under_way.load(), under_way.load());
    return sayings_.back().id;
  }

  void cancel(std::uint64_t id) override {
    check_thread();
    const auto gone = std::erase_if(sayings_, [&](const Saying& saying) { return saying.id == id; });
    cancelled += static_cast<int>(gone);
    under_way -= static_cast<int>(gone);
  }

  bool step() override {
    check_thread();
    if (before_step) before_step();
    if (pause.count() > 0) std::this_thread::sleep_for(pause);
    std::vector<Saying> finished;
    for (Saying& saying : sayings_) {
      const bool more = saying.said < saying.text.size(),
                 room = static_cast<std::int64_t>(saying.said) < saying.request.options.max_new_tokens;
      if (more && room) {
        const char next = saying.text[saying.said++];
        saying.result.new_ids.push_back(static_cast<unsigned char>(next));
        if (saying.request.text) saying.request.text(std::string(1, next));
      } else {
        if (saying.result.stop_reason.empty() || more) saying.result.stop_reason = more ? "length" : "eos";
        saying.result.text = saying.text.substr(0, saying.said);
        finished.push_back(saying);
      }
    }
    for (const Saying& saying : finished) {
      std::erase_if(sayings_, [&](const Saying& other) { return other.id == saying.id; });
      --under_way;
      ++ended;
      saying.request.done(saying.result);
    }
    return !sayings_.empty();
  }

 private:
  struct Saying {
    std::uint64_t id;
    Request request;
    std::string text;
    std::size_t said;
    Generation result;
  };

  void check_thread() {
    if (thread_ == std::thread::id()) thread_ = std::this_thread::get_id();
    if (thread_ != std::this_thread::get_id()) throw std::logic_error("two threads use the answerer");
  }

  std::thread::id thread_;
  std::uint64_t next_ = 0;
  std::vector<Saying> sayings_;
};

}  // namespace aacft
