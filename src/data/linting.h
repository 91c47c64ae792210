// What the checks of lint share: the rows that could be read, and what was found so far.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "aacft/data/lint.h"
#include "aacft/unicode/characters.h"

namespace aacft {

inline bool is_blank(std::string_view text) { return leading_space(text) == text.size(); }

struct LintRow {
  Place place;
  std::string text;
  bool chat = false;                           // spelled in a chat style with an end token of its own
  std::string asked;                           // of such a row: what the user said last,
  std::string contents;                        // and what all said, message by message in lines
  std::size_t answer = 0, answer_end = 0;      // where the answer is in the text; at its end where there is none
  bool has_answer = false;                     // it is known where the answer begins, be it empty
  bool has_marker = false;                     // the response marker stands before it, or the row is a chat
  std::size_t markers = 0;                     // or answers of a chat
  std::int64_t tokens = 0, answer_tokens = 0;  // or words
  std::int64_t around = 0;                     // tokens that training puts before and behind them

  std::string_view prompt() const { return std::string_view(text).substr(0, answer); }
  std::string_view answer_text() const { return std::string_view(text).substr(answer, answer_end - answer); }
  std::string_view own_prompt() const { return chat ? std::string_view(asked) : prompt(); }  // without a style's marks
  std::string_view own_text() const { return chat ? contents : text; }
  bool is_answered() const { return has_answer && !is_blank(answer_text()); }
};

struct Linting {
  const LintOptions& options;
  LintReport report;
  std::vector<LintRow> rows;  // those that can be read, of all files

  Finding& add(const char* kind, Place place, std::string message);
  std::string where(Place place) const;  // "line 7", with several files "FILE:7"
};

// Reads a file's rows; finds those that cannot be read, or have odd keys.
void read_for_lint(Linting& l, const LintInput& input);

// Counts tokens or words; finds rows longer than the context, and of odd lengths.
void measure(Linting& l);
void check_lengths(Linting& l);

// How rows look, by how most of them do.
void check_form(Linting& l);

// Rows that occur before, or nearly.
void check_repeats(Linting& l);

}  // namespace aacft
