// Rows and their masks, the order of the data, schedules, the cutting of passes, and the run folder.
#include "aacft/train/data.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/base/random.h"
#include "aacft/train/pass_plan.h"
#include "aacft/train/run_folder.h"
#include "aacft/train/schedule.h"
#include "formats/support.h"
#include "support/paths.h"

namespace aacft::testing {
namespace {

using nlohmann::json;

// ---- text and spans ----

const DataOptions kWhole;
const DataOptions kMasked{.mask_prompt = true};

std::vector<std::string> counted_parts(const json& row, const DataOptions& options = kMasked) {
  const RowText text = row_text(row, options);
  std::vector<std::string> parts;
  for (const auto& [begin, end] : text.spans) parts.push_back(text.text.substr(begin, end - begin));
  return parts;
}

using Parts = std::vector<std::string>;

TEST(RowText, Text) {
  const json row = {{"text", "<human>: hi\n<bot>: hello\n"}};
  EXPECT_EQ(row_text(row, kWhole).text, "<human>: hi\n<bot>: hello\n");
  EXPECT_EQ(counted_parts(row, kWhole), Parts{"<human>: hi\n<bot>: hello\n"});
  EXPECT_EQ(counted_parts(row), Parts{" hello\n"});
}

TEST(RowText, SeveralTurns) {
  const json row = {{"text", "<human>: a\n<bot>: b\n<human>: c\n<bot>: d <bot>: e\n<human>: f"}};
  EXPECT_EQ(counted_parts(row), (Parts{" b\n", " d <bot>: e\n"}));
}

TEST(RowText, AMarkerOfOnesOwn) {
  DataOptions options = kMasked;
  options.response_marker = "### Answer:\n";
  EXPECT_EQ(counted_parts({{"text", "Q\n### Answer:\nyes\n"}}, options), Parts{"yes\n"});
  expect_error([&] { row_text({{"text", "<bot>: x"}}, options); }, {"### Answer:"});
}

TEST(RowText, PromptAndCompletion) {
  const json row = {{"prompt", "one <bot>:"}, {"completion", " two"}, {"text", "not this"}};
  EXPECT_EQ(row_text(row, kWhole).text, "one <bot>: two");
  EXPECT_EQ(counted_parts(row, kWhole), Parts{"one <bot>: two"});
  EXPECT_EQ(counted_parts(row), Parts{" two"});
}

TEST(RowText, Messages) {
  const auto message = [](const char* role, const char* content) {
    return json{{"role", role}, {"content", content}};
  };
  const json row = {{"messages",
                     {message("system", "Be brief."), message("user", "a"), message("assistant", "b"),
                      message("human", "c"), message("bot", "d")}}};
  EXPECT_EQ(row_text(row, kWhole).text, "Be brief.\n<human>: a\n<bot>: b\n<human>: c\n<bot>: d\n");
  EXPECT_EQ(counted_parts(row), (Parts{" b\n", " d\n"}));
  // An answer that quotes a marker stays one answer.
  EXPECT_EQ(counted_parts({{"messages", {message("user", "a"), message("assistant", "x <human>: y")}}}),
            Parts{" x <human>: y\n"});
  expect_error([&] { row_text({{"messages", {message("tool", "a")}}}, kWhole); }, {"role \"tool\""});
  expect_error([&] { row_text({{"messages", {message("user", "a")}}}, kMasked); }, {"assistant"});
  EXPECT_EQ(row_text({{"messages", {message("user", "a")}}}, kWhole).text, "<human>: a\n");
  expect_error([] { row_text({{"messages", json::array()}}, kWhole); }, {"at least one"});
  expect_error([] { row_text({{"messages", "hi"}}, kWhole); }, {"list"});
  expect_error([] { row_text({{"messages", {{{"role", "user"}}}}}, kWhole); }, {"\"content\""});
}

TEST(RowText, SaysWhatIsMissing) {
  expect_error([] { row_text({{"output", "x"}}, kWhole); }, {"\"text\"", "\"prompt\"", "\"messages\""});
  expect_error([] { row_text({{"prompt", "x"}}, kWhole); }, {"\"completion\""});
  expect_error([] { row_text({{"text", 5}}, kWhole); }, {"\"text\" must be a string"});
  expect_error(
      [] {
        row_text({{"prompt", "x"}, {"completion", nullptr}}, kWhole);
      },
      {"\"completion\" must be a string"});
  expect_error([] { row_text({{"text", ""}}, kWhole); }, {"empty"});
  expect_error([] { row_text({{"text", "no marker"}}, kMasked); }, {"<bot>:"});
}

// ---- samples ----

class Samples : public ::testing::Test {
 protected:
  std::vector<Sample> load(const std::string& content, const DataOptions& options = kWhole,
                           std::optional<std::int32_t> eos = 0) {
    write_text(file_, content);
    warnings_.clear();
    return load_samples(file_, *tokenizer_, options, eos, 160,
                        [&](const std::string& text) { warnings_.push_back(text); });
  }
  Sample one(const json& row, const DataOptions& options = kWhole, std::optional<std::int32_t> eos = 0) {
    return load(row.dump(), options, eos).at(0);
  }
  // The text of the tokens that count.
  std::string counted(const Sample& sample) const {
    std::vector<std::int32_t> ids;
    for (std::size_t i = 0; i < sample.ids.size(); ++i)
      if (sample.counts[i]) ids.push_back(sample.ids[i]);
    return tokenizer_->decode(ids);
  }
  std::string where(int line) const { return file_.string() + ":" + std::to_string(line) + ": "; }

