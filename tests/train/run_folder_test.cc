#include "aacft/train/run_folder.h"

#include <gtest/gtest.h>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "formats/support.h"
#include "support/paths.h"

namespace aacft::testing {
namespace {

using nlohmann::json;

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
