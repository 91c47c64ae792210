// A comparison as a page: scores, then every row's icons, reference and answers.
#include <algorithm>
#include <cctype>
#include <cmath>

#include "aacft/base/html.h"
#include "aacft/base/text.h"
#include "aacft/tasks/comparison.h"

namespace aacft {
namespace {

constexpr std::string_view kStyle = R"(
table.scores td, table.scores th { padding: .35rem .55rem; }
table.scores td small { display: block; color: var(--quiet); font-size: .75rem; }
table.scores td small.good { color: var(--good); } table.scores td small.bad { color: var(--bad); }
table.scores th:first-child { text-align: left; font-weight: 400; color: var(--ink); }
.icons { display: flex; flex-wrap: wrap; gap: .35rem; margin: 0 0 .5rem; padding: 0; list-style: none; }
.icons li { border: 1px solid var(--line); border-radius: .4rem; padding: .05rem .45rem; font-size: .85rem; background: var(--paper); }
.answers { display: grid; grid-template-columns: max-content 1fr max-content; gap: .2rem .7rem; margin: 0; align-items: baseline; }
.answers dt { color: var(--quiet); font-size: .85rem; max-width: 9rem; }
.answers dd { margin: 0; } .answers dd.chrf { color: var(--quiet); font-size: .8rem; font-variant-numeric: tabular-nums; text-align: right; }
.answers .reference { font-weight: 600; }
.answers .left-out { display: block; color: var(--quiet); font-size: .8rem; }
details { margin: .75rem 0; } summary { cursor: pointer; color: var(--accent); }
@media (max-width: 34rem) { .answers { grid-template-columns: 1fr max-content; } .answers dt { grid-column: 1 / -1; max-width: none; margin-top: .35rem; } }
)";

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  for (std::size_t at = 0; (at = text.find_first_not_of(" \n\t", at)) != text.npos;) {
    const std::size_t end = std::min(text.find_first_of(" \n\t", at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end;
  }
  return words;
}

// "Behind." is the same word as "behind"; signs alone stay what they are.
std::vector<std::string> compared(std::vector<std::string> words) {
  for (std::string& word : words) {
    std::string letters;
    for (const char c : word)
      if (!std::ispunct(static_cast<unsigned char>(c)) || c == '\'')
        letters += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (!letters.empty()) word = letters;
  }
  return words;
}

// The answer with <mark> around the words that the reference does not have there, by the longest common subsequence.
std::string marked(const std::string& answer, const std::string& reference) {
  const std::vector<std::string> written = words_of(answer), a = compared(written), r = compared(words_of(reference));
  if (a.size() * r.size() > 1'000'000) return html_escaped(answer);
  // longest[i][j]: of a from i on and r from j on.
  std::vector<std::vector<int>> longest(a.size() + 1, std::vector<int>(r.size() + 1));
  for (std::size_t i = a.size(); i-- > 0;)
    for (std::size_t j = r.size(); j-- > 0;)
      longest[i][j] = a[i] == r[j] ? longest[i + 1][j + 1] + 1 : std::max(longest[i + 1][j], longest[i][j + 1]);
  std::string html;
  bool inside = false;
  const auto mark = [&](bool on) {
    if (on == inside) return;
    html += on ? "<mark>" : "</mark>";
    inside = on;
  };
  for (std::size_t i = 0, j = 0; i < a.size();) {
    const bool same = j < r.size() && a[i] == r[j];
    if (!same && j < r.size() && longest[i][j + 1] >= longest[i + 1][j]) {
      ++j;
      continue;
    }
    if (same) mark(false);
    if (i > 0) html += ' ';
    if (!same) mark(true);
    html += html_escaped(written[i]);
    ++i, j += same;
  }
  mark(false);
  return html;
}

std::string interval_text(const Interval& interval, int decimals) {
  return html_number(interval.low, decimals) + " to " + html_number(interval.high, decimals);
}

std::string score_cell(const Score* score, const MetricInfo& info) {
  if (score == nullptr) return "<td class=\"number\">–</td>";
  std::string cell = "<td class=\"number\">" + html_number(score->value, info.decimals);
  if (score->interval) cell += "<small>" + interval_text(*score->interval, info.decimals) + "</small>";
  if (score->difference) {
    const double change = *score->difference * info.better;
    const char* const judged = !score->differs() || change == 0 ? ""
                               : change > 0                     ? " class=\"good\""
                                                                : " class=\"bad\"";
    cell += std::string("<small") + judged + ">" + (*score->difference > 0 ? "+" : "") +
            html_number(*score->difference, info.decimals) + (score->differs() ? " ★" : "") + "</small>";
  }
  return cell + "</td>";
}

// The system that is nearest to the references, against the first one.
std::string headline(const Comparison& comparison) {
  const ComparedSystem* best = nullptr;
  for (const ComparedSystem& system : comparison.systems) {
    const Score* score = system.score(Metric::kChrf);
    if (score != nullptr && score->difference && (best == nullptr || score->value > best->score(Metric::kChrf)->value))
      best = &system;
  }
  if (best == nullptr) return "";
  const Score& score = *best->score(Metric::kChrf);
  const std::string first = html_escaped(comparison.systems[0].name), name = html_escaped(best->name);
  if (!score.differs())
    return "<p>By chrF, no system is clearly nearer to the references than " + first + " is, or farther away.</p>\n";
  return "<p><strong>" + name + "</strong> comes " + html_number(std::abs(*score.difference), 1) + " points of chrF " +
         (*score.difference > 0 ? "nearer to the references than " : "less near to the references than ") + first +
         " does (95 %: " + interval_text(*score.difference_interval, 1) + ").</p>\n";
}

std::string scores_html(const Comparison& comparison) {
  std::string html = "<div class=\"scroll\"><table class=\"scores\"><tr><th></th>";
  for (const ComparedSystem& system : comparison.systems)
    html += "<th class=\"number\">" + html_escaped(system.name) + "</th>";
  html += "</tr>\n";
  for (const MetricInfo& info : metric_infos()) {
    if (std::none_of(comparison.systems.begin(), comparison.systems.end(),
                     [&](const ComparedSystem& system) { return system.score(info.metric) != nullptr; }))
      continue;
    html += "<tr><th>" + html_escaped(info.title) + "</th>";
    for (const ComparedSystem& system : comparison.systems) html += score_cell(system.score(info.metric), info);
    html += "</tr>\n";
  }
  html += "</table></div>\n";
  if (comparison.bootstrap_samples > 0) {
    html += "<p class=\"note\">Small numbers: the range of 95 % of " +
            html_number(static_cast<double>(comparison.bootstrap_samples), 0) + " resamplings of the sentences";
    if (comparison.systems.size() > 1)
      html +=
          "; below it the difference to the first column that has the number, with ★ where 95 % of them agree on its "
          "sign";
    html += ".</p>\n";
  }
  html += "<details><summary>What the numbers mean</summary><table>";
  for (const MetricInfo& info : metric_infos())
    html += "<tr><th>" + html_escaped(info.title) + "</th><td>" + html_escaped(info.meaning) +
            (info.better > 0   ? "; more is better"
             : info.better < 0 ? "; less is better"
                               : "") +
            "</td></tr>";
  return html + "</table></details>\n";
}

std::string general_html(const Comparison& comparison) {
  std::string html = "<h2>What else it can still do</h2>\n<p>Perplexity of <code>" +
                     html_escaped(comparison.general.filename().string()) + "</code>, " +
                     html_number(static_cast<double>(comparison.general_before->tokens), 0) +
                     " tokens; less is better.</p>\n<div class=\"scroll\"><table>" +
                     "<tr><td>the model alone</td><td class=\"number\">" +
                     html_number(comparison.general_before->perplexity, 3) + "</td><td></td></tr>\n";
  for (const ComparedSystem& system : comparison.systems) {
    if (!system.general || system.source == "base") continue;
    const double change = general_change(comparison, system);
    html += "<tr><td>" + html_escaped(system.name) + "</td><td class=\"number\">" +
            html_number(system.general->perplexity, 3) + "</td><td class=\"number\">" + (change > 0 ? "+" : "") +
            html_number(change, 2) + " %</td></tr>\n";
  }
  return html + "</table></div>\n";
}

std::string icons_html(const ComparedRow& row, const std::optional<Lexicon>& lexicon) {
  if (row.icons.empty()) return "";
  std::string html = "<ul class=\"icons\">";
  for (const Icon& icon : row.icons) {
    const LexiconEntry* entry = lexicon ? lexicon->find(icon.word, icon.type) : nullptr;
    html += "<li>" + (entry == nullptr || entry->emoji.empty() ? "" : html_escaped(entry->emoji) + " ") +
            html_escaped(icon.word) + "</li>";
  }
  return html + "</ul>";
}

std::string row_html(const Comparison& comparison, std::size_t index) {
  const ComparedRow& row = comparison.rows[index];
  std::string html = "<div class=\"card\" id=\"line-" + std::to_string(row.line) + "\">" +
                     icons_html(row, comparison.lexicon) +
                     "<dl class=\"answers\"><dt>reference</dt><dd class=\"reference\">" + html_escaped(row.reference) +
                     "</dd><dd class=\"chrf\"></dd>";
  for (const ComparedSystem& system : comparison.systems) {
    html += "<dt>" + html_escaped(system.name) + "</dt><dd>" + marked(system.answers[index], row.reference);
    std::vector<std::string> left_out;
    for (std::size_t i = 0; i < row.icons.size(); ++i)
      if (!system.icons_used[index][i]) left_out.push_back(html_escaped(row.icons[i].word));
    if (!left_out.empty()) html += "<span class=\"left-out\">left out: " + listed(left_out) + "</span>";
    html += "</dd><dd class=\"chrf\">" + html_number(chrf(system.counts[index].chrf), 0) + "</dd>";
  }
  return html + "</dl></div>\n";
}

}  // namespace

std::string comparison_page(const Comparison& comparison) {
  std::string body;
  if (!comparison.rows.empty())
    body += "<p>" + html_number(static_cast<double>(comparison.rows.size()), 0) + " sentences of <code>" +
            html_escaped(comparison.data.filename().string()) +
            "</code>, answered by each system and compared with the reference.</p>\n" + headline(comparison) +
            scores_html(comparison);
  if (comparison.general_before) body += general_html(comparison);
  if (!comparison.rows.empty()) {
    body +=
        "<h2>The sentences</h2>\n<p class=\"note\">Words that the reference does not have there are "
        "<mark>marked</mark>; the number is the sentence's chrF, 0 to 100.</p>\n";
    for (std::size_t i = 0; i < comparison.rows.size(); ++i) body += row_html(comparison, i);
  }
  return html_page("Side by side", body, kStyle);
}

}  // namespace aacft
