// The words of a board: what each icon says, and what a sentence must know of it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "aacft/base/warn.h"
#include "aacft/boards/icon.h"

namespace aacft {

struct LexiconEntry {
  Icon icon;
  std::string category;  // "food"; the board's [food] slots draw from it. "": in none
  std::string emoji;     // UTF-8; "" where none fits
  // What is not regular, or not to be guessed: {"plural", "children"}, {"past", "went"}, {"mass", ""}; the keys are in
  // data/README.md.
  std::vector<std::pair<std::string, std::string>> forms;
  bool offensive = false;  // sampled only where asked for

  // The value of a form, nullptr without it.
  const std::string* form(std::string_view key) const;
};

class Lexicon {
 public:
  // UTF-8, lines ending in "\n" or "\r\n"; blank lines are skipped. One of:
  //
  // - Tab-separated, as data/icons.tsv: a line with the names of the columns, then an entry a line; # starts a comment
  // line.
  //   "word" and "type" must be among the columns; "picture" (by default picture_of_word), "category", "forms", "emoji"
  //   and "offensive" may. Other columns are warned of and ignored.
  // - The talk's: no header, nine columns between "|": word, ascii, part of speech, colour, picture path, language,
  //   category, list, offensive. Of the path the last part is kept; ascii, colour, language and list are not.
  //
  // Types are an IconType's name or a common name of a part of speech ("adverb", "pronoun", "adj") in any case.
  // offensive is 0, 1, false, true or empty.
  //
  // Words are single-spaced; a blank, ";" or "{" in a picture becomes "_".
  //
  // Error names file, line and column: a wrong number of columns, an empty word, a word or picture that is
  // unfit_for_prompt, forms that are no "key" or "key:value", bytes that are not UTF-8, no entry at all. What is odd
  // yet usable is told to warn, once for each kind and with its first line: unknown types (taken as NOUN), unknown keys
  // of forms (kept), and an icon that repeats another in its category (dropped).
  static Lexicon read(const std::filesystem::path& file, const Warn& warn);
  static Lexicon parse(std::string_view text, const std::string& name, const Warn& warn);  // name: for messages

  explicit Lexicon(std::vector<LexiconEntry> entries);

  const std::vector<LexiconEntry>& entries() const { return entries_; }  // in the order of the file

  // The first entry of that word and type, or of that word with any type. Neither case nor the shape of an apostrophe
  // counts, but an entry spelled just so is preferred: "May" is the month. nullptr: none.
  const LexiconEntry* find(std::string_view word, IconType type) const;
  const LexiconEntry* find(std::string_view word) const;

  // What is known of an icon: the entry with its picture, too; else as find(word, type), else as find(word).
  const LexiconEntry* find(const Icon& icon) const;

  // Indices of entries, in the order of the file; empty for an unknown category.
  const std::vector<std::size_t>& category(const std::string& name) const;
  std::vector<std::string> categories() const;  // in order of first appearance

 private:
  template <typename Matches>
  const LexiconEntry* find_where(std::string_view word, const Matches& matches) const;

  std::vector<LexiconEntry> entries_;
  std::unordered_map<std::string, std::vector<std::size_t>> by_word_, by_category_;
};

// A picture's name for a word without one: "Ice cream" -> "ice_cream.png".
std::string picture_of_word(std::string_view word);

// What keeps a word or picture from standing in a prompt, as the end of a message; nothing where it may. Control
// characters, " ;", "}", "<bot>", "<human>", more than 200 bytes.
std::optional<std::string> unfit_for_prompt(std::string_view text);

}  // namespace aacft
