// Boards of other programs as pages for the sampler.
#include <algorithm>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "aacft/base/error.h"
#include "aacft/boards/open_board.h"
#include "boards/labels.h"
#include "boards/open_board_buttons.h"
#include "boards/open_board_json.h"

namespace aacft {
namespace {

using nlohmann::json;

constexpr std::size_t kMostWords = 200'000, kMostNamed = 50;

class Conversion {
 public:
  Conversion(const OpenBoards& boards, const std::string& name, const Lexicon& lexicon)
      : boards_(boards), name_(name), finder_(lexicon), links_(boards) {}

  Board run(const Warn& warn) {
    discover();
    Board board{.name = clean_label(text_of(*sources_[0].board, "name"))};
    for (Source& source : sources_)
      if (source.is_page) board.pages.push_back(page_of(source));
    BoardPage further{.name = "Further boards"};  // than one step from a page
    for (Source& source : sources_)
      if (Slot slot = category_of(source); !slot.icons.empty()) {
        slot.column = further.slots.size();
        further.slots.push_back(std::move(slot));
      }
    board.pages.push_back(std::move(further));
    std::erase_if(board.pages, [](const BoardPage& page) { return page.slots.empty(); });
    if (board.pages.empty()) throw Error(name_, ": no button of the boards says a word");
    for (BoardPage& page : board.pages)
      for (const Slot& slot : page.slots) {
        page.rows = std::max(page.rows, slot.row + 1);
        page.columns = std::max(page.columns, slot.column + 1);
      }
    board.verbs = verbs_of(board.pages[0]);
    report(warn);
    return board;
  }

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  struct Item {
    Slot slot;                     // of a word, or of a button that leads on: without its icons
    std::size_t leads_to = kNone;  // among sources_
  };
  struct Source {
    const json* board;
    std::string path;
    Slot slot;             // as a category
    bool is_page = false;  // its words are slots of their own
    std::vector<Item> items;
  };

  // All boards that can be reached, nearest first.
  void discover() {
    reach(boards_.root, {.label = "[]", .category = true});
    sources_[0].is_page = true;
    for (std::size_t i = 0; i < sources_.size(); ++i)
      for (const PlacedButton& placed : placed_buttons(*sources_[i].board, name_ + ": " + sources_[i].path))
        add_item(i, placed);
  }

  std::size_t reach(const std::string& path, Slot slot) {
    if (!reached_.insert(path).second) return kNone;
    const json& board = boards_.boards.at(path);
    if (slot.label == "[]") slot.label = "[" + clean_label(text_of(board, "name")) + "]";
    sources_.push_back(
        {.board = &board, .path = path, .slot = std::move(slot), .is_page = !text_of(board, "ext_aacft_page").empty()});
    return sources_.size() - 1;
  }

  void add_item(std::size_t source, const PlacedButton& placed) {
    const json& button = *placed.button;
    if (!button.is_object() || is_true(button, "hidden")) return;
    const json& board = *sources_[source].board;
    std::string label = clean_label(translated(board, text_of(button, "label")));
    if (label.empty()) label = clean_label(translated(board, text_of(button, "vocalization")));
    Item item;
    if (const std::optional<std::string> path = links_.target(button)) {
      item.slot = {.label = "[" + label + "]", .category = true};
      take_extensions(button, item.slot);
      if (path->empty()) ++leads_nowhere_;
      item.leads_to = path->empty() ? kNone : reach(*path, item.slot);
      if (item.leads_to == kNone) return;
    } else {
      if (label.empty() || is_action(button)) return;
      if (++words_ > kMostWords) throw Error(name_, ": more than ", kMostWords, " words");
      item.slot = word_slot(button, label);
    }
    item.slot.row = placed.row;
    item.slot.column = placed.column;
    sources_[source].items.push_back(std::move(item));
  }

