// The page about a run.
#include "aacft/train/report.h"

#include <gtest/gtest.h>

#include <limits>

namespace aacft::testing {
namespace {

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++n;
  return n;
}

void expect_parts(const std::string& page, const std::vector<std::string>& parts) {
  for (const std::string& part : parts) EXPECT_NE(page.find(part), page.npos) << part;
}

StepRecord step_of(std::int64_t step, double loss) {
  StepRecord s;
  s.step = step, s.loss = loss, s.epoch = 0.1, s.grad_norm = 1, s.learning_rate = 1e-4, s.tokens = 1000,
  s.tokens_per_second = 500, s.seconds = 2.5;
  s.rss_bytes = 2e9, s.peak_rss_bytes = 3.25e9;
  return s;
}

RunReport report_of(std::vector<StepRecord> steps) {
  RunReport report;
  report.name = "run";
  report.written = "today";
  report.total_steps = 100;
  report.steps = std::move(steps);
  return report;
}

TEST(Report, ShowsWhatTheRunDid) {
  RunReport report = report_of({step_of(1, 4), step_of(2, 3), step_of(3, 2)});
  report.status = RunStatus::kFinished;
  const std::vector<double> evaluations = {3.5, 2.0, 2.5};
  for (std::size_t i = 0; i < 3; ++i) report.steps[i].evaluated = true, report.steps[i].eval_loss = evaluations[i];
  RunInfo info;
  info.samples = 479, info.eval_samples = 25, info.trained_parameters = 1536, info.model_parameters = 153600;
  report.info = info;
  report.facts = {{"Model", "my model"}};
  report.tried = {{"want · tea", "Tea, love", "tea tea", "Tea, please"}};
  report.options = {{"lr", "0.01", "2e-04"}};
  report.next = {{"Try it:", "aacft generate --model 'my model'"}};
  const std::string page = report_page(report);
  expect_parts(page, {"Finished after 3 steps.",
                      "3.500 → 2.500",
                      "perplexity 33.1 → 12.2",
                      "2.000<small>at step 2",
                      "4.000 → 2.000",
                      "3000<small>500 tokens/s",
                      "3.25 GB",
                      "479<small>25 more",
                      "1.000 % of",
                      "my model",
                      "want · tea",
                      "tea tea",
                      "Tea, please",
                      "Tea, love",
                      "did not learn from",
                      "<td>0.01</td><td>2e-04</td>",
                      "aacft generate --model &#39;my model&#39;",
                      "has been rising since step 2",
                      "id=\"memory-title\">Memory</title>",
                      ">GB</text>"});
  EXPECT_EQ(count(page, "<svg"), 5u);
  EXPECT_EQ(count(page, "class=\"ring\""), 1u);
  EXPECT_EQ(page.find("http-equiv"), page.npos);
  for (const char* outside : {"http:", "https:", "<script", "src=", "@import", "url("})
    EXPECT_EQ(page.find(outside), page.npos) << outside;
}

TEST(Report, RenewsItselfOnlyWhileTheRunGoesOn) {
  RunReport report = report_of({step_of(7, 4)});
  expect_parts(report_page(report), {"<meta http-equiv=\"refresh\" content=\"30\">", "Running: step 7 of 100"});
  for (const RunStatus status : {RunStatus::kInterrupted, RunStatus::kStoppedEarly, RunStatus::kFinished}) {
    report.status = status;
    EXPECT_EQ(report_page(report).find("http-equiv"), std::string::npos);
  }
}

TEST(Report, EscapesEverything) {
  RunReport report = report_of({step_of(1, 4)});
  report.name = report.written = "<i>&\"";
  report.facts = {{"<i>", "<i>"}};
  report.tried = {{"<i>", "<i>", "<i>", "<i>\xFF"}};
  report.options = {{"<i>", "<i>", "<i>"}};
  report.next = {{"<i>", "<i>"}};
  const std::string page = report_page(report);
  EXPECT_EQ(page.find("<i>"), page.npos);
  EXPECT_TRUE(page.find('\xFF') == page.npos);
}

TEST(Report, ShowsStepsThatWereNotFinite) {
  StepRecord bad = step_of(2, std::numeric_limits<double>::quiet_NaN());
  bad.skipped = bad.evaluated = true;
  bad.eval_loss = bad.loss;
  const std::string page = report_page(report_of({step_of(1, 2.5), bad}));
  expect_parts(page, {"1 step had a loss or gradient that was not finite", "class=\"cross\""});
  EXPECT_EQ(page.find(">nan"), page.npos);
}

TEST(Report, OfARunThatHasNotBegunYet) {
  const std::string page = report_page(report_of({}));
  EXPECT_EQ(count(page, "no values yet"), 5u);
}

}  // namespace
}  // namespace aacft::testing
