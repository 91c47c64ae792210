// What a run's folder tells; tests/cli/report_test.cc has runs of every kind.
#include "aacft/tasks/run_report.h"

#include <gtest/gtest.h>

#include "aacft/base/file.h"
#include "support/paths.h"

namespace aacft::testing {
namespace {

class RunReportTest : public ::testing::Test {
 protected:
  RunReportTest() {
    options.output = folder.path();
    options.model = "models/base", options.data = "rows.jsonl";
    write_file_atomic(folder / "aacft-run.json", "{\"run\": {\"rows\": 3, \"eval_rows\": 1, \"total_steps\": 2}}\n");
    write_file_atomic(folder / "metrics.jsonl", "{\"step\": 1, \"loss\": 2}\n{\"step\": 2, \"loss\": 1}\n");
  }

  TemporaryFolder folder;
  TrainOptions options;
};

TEST_F(RunReportTest, StatusAndWhatToDoNext) {
  EXPECT_EQ(describe_run(options, {}, true).status, RunStatus::kRunning);
  EXPECT_TRUE(describe_run(options, {}, true).next.empty());
  const RunReport cut_short = describe_run(options, {}, false);
  EXPECT_EQ(cut_short.status, RunStatus::kInterrupted);
  EXPECT_EQ(cut_short.next.at(0).second, "aacft train --resume " + folder.path().string());
  write_file_atomic(folder / "adapter_model.safetensors", "");
  const RunReport finished = describe_run(options, {{"lr", "1", "2"}}, false);
  EXPECT_EQ(finished.status, RunStatus::kFinished);
  EXPECT_EQ(finished.total_steps, 2);
  EXPECT_EQ(finished.steps.size(), 2u);
  EXPECT_EQ(finished.options.at(0).name, "lr");
  EXPECT_EQ(finished.next.size(), 2u);
}

TEST_F(RunReportTest, PromptsAreShownByTheirIconsOrWithoutTheSpeakers) {
  write_tried_prompts(options.output,
                      {{"<human>: x \n* { I ; NOUN ; a.png }  \n* { run ; VERB ; b.png } \n<bot>:", "", {}, {}},
                       {"<human>: How are you?\n<bot>:", "", {}, {}},
                       {"plain", "", {}, {}}});
  const auto tried = describe_run(options, {}, false).tried;
  EXPECT_EQ(tried.at(0).prompt, "I · run");
  EXPECT_EQ(tried.at(1).prompt, "How are you?");
  EXPECT_EQ(tried.at(2).prompt, "plain");
}

}  // namespace
}  // namespace aacft::testing
