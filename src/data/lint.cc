#include "aacft/data/lint.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <tuple>
#include <unordered_map>

#include "aacft/base/error.h"
#include "aacft/base/text.h"
#include "aacft/base/threads.h"
#include "aacft/base/utf8.h"
#include "aacft/data/near_duplicates.h"
#include "aacft/formats/json.h"
#include "aacft/unicode/characters.h"
#include "odd_characters.h"
#include "prompt_shape.h"

namespace aacft {
namespace {

using nlohmann::json;

bool is_blank(std::string_view text) { return leading_space(text) == text.size(); }

struct Row {
  Place place;
  std::string text;
  std::size_t answer = 0;   // where the answer begins in the text; its size where there is none
  bool has_answer = false;  // it is known where the answer begins, be it empty
  bool has_marker = false;  // the response marker stands before it
  std::size_t markers = 0;
  std::int64_t tokens = 0, answer_tokens = 0;  // or words

  std::string_view prompt() const { return std::string_view(text).substr(0, answer); }
  std::string_view answer_text() const { return std::string_view(text).substr(answer); }
  bool is_answered() const { return has_answer && !is_blank(answer_text()); }
};

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

// The value that most have, and how many do; among equals the smallest.
template <typename Map>
auto most_common(const Map& counts) {
  return *std::max_element(counts.begin(), counts.end(),
                           [](const auto& a, const auto& b) { return a.second < b.second; });
}

std::string shape_of(const json& row) {
  if (row.contains("messages")) return "messages";
  return row.contains("prompt") && row.contains("completion") ? "prompt, completion" : "text";
}

std::string keys_of(const json& row) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : row.items()) keys.push_back(in_message(key));
  return keys.empty() ? "no keys" : listed(keys);
}

class Linter {
 public:
  explicit Linter(const LintOptions& options) : options_(options) {
    if (!(options.similarity > 0 && options.similarity <= 1))
      throw Error("the similarity of near duplicates must be above 0 and at most 1");
    if (options.response_marker.empty()) throw Error("the response marker must not be empty");
    report_.unit = options.tokenizer != nullptr ? "tokens" : "words";
  }

  void read(const LintInput& input) {
    const std::size_t file = report_.files.size();
    report_.files.emplace_back().name = input.name;
    const auto starts = line_starts(input.content);
    read_json_lines(
        input.content,
        [&](std::size_t line, const json& row) {
          take({file, line}, row);
        },
        [&](std::size_t line, const std::string& reason) {
          ++report_.files[file].unreadable;
          const std::string_view rest = std::string_view(input.content).substr(starts[line - 1]);
          const std::size_t bad = first_invalid_utf8(rest.substr(0, rest.find('\n')));
          if (bad == std::string_view::npos) {
            add("not-json", {file, line}, reason);
          } else {
            char hex[8];
            std::snprintf(hex, sizeof hex, "0x%02X", static_cast<unsigned>(static_cast<unsigned char>(rest[bad])));
            add("not-utf8", {file, line},
                std::string(hex) + " at byte " + std::to_string(bad) + " of the line is not UTF-8");
          }
        });
    if (report_.files[file].rows == 0)
      add("no-rows", {file, 0}, report_.files[file].unreadable > 0 ? "no row can be read" : "the file has no rows");
  }

  LintReport finish() {
    measure();
    check_shapes();
    check_markers();
    check_answers();
    check_endings();
    check_spacing();
    check_characters();
    check_lengths();
    check_repeats();
    check_near_repeats();
    std::stable_sort(report_.findings.begin(), report_.findings.end(), [](const Finding& a, const Finding& b) {
      return std::tuple(a.kind, a.place.file, a.place.line) < std::tuple(b.kind, b.place.file, b.place.line);
    });
    return std::move(report_);
  }

 private:
  const LintOptions& options_;
  LintReport report_;
  std::vector<Row> rows_;  // those that can be read, of all files

  Finding& add(const char* kind, Place place, std::string message) {
    const auto& kinds = lint_kinds();
    const auto at =
        std::find_if(kinds.begin(), kinds.end(), [&](const LintKind& k) { return std::string_view(k.name) == kind; });
    return report_.findings.emplace_back(Finding{&*at, place, std::move(message), {}, {}, {}});
  }

