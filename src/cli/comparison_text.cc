#include "cli/comparison_text.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "aacft/base/text.h"
#include "aacft/base/utf8.h"

namespace aacft::cli {
namespace {

using nlohmann::json;

// The first column to the left, the others to the right of theirs.
std::string aligned(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (widths.size() <= i) widths.push_back(0);
      widths[i] = std::max(widths[i], count_code_points(row[i]));
    }
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string space(widths[i] - count_code_points(row[i]), ' ');
      text += i == 0 ? row[i] + space : "  " + space + row[i];
    }
    while (text.ends_with(' ')) text.pop_back();
    text += "\n";
  }
  return text;
}

std::string value_text(const Score& score, int decimals) {
  std::string text = fmt::format("{:.{}f}", score.value, decimals);
  if (score.interval) text += fmt::format(" ±{:.{}f}", (score.interval->high - score.interval->low) / 2, decimals);
  return text;
}

std::string difference_text(const Score& score, int decimals) {
  return score.difference ? fmt::format("{:+.{}f}{}", *score.difference, decimals, score.differs() ? "*" : " ") : "";
}

// Fields of an interval beside its value's.
void add_interval(json& object, const std::string& prefix, const std::optional<Interval>& interval) {
  if (!interval) return;
  object[prefix + "low"] = interval->low;
  object[prefix + "high"] = interval->high;
}

json metrics_json(const ComparedSystem& system) {
  json metrics = json::object();
  for (const Score& score : system.scores) {
    json& metric = metrics[std::string(metric_infos()[static_cast<std::size_t>(score.metric)].key)];
    metric["value"] = score.value;
    add_interval(metric, "", score.interval);
    if (score.difference) metric["difference"] = *score.difference;
    add_interval(metric, "difference_", score.difference_interval);
  }
  return metrics;
}

std::string scores_table(const Comparison& comparison) {
  const bool several = comparison.systems.size() > 1;
  std::vector<std::vector<std::string>> rows = {{""}};
  for (const ComparedSystem& system : comparison.systems) {
    rows[0].push_back(system.name);
    if (&system != &comparison.systems[0]) rows[0].push_back("");
  }
  for (const MetricInfo& info : metric_infos()) {
    std::vector<std::string> row = {std::string(info.title)};
    for (const ComparedSystem& system : comparison.systems) {
      const Score* score = system.score(info.metric);
      row.push_back(score ? value_text(*score, info.decimals) : "-");
      if (&system != &comparison.systems[0]) row.push_back(score ? difference_text(*score, info.decimals) : "");
    }
    if (std::any_of(row.begin() + 1, row.end(), [](const std::string& cell) { return !cell.empty() && cell != "-"; }))
      rows.push_back(row);
  }
  std::string text =
      fmt::format("{}: {} sentences\n\n{}", comparison.data.string(), comparison.rows.size(), aligned(rows));
  if (comparison.bootstrap_samples > 0) {
    text += fmt::format("\n±: half of the interval that holds 95 % of {} resamplings of the sentences.",
                        comparison.bootstrap_samples);
    if (several)
      text += fmt::format(
          "\n*: the difference to the first system that has the number lies on one side of 0 in 95 % of them.");
    text += "\n";
  }
  for (const ComparedSystem& system : comparison.systems)
    if (!system.rule_drafts.empty())
      text += fmt::format("{}: {} of the sentences are the rules', since no candidate says all icons\n", system.name,
                          system.rule_drafts.size());
  return text;
}

std::string general_table(const Comparison& comparison) {
  const GeneralLoss& before = *comparison.general_before;
  std::vector<std::vector<std::string>> rows = {{"perplexity of", comparison.general.filename().string(), "change"},
                                                {"  the model alone", fmt::format("{:.3f}", before.perplexity), ""}};
  for (const ComparedSystem& system : comparison.systems)
    if (system.general && system.source != "base")
      rows.push_back({"  " + system.name, fmt::format("{:.3f}", system.general->perplexity),
                      fmt::format("{:+.2f} %", general_change(comparison, system))});
  return aligned(rows);
}

}  // namespace

std::string comparison_table(const Comparison& comparison) {
  std::string text;
  if (!comparison.rows.empty()) text += scores_table(comparison);
  if (comparison.general_before) text += (text.empty() ? "" : "\n") + general_table(comparison);
  return text;
}

json comparison_json(const Comparison& comparison) {
  json result = {
      {"rows", comparison.rows.size()}, {"samples", comparison.bootstrap_samples}, {"systems", json::array()}};
  if (!comparison.data.empty()) result["data"] = comparison.data.string();
  if (comparison.general_before)
    result["general"] = {{"file", comparison.general.string()},
                         {"tokens", comparison.general_before->tokens},
                         {"perplexity", comparison.general_before->perplexity}};
  for (const ComparedSystem& system : comparison.systems) {
    json entry = {{"name", system.name}, {"source", system.source}, {"metrics", metrics_json(system)}};
    if (!system.rule_drafts.empty()) entry["rule_drafts"] = system.rule_drafts.size();
    if (system.general)
      entry["general"] = {{"perplexity", system.general->perplexity},
                          {"change_percent", general_change(comparison, system)}};
    result["systems"].push_back(std::move(entry));
  }
  return result;
}

json row_json(const Comparison& comparison, std::size_t row) {
  const ComparedRow& asked = comparison.rows[row];
  json answers = json::object();
  for (const ComparedSystem& system : comparison.systems) {
    json& answer = answers[system.name];
    answer = {{"text", system.answers[row]}, {"chrf", chrf(system.counts[row].chrf)}, {"left_out", json::array()}};
    for (std::size_t i = 0; i < asked.icons.size(); ++i)
      if (!system.icons_used[row][i]) answer["left_out"].push_back(asked.icons[i].word);
    if (system.counts[row].tokens > 0)
      answer["loss"] = system.counts[row].nll / static_cast<double>(system.counts[row].tokens);
  }
  return {{"line", asked.line}, {"prompt", asked.prompt}, {"reference", asked.reference}, {"answers", answers}};
}

}  // namespace aacft::cli
