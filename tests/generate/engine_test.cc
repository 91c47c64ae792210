// Law 6 for requests that come and go: whatever else is under way, each gets what it gets alone.
#include "aacft/generate/engine.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "aacft/base/random.h"
#include "aacft/base/threads.h"
#include "aacft/runtime/loaded_model.h"
#include "support/goldens.h"

namespace aacft::testing {
namespace {

using Ids = std::vector<std::int32_t>;

struct Outcome {
  std::string pieces;
  std::optional<Generation> generation;
};

void expect_same(const Outcome& a, const Outcome& b) {
  ASSERT_TRUE(a.generation && b.generation);
  EXPECT_EQ(a.generation->new_ids, b.generation->new_ids);
  EXPECT_EQ(a.generation->text, b.generation->text);
  EXPECT_EQ(a.generation->stop_reason, b.generation->stop_reason);
  EXPECT_EQ(a.pieces, b.pieces);
  EXPECT_EQ(a.pieces, a.generation->text);
}

class EngineTest : public ::testing::Test {
 protected:
  EngineTest() : model_(goldens_dir() / "seq", {}, {}) {
    for (const std::string name : {"adapter-seq-r2-token", "adapter-seq-r2-dora", "adapter-seq-r4-rslora"}) {
      model_.attach(name, goldens_dir() / name, {});
      voices_.push_back(name);
    }
  }
  ~EngineTest() override { set_threads(1); }

  Request request(const std::string& prompt, const std::string& adapter = "") const {
    Request request;
    request.prompt_ids = model_.tokenizer().encode(prompt);
    request.adapter = adapter;
    request.options.stop.clear();
    request.options.max_new_tokens = 12;
    return request;
  }
  static Request reporting(Request request, Outcome& outcome) {
    request.text = [&outcome](const std::string& piece) {
      EXPECT_FALSE(outcome.generation);
      outcome.pieces += piece;
    };
    request.done = [&outcome](const Generation& generation) {
      EXPECT_FALSE(outcome.generation);
      outcome.generation = generation;
    };
    return request;
  }
  Outcome alone(const Request& request, bool use_cache = true) { return alone(model_, request, use_cache); }
  static Outcome alone(const LoadedModel& model, const Request& request, bool use_cache) {
    Outcome outcome;
    Engine engine(model, {use_cache, 1});
    engine.submit(reporting(request, outcome));
    while (engine.step()) {}
    return outcome;
  }