  const TemporaryFolder folder_;
  const fs::path file_ = folder_ / "rows.jsonl";
  const std::unique_ptr<Tokenizer> tokenizer_ = load_tokenizer(goldens_dir() / "tokenizer");
  std::vector<std::string> warnings_;
};

TEST_F(Samples, EveryTokenButTheFirstCounts) {
  DataOptions options;
  options.append_eos = false;
  const Sample sample = one({{"text", "I am happy"}}, options);
  EXPECT_EQ(sample.ids, tokenizer_->encode("I am happy"));
  EXPECT_FALSE(sample.counts[0]);
  EXPECT_EQ(sample.counted(), static_cast<std::int64_t>(sample.ids.size()) - 1);
  EXPECT_EQ(sample.line, 1u);
}

TEST_F(Samples, TheEndOfTextIsAppendedAndCounts) {
  auto ids = tokenizer_->encode("I am happy");
  const Sample without = one({{"text", "I am happy"}}, kWhole, std::nullopt);  // the model names none
  EXPECT_EQ(without.ids, ids);
  ids.push_back(7);
  const Sample with = one({{"text", "I am happy"}}, kWhole, 7);
  EXPECT_EQ(with.ids, ids);
  EXPECT_TRUE(with.counts.back());
  EXPECT_EQ(with.counted(), without.counted() + 1);
  EXPECT_TRUE(one({{"prompt", "a"}, {"completion", "b"}}, kMasked).counts.back());
}

TEST_F(Samples, TheMaskFollowsCharacters) {
  EXPECT_EQ(counted(one({{"text", "<human>: I be happy\n<bot>: I am happy\n"}}, kMasked, std::nullopt)),
            " I am happy\n");
  EXPECT_EQ(counted(one({{"text", "<human>: a\n<bot>: b\n<human>: c\n<bot>: d\n"}}, kMasked, std::nullopt)),
            " b\n d\n");
  EXPECT_EQ(counted(one({{"text", "<human>: \u00e9t\u00e9\n<bot>: \u00e9t\u00e9\n"}}, kMasked, std::nullopt)),
            " \u00e9t\u00e9\n");
  // In decomposed form the text is shorter once normalised; offsets are those of the original.
  EXPECT_EQ(
      counted(one({{"text", "<human>: e\u0301te\u0301\n<bot>: e\u0301te\u0301\n"}}, kMasked, std::nullopt)),
      " \u00e9t\u00e9\n");
}

TEST_F(Samples, ATokenAcrossTheBorderBelongsToThePrompt) {
  const std::string text = "<human>: x\n<bot>: yes";
  const std::size_t border = text.find(':', 12);
  const auto tokens = tokenizer_->encode_with_offsets(text);
  ASSERT_TRUE(std::any_of(tokens.begin(), tokens.end(),
                          [&](const Token& t) { return t.begin < border && border < t.end; }));
  DataOptions options = kMasked;
  options.response_marker = "<bot>";
  EXPECT_EQ(counted(one({{"text", text}}, options, std::nullopt)), " yes");
  EXPECT_EQ(counted(one({{"prompt", text.substr(0, border)}, {"completion", text.substr(border)}}, kMasked,
                        std::nullopt)),
            " yes");
}

TEST_F(Samples, TheSpaceBeforeAWordDoesNotDecide) {
  // The prompt ends with the space that the token of the first word begins with.
  ASSERT_EQ(tokenizer_->encode(" I").size(), 1u);
  EXPECT_EQ(counted(one({{"prompt", "<bot>: "}, {"completion", "I am"}}, kMasked, std::nullopt)), " I am");
  DataOptions options = kMasked;
  options.response_marker = "<bot>: ";
  EXPECT_EQ(counted(one({{"text", "<human>: x\n<bot>: I am"}}, options, std::nullopt)), " I am");
  // A token of nothing but the prompt's spaces is the prompt's.
  EXPECT_EQ(counted(one({{"prompt", "<bot>: "}, {"completion", "\nI"}}, kMasked, std::nullopt)), "\nI");
}

TEST_F(Samples, ARowInWhichNothingCountsIsBad) {
  DataOptions options = kMasked;
  options.append_eos = false;
  expect_error([&] { one({{"text", "<human>: x\n<bot>:"}}, options); }, {"counts"}, where(1));
  EXPECT_EQ(one({{"text", "<human>: x\n<bot>:"}}, kMasked).counted(), 1);  // the end of the text
  expect_error([&] { one({{"text", "I"}}, options = {.append_eos = false}); }, {"counts"}, where(1));
}

TEST_F(Samples, TooLongARow) {
  std::string text = "I";
  while (tokenizer_->encode(text).size() < 159) text += " I";
  EXPECT_EQ(one({{"text", text}}).ids.size(), 160u);  // with the end of the text, just fits
  text += " I I";
  const json row = {{"text", text}};
  const std::string content = "{\"text\": \"short one\"}\n\n" + row.dump() + "\n";
  expect_error([&] { load(content); }, {"162 tokens", "160"}, where(3));

  DataOptions options;
  options.truncate = true;
  const auto cut = load(content, options);
  EXPECT_EQ(cut.at(1).ids.size(), 160u);
  EXPECT_EQ(cut.at(1).counted(), 159);
  EXPECT_EQ(cut.at(1).line, 3u);
  auto whole = tokenizer_->encode(text);
  whole.resize(160);
  EXPECT_EQ(cut.at(1).ids, whole);

  options = {.max_length = 10};
  expect_error([&] { one(row, options); }, {"162 tokens", "10"}, where(1));
  options = {.max_length = 10, .truncate = true};
  EXPECT_EQ(one(row, options).ids.size(), 10u);
  options.max_length = 1000;  // the model has no more than 160 positions
  EXPECT_EQ(one(row, options).ids.size(), 160u);
  // Nothing of the completion is left.
  options = {.mask_prompt = true, .max_length = 10, .truncate = true};
  expect_error([&] { one({{"text", text + "<bot>: yes"}}, options); }, {"counts"}, where(1));
}

TEST_F(Samples, BadRowsNameFileAndLine) {
  const std::string good = "{\"text\": \"good row\"}\n";
  const std::string six = good + good + "\n" + good + good + good;
  expect_error([&] { load(six + "{\"text\": \"no end\n" + good); }, {"JSON"}, where(7));
  expect_error([&] { load(six + "[1]\n"); }, {"object"}, where(7));
  expect_error([&] { load(six + "{\"txt\": \"a\"}\n"); }, {"neither \"text\""}, where(7));
  expect_error([&] { load(six + "{\"text\": \"\xff\"}\n"); }, {"UTF-8"}, where(7));
  expect_error([&] { load(six + "{\"text\": \"\\ud800\"}\n"); }, {"JSON"}, where(7));
}

TEST_F(Samples, BadRowsMaySkipped) {
  const std::string good = "{\"text\": \"good row\"}\n";
  DataOptions options;
  options.skip_bad_rows = true;
  const auto samples =
      load("nonsense\n" + good + "{\"text\": 1}\n{\"a\": 1}\n" + good + "{\"text\": \"\xc3\"}\n", options);
  ASSERT_EQ(samples.size(), 2u);
  EXPECT_EQ(samples[0].line, 2u);
  EXPECT_EQ(samples[1].line, 5u);
  ASSERT_EQ(warnings_.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i)
    EXPECT_TRUE(warnings_[i].starts_with("skipped " + where(std::vector<int>{1, 3, 4, 6}[i])))
        << warnings_[i];
  expect_error([&] { load("nonsense\n{}\n", options); }, {"every row is bad"}, file_.string());
  EXPECT_EQ(warnings_.size(), 2u);
}

TEST_F(Samples, EmptyFiles) {
  for (const char* content : {"", "\n", " \r\n\n", "\xEF\xBB\xBF"})
    expect_error([&] { load(content); }, {"no rows"}, file_.string());
  expect_error([&] { load_samples(folder_ / "none.jsonl", *tokenizer_, kWhole, 0, 160, {}); },
               {"none.jsonl"});
  expect_error([&] { load_samples(folder_.path(), *tokenizer_, kWhole, 0, 160, {}); },
               {folder_.path().string()});
}

TEST_F(Samples, LineEndsAndByteOrderMarks) {
  const auto plain = load("{\"text\": \"one row\"}\n{\"text\": \"two rows\"}\n");
  const auto other = load("\xEF\xBB\xBF{\"text\": \"one row\"}\r\n\r\n{\"text\": \"two rows\"}");
  ASSERT_EQ(other.size(), 2u);
  EXPECT_EQ(other[0].ids, plain[0].ids);
  EXPECT_EQ(other[1].ids, plain[1].ids);
  EXPECT_EQ(other[1].line, 3u);
  EXPECT_EQ(fingerprint(plain), fingerprint(other));
}

TEST_F(Samples, FingerprintsDiffer) {
  std::set<std::uint64_t> seen;
  const auto add = [&](const std::string& content, const DataOptions& options = kWhole) {
    EXPECT_TRUE(seen.insert(fingerprint(load(content, options))).second) << content;
  };
  add("{\"text\": \"<bot>: one\"}\n{\"text\": \"<bot>: two\"}");
  add("{\"text\": \"<bot>: two\"}\n{\"text\": \"<bot>: one\"}");
  add("{\"text\": \"<bot>: one\"}");
  add("{\"text\": \"<bot>: one\"}", kMasked);
  add("{\"text\": \"<bot>: one\"}", {.append_eos = false});
}

// ---- order ----

std::vector<std::size_t> epoch_of(const DataOrder& order, std::int64_t epoch) {
  std::vector<std::size_t> rows;
  for (std::int64_t m = 0; m < order.micro_batches_per_epoch(); ++m)
    for (const std::size_t row : order.micro_batch(epoch * order.micro_batches_per_epoch() + m))
      rows.push_back(row);
  return rows;
}

TEST(Order, InFileOrderWithAShortEnd) {
  const DataOrder order(10, 4, false, 1);
  EXPECT_EQ(order.micro_batches_per_epoch(), 3);
  EXPECT_EQ(order.micro_batch(1), (std::vector<std::size_t>{4, 5, 6, 7}));
  EXPECT_EQ(order.micro_batch(2), (std::vector<std::size_t>{8, 9}));
  EXPECT_EQ(order.micro_batch(3), (std::vector<std::size_t>{0, 1, 2, 3}));
  EXPECT_EQ(DataOrder(503, 4, false, 1).micro_batches_per_epoch(), 126);
  EXPECT_EQ(DataOrder(3, 8, false, 1).micro_batch(5), (std::vector<std::size_t>{0, 1, 2}));
}

TEST(Order, EveryEpochIsAPermutationOfItsOwn) {
  for (const std::size_t rows : {1, 2, 7, 64, 503}) {
    std::vector<std::size_t> all(rows);
    std::iota(all.begin(), all.end(), std::size_t{0});
    std::set<std::vector<std::size_t>> orders;
    for (const std::uint64_t seed : {1, 2}) {
      const DataOrder order(rows, 4, true, seed);
      for (std::int64_t epoch = 0; epoch < 3; ++epoch) {
        auto shuffled = epoch_of(order, epoch);
        orders.insert(shuffled);
        std::sort(shuffled.begin(), shuffled.end());
        EXPECT_EQ(shuffled, all);
      }
    }
    if (rows >= 64) {
      EXPECT_EQ(orders.size(), 6u);
    }
  }
}

TEST(Order, TheMicroBatchDoesNotChangeTheOrder) {
  EXPECT_EQ(epoch_of(DataOrder(50, 4, true, 3), 2), epoch_of(DataOrder(50, 7, true, 3), 2));
}

// ---- schedules ----

TEST(ScheduleFactor, Formulas) {
  const std::int64_t warmup = 100, total = 200;
  for (std::int64_t t = 0; t <= total + 5; ++t) {
    const double rise = static_cast<double>(t) / 100, fall = static_cast<double>(200 - t) / 100;
    EXPECT_DOUBLE_EQ(schedule_factor(Schedule::kConstant, t, warmup, total), std::min(rise, 1.0));
    EXPECT_DOUBLE_EQ(schedule_factor(Schedule::kLinear, t, warmup, total),
                     t < 100 ? rise : std::max(fall, 0.0));
    const double cosine = std::pow(std::cos(M_PI / 2 * (rise - 1)), 2);
    EXPECT_NEAR(schedule_factor(Schedule::kCosine, t, warmup, total), t < 100 ? rise : cosine, 1e-12);
  }
}

TEST(ScheduleFactor, Edges) {
  for (const Schedule schedule : {Schedule::kLinear, Schedule::kCosine, Schedule::kConstant}) {
    EXPECT_EQ(schedule_factor(schedule, 0, 0, 10), 1);      // no warm-up
    EXPECT_EQ(schedule_factor(schedule, 0, 3, 10), 0);      // the first update
    EXPECT_EQ(schedule_factor(schedule, 3, 3, 10), 1);      // the peak
    EXPECT_EQ(schedule_factor(schedule, 9, 20, 10), 0.45);  // a warm-up that never ends
    EXPECT_EQ(schedule_factor(schedule, 10, 10, 10), schedule == Schedule::kLinear ? 0 : 1);
  }
  EXPECT_EQ(schedule_factor(Schedule::kLinear, 10, 0, 10), 0);
  EXPECT_EQ(schedule_factor(Schedule::kLinear, 1000, 0, 10), 0);
  EXPECT_NEAR(schedule_factor(Schedule::kCosine, 10, 0, 10), 0, 1e-15);
}

// ---- passes ----

TEST(PassPlan, FitsTheBudget) {
  const PassMemory memory{
      .per_row_kept = 1000, .per_row_recomputed = 100, .per_row_working = 3000, .fixed = 1'000'000};
  constexpr std::size_t kLayers = 12;
  for (const std::int64_t longest : {1, 100, 2000}) {
    PassPlan last_auto, last_off, last_on;
    for (std::uint64_t budget = 0; budget < 60'000'000; budget += 500'000) {
      const auto plan = [&](Recompute recompute) {
        const PassPlan made = plan_passes(memory, kLayers, longest, recompute, budget);
        EXPECT_GE(made.max_rows, longest);
        if (made.max_rows > longest) {
          EXPECT_LE(memory.total(made.max_rows, made.kept_layers, kLayers - made.kept_layers), budget);
          EXPECT_GT(memory.total(made.max_rows + 1, made.kept_layers, kLayers - made.kept_layers), budget);
        }
        return made;
      };
      const PassPlan off = plan(Recompute::kOff), on = plan(Recompute::kOn),
                     automatic = plan(Recompute::kAuto);
      EXPECT_EQ(off.kept_layers, kLayers);
      EXPECT_EQ(on.kept_layers, 0u);
      EXPECT_LE(off.max_rows, on.max_rows);
      // More memory never means less of either.
      EXPECT_GE(off.max_rows, last_off.max_rows);
      EXPECT_GE(on.max_rows, last_on.max_rows);
      EXPECT_GE(automatic.kept_layers, last_auto.kept_layers);
      // One more layer is not kept only because passes would become too short.
      if (const std::size_t more = automatic.kept_layers + 1; more <= kLayers) {
        EXPECT_GT(memory.total(std::max<std::int64_t>(512, longest), more, kLayers - more), budget);
      }
      last_off = off, last_on = on, last_auto = automatic;
    }
    EXPECT_EQ(last_auto.kept_layers, kLayers);
  }
}

TEST(PassPlan, AllTheMemoryThereIs) {
  const PassMemory memory{.per_row_kept = 10, .per_row_recomputed = 1, .per_row_working = 10, .fixed = 100};
  const auto plan = plan_passes(memory, 4, 7, Recompute::kAuto, std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(plan.kept_layers, 4u);
  EXPECT_GT(plan.max_rows, std::int64_t{1} << 50);
}

TEST(CutIntoPasses, KeepsOrderAndFits) {
  const RandomStream random(5, Purpose::kSampling);
  std::uint64_t draw = 0;
  for (int round = 0; round < 200; ++round) {
    std::vector<std::int64_t> lengths(random.bits(draw++) % 20);
    for (std::int64_t& length : lengths) length = 1 + random.bits(draw++) % 50;
    const std::int64_t most = 1 + random.bits(draw++) % 120;
    const auto passes = cut_into_passes(lengths, most);
    std::size_t next = 0;
    for (const auto& [begin, end] : passes) {
      EXPECT_EQ(begin, next);
      ASSERT_LT(begin, end);
      ASSERT_LE(end, lengths.size());
      const auto at = [&](std::size_t i) { return lengths.begin() + static_cast<std::ptrdiff_t>(i); };
      const std::int64_t rows = std::accumulate(at(begin), at(end), std::int64_t{0});
      EXPECT_TRUE(rows <= most || end - begin == 1);
      EXPECT_TRUE(end == lengths.size() || rows + lengths[end] > most);  // as full as can be
      next = end;
    }
    EXPECT_EQ(next, lengths.size());
  }
  EXPECT_TRUE(cut_into_passes({}, 5).empty());
  EXPECT_EQ(cut_into_passes({9, 1, 1, 9}, 5),
            (std::vector<std::pair<std::size_t, std::size_t>>{{0, 1}, {1, 3}, {3, 4}}));
}

// ---- the run folder ----

TEST(RunFolders, StateSurvives) {
  const TemporaryFolder folder;
  RunState state{.step = 123456789012,
                 .data_fingerprint = ~0ull,
                 .tokens = 1ull << 40,
                 .best_loss = 0.1 + 0.2,
                 .best_step = 5,
                 .evaluations_since_best = 3};
  const auto back = [&] {
    write_text(folder / "state.json", to_json(state).dump(2));
    return read_run_state(folder / "state.json");
  };
  EXPECT_EQ(back().step, state.step);
  EXPECT_EQ(back().data_fingerprint, state.data_fingerprint);
  EXPECT_EQ(back().tokens, state.tokens);
  EXPECT_EQ(back().best_loss, state.best_loss);
  EXPECT_EQ(back().best_step, 5);
  EXPECT_EQ(back().evaluations_since_best, 3);
  state.best_loss.reset();
  EXPECT_FALSE(back().best_loss.has_value());
}

TEST(RunFolders, BrokenStates) {
  const TemporaryFolder folder;
  const auto refuses = [&](const json& state, const std::string& part) {
    write_text(folder / "state.json", state.dump());
    expect_error([&] { read_run_state(folder / "state.json"); }, {part}, "state.json");
  };
  json state = to_json(RunState{});
  state["version"] = 2;
  refuses(state, "version 2");
  state = to_json(RunState{});
  state.erase("step");
  refuses(state, "step");
  state["step"] = "three";
  refuses(state, "not the state of a run");
  refuses(json::object(), "version");
}

TEST(RunFolders, CheckpointsAreCountedWhenWhole) {
  const TemporaryFolder parent;
  RunFolder folder(parent / "deep/run", false, false);
  EXPECT_FALSE(fs::exists(parent / "deep"));  // the constructor writes nothing
  folder.begin();
  EXPECT_TRUE(folder.checkpoints().empty());
  for (const std::int64_t step : {5, 100, 20}) write_text(folder.checkpoint(step) / "state.json", "{}");
  EXPECT_EQ(folder.checkpoint(5).filename(), "step-00000005");
  write_text(folder.checkpoint(200) / "adapter_model.safetensors", "no state");
  write_text(folder.path() / "checkpoints/step-00000300.old/state.json", "{}");
  write_text(folder.path() / "checkpoints/step-/state.json", "{}");
  write_text(folder.path() / "checkpoints/notes.txt", "");
  EXPECT_EQ(folder.checkpoints(), (std::vector<std::int64_t>{100, 20, 5}));
  folder.prune(0);
  EXPECT_EQ(folder.checkpoints().size(), 3u);
  folder.prune(2);
  EXPECT_EQ(folder.checkpoints(), (std::vector<std::int64_t>{100, 20}));
  EXPECT_FALSE(fs::exists(folder.checkpoint(5)));
  folder.prune(5);
  EXPECT_EQ(folder.checkpoints().size(), 2u);
  EXPECT_TRUE(fs::exists(folder.path() / "checkpoints/notes.txt"));
}

TEST(RunFolders, MetricsGoOnAfterTheStepsDone) {
  const TemporaryFolder parent;
  const auto content = [&] { return read_file(parent / "run/metrics.jsonl"); };
  const auto append = [&](bool resume, std::int64_t done, const char* more) {
    RunFolder folder(parent / "run", resume, false);
    folder.begin();
    folder.open_metrics(done);
    folder.append_metrics({{"step", done + 1}});
    folder.append_metrics({{"step", done + 2}});
    std::ofstream(parent / "run/metrics.jsonl", std::ios::app) << more;
  };
  append(false, 0, "{\"step\":3,\"lo");
  append(true, 1, "{\"step\":\"odd\"}\n{\"step\":4}");
  EXPECT_EQ(content(), "{\"step\":1}\n{\"step\":2}\n{\"step\":3}\n{\"step\":\"odd\"}\n{\"step\":4}");
  append(true, 3, "");
  EXPECT_EQ(content(), "{\"step\":1}\n{\"step\":2}\n{\"step\":3}\n{\"step\":4}\n{\"step\":5}\n");
  append(true, 0, "");
  EXPECT_EQ(content(), "{\"step\":1}\n{\"step\":2}\n");
}

TEST(RunFolders, TheConfigIsWritten) {
  const TemporaryFolder parent;
  RunFolder folder(parent / "run", false, false);
  folder.begin();
  folder.write_config("lr = 0.1\n");
  EXPECT_EQ(read_file(parent / "run/config.toml"), "lr = 0.1\n");
}

}  // namespace
}  // namespace aacft::testing
