#include "aacft/train/report.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "aacft/base/html.h"
#include "aacft/base/svg.h"
#include "aacft/base/text.h"

namespace aacft {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kOverfitted = 1.02;  // the last evaluation loss by the best

constexpr std::string_view kStyle = R"(
.grid { display: grid; gap: .75rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); }
.facts { display: grid; gap: .75rem; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); margin: 1rem 0; }
.grid .card, .facts .card { margin: 0; }
dt { color: var(--quiet); font-size: .8rem; }
dd { margin: 0; overflow-wrap: anywhere; }
.facts dd { font-size: 1.1rem; font-weight: 600; }
.facts dd small { display: block; color: var(--quiet); font-size: .8rem; font-weight: 400; }
.answers { display: grid; gap: .5rem 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 14rem), 1fr)); margin: 0; }
pre { margin: .25rem 0 .75rem; padding: .6rem .8rem; background: var(--card); border: 1px solid var(--line); border-radius: .4rem; overflow-x: auto; }
)";

// ---- numbers in words ----

std::string plural(double count, const std::string& what) {
  return html_number(count, 0) + " " + what + (count == 1 ? "" : "s");
}

std::string loss_text(double loss) { return html_number(loss, 3); }

double sum_of(const std::vector<StepRecord>& steps, double StepRecord::*field) {
  double sum = 0;
  for (const StepRecord& step : steps)
    if (std::isfinite(step.*field)) sum += step.*field;
  return sum;
}

double largest(const std::vector<StepRecord>& steps, double StepRecord::*field) {
  double most = kNan;
  for (const StepRecord& step : steps) most = std::fmax(most, step.*field);
  return most;
}

std::string bytes_text(double bytes) {
  return bytes >= 0 && bytes < 1e18 ? human_bytes(static_cast<std::uint64_t>(bytes)) : "–";
}

struct Evaluations {
  std::vector<const StepRecord*> all;
  const StepRecord* best = nullptr;

  explicit Evaluations(const std::vector<StepRecord>& steps) {
    for (const StepRecord& step : steps) {
      if (!step.evaluated) continue;
      all.push_back(&step);
      if (std::isfinite(step.eval_loss) && (best == nullptr || step.eval_loss < best->eval_loss)) best = &step;
    }
  }
};

// ---- parts of the page ----

std::string fact(const std::string& name, const std::string& value, const std::string& more = {}) {
  return "<div class=\"card\"><dt>" + html_escaped(name) + "</dt><dd>" + html_escaped(value) +
         (more.empty() ? "" : "<small>" + html_escaped(more) + "</small>") + "</dd></div>\n";
}

std::string status_line(const RunReport& r) {
  const double done = r.steps.empty() ? 0 : static_cast<double>(r.steps.back().step);
  const std::string steps =
      r.total_steps > 0 ? "step " + html_number(done, 0) + " of " + html_number(static_cast<double>(r.total_steps), 0)
                        : plural(done, "step");
  switch (r.status) {
    case RunStatus::kRunning: return "Running: " + steps + " is done. This page renews itself every 30 seconds.";
    case RunStatus::kInterrupted: return "Not finished: " + steps + " is done.";
    case RunStatus::kStoppedEarly: return "Stopped early, for want of improvement, after " + steps + ".";
    case RunStatus::kFinished: return "Finished after " + plural(done, "step") + ".";
  }
  return {};
}