  LoadedModel model_;
  std::vector<std::string> voices_ = {""};
};

TEST_F(EngineTest, RequestsThatComeAndGoGetWhatTheyGetAlone) {
  const std::vector<std::string> prompts = {"I",
                                            "<bot>: I want",
                                            "You are",
                                            "the tea is hot and",
                                            "no\n<bot>:",
                                            "the tea is hot",
                                            "the tea is hot and sweet"};
  const std::vector<std::string> stops = {"e", "th", "\n", "an"};
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    SCOPED_TRACE(seed);
    const RandomStream random(seed, Purpose::kSampling);
    std::uint64_t drawn = 0;
    const auto below = [&](std::size_t bound) { return static_cast<std::size_t>(random.bits(drawn++) % bound); };
    set_threads(1 + static_cast<int>(below(4)));
    Engine engine(model_,
                  {below(4) > 0, 1 + static_cast<std::int64_t>(below(5)), 60 * static_cast<std::int64_t>(below(4))});
    std::vector<Request> asked;
    std::vector<std::uint64_t> numbers;
    std::map<std::size_t, Outcome> outcomes;
    std::set<std::size_t> cancelled;
    for (bool more = true; more || asked.size() < 16;) {
      for (std::size_t come = below(3); come > 0 && asked.size() < 16; --come) {
        Request r = request(prompts[below(prompts.size())], voices_[below(voices_.size())]);
        r.options.max_new_tokens = 1 + static_cast<std::int64_t>(below(15));
        r.options.sampling.temperature = below(2) == 0 ? 0 : 1;
        r.options.sampling.repetition_penalty = below(2) == 0 ? 1 : 1.2;
        r.draw = below(3);
        if (below(2) == 0) r.options.stop = {stops[below(stops.size())]};
        asked.push_back(r);
        numbers.push_back(engine.submit(reporting(r, outcomes[asked.size() - 1])));
      }
      if (below(6) == 0 && !asked.empty()) {
        const std::size_t which = below(asked.size());
        engine.cancel(numbers[which]);
        if (!outcomes[which].generation) cancelled.insert(which);
      }
      more = engine.step();
    }
    for (std::size_t i = 0; i < asked.size(); ++i) {
      SCOPED_TRACE(i);
      const Outcome expected = alone(asked[i]);
      if (!cancelled.contains(i)) {
        expect_same(outcomes[i], expected);
      } else {
        EXPECT_FALSE(outcomes[i].generation);
        EXPECT_TRUE(expected.pieces.starts_with(outcomes[i].pieces));
      }
    }
  }
}

TEST_F(EngineTest, AnswersOfAdaptersDiffer) {
  std::set<std::string> answers;
  for (const std::string& voice : voices_) answers.insert(alone(request("the tea is", voice)).pieces);
  EXPECT_GE(answers.size(), 3u);
}

// Candidates for one answer.
TEST_F(EngineTest, DrawsOfOnePromptDifferAndAreTheSameTogether) {
  std::vector<Outcome> together(4);
  Engine engine(model_, {});
  Request candidate = request("Good morning, how do");
  candidate.options.sampling.temperature = 1;
  for (std::uint64_t draw = 0; draw < together.size(); ++draw) {
    candidate.draw = draw;
    engine.submit(reporting(candidate, together[draw]));
  }
  while (engine.step()) {}
  std::set<Ids> different;
  for (std::uint64_t draw = 0; draw < together.size(); ++draw) {
    candidate.draw = draw;
    expect_same(together[draw], alone(candidate, draw % 2 == 0));
    different.insert(together[draw].generation->new_ids);
  }
  EXPECT_EQ(different.size(), together.size());
}

// A long beginning is computed once: those who share it wait a step, then come in with the part that is their own.
TEST_F(EngineTest, LongBeginningsAreSharedAndChangeNoBit) {
  std::string beginning;
  for (int i = 0; i < 6; ++i) beginning += "<human>: the tea is hot\n<bot>: I want it\n";
  ASSERT_GE(model_.tokenizer().encode(beginning).size(), 64u);
  std::vector<Request> asked;
  for (const std::string& voice : voices_)
    for (const std::string end : {"", "", "no", "You are"}) asked.push_back(request(beginning + end, voice));
  asked[1].options.sampling.temperature = 1;
  std::vector<Outcome> outcomes(asked.size());
  std::size_t pieces = 0;
  Engine engine(model_, {.batch_size = 9});
  for (std::size_t i = 0; i < asked.size(); ++i) {
    Request request = reporting(asked[i], outcomes[i]);
    request.text = [&, i](const std::string& piece) { outcomes[i].pieces += piece, ++pieces; };
    engine.submit(std::move(request));
  }
  engine.step();
  EXPECT_LE(pieces, 1u);
  while (engine.step()) {}
  for (std::size_t i = 0; i < asked.size(); ++i) {
    SCOPED_TRACE(i);
    expect_same(outcomes[i], alone(asked[i]));
    expect_same(outcomes[i], alone(asked[i], false));
  }
}

// A conversation: each prompt is what was said before, and more.
TEST_F(EngineTest, WhatWasSaidIsNotComputedAgain) {
  Engine engine(model_, {.kept_positions = 400});
  std::int64_t computed = 0;
  Request turn = request("the tea is hot", voices_[1]), other = request("the tea is hot and");
  for (int i = 0; i < 4; ++i) {
    SCOPED_TRACE(i);
    Outcome outcome, unlike;
    engine.submit(reporting(turn, outcome));
    engine.submit(reporting(other, unlike));  // the same words in another voice are no beginning
    while (engine.step()) {}
    expect_same(outcome, alone(turn));
    expect_same(unlike, alone(other));
    EXPECT_EQ(outcome.generation->reused, computed);
    turn.prompt_ids.insert(turn.prompt_ids.end(), outcome.generation->new_ids.begin(),
                           outcome.generation->new_ids.end());
    computed = static_cast<std::int64_t>(turn.prompt_ids.size()) - 1;
    for (const std::int32_t id : model_.tokenizer().encode(" and the")) turn.prompt_ids.push_back(id);
  }
  // What is kept has its bounds.
  Engine small(model_, {.kept_positions = 10});
  for (int i = 0; i < 2; ++i) {
    Outcome outcome;
    small.submit(reporting(other, outcome));
    while (small.step()) {}
    EXPECT_EQ(outcome.generation->reused, 0);
  }
}

TEST_F(EngineTest, LongPromptsAreComputedInParts) {
  const std::filesystem::path folder = shared_dir() / "goldens-llama/smollm";  // with the longest context
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no goldens in " << folder;
  const LoadedModel model(folder, {}, {});
  Request longest = request(""), quick = request("");
  longest.prompt_ids.clear();
  for (std::int32_t id = 20; id < 420; ++id) longest.prompt_ids.push_back(id % 300);
  quick.prompt_ids = {30, 40, 50};
  Outcome outcome, meanwhile;
  Engine engine(model, {});
  engine.submit(reporting(longest, outcome));
  engine.submit(reporting(quick, meanwhile));
  engine.step();
  EXPECT_EQ(outcome.pieces, "");
  while (engine.step()) {}
  expect_same(outcome, alone(model, longest, true));
  expect_same(outcome, alone(model, longest, false));
  expect_same(meanwhile, alone(model, quick, true));
  EXPECT_NE(meanwhile.pieces, "");
}

// Products in 8 bits, too: alone or together, with the cache or without, for either kind of weights.
TEST_F(EngineTest, InEightBitsARequestGetsWhatItGetsAlone) {
  for (const WeightType weights : {WeightType::kInt8, WeightType::kNf4})
    for (const Compute compute : {Compute::kFp32, Compute::kBf16}) {
      const LoadedModel model(goldens_dir() / "seq",
                              {.compute = compute, .base_weights = weights, .int8_products = true}, {});
      const std::vector<Request> asked = {request("the tea is hot and"), request("I"), request("You are")};
      std::vector<Outcome> outcomes(asked.size());
      Engine engine(model, {});
      for (std::size_t i = 0; i < asked.size(); ++i) engine.submit(reporting(asked[i], outcomes[i]));
      while (engine.step()) {}
      for (std::size_t i = 0; i < asked.size(); ++i) {
        expect_same(outcomes[i], alone(model, asked[i], true));
        expect_same(outcomes[i], alone(model, asked[i], false));
      }
    }
}

TEST_F(EngineTest, EndsAtEndTokensOfTheRequest) {
  Request asked = request("the tea is hot");
  const Ids all = alone(asked).generation->new_ids;
  ASSERT_GE(all.size(), 4u);
  asked.options.end_ids = {all[2]};
  const std::size_t first = std::find(all.begin(), all.end(), all[2]) - all.begin();
  const Outcome outcome = alone(asked);
  EXPECT_EQ(outcome.generation->new_ids, Ids(all.begin(), all.begin() + first + 1));
  EXPECT_EQ(outcome.generation->stop_reason, "eos");
}

TEST_F(EngineTest, CallbacksMaySubmitAndCancel) {
  Outcome first, second, never;
  Engine engine(model_, {});
  Request next = reporting(request("You are"), second), begin = request("I");
  begin.done = [&](const Generation& generation) {
    first.generation = generation;
    engine.submit(next);
  };
  begin.options.max_new_tokens = 1;
  std::uint64_t other = 0;
  begin.text = [&](const std::string& piece) {
    first.pieces += piece;
    engine.cancel(other);
  };
  engine.submit(begin);
  other = engine.submit(reporting(request("no"), never));
  while (engine.step()) {}
  expect_same(second, alone(next));
  EXPECT_TRUE(first.generation);
  EXPECT_EQ(never.pieces, "");
  EXPECT_FALSE(never.generation);
  // Itself, too.
  std::uint64_t self = 0;
  int pieces = 0;
  Request stops = reporting(request("You are"), never);
  stops.text = [&](const std::string&) { ++pieces, engine.cancel(self); };
  self = engine.submit(stops);
  while (engine.step()) {}
  EXPECT_EQ(pieces, 1);
  EXPECT_FALSE(never.generation);
}

TEST_F(EngineTest, RefusesWhatCannotBeAnswered) {
  Engine engine(model_, {});
  const auto refused = [&](Request request, std::initializer_list<std::string> parts) {
    expect_fails([&] { engine.submit(std::move(request)); }, parts);
  };
  refused(request(""), {"the prompt is empty"});
  Request bad = request("I");
  bad.name = "prompt 7";
  bad.prompt_ids.assign(static_cast<std::size_t>(model_.config().max_positions), 5);
  refused(bad, {"prompt 7", std::to_string(model_.config().max_positions)});
  bad.prompt_ids = {static_cast<std::int32_t>(model_.config().vocab_size)};
  refused(bad, {"tokenizer"});
  refused(request("I", "nobody"), {"\"nobody\""});
  EXPECT_FALSE(engine.step());
}

}  // namespace
}  // namespace aacft::testing