  static std::vector<std::size_t> line_starts(std::string_view content) {
    std::vector<std::size_t> starts = {0};
    for (std::size_t at = content.find('\n'); at != content.npos; at = content.find('\n', at + 1))
      starts.push_back(at + 1);
    return starts;
  }

  std::string where(Place place) const {
    return (report_.files.size() > 1 ? report_.files[place.file].name + ":" : "line ") + std::to_string(place.line);
  }

  // ---- reading ----

  void take(Place place, const json& object) {
    LintedFile& file = report_.files[place.file];
    Row row;
    row.place = place;
    const std::string shape = shape_of(object);
    try {
      row.text = row_text(object, {}).text;
      const std::string prompt = shape == "text" ? row.text : prompt_of(object);
      if (shape == "text") {
        const std::size_t at = row.text.rfind(options_.response_marker);
        row.has_answer = row.has_marker = at != std::string::npos;
        row.answer = row.has_marker ? at + options_.response_marker.size() : row.text.size();
      } else {
        row.has_answer = true;
        row.answer = std::min(prompt.size(), row.text.size());
        const std::string_view bare = std::string_view(prompt).substr(0, prompt.size() - trailing_space(prompt));
        row.has_marker = shape == "messages" || bare.ends_with(options_.response_marker);
      }
    } catch (const Error& error) {
      ++file.unreadable;
      const bool no_keys = !object.contains("messages") && !object.contains("text") &&
                           !(object.contains("prompt") && object.contains("completion"));
      add("wrong-keys", place, error.what() + (no_keys ? "; it has " + keys_of(object) : ""));
      return;
    }
    row.markers = count_of(row.text, options_.response_marker);
    ++file.rows;
    ++file.shapes[shape];
    check_keys(place, object, shape);
    rows_.push_back(std::move(row));
  }

  void check_keys(Place place, const json& object, const std::string& shape) {
    std::vector<std::string> unused, other;
    for (const auto& [key, value] : object.items()) {
      if (shape == "messages" ? key == "messages"
          : shape == "text"   ? key == "text"
                              : key == "prompt" || key == "completion")
        continue;
      const bool rival = key == "text" || key == "prompt" || key == "completion";
      (rival ? other : unused).push_back(in_message(key));
    }
    if (!other.empty())
      add("ambiguous-keys", place, "trained on as {" + shape + "}; " + listed(other) + " is not read");
    if (!unused.empty()) add("unused-keys", place, listed(unused));
  }

  // ---- lengths ----

  void measure() {
    constexpr std::size_t kBlock = 256;  // rows a task
    parallel_for((rows_.size() + kBlock - 1) / kBlock, [&](std::size_t block) {
      for (std::size_t i = block * kBlock; i < std::min(rows_.size(), (block + 1) * kBlock); ++i) measure(rows_[i]);
    });
    for (std::size_t file = 0; file < report_.files.size(); ++file) {
      std::array<std::vector<std::int64_t>, 4> lengths;
      for (const Row& row : rows_) {
        if (row.place.file != file) continue;
        lengths[0].push_back(row.tokens);
        lengths[2].push_back(count_code_points(row.text));
        if (!row.has_answer) continue;
        lengths[1].push_back(row.answer_tokens);
        lengths[3].push_back(count_code_points(row.answer_text()));
      }
      LintedFile& linted = report_.files[file];
      linted.row = lengths_of(lengths[0]);
      linted.answer = lengths_of(lengths[1]);
      linted.row_characters = lengths_of(lengths[2]);
      linted.answer_characters = lengths_of(lengths[3]);
    }
    if (options_.context <= 0 || options_.tokenizer == nullptr) return;
    for (const Row& row : rows_) {
      const std::int64_t tokens = row.tokens + (options_.append_eos ? 1 : 0);
      if (tokens > options_.context)
        add("too-long", row.place, std::to_string(tokens) + " tokens, more than " + std::to_string(options_.context));
    }
  }

  void measure(Row& row) const {
    if (options_.tokenizer == nullptr) {
      row.answer_tokens = words(row.answer_text());
      row.tokens = words(row.prompt()) + row.answer_tokens;
      return;
    }
    for (const Token& token : options_.tokenizer->encode_with_offsets(row.text)) {
      ++row.tokens;
      if (token.end > row.answer) ++row.answer_tokens;
    }
  }

