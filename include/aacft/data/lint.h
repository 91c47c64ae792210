// What is wrong or risky in rows before a model is trained on them.
//
// An error is what training refuses, or what makes it learn or measure something else than was meant; a warning is
// probably a slip; the rest is worth knowing. Rows are judged by each other: how most of them are spaced, end and look
// is how all should. Time grows with the size of the input.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "aacft/data/rows.h"
#include "aacft/data/turns.h"
#include "aacft/tokenizer/tokenizer.h"

namespace aacft {

enum class Severity { kError, kWarning, kInfo };
const char* name_of(Severity severity);  // "error", "warning", "info"

// Every finding is of one of these.
struct LintKind {
  const char* name;  // "duplicate"
  Severity severity;
  const char* title;   // "rows that occur before"
  const char* advice;  // what to do
};
const std::vector<LintKind>& lint_kinds();  // errors first

struct Place {
  std::size_t file = 0;  // index in LintReport::files
  std::size_t line = 0;  // from 1; 0: the file as a whole
};

struct Finding {
  const LintKind* kind = nullptr;
  Place place;
  std::string message;
  std::optional<Place> other;       // the row that this one repeats or leaks
  std::optional<std::size_t> byte;  // of the row's text, where one character is meant
  std::string code_points;          // of that character: "U+00A0"
};

// Lengths of rows, in tokens or words.
struct Lengths {
  std::int64_t count = 0, total = 0, min = 0, max = 0;
  double mean = 0, median = 0;
  std::int64_t p95 = 0;  // 95 % of the rows are no longer (nearest rank)
  std::int64_t bin_from = 0, bin_width = 1;
  std::vector<std::int64_t>
      bins;  // rows in [bin_from + i * bin_width, ... + bin_width); at most 12, none where count is 0
};
Lengths lengths_of(std::vector<std::int64_t> lengths);

struct LintedFile {
  std::string name;
  std::size_t rows = 0, unreadable = 0;
  std::map<std::string, std::size_t> shapes;  // "text", "prompt, completion", "messages"
  Lengths row, answer;                        // in LintReport::unit, without the end-of-text token
  Lengths row_characters, answer_characters;  // code points
};

struct LintReport {
  std::string unit;               // "tokens", or "words" without a tokenizer
  std::vector<LintedFile> files;  // what is trained on, then what is evaluated on
  std::vector<Finding> findings;  // by kind in the order of lint_kinds(), then by place

  std::size_t count(Severity severity) const;
};

struct LintOptions {
  std::string response_marker{kBotTurn};       // where an answer starts in {"text"} rows
  ChatStyle chat_style = openchatkit_style();  // as in DataOptions
  bool chat_pairs = false;                     //
  bool append_eos = true;                      // as training would
  std::int64_t context = 0;                    // tokens in a row, the end-of-text token included; 0: unknown
  const Tokenizer* tokenizer = nullptr;        // to count tokens; may be none
  double similarity = 0.9;                     // of near duplicates, 0 to 1: see near_duplicates.h
};

struct LintInput {
  std::string name, content;  // of a JSON Lines file
};

// Error only for an impossible option; whatever is in the content becomes a finding.
LintReport lint(const LintInput& train, const std::optional<LintInput>& eval, const LintOptions& options);

}  // namespace aacft