  Slot word_slot(const json& button, const std::string& label) {
    if (const std::optional<Icon> icon = own_icon(button)) {
      Slot slot{.label = icon->word, .icons = {*icon}};
      slot.clitic = own_clitic(button, *icon);
      take_extensions(button, slot);
      return slot;
    }
    const LabelFinder::Found found = finder_.find(label);
    if (found.entry == nullptr && unknown_.insert(label).second) unknown_in_order_.push_back(label);
    const Icon icon = found.entry != nullptr ? found.icon : Icon{label, IconType::kNoun, picture_of(label)};
    Slot slot{.label = icon.word, .icons = {icon}};
    slot.clitic = clitic_of(icon);
    return slot;
  }

  static void take_extensions(const json& button, Slot& slot) {
    if (const std::string cell = clean_label(text_of(button, "ext_aacft_cell")); !cell.empty()) slot.label = cell;
    slot.subject = !button.contains("ext_aacft_subject") || is_true(button, "ext_aacft_subject");
  }

  // Boards that a page leads to go with it; they are moved from, so that none counts twice.
  BoardPage page_of(Source& source) {
    BoardPage page{.name = text_of(*source.board, "ext_aacft_page")};
    if (page.name.empty()) page.name = "First page";
    for (Item& item : source.items) {
      Slot slot = item.leads_to == kNone ? std::move(item.slot) : category_of(sources_[item.leads_to]);
      if (slot.icons.empty()) continue;
      slot.row = item.slot.row;
      slot.column = item.slot.column;
      page.slots.push_back(std::move(slot));
    }
    source.items.clear();
    return page;
  }

  // Without icons where the board has no words, is a page, or was taken before.
  static Slot category_of(Source& source) {
    Slot slot = source.slot;
    if (source.is_page) return slot;
    for (Item& item : source.items)
      if (item.leads_to == kNone) slot.icons.push_back(std::move(item.slot.icons[0]));
    source.items.clear();
    return slot;
  }

  std::vector<std::size_t> verbs_of(const BoardPage& first) const {
    std::vector<std::size_t> verbs;
    const json& root = *sources_[0].board;
    if (root.contains("ext_aacft_verbs") && root.at("ext_aacft_verbs").is_array()) {
      for (const json& cell : root.at("ext_aacft_verbs")) {
        const auto slot = std::find_if(first.slots.begin(), first.slots.end(),
                                       [&](const Slot& candidate) { return candidate.label == id_text(cell); });
        if (slot != first.slots.end() && verbs.size() < kMostCells)
          verbs.push_back(static_cast<std::size_t>(slot - first.slots.begin()));
      }
      return verbs;
    }
    for (std::size_t i = 0; i < first.slots.size(); ++i) {
      const std::vector<Icon>& icons = first.slots[i].icons;
      const auto count =
          std::count_if(icons.begin(), icons.end(), [](const Icon& icon) { return icon.type == IconType::kVerb; });
      if (2 * static_cast<std::size_t>(count) > icons.size()) verbs.push_back(i);
    }
    return verbs;
  }

  void report(const Warn& warn) const {
    if (!warn) return;
    if (leads_nowhere_ > 0)
      warn(name_ + ": left out: " + std::to_string(leads_nowhere_) +
           (leads_nowhere_ == 1 ? " button leads to a board that is" : " buttons lead to boards that are") +
           " not in the file");
    if (unknown_in_order_.empty()) return;
    std::string text = name_ + ": the lexicon does not know " + std::to_string(unknown_in_order_.size()) +
                       " of the words, which are taken as nouns: ";
    for (std::size_t i = 0; i < std::min(unknown_in_order_.size(), kMostNamed); ++i)
      text += (i ? ", " : "") + unknown_in_order_[i];
    warn(text + (unknown_in_order_.size() > kMostNamed ? ", ..." : ""));
  }

  const OpenBoards& boards_;
  const std::string name_;
  const LabelFinder finder_;
  const BoardLinks links_;
  std::vector<Source> sources_;
  std::unordered_set<std::string> reached_, unknown_;
  std::vector<std::string> unknown_in_order_;
  std::size_t words_ = 0, leads_nowhere_ = 0;
};

}  // namespace

Board board_of(const OpenBoards& boards, const std::string& name, const Lexicon& lexicon, const Warn& warn) {
  return Conversion(boards, name, lexicon).run(warn);
}

}  // namespace aacft
