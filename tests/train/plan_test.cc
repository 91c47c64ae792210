// The order of the data, schedules, the cutting of passes, and the run folder.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/base/random.h"
#include "aacft/model/sample_pass.h"
#include "aacft/train/data_order.h"
#include "aacft/train/pass_plan.h"
#include "aacft/train/run_folder.h"
#include "aacft/train/schedule.h"
#include "formats/support.h"
#include "support/paths.h"

namespace aacft::testing {
namespace {

using nlohmann::json;

// ---- order ----

std::vector<std::size_t> epoch_of(const DataOrder& order, std::int64_t epoch) {
  std::vector<std::size_t> rows;
  for (std::int64_t m = 0; m < order.micro_batches_per_epoch(); ++m)
    for (const std::size_t row : order.micro_batch(epoch * order.micro_batches_per_epoch() + m)) rows.push_back(row);
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
    EXPECT_DOUBLE_EQ(schedule_factor(Schedule::kLinear, t, warmup, total), t < 100 ? rise : std::max(fall, 0.0));
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
  const PassMemory memory{.per_row_kept = 1000, .per_row_recomputed = 100, .per_row_working = 3000, .fixed = 1'000'000};
  constexpr std::size_t kLayers = 12;
  for (const std::int64_t longest : {1, 100, 2000}) {
    PassPlan last_auto, last_off, last_on;
    for (std::uint64_t budget = 0; budget < 60'000'000; budget += 500'000) {
      const auto plan = [&](Recompute recompute) {
        const PassPlan made =
            plan_passes(memory, kLayers, std::max<std::int64_t>(512, longest), longest, recompute, budget);
        EXPECT_GE(made.max_rows, longest);
        if (made.max_rows > longest) {
          EXPECT_LE(memory.total(made.max_rows, made.kept_layers, kLayers - made.kept_layers), budget);
          EXPECT_GT(memory.total(made.max_rows + 1, made.kept_layers, kLayers - made.kept_layers), budget);
        }
        return made;
      };
      const PassPlan off = plan(Recompute::kOff), on = plan(Recompute::kOn), automatic = plan(Recompute::kAuto);
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
  const auto plan = plan_passes(memory, 4, 512, 7, Recompute::kAuto, std::numeric_limits<std::uint64_t>::max());
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

// What the first version wrote.
TEST(RunFolders, OlderStatesAreRead) {
  const TemporaryFolder folder;
  write_text(
      folder / "state.json",
      R"({"version": 1, "step": 7, "data_fingerprint": 5, "tokens": 9, "best_loss": null, "best_step": 0, "evaluations_since_best": 0})");
  EXPECT_EQ(read_run_state(folder / "state.json").step, 7);
  EXPECT_EQ(read_run_state(folder / "state.json").updates(), 7);
}

TEST(RunFolders, BrokenStates) {
  const TemporaryFolder folder;
  const auto refuses = [&](const json& state, const std::string& part) {
    write_text(folder / "state.json", state.dump());
    expect_error([&] { read_run_state(folder / "state.json"); }, {part}, "state.json");
  };
  json state = to_json(RunState{});
  state["version"] = 3;
  refuses(state, "version 3");
  state = to_json(RunState{.step = 2, .skipped = 3});
  refuses(state, "steps cannot be");
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
  folder.begin("", {});
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
    folder.begin("", {});
    const std::int64_t kept = folder.open_metrics(done);
    folder.append_metrics({{"step", done + 1}});
    folder.append_metrics({{"step", done + 2}});
    std::ofstream(parent / "run/metrics.jsonl", std::ios::app) << more;
    return kept;
  };
  append(false, 0, "{\"step\":3,\"lo");
  append(true, 1, "{\"step\":\"odd\"}\n{\"step\":4}");
  EXPECT_EQ(content(), "{\"step\":1}\n{\"step\":2}\n{\"step\":3}\n{\"step\":\"odd\"}\n{\"step\":4}");
  EXPECT_EQ(append(true, 3, ""), 3);
  EXPECT_EQ(content(), "{\"step\":1}\n{\"step\":2}\n{\"step\":3}\n{\"step\":4}\n{\"step\":5}\n");
  append(true, 0, "");
  EXPECT_EQ(content(), "{\"step\":1}\n{\"step\":2}\n");
  write_text(parent / "run/metrics.jsonl", "{\"step\":1}\ngarbage\n{\"step\":1}\n{\"step\":3}\n");
  EXPECT_EQ(append(true, 3, ""), 2);
  EXPECT_EQ(content(), "{\"step\":1}\n{\"step\":3}\n{\"step\":4}\n{\"step\":5}\n");
}

TEST(RunFolders, TheConfigIsWritten) {
  const TemporaryFolder parent;
  RunFolder folder(parent / "run", false, false);
  folder.begin("lr = 0.1\n", {});
  EXPECT_EQ(read_file(parent / "run/config.toml"), "lr = 0.1\n");
}

}  // namespace
}  // namespace aacft::testing
