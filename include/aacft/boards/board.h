// What a person taps on: pages of slots, each a word or a [category] of words.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "aacft/boards/icon.h"
#include "aacft/boards/lexicon.h"

namespace aacft {

struct Slot {
  std::string label;  // "be", "[verbs]"
  bool category = false;
  std::vector<Icon> icons;     // a word's one icon, or a category's: each as likely as the others
  std::optional<Icon> clitic;  // what a pronoun becomes once there is a subject: "me" for "I"
  bool subject = true;         // whether a noun of it counts as a subject
  std::size_t row = 0, column = 0;

  bool operator==(const Slot&) const = default;
};

struct BoardPage {
  std::string name;
  std::size_t rows = 0, columns = 0;
  std::vector<Slot> slots;  // in the order in which the sampler numbers them

  bool operator==(const BoardPage&) const = default;
};

struct Board {
  std::string name;
  std::vector<BoardPage> pages;  // the first one is what a person sees first
  std::vector<std::size_t>
      verbs;  // slots of the first page that make up for a missing verb; a slot may stand here twice

  std::size_t num_slots() const;
  bool operator==(const Board&) const = default;
};

// A board as JSON, such as data/board.json:
//
//   {"name": "...",
//    "words": {"I": {"type": "NOUN", "clitic": "me"}, "you-all": {"word": "you", ...}, "[play]": {"categories":
//    ["toys", "sports"]}}, "verbs": ["have", "be", "[verbs]"], "pages": [{"name": "...", "numbered": "columns", "rows":
//    [["I", "past", "[verbs]", null], ...]}, ...]}
//
// A cell is a [category] of the lexicon, a key of "words", any other word of the lexicon, or null for a gap. "comment"
// is read by nobody. words:    what a cell's text means, where the lexicon alone does not say it:
//           "word" (the cell's text by default); "type", which chooses among the lexicon's entries of that word;
//           "picture", with which the lexicon need not know the word; "clitic", a pronoun's form once there is a
//           subject (its picture is the pronoun's); "categories", which a [category] draws from together; "subject":
//           false, where a noun of the cell does not count as a subject, so that pronouns after it keep their form.
// verbs:    cells of the first page, one of which makes up for a missing verb; optional.
// numbered: "rows" (default) or "columns": how the sampler counts slots, which shows where java48 repeats other
// programs.
//
// Words that the lexicon flags as offensive are in no category unless asked for. Error names the file and the cell, and
// says what there is instead.
Board read_board(const std::filesystem::path& file, const Lexicon& lexicon, bool offensive = false);
Board parse_board(const nlohmann::json& json, const std::string& name, const Lexicon& lexicon, bool offensive = false);

}  // namespace aacft
