// Boards of other programs, in the Open Board Format (openboardformat.org): .obf, one board as JSON, and .obz, a zip of
// boards, pictures and sounds with a manifest.
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "aacft/base/warn.h"
#include "aacft/boards/board.h"
#include "aacft/boards/lexicon.h"

namespace aacft {

// What an .obz holds, or an .obf as the only board of one. Everything is kept as it was read, with what we make no use
// of: pictures by path, URL, data URI or symbol, sounds, "ext_..." keys. So read(write(x)) == x.
struct OpenBoards {
  std::string root;  // the path of the first board
  nlohmann::json manifest;
  std::map<std::string, nlohmann::json> boards;  // by path in the archive
  std::map<std::string, std::string> files;      // all others, by path

  bool operator==(const OpenBoards&) const = default;
};

// Error where a file is damaged, encrypted, or no board; where a path leaves the archive; where something unpacks to
// more than 64 MB, or all of it to more than 256 MB or 4 MB + 200 times the size of the file.
OpenBoards read_open_boards(const std::filesystem::path& file, const Warn& warn);
OpenBoards parse_open_boards(std::string_view bytes, const std::string& name, const Warn& warn);

// The bytes of an .obz: the same ones for the same boards.
std::string write_obz(const OpenBoards& boards);

// For the sampler. The root board is the first page: a button that leads on to a board is the [category] of that
// board's words, any other one a word. Boards further away are [categories] of a second page, whatever the way there;
// each board counts once, at the first button that leads to it. Left out: hidden buttons, buttons outside the grid,
// actions such as
// ":clear" or "+s", and buttons that lead to boards which are not in the file.
// A label (what is spoken, where there is none) is looked up in the lexicon, also as a plural or in another form of a
// verb, and tells its type from there; words that the lexicon does not know are told to warn, and are NOUNs. Verbs of
// the first page, words and [categories] most of whose words are verbs, make up for a missing verb; the pronouns I,
// you, he, she, we, they have clitics. Error where there is no word at all, or more than 200,000, or a board has more
// than 10,000 cells.
Board board_of(const OpenBoards& boards, const std::string& name, const Lexicon& lexicon, const Warn& warn);

// The way back: the first page is the root board, with one more row of buttons that lead to the other pages; each
// [category] is a board. Pictures are emoji, as SVG; colours tell parts of speech as AAC boards have them (Fitzgerald's
// key). What board_of could not guess from labels is in "ext_aacft_..." keys: it returns the same board, numbered by
// rows.
OpenBoards open_boards_of(const Board& board, const Lexicon& lexicon);

// By its ending, .obf or .obz, or because it is a zip, or JSON with a list of buttons.
bool is_open_board(const std::filesystem::path& file);

// An open board, or else JSON as in aacft/boards/board.h. `offensive` is for that one.
Board read_any_board(const std::filesystem::path& file, const Lexicon& lexicon, bool offensive, const Warn& warn);

}  // namespace aacft