  static std::int64_t words(std::string_view text) {
    std::int64_t count = 0;
    for (bool inside = false; const char c : text) {
      const bool space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
      count += inside == false && !space;
      inside = !space;
    }
    return count;
  }

  // Robust: the median of the logarithms, and the median deviation from it. Odd is what lies more than 5 deviations
  // away and differs by more than a factor of 4.
  void check_lengths() {
    const auto check = [&](const char* what, auto&& length) {
      std::vector<double> logs;
      for (const Row& row : rows_)
        if (const auto n = length(row); n > 0) logs.push_back(std::log(static_cast<double>(n)));
      if (logs.size() < 10) return;
      const double middle = median(logs);
      std::vector<double> deviations;
      for (const double log : logs) deviations.push_back(std::abs(log - middle));
      const double limit = std::max(5 * 1.4826 * median(deviations), std::log(4.0));
      for (const Row& row : rows_) {
        const auto n = length(row);
        if (n > 0 && std::abs(std::log(static_cast<double>(n)) - middle) > limit)
          add("odd-length", row.place,
              std::string(what) + " has " + std::to_string(n) + " characters; half of all have " +
                  std::to_string(std::llround(std::exp(middle))) +
                  (std::log(static_cast<double>(n)) > middle ? " or fewer" : " or more"));
      }
    };
    check("the prompt", [](const Row& row) { return count_code_points(row.prompt()); });
    check("the answer", [](const Row& row) { return row.is_answered() ? count_code_points(row.answer_text()) : 0; });
  }

