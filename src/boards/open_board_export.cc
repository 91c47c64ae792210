// Our boards in the Open Board Format.
#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "aacft/boards/board_view.h"
#include "aacft/boards/open_board.h"
#include "boards/labels.h"
#include "boards/open_board_json.h"

namespace aacft {
namespace {

using nlohmann::json;

constexpr int kPictureSize = 300;  // pixels

// The colours that AAC boards give to parts of speech, in the key of Fitzgerald.
std::string colour_of(const Icon& icon, bool pronoun, const LexiconEntry* entry) {
  static const std::map<std::string, std::string> kColours = {
      {"people", "rgb(255, 236, 130)"},   {"verb", "rgb(183, 228, 167)"},     {"noun", "rgb(255, 209, 148)"},
      {"describe", "rgb(173, 216, 242)"}, {"social", "rgb(255, 200, 221)"},   {"little", "rgb(255, 200, 221)"},
      {"question", "rgb(216, 191, 240)"}, {"negation", "rgb(245, 165, 155)"}, {"other", "rgb(222, 222, 222)"}};
  return kColours.at(pronoun ? "people" : fitzgerald_class(icon, entry));
}

std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : text) safe += c == '<' ? "&lt;" : c == '&' ? "&amp;" : std::string(1, c);
  return safe;
}

// The program that shows it draws the emoji with its own font.
std::string emoji_svg(const std::string& emoji) {
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 100 100\" width=\"300\" height=\"300\">"
         "<text x=\"50\" y=\"52\" font-size=\"80\" text-anchor=\"middle\" dominant-baseline=\"central\">" +
         escaped(emoji) + "</text></svg>\n";
}

std::string hexadecimal(const std::string& bytes) {
  std::string text;
  for (const unsigned char c : bytes) text.append({"0123456789abcdef"[c >> 4], "0123456789abcdef"[c & 15]});
  return text;
}

class Export {
 public:
  Export(const Board& board, const Lexicon& lexicon) : board_(board), lexicon_(lexicon) {}

