#include "boards/open_board_buttons.h"

#include "aacft/base/error.h"
#include "aacft/office/zip_folder.h"
#include "boards/labels.h"
#include "boards/open_board_json.h"

namespace aacft {

using nlohmann::json;

std::vector<PlacedButton> placed_buttons(const json& board, const std::string& where) {
  std::vector<PlacedButton> placed;
  const json& buttons = board.at("buttons");
  const auto check_size = [&] {
    if (placed.size() > kMostCells) throw Error(where, ": more than ", kMostCells, " cells");
  };
  if (!board.contains("grid") || !board.at("grid").is_object() || !board.at("grid").contains("order") ||
      !board.at("grid").at("order").is_array()) {
    for (std::size_t i = 0; i < buttons.size(); ++i) {
      placed.push_back({&buttons[i], 0, i});
      check_size();
    }
    return placed;
  }
  std::unordered_map<std::string, const json*> by_id;
  for (const json& button : buttons)
    if (const std::string id = id_of(button); !id.empty()) by_id.emplace(id, &button);
  const json& order = board.at("grid").at("order");
  for (std::size_t row = 0; row < order.size(); ++row)
    for (std::size_t column = 0; order[row].is_array() && column < order[row].size(); ++column)
      if (const auto button = by_id.find(id_text(order[row][column])); button != by_id.end()) {
        placed.push_back({button->second, row, column});
        check_size();
      }
  return placed;
}

std::string translated(const json& board, const std::string& label) {
  if (!board.contains("strings") || !board.at("strings").is_object()) return label;
  const json& strings = board.at("strings");
  const auto locale = strings.find(text_of(board, "locale"));
  const std::string text = locale == strings.end() ? "" : text_of(*locale, label.c_str());
  return text.empty() ? label : text;
}

bool is_true(const json& object, const char* key) {
  return object.contains(key) && object.at(key).is_boolean() && object.at(key).get<bool>();
}

bool is_action(const json& button) {
  return !text_of(button, "action").empty() ||
         (button.contains("actions") && button.at("actions").is_array() && !button.at("actions").empty());
}

std::optional<Icon> own_icon(const json& button) {
  if (!button.contains("ext_aacft_icon")) return {};
  const json& icon = button.at("ext_aacft_icon");
  const std::string word = text_of(icon, "word"), picture = text_of(icon, "picture");
  const std::optional<IconType> type = icon_type_named(text_of(icon, "type"));
  if (!type || picture.empty() || !fits_prompt(word, picture)) return {};
  return Icon{word, *type, picture};
}

std::optional<Icon> own_clitic(const json& button, const Icon& icon) {
  const std::string clitic = clean_label(text_of(button, "ext_aacft_clitic"));
  if (clitic.empty()) return {};
  return Icon{clitic, IconType::kCliticPronoun, icon.picture};
}

std::optional<Icon> clitic_of(const Icon& icon) {
  constexpr std::pair<const char*, const char*> kClitics[] = {{"I", "me"},    {"you", "you"}, {"he", "him"},
                                                              {"she", "her"}, {"we", "us"},   {"they", "them"}};
  for (const auto& [pronoun, clitic] : kClitics)
    if (icon.type == IconType::kNoun && icon.word == pronoun)
      return Icon{clitic, IconType::kCliticPronoun, icon.picture};
  return {};
}

BoardLinks::BoardLinks(const OpenBoards& boards) : boards_(boards) {
  const json& manifest = boards_.manifest;
  if (manifest.contains("paths") && manifest.at("paths").is_object() && manifest.at("paths").contains("boards"))
    for (const auto& [id, path] : manifest.at("paths").at("boards").items())
      if (path.is_string()) path_of_id_.emplace(id, path_inside(path.get<std::string>()));
  for (const auto& [path, board] : boards_.boards)
    if (const std::string id = id_of(board); !id.empty()) path_of_id_.emplace(id, path);
}

std::optional<std::string> BoardLinks::target(const json& button) const {
  if (!button.contains("load_board") || !button.at("load_board").is_object() || button.at("load_board").empty())
    return {};
  const json& link = button.at("load_board");
  if (const std::string path = path_inside(text_of(link, "path")); boards_.boards.contains(path)) return path;
  const auto by_id = path_of_id_.find(id_of(link));
  return by_id != path_of_id_.end() && boards_.boards.contains(by_id->second) ? by_id->second : "";
}

}  // namespace aacft