  static double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
  }

  // ---- form ----

  void check_shapes() {
    std::map<std::string, std::size_t> shapes;
    for (const LintedFile& file : report_.files)
      for (const auto& [shape, rows] : file.shapes) shapes[shape] += rows;
    if (shapes.size() < 2) return;
    std::vector<std::string> counted;
    for (const auto& [shape, rows] : shapes) counted.push_back(std::to_string(rows) + " of {" + shape + "}");
    add("mixed-shapes", {0, 0}, listed(counted));
  }

  void check_markers() {
    const std::string marker = in_message(options_.response_marker);
    const auto having = static_cast<std::size_t>(
        std::count_if(rows_.begin(), rows_.end(), [](const Row& row) { return row.has_marker; }));
    const auto several = static_cast<std::size_t>(
        std::count_if(rows_.begin(), rows_.end(), [](const Row& row) { return row.markers > 1; }));
    const bool expected = having > 0 && 2 * having >= rows_.size(), turns = 10 * several > rows_.size();
    const auto plain = static_cast<std::size_t>(
        std::count_if(rows_.begin(), rows_.end(), [](const Row& row) { return !row.has_answer; }));
    if (!expected && plain > 0) add("plain-text", {0, 0}, share(plain, rows_.size()) + " rows have no " + marker);
    if (turns) add("several-turns", {0, 0}, share(several, rows_.size()) + " rows have more than one " + marker);
    for (const Row& row : rows_) {
      if (!row.has_marker && expected)
        add("no-marker", row.place, "no " + marker + "; " + share(having, rows_.size()) + " rows have it");
      if (row.markers > 1 && !turns)
        add("several-markers", row.place, std::to_string(row.markers) + " times " + marker);
    }
  }

  void check_answers() {
    for (const Row& row : rows_) {
      const std::string_view answer = row.answer_text();
      if (row.has_answer && is_blank(answer)) add("no-answer", row.place, "nothing follows the prompt");
      if (answer.find(kHumanTurn) != answer.npos)
        add("unanswered-turn", row.place, "\"<human>:\" after the last answer");
    }
    std::vector<const Row*> several;
    std::size_t answered = 0;
    for (const Row& row : rows_) {
      if (!row.is_answered()) continue;
      ++answered;
      const std::string_view answer = row.answer_text().substr(leading_space(row.answer_text()));
      const std::size_t line = answer.find('\n');
      if (line < answer.size() - trailing_space(answer) && answer.find(kHumanTurn) == answer.npos)
        several.push_back(&row);
    }
    if (10 * several.size() > answered) return;  // this is how they are
    for (const Row* row : several) add("several-lines", row->place, "the answer has more than one line");
  }

  void check_endings() {
    std::map<std::string, std::size_t> endings;
    const auto ending = [](const Row& row) { return row.text.substr(row.text.find_last_not_of(" \t\r\n") + 1); };
    std::size_t with_newline = 0, answered = 0;
    for (const Row& row : rows_)
      if (row.is_answered())
        ++answered, ++endings[ending(row)], with_newline += ending(row).find('\n') != std::string::npos;
    if (answered == 0) return;
    if (with_newline == 0 && !options_.append_eos) {
      add("never-ends", {0, 0}, "no answer ends in a newline, and no end-of-text token is appended");
      return;
    }
    const auto [usual, count] = most_common(endings);
    if (2 * count <= answered) return;
    for (const Row& row : rows_) {
      if (!row.is_answered() || ending(row) == usual) continue;
      const bool unended = usual.find('\n') != usual.npos && ending(row).find('\n') == std::string::npos;
      const auto named = [](const std::string& space) { return space.empty() ? "no white space" : in_message(space); };
      add(unended ? "no-end-marker" : "ending", row.place,
          "ends in " + named(ending(row)) + "; " + share(count, answered) + " end in " + named(usual));
    }
    if (usual.find(' ') != usual.npos)
      add("trailing-space", {0, 0}, share(count, answered) + " answers end in " + in_message(usual));
  }

  void check_spacing() {
    PromptShapes shapes;
    const auto is_usual = [](const Row& row) { return row.is_answered() && row.markers <= 1; };
    for (const Row& row : rows_)
      if (is_usual(row)) shapes.count(row.prompt(), row.answer_text());
    for (const Row& row : rows_) {
      if (!is_usual(row)) continue;
      for (const PromptShapes::Oddity& odd : shapes.oddities(row.prompt(), row.answer_text()))
        add(odd.spacing ? "spacing" : "odd-prompt", row.place, odd.message);
      if (row.prompt().ends_with(' ')) add("prompt-end", row.place, "the prompt ends in a space");
    }
  }

  void check_characters() {
    constexpr const char* kNames[] = {"control-character", "invisible-character", "no-break-space", "mojibake",
                                      "escaped-twice"};
    for (const Row& row : rows_) {
      std::array<std::vector<OddCharacter>, std::size(kNames)> by_kind;
      for (OddCharacter& odd : odd_characters(row.text))
        by_kind[static_cast<std::size_t>(odd.kind)].push_back(std::move(odd));
      for (std::size_t kind = 0; kind < by_kind.size(); ++kind) {
        if (by_kind[kind].empty()) continue;
        const OddCharacter& first = by_kind[kind].front();
        const std::string where = " at byte " + std::to_string(first.byte) + " of the text, after " +
                                  in_message(before(row.text, first.byte));
        const std::string more =
            by_kind[kind].size() > 1 ? "; and " + std::to_string(by_kind[kind].size() - 1) + " more" : "";
        Finding& finding = add(kNames[kind], row.place, first.code_points + where + ": " + first.message + more);
        finding.byte = first.byte;
        finding.code_points = first.code_points;
      }
    }
  }

  // A few characters before a byte, to find it by.
  static std::string before(std::string_view text, std::size_t byte) {
    std::size_t begin = byte - std::min<std::size_t>(byte, 16);
    while (begin < byte && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) ++begin;
    return std::string(text.substr(begin, byte - begin));
  }

  // ---- repeats ----

  bool trained_on(const Row& row) const { return row.place.file == 0; }

  void check_repeats() {
    std::unordered_map<std::string_view, const Row*> texts, prompts;  // the first row of each
    for (const Row& row : rows_) {
      const auto [same_text, new_text] = texts.try_emplace(row.text, &row);
      const auto [same_prompt, new_prompt] =
          row.has_answer ? prompts.try_emplace(row.prompt(), &row) : std::pair(prompts.end(), true);
      if (!new_text) {
        const Row& other = *same_text->second;
        const bool leaks = !trained_on(row) && trained_on(other);
        add(leaks ? "leak" : "duplicate", row.place, (leaks ? "is trained on: " : "the same as ") + where(other.place))
            .other = other.place;
      } else if (!new_prompt) {
        const Row& other = *same_prompt->second;
        const bool leaks = !trained_on(row) && trained_on(other);
        add(leaks ? "leak-prompt" : "same-prompt", row.place,
            "the prompt of " + where(other.place) + ", another answer")
            .other = other.place;
      }
    }
  }

  // Lines that most rows share say nothing about one of them.
  std::vector<std::vector<std::string>> telling_words() const {
    std::unordered_map<std::string_view, std::size_t> uses;
    const auto for_lines = [](const Row& row, auto&& use) {
      for (std::string_view rest = row.text; !rest.empty();) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        use(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
      }
    };
    for (const Row& row : rows_) for_lines(row, [&](std::string_view line) { ++uses[line]; });
    std::vector<std::vector<std::string>> telling;
    for (const Row& row : rows_) {
      telling.emplace_back();
      for_lines(row, [&](std::string_view line) {
        if (2 * uses[line] > rows_.size()) return;
        for (std::string& word : words_of(line)) telling.back().push_back(std::move(word));
      });
    }
    return telling;
  }

  void check_near_repeats() {
    const NearDuplicates near = near_duplicates(telling_words(), options_.similarity);
    for (const NearMatch& match : near.matches) {
      const Row &row = rows_[match.row], &other = rows_[match.earlier];
      if (row.text == other.text || row.prompt() == other.prompt()) continue;  // said already
      const bool leaks = !trained_on(row) && trained_on(other);
      char alike[16];
      std::snprintf(alike, sizeof alike, "%.0f %%", 100 * match.similarity);
      const std::string said =
          match.similarity < 1
              ? std::string(alike) + " of its words and those of " + where(other.place) + " are the same"
              : "its words, in other spelling or order, are those of " + where(other.place);
      add(leaks ? "leak-near" : "near-duplicate", row.place, said).other = other.place;
    }
    if (near.searched < rows_.size())
      add("search-ended", rows_[near.searched].place,
          "rows from here on were not searched for near duplicates: too many rows are made of the same words");
  }
};

}  // namespace

