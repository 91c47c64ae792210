#include "aacft/boards/board_view.h"

#include <algorithm>
#include <utility>

#include "boards/labels.h"

namespace aacft {
namespace {

Tile tile_of(const Icon& icon, const Lexicon& lexicon) {
  const LexiconEntry* entry = lexicon.find(icon);
  Tile tile{.label = icon.word, .say = icon.word, .colour = fitzgerald_class(icon, entry), .icon = icon};
  if (entry != nullptr) tile.emoji = entry->emoji;
  return tile;
}

// Most of a category's words are of one class.
std::string common_class(const std::vector<Tile>& tiles) {
  std::map<std::string, std::size_t> counts;
  for (const Tile& tile : tiles) ++counts[tile.colour];
  const auto most =
      std::max_element(counts.begin(), counts.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == counts.end() ? "other" : most->first;
}

}  // namespace

std::string fitzgerald_class(const Icon& icon, const LexiconEntry* entry) {
  if (entry != nullptr && (entry->form("pronoun") != nullptr || entry->form("person") != nullptr)) return "people";
  if (entry != nullptr && entry->form("question") != nullptr) return "question";
  if (entry != nullptr && entry->form("phrase") != nullptr) return "social";
  switch (icon.type) {
    case IconType::kVerb: return "verb";
    case IconType::kAdjective: return "describe";
    case IconType::kPreposition: return "little";
    case IconType::kQuestion: return "question";
    case IconType::kNegated: return "negation";
    case IconType::kCliticPronoun: return "people";
    case IconType::kNoun: return "noun";
    default: return "other";
  }
}

BoardView view_of(const Board& board, const Lexicon& lexicon) {
  BoardView view{.name = board.name, .top = board.pages.size()};
  std::vector<ViewPage> categories;
  for (const BoardPage& page : board.pages) {
    ViewPage shown{.name = page.name, .rows = page.rows, .columns = page.columns};
    for (const Slot& slot : page.slots) {
      if (slot.icons.empty()) continue;
      if (slot.clitic) view.clitics.emplace_back(slot.icons[0], *slot.clitic);
      Tile tile;
      if (slot.category) {
        ViewPage list{.name = category_title(slot.label), .columns = columns_of_list(slot.icons.size()), .list = true};
        for (const Icon& icon : slot.icons) {
          list.tiles.push_back(tile_of(icon, lexicon));
          list.tiles.back().row = (list.tiles.size() - 1) / list.columns;
          list.tiles.back().column = (list.tiles.size() - 1) % list.columns;
        }
        list.rows = (list.tiles.size() + list.columns - 1) / list.columns;
        tile.label = list.name;
        tile.colour = common_class(list.tiles);
        tile.link = board.pages.size() + categories.size();
        const auto pictured = std::find_if(list.tiles.begin(), list.tiles.end(),
                                           [](const Tile& candidate) { return !candidate.emoji.empty(); });
        if (pictured != list.tiles.end()) tile.emoji = pictured->emoji;
        categories.push_back(std::move(list));
      } else {
        tile = tile_of(slot.icons[0], lexicon);
      }
      tile.row = slot.row;
      tile.column = slot.column;
      shown.tiles.push_back(std::move(tile));
    }
    view.pages.push_back(std::move(shown));
  }
  for (ViewPage& category : categories) view.pages.push_back(std::move(category));
  return view;
}

std::vector<Icon> with_clitics(std::vector<Icon> icons, const BoardView& view) {
  bool subject = false;
  for (Icon& icon : icons) {
    const bool noun = icon.type == IconType::kNoun;
    const auto clitic =
        std::find_if(view.clitics.begin(), view.clitics.end(), [&](const auto& pair) { return pair.first == icon; });
    if (subject && clitic != view.clitics.end()) icon = clitic->second;
    subject = subject || noun;
  }
  return icons;
}

}  // namespace aacft