std::string facts(const RunReport& r, const Evaluations& evaluations) {
  std::string cards;
  if (!evaluations.all.empty()) {
    cards += fact("Evaluation loss",
                  loss_text(evaluations.all.front()->eval_loss) + " → " + loss_text(evaluations.all.back()->eval_loss),
                  "perplexity " + html_number(std::exp(evaluations.all.front()->eval_loss), 1) + " → " +
                      html_number(std::exp(evaluations.all.back()->eval_loss), 1));
    if (evaluations.best != nullptr)
      cards += fact("Best evaluation", loss_text(evaluations.best->eval_loss),
                    "at step " + html_number(static_cast<double>(evaluations.best->step), 0));
  }
  if (!r.steps.empty()) {
    const StepRecord& last = r.steps.back();
    cards += fact("Training loss", loss_text(r.steps.front().loss) + " → " + loss_text(last.loss),
                  "of the first and the last step");
    cards += fact("Steps", html_number(static_cast<double>(last.step), 0),
                  html_number(last.epoch, 2) + " times through the data");
    const double seconds = sum_of(r.steps, &StepRecord::seconds);
    cards += fact("Time in steps", human_seconds(std::min(seconds, 1e12)),
                  html_number(seconds / static_cast<double>(r.steps.size()), 2) + " s a step");
    double computed = 0;
    for (const StepRecord& step : r.steps)
      if (std::isfinite(step.tokens_per_second * step.seconds)) computed += step.tokens_per_second * step.seconds;
    cards += fact("Tokens learned from", html_number(sum_of(r.steps, &StepRecord::tokens), 0),
                  seconds > 0 ? html_number(computed / seconds, 0) + " tokens/s" : "");
    cards += fact("Peak memory", bytes_text(largest(r.steps, &StepRecord::peak_rss_bytes)));
  }
  if (r.info) {
    const auto samples = static_cast<double>(r.info->samples);
    cards += fact("Rows", html_number(samples, 0),
                  r.info->eval_samples > 0
                      ? html_number(static_cast<double>(r.info->eval_samples), 0) + " more to evaluate on"
                      : "none held out");
    const auto trained = static_cast<double>(r.info->trained_parameters),
               all = static_cast<double>(r.info->model_parameters);
    cards += fact("Trained parameters", html_number(trained, 0),
                  all > 0 ? html_number(100 * trained / all, 3) + " % of the model's" : "");
    if (r.info->workers > 1) cards += fact("Workers", std::to_string(r.info->workers));
  }
  for (const auto& [name, value] : r.facts) cards += fact(name, value);
  return "<dl class=\"facts\">\n" + cards + "</dl>\n";
}

std::string advice(const RunReport& r, const Evaluations& evaluations) {
  std::string notes;
  const auto skipped = static_cast<double>(
      std::count_if(r.steps.begin(), r.steps.end(), [](const StepRecord& step) { return step.skipped; }));
  if (skipped > 0)
    notes += "<p class=\"note bad\">" + plural(skipped, "step") +
             " had a loss or gradient that was not finite, and changed nothing.</p>\n";
  if (evaluations.best != nullptr && evaluations.all.back()->eval_loss > kOverfitted * evaluations.best->eval_loss)
    notes += "<p class=\"note\">The evaluation loss has been rising since step " +
             html_number(static_cast<double>(evaluations.best->step), 0) +
             ": from there on the model learns the rows by heart. <code>--keep-best</code> makes the best adapter the "
             "result; fewer steps or a lower <code>--lr</code> may do as well.</p>\n";
  return notes;
}

std::string charts(const RunReport& r) {
  const auto series = [&](const char* name, double StepRecord::*field, double scale = 1) {
    ChartSeries made;
    made.name = name;
    for (const StepRecord& step : r.steps) made.points.push_back({static_cast<double>(step.step), step.*field / scale});
    return made;
  };
  const auto chart = [](const char* id, const char* title, const char* unit, ChartScale scale, ChartSeries curve) {
    Chart made;
    made.id = id, made.title = title, made.unit = unit, made.x_name = "step", made.scale = scale;
    made.series.push_back(std::move(curve));
    return made;
  };

  Chart loss = chart("loss", "Loss", "nats a token", ChartScale::kFit, series("training", &StepRecord::loss));
  loss.series[0].smooth = true;
  ChartSeries evaluation;
  evaluation.name = "evaluation", evaluation.colour = 2, evaluation.dots = true;
  for (const StepRecord& step : r.steps) {
    if (step.skipped || !std::isfinite(step.loss)) loss.marks.push_back(static_cast<double>(step.step));
    if (!step.evaluated) continue;
    if (std::isfinite(step.eval_loss) && (!evaluation.best || step.eval_loss < evaluation.points[*evaluation.best].y))
      evaluation.best = evaluation.points.size();
    evaluation.points.push_back({static_cast<double>(step.step), step.eval_loss});
  }
  loss.mark_name = "left out";
  if (!evaluation.points.empty()) loss.series.push_back(std::move(evaluation));

  Chart norm = chart("grad-norm", "Gradient norm", "before clipping", ChartScale::kFit,
                     series("gradient norm", &StepRecord::grad_norm));
  norm.series[0].smooth = true;
  norm.mark_name = "not finite";
  for (const StepRecord& step : r.steps)
    if (!std::isfinite(step.grad_norm)) norm.marks.push_back(static_cast<double>(step.step));

  Chart speed =
      chart("speed", "Speed", "tokens/s", ChartScale::kFromZero, series("speed", &StepRecord::tokens_per_second));
  speed.series[0].smooth = true;

  const bool large = largest(r.steps, &StepRecord::peak_rss_bytes) >= 1e9;
  Chart memory = chart("memory", "Memory", large ? "GB" : "MB", ChartScale::kFromZero,
                       series("in use", &StepRecord::rss_bytes, large ? 1e9 : 1e6));
  memory.series.push_back(series("peak", &StepRecord::peak_rss_bytes, large ? 1e9 : 1e6));
  memory.series[1].colour = 6;

  std::string all;
  for (const Chart& made : {loss,
                            chart("learning-rate", "Learning rate", "", ChartScale::kFromZero,
                                  series("learning rate", &StepRecord::learning_rate)),
                            norm, speed, memory})
    all += "<div class=\"card\">" + line_chart(made) + "</div>\n";
  return "<h2>Curves</h2>\n<div class=\"grid\">\n" + all +
         "</div>\n<p class=\"note\">Faint: every step. Bold: the mean of neighbouring steps.</p>\n";
}