const char* name_of(Severity severity) {
  return severity == Severity::kError ? "error" : severity == Severity::kWarning ? "warning" : "info";
}

const std::vector<LintKind>& lint_kinds() {
  using enum Severity;
  static const std::vector<LintKind> kinds = {
      {"no-rows", kError, "nothing to train on", "one JSON object a line is expected"},
      {"not-utf8", kError, "lines that are not UTF-8",
       "save the file as UTF-8; iconv -f WINDOWS-1252 -t UTF-8 often does it"},
      {"not-json", kError, "lines that are not JSON",
       "each line must be one whole JSON object, quotes and newlines inside escaped; mend them or take them out"},
      {"wrong-keys", kError, "rows that cannot be read",
       "use {\"text\"}, {\"prompt\", \"completion\"} or {\"messages\"}"},
      {"no-marker", kError, "rows without a marker for the answer",
       "put it where the answer starts, as in the other rows"},
      {"no-answer", kError, "rows without an answer", "write one, or take the row out: it teaches to say nothing"},
      {"never-ends", kError, "answers that never end",
       "end them in a newline, or train with --append-eos, or the model will not learn to stop"},
      {"too-long", kError, "rows longer than the context",
       "shorten them; training stops there unless --truncate or --skip-bad-rows is given"},
      {"leak", kError, "evaluation rows that are trained on",
       "take them out of one of the two files: the evaluation would measure memory"},
      {"leak-prompt", kWarning, "evaluation prompts that are trained on",
       "keep all rows of a prompt in one of the two files"},
      {"leak-near", kWarning, "evaluation rows nearly the same as rows trained on",
       "keep such rows together in one of the two files"},
      {"no-end-marker", kWarning, "answers that do not end as the others do",
       "end them in the same way; a newline is what tells the model to stop"},
      {"ending", kWarning, "answers with other white space at their end", "end all rows in the same way"},
      {"several-markers", kWarning, "rows with more than one answer",
       "only what follows the last marker is taken for the answer here; was a row pasted into another?"},
      {"several-lines", kWarning, "answers of more than one line",
       "put them on one line, as in the other rows: the model learns that a newline ends an answer"},
      {"unanswered-turn", kWarning, "rows that end in a question",
       "the model would learn to ask; take the last turn out"},
      {"spacing", kWarning, "prompts spaced in another way than most",
       "make them the same to the byte: for the model, other spaces are another prompt"},
      {"odd-prompt", kWarning, "prompts of another form than most", "look for a part that is missing or misspelt"},
      {"prompt-end", kWarning, "prompts that end in a space",
       "move the space to the start of the completion, or generation begins with another token than training did"},
      {"mixed-shapes", kWarning, "rows of different shapes", "use one shape, lest they differ in more than their keys"},
      {"ambiguous-keys", kWarning, "rows with the keys of two shapes", "leave only those that are meant"},
      {"duplicate", kWarning, "rows that occur before", "take them out, unless they are to count twice"},
      {"near-duplicate", kWarning, "rows nearly the same as one before", "keep the better one, unless both are meant"},
      {"mojibake", kWarning, "text that was read in a wrong encoding",
       "put the right characters back, best by reading the original as UTF-8 again"},
      {"control-character", kWarning, "control characters", "take them out"},
      {"invisible-character", kWarning, "characters that cannot be seen",
       "take them out; they come from web pages and word processors"},
      {"no-break-space", kWarning, "special spaces and hyphens",
       "use the plain ones: for the model, these are other characters"},
      {"escaped-twice", kWarning, "escapes in the text itself",
       "the file was escaped twice; write the character that is meant"},
      {"odd-length", kWarning, "rows of wildly different length", "look whether something is missing or was pasted in"},
      {"same-prompt", kInfo, "prompts that occur before with another answer",
       "fine where several answers are right; the model learns to choose among them"},
      {"plain-text", kInfo, "rows without a marker for the answer",
       "fine for training on whole texts; --mask-prompt would refuse them"},
      {"several-turns", kInfo, "conversations of several turns", "the last answer is taken for the answer here"},
      {"trailing-space", kInfo, "answers that end in spaces",
       "the model learns to say the space, too; without it, answers are easier to compare"},
      {"unused-keys", kInfo, "keys that are not read", "they do no harm"},
      {"search-ended", kInfo, "near duplicates not looked for",
       "lint the file in parts, or take the exact duplicates out first"},
  };
  return kinds;
}