  OpenBoards run() {
    result_.manifest = {
        {"format", kOpenBoardFormat},
        {"paths", {{"boards", json::object()}, {"images", json::object()}, {"sounds", json::object()}}}};
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < board_.pages.size(); ++i) ids.push_back(new_id("page-" + std::to_string(i + 1)));
    for (std::size_t i = 0; i < board_.pages.size(); ++i) add_page(i, ids);
    result_.root = result_.manifest["root"] = path_of(ids[0]);
    return std::move(result_);
  }

 private:
  static std::string path_of(const std::string& id) { return "boards/" + id + ".obf"; }

  // A name for files, on disks that ignore case, too: what is not a letter or a digit is "-".
  std::string new_id(const std::string& wanted) {
    std::string name;
    for (const char c : wanted.substr(0, 40))
      name += std::isalnum(static_cast<unsigned char>(c))
                  ? static_cast<char>(std::tolower(static_cast<unsigned char>(c)))
                  : '-';
    std::string id = name;
    for (int i = 2; !ids_.insert(id).second; ++i) id = name + "-" + std::to_string(i);
    return id;
  }

  json new_board(const std::string& id, const std::string& name, std::size_t rows, std::size_t columns) const {
    return {{"format", kOpenBoardFormat},
            {"id", id},
            {"locale", "en"},
            {"name", name},
            {"buttons", json::array()},
            {"images", json::array()},
            {"sounds", json::array()},
            {"grid", {{"rows", rows}, {"columns", columns}, {"order", std::vector(rows, std::vector<json>(columns))}}}};
  }

  static void place(json& board, json button, std::size_t row, std::size_t column) {
    const std::string id = std::to_string(board["buttons"].size() + 1);
    button["id"] = id;
    board["grid"]["order"][row][column] = id;
    board["buttons"].push_back(std::move(button));
  }

  void finish(json board) {
    const std::string id = board["id"];
    std::set<std::string> seen;
    for (const json& button : board["buttons"])
      if (button.contains("image_id"))
        if (const std::string image = button["image_id"]; seen.insert(image).second)
          board["images"].push_back({{"id", image},
                                     {"width", kPictureSize},
                                     {"height", kPictureSize},
                                     {"content_type", "image/svg+xml"},
                                     {"path", result_.manifest["paths"]["images"][image]}});
    result_.manifest["paths"]["boards"][id] = path_of(id);
    result_.boards.emplace(path_of(id), std::move(board));
  }

  json word_button(const Icon& icon, bool pronoun) {
    const LexiconEntry* entry = entry_of(icon);
    json button = {{"label", icon.word},
                   {"background_color", colour_of(icon, pronoun, entry)},
                   {"border_color", "rgb(110, 110, 110)"},
                   {"ext_aacft_icon", {{"word", icon.word}, {"type", name_of(icon.type)}, {"picture", icon.picture}}}};
    if (entry != nullptr && !entry->emoji.empty()) button["image_id"] = image_of(entry->emoji);
    return button;
  }

  json link_button(const std::string& label, const std::string& id) const {
    return {{"label", label},
            {"load_board", {{"id", id}, {"path", path_of(id)}}},
            {"background_color", "rgb(255, 255, 255)"},
            {"border_color", "rgb(60, 60, 60)"}};
  }

  const LexiconEntry* entry_of(const Icon& icon) const {
    const LexiconEntry* entry = lexicon_.find(icon.word, icon.type);
    if (entry != nullptr && entry->icon == icon) return entry;
    const auto same = std::find_if(lexicon_.entries().begin(), lexicon_.entries().end(),
                                   [&](const LexiconEntry& other) { return other.icon == icon; });
    return same == lexicon_.entries().end() ? entry : &*same;
  }

  std::string image_of(const std::string& emoji) {
    const std::string id = "emoji-" + hexadecimal(emoji), path = "images/" + id + ".svg";
    result_.manifest["paths"]["images"][id] = path;
    result_.files.emplace(path, emoji_svg(emoji));
    return id;
  }

  void add_page(std::size_t index, const std::vector<std::string>& ids) {
    const BoardPage& page = board_.pages[index];
    const std::size_t links = index == 0 ? board_.pages.size() - 1 : 0,
                      columns = std::max(page.columns, std::size_t{1});
    json board = new_board(ids[index], index == 0 ? board_.name : page.name,
                           page.rows + (links + columns - 1) / columns, columns);
    board["ext_aacft_page"] = page.name.empty() ? ids[index] : page.name;
    for (const Slot& slot : page.slots) place(board, slot_button(slot), slot.row, slot.column);
    for (std::size_t i = 0; i < links; ++i)
      place(board, link_button(links == 1 ? "more" : "more " + std::to_string(i + 1), ids[i + 1]),
            page.rows + i / columns, links < columns ? columns - links + i : i % columns);
    if (index == 0) {
      board["ext_aacft_verbs"] = json::array();
      for (const std::size_t verb : board_.verbs) board["ext_aacft_verbs"].push_back(page.slots[verb].label);
    }
    finish(std::move(board));
  }

  json slot_button(const Slot& slot) {
    json button = slot.category ? link_button(category_title(slot.label), add_category(slot))
                                : word_button(slot.icons[0], slot.clitic.has_value());
    button["ext_aacft_cell"] = slot.label;
    if (slot.clitic) button["ext_aacft_clitic"] = slot.clitic->word;
    if (!slot.subject) button["ext_aacft_subject"] = false;
    return button;
  }

  std::string add_category(const Slot& slot) {
    const std::string id = new_id(category_title(slot.label));
    const std::size_t columns = columns_of_list(slot.icons.size());
    json board = new_board(id, category_title(slot.label), (slot.icons.size() + columns - 1) / columns, columns);
    for (std::size_t i = 0; i < slot.icons.size(); ++i)
      place(board, word_button(slot.icons[i], false), i / columns, i % columns);
    finish(std::move(board));
    return id;
  }

  const Board& board_;
  const Lexicon& lexicon_;
  OpenBoards result_;
  std::set<std::string> ids_;
};

}  // namespace

OpenBoards open_boards_of(const Board& board, const Lexicon& lexicon) { return Export(board, lexicon).run(); }

}  // namespace aacft