std::string answers(const RunReport& r) {
  if (r.tried.empty()) return {};
  const auto answer = [](const char* name, const std::optional<std::string>& said, const char* none) {
    const bool empty = !said || said->find_first_not_of(" \n\t") == said->npos;
    return "<div><dt>" + std::string(name) + "</dt><dd>" +
           (empty ? "<span class=\"note\">" + std::string(said ? "(nothing)" : none) + "</span>"
                  : html_escaped(*said)) +
           "</dd></div>\n";
  };
  std::string cards;
  for (const TriedPrompt& tried : r.tried)
    cards +=
        "<article class=\"card\"><h3>" + html_escaped(tried.prompt) + "</h3>\n<dl class=\"answers\">\n" +
        answer("Before training", tried.before, "not tried") +
        answer("After training", tried.after, r.status == RunStatus::kRunning ? "when the run is over" : "not tried") +
        answer("In the data", tried.reference, "") + "</dl></article>\n";
  return "<h2>Answers before and after</h2>\n<p class=\"note\">" +
         std::string(r.info && r.info->eval_samples == 0 ? "To prompts that it learned from"
                                                         : "To prompts that it did not learn from") +
         ", always the likeliest token.</p>\n" + cards;
}

std::string next_steps(const RunReport& r) {
  std::string commands;
  for (const auto& [what, command] : r.next)
    commands += "<p>" + html_escaped(what) + "</p>\n<pre><code>" + html_escaped(command) + "</code></pre>\n";
  return commands.empty() ? "" : "<h2>What to do next</h2>\n" + commands;
}

std::string options(const RunReport& r) {
  if (r.options.empty()) return "<h2>Options</h2>\n<p class=\"note\">All as they are by default.</p>\n";
  std::string rows;
  for (const RunReport::Option& option : r.options)
    rows += "<tr><td><code>" + html_escaped(option.name) + "</code></td><td>" + html_escaped(option.value) +
            "</td><td>" + html_escaped(option.usual) + "</td></tr>\n";
  return "<h2>Options that are not the defaults</h2>\n<div "
         "class=\"scroll\"><table>\n<thead><tr><th>option</th><th>here</th><th>default</th></tr></thead>\n<tbody>\n" +
         rows + "</tbody></table></div>\n";
}

}  // namespace

std::string report_page(const RunReport& r) {
  const Evaluations evaluations(r.steps);
  std::string body = "<p>" + html_escaped(status_line(r)) + "</p>\n" + facts(r, evaluations) + advice(r, evaluations) +
                     charts(r) + answers(r) + next_steps(r) + options(r) + "<p class=\"note\">Written " +
                     html_escaped(r.written) + " by aacft " AACFT_VERSION ".</p>";
  std::string page = html_page("Training report: " + r.name, body, std::string(kChartStyle) + std::string(kStyle));
  if (r.status == RunStatus::kRunning)
    page.insert(page.find("<title>"), "<meta http-equiv=\"refresh\" content=\"30\">\n");
  return page;
}

}  // namespace aacft