Lengths lengths_of(std::vector<std::int64_t> lengths) {
  Lengths result;
  if (lengths.empty()) return result;
  std::sort(lengths.begin(), lengths.end());
  const std::size_t n = lengths.size();
  result.count = static_cast<std::int64_t>(n);
  for (const std::int64_t length : lengths) result.total += length;
  result.min = lengths.front(), result.max = lengths.back();
  result.mean = static_cast<double>(result.total) / static_cast<double>(n);
  result.median = static_cast<double>(lengths[(n - 1) / 2] + lengths[n / 2]) / 2;
  result.p95 = lengths[(95 * n + 99) / 100 - 1];
  // Bins of 1, 2, 5, 10, 20, ... so that 12 are enough.
  std::int64_t width = 1;
  for (const int next[] = {2, 5, 10}; result.max / width - result.min / width >= 12;) {
    std::int64_t power = 1;
    while (power * 10 <= width) power *= 10;
    for (const int factor : next)
      if (power * factor > width) {
        width = power * factor;
        break;
      }
  }
  result.bin_width = width;
  result.bin_from = result.min / width * width;
  result.bins.resize(static_cast<std::size_t>(result.max / width - result.min / width + 1));
  for (const std::int64_t length : lengths) ++result.bins[static_cast<std::size_t>((length - result.bin_from) / width)];
  return result;
}

std::size_t LintReport::count(Severity severity) const {
  return static_cast<std::size_t>(
      std::count_if(findings.begin(), findings.end(), [&](const Finding& f) { return f.kind->severity == severity; }));
}

LintReport lint(const LintInput& train, const std::optional<LintInput>& eval, const LintOptions& options) {
  Linter linter(options);
  linter.read(train);
  if (eval) linter.read(*eval);
  return linter.finish();
}

}  // namespace aacft
