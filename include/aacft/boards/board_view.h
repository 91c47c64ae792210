// A board as it is shown: pages of tiles, each of which says a word, opens a page, or does something.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "aacft/base/warn.h"
#include "aacft/boards/board.h"
#include "aacft/boards/icon.h"
#include "aacft/boards/lexicon.h"
#include "aacft/boards/open_board.h"

namespace aacft {

struct Tile {
  std::size_t row = 0, column = 0;
  std::string label, say;          // what is spoken for it alone
  std::string emoji;               // may be empty
  std::string picture;             // a key of BoardView::pictures; empty: none
  std::string colour;              // its part of speech in the key of Fitzgerald: "people", "verb", ...
  std::string background, border;  // "#rrggbb", the board's own; empty: none
  // One of these.
  std::optional<Icon> icon;
  std::optional<std::size_t> link;  // the page that it opens
  std::string action;               // ":clear", "+x", ...
};

struct ViewPage {
  std::string name;
  std::size_t rows = 0, columns = 0;
  bool list = false;  // tiles have an order rather than places
  std::vector<Tile> tiles;
};

struct Picture {
  std::string type;  // "image/png", as its first bytes tell
  std::string bytes;
};

struct BoardView {
  std::string name, language = "en";  // of its labels, as in BCP 47
  std::vector<ViewPage> pages;        // the first one is what a person sees first
  std::size_t top = 1;                // the first pages, those that can always be reached
  std::map<std::string, Picture> pictures;
  std::vector<std::pair<Icon, Icon>> clitics;  // pronouns, and what they become once there is a subject
};

// Each category is a page of its own, behind the board's own ones.
BoardView view_of(const Board& board, const Lexicon& lexicon);

// Boards that can be reached from the root, each a page, nearest first; with the pictures that are in the file. Left
// out: hidden buttons, and those that lead to boards which are not in the file; pictures of other kinds than PNG, JPEG,
// GIF, WebP and SVG. Labels are looked up in the lexicon as board_of does. Error where no tile says a word, or there
// are more than 200,000 tiles.
BoardView view_of(const OpenBoards& boards, const std::string& name, const Lexicon& lexicon, const Warn& warn);

// The class of an icon in the key of Fitzgerald: "people", "verb", "noun", "describe", "social", "little", "question",
// "negation" or "other".
std::string fitzgerald_class(const Icon& icon, const LexiconEntry* entry);

// Icons as they were tapped, as the sampler writes them: pronouns behind a NOUN in their clitic form, "I" as "me".
std::vector<Icon> with_clitics(std::vector<Icon> icons, const BoardView& view);

}  // namespace aacft
