
#include <algorithm>
#include <cstdio>
#include <unordered_map>

#include "aacft/data/near_duplicates.h"
#include "linting.h"

namespace aacft {
namespace {

bool trained_on(const LintRow& row) { return row.place.file == 0; }

void check_equal_rows(Linting& l) {
  std::unordered_map<std::string_view, const LintRow*> texts, prompts;  // the first row of each
  for (const LintRow& row : l.rows) {
    const auto [same_text, new_text] = texts.try_emplace(row.text, &row);
    const auto [same_prompt, new_prompt] =
        row.has_answer ? prompts.try_emplace(row.prompt(), &row) : std::pair(prompts.end(), true);
    if (!new_text) {
      const LintRow& other = *same_text->second;
      const bool leaks = !trained_on(row) && trained_on(other);
      l.add(leaks ? "leak" : "duplicate", row.place,
            (leaks ? "is trained on: " : "the same as ") + l.where(other.place))
          .other = other.place;
    } else if (!new_prompt) {
      const LintRow& other = *same_prompt->second;
      const bool leaks = !trained_on(row) && trained_on(other);
      l.add(leaks ? "leak-prompt" : "same-prompt", row.place,
            "the prompt of " + l.where(other.place) + ", another answer")
          .other = other.place;
    }
  }
}

// Lines that most rows share say nothing about one of them.
std::vector<std::vector<std::string>> telling_words(const Linting& l) {
  std::unordered_map<std::string_view, std::size_t> uses;
  const auto for_lines = [](const LintRow& row, auto&& use) {
    for (std::string_view rest = row.own_text(); !rest.empty();) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      use(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  };
  for (const LintRow& row : l.rows) for_lines(row, [&](std::string_view line) { ++uses[line]; });
  std::vector<std::vector<std::string>> telling;
  for (const LintRow& row : l.rows) {
    telling.emplace_back();
    for_lines(row, [&](std::string_view line) {
      if (2 * uses[line] > l.rows.size()) return;
      for (std::string& word : words_of(line)) telling.back().push_back(std::move(word));
    });
  }
  return telling;
}

void check_near_repeats(Linting& l) {
  const NearDuplicates near = near_duplicates(telling_words(l), l.options.similarity);
  for (const NearMatch& match : near.matches) {
    const LintRow &row = l.rows[match.row], &other = l.rows[match.earlier];
    if (row.text == other.text || row.prompt() == other.prompt()) continue;  // said already
    const bool leaks = !trained_on(row) && trained_on(other);
    char alike[16];
    std::snprintf(alike, sizeof alike, "%.0f %%", 100 * match.similarity);
    const std::string said =
        match.similarity < 1
            ? std::string(alike) + " of its words and those of " + l.where(other.place) + " are the same"
            : "its words, in other spelling or order, are those of " + l.where(other.place);
    l.add(leaks ? "leak-near" : "near-duplicate", row.place, said).other = other.place;
  }
  if (near.searched < l.rows.size())
    l.add("search-ended", l.rows[near.searched].place,
          "rows from here on were not searched for near duplicates: too many rows are made of the same words");
}

}  // namespace

void check_repeats(Linting& l) {
  check_equal_rows(l);
  check_near_repeats(l);
}

}  // namespace aacft
