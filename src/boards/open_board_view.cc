// Boards of other programs as they are shown there.
#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "aacft/base/error.h"
#include "aacft/boards/board_view.h"
#include "aacft/office/zip_folder.h"
#include "boards/labels.h"
#include "boards/open_board_buttons.h"
#include "boards/open_board_json.h"

namespace aacft {
namespace {

using nlohmann::json;

constexpr std::size_t kMostTiles = 200'000, kMostLabel = 200;

// What a picture is, by its first bytes: its name may lie. "" for all else.
std::string picture_type(std::string_view bytes) {
  if (bytes.starts_with("\x89PNG\r\n")) return "image/png";
  if (bytes.starts_with("\xFF\xD8\xFF")) return "image/jpeg";
  if (bytes.starts_with("GIF87a") || bytes.starts_with("GIF89a")) return "image/gif";
  if (bytes.starts_with("RIFF") && bytes.substr(0, 12).ends_with("WEBP")) return "image/webp";
  const std::string_view head = bytes.substr(0, 1000);
  if ((head.starts_with("<") || head.starts_with("\xEF\xBB\xBF<")) && head.find("<svg") != head.npos)
    return "image/svg+xml";
  return "";
}

// Nothing for what is no base64.
std::optional<std::string> from_base64(std::string_view text) {
  static constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  static const std::array<signed char, 256> values = [] {
    std::array<signed char, 256> table{};
    table.fill(-1);
    for (std::size_t i = 0; i < kDigits.size(); ++i)
      table[static_cast<unsigned char>(kDigits[i])] = static_cast<signed char>(i);
    return table;
  }();
  std::string bytes;
  unsigned bits = 0;
  int count = 0;
  for (const char c : text) {
    if (c == '=') break;
    const int value = values[static_cast<unsigned char>(c)];
    if (value < 0) return {};
    bits = bits << 6 | static_cast<unsigned>(value);
    if ((count += 6) >= 8) {
      count -= 8;
      bytes += static_cast<char>(bits >> count & 0xFF);
    }
  }
  return bytes;
}

// "rgb(255, 0, 10)", "rgba(...)" and "#ff000a" as "#ff000a"; "" for all else.
std::string hexadecimal_colour(const std::string& colour) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex = "#";
  if (colour.starts_with("#") && (colour.size() == 7 || colour.size() == 4)) {
    for (const char c : std::string_view(colour).substr(1)) {
      const char lower = c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c;
      if (kDigits.find(lower) == kDigits.npos) return "";
      hex.append(colour.size() == 7 ? 1 : 2, lower);
    }
    return hex;
  }
  if (!colour.starts_with("rgb")) return "";
  std::size_t at = 0;
  for (int i = 0; i < 3; ++i) {
    at = colour.find_first_of("0123456789", at);
    if (at == colour.npos) return "";
    int value = 0;
    const auto [end, error] = std::from_chars(colour.data() + at, colour.data() + colour.size(), value);
    if (error != std::errc() || value > 255) return "";
    at = static_cast<std::size_t>(end - colour.data());
    if (at < colour.size() && colour[at] == '.') at = colour.find_first_not_of("0123456789", at + 1);
    if (at == colour.npos) return "";
    hex += {kDigits[static_cast<std::size_t>(value) >> 4], kDigits[static_cast<std::size_t>(value) & 15]};
  }
  return hex;
}

// The one that a button has; several are done one after the other by some programs, the first of which tells most.
std::string action_of(const json& button) {
  std::string action = text_of(button, "action");
  if (action.empty() && button.contains("actions") && button.at("actions").is_array() &&
      !button.at("actions").empty() && button.at("actions")[0].is_string())
    action = button.at("actions")[0].get<std::string>();
  static const std::set<std::string> known = {":clear", ":backspace", ":space", ":speak", ":home", ":back"};
  return known.contains(action) || (action.size() > 1 && action.size() <= kMostLabel && action[0] == '+') ? action : "";
}

class Showing {
 public:
  Showing(const OpenBoards& boards, const std::string& name, const Lexicon& lexicon)
      : boards_(boards), name_(name), lexicon_(lexicon), finder_(lexicon), links_(boards) {}

  BoardView run(const Warn& warn) {
    page_of(boards_.root);
    const json& root = boards_.boards.at(boards_.root);
    view_.name = clean_label(text_of(root, "name"));
    if (const std::string locale = text_of(root, "locale"); !locale.empty()) view_.language = clean_label(locale);
    for (std::size_t i = 0; i < paths_.size(); ++i) show(i);
    const auto says = [](const ViewPage& page) {
      return std::any_of(page.tiles.begin(), page.tiles.end(), [](const Tile& tile) { return tile.icon.has_value(); });
    };
    if (std::none_of(view_.pages.begin(), view_.pages.end(), says))
      throw Error(name_, ": no button of the boards says a word");
    if (warn && leads_nowhere_ > 0)
      warn(name_ + ": left out: " + std::to_string(leads_nowhere_) + " buttons that lead to boards not in the file");
    if (warn && elsewhere_ > 0)
      warn(name_ + ": " + std::to_string(elsewhere_) +
           " pictures are not in the file, or of a kind that is not shown; emoji stand for them");
    return std::move(view_);
  }

 private:
  std::size_t page_of(const std::string& path) {
    const auto [page, added] = page_of_path_.emplace(path, paths_.size());
    if (added) paths_.push_back(path);
    return page->second;
  }

  void show(std::size_t index) {
    const std::string path = paths_[index];
    const json& board = boards_.boards.at(path);
    ViewPage page{.name = clean_label(translated(board, text_of(board, "name")))};
    std::map<std::string, const json*> images;
    if (board.contains("images") && board.at("images").is_array())
      for (const json& image : board.at("images"))
        if (const std::string id = id_of(image); !id.empty()) images.emplace(id, &image);
    for (const PlacedButton& placed : placed_buttons(board, name_ + ": " + path)) {
      if (!placed.button->is_object() || is_true(*placed.button, "hidden")) continue;
      std::optional<Tile> tile = tile_of(*placed.button, board);
      if (!tile) continue;
      if (++tiles_ > kMostTiles) throw Error(name_, ": more than ", kMostTiles, " buttons");
      tile->row = placed.row;
      tile->column = placed.column;
      if (placed.button->contains("image_id"))
        if (const auto image = images.find(id_text(placed.button->at("image_id"))); image != images.end())
          tile->picture = picture_of_image(*image->second);
      page.rows = std::max(page.rows, placed.row + 1);
      page.columns = std::max(page.columns, placed.column + 1);
      page.tiles.push_back(std::move(*tile));
    }
    view_.pages.push_back(std::move(page));
  }

  std::optional<Tile> tile_of(const json& button, const json& board) {
    Tile tile{.label = clean_label(translated(board, text_of(button, "label"))),
              .background = hexadecimal_colour(text_of(button, "background_color")),
              .border = hexadecimal_colour(text_of(button, "border_color"))};
    tile.say = clean_label(translated(board, text_of(button, "vocalization")));
    if (tile.label.empty()) tile.label = tile.say;
    if (tile.say.empty()) tile.say = tile.label;
    tile.colour = "other";
    const LabelFinder::Found found = tile.label.empty() ? LabelFinder::Found{} : finder_.find(tile.label);
    if (found.entry != nullptr) tile.emoji = found.entry->emoji;
    if (const std::optional<std::string> path = links_.target(button)) {
      leads_nowhere_ += path->empty();
      if (path->empty()) return {};
      tile.link = page_of(*path);
      return tile;
    }
    if (is_action(button)) {
      tile.action = action_of(button);
      return tile.action.empty() ? std::nullopt : std::optional(tile);
    }
    if (tile.label.empty()) return {};
    tile.icon = own_icon(button);
    if (!tile.icon)
      tile.icon = found.entry != nullptr ? found.icon : Icon{tile.label, IconType::kNoun, picture_of(tile.label)};
    std::optional<Icon> clitic = own_clitic(button, *tile.icon);
    if (!clitic) clitic = clitic_of(*tile.icon);
    if (clitic) view_.clitics.emplace_back(*tile.icon, std::move(*clitic));
    const LexiconEntry* entry = lexicon_.find(*tile.icon);
    tile.colour = fitzgerald_class(*tile.icon, entry);
    if (tile.emoji.empty() && entry != nullptr) tile.emoji = entry->emoji;
    return tile;
  }

  // The picture's key; "" where it is not in the file.
  std::string picture_of_image(const json& image) {
    const std::string data = text_of(image, "data");
    std::string bytes;
    std::string key = path_inside(text_of(image, "path"));
    if (const auto file = boards_.files.find(key); !key.empty() && file != boards_.files.end()) {
      if (view_.pictures.contains(key)) return key;
      bytes = file->second;
    } else if (const std::size_t comma = data.find(";base64,"); data.starts_with("data:") && comma != data.npos) {
      bytes = from_base64(std::string_view(data).substr(comma + 8)).value_or("");
      key = "data-" + std::to_string(view_.pictures.size());
    }
    const std::string type = picture_type(bytes);
    elsewhere_ += type.empty();
    if (type.empty()) return "";
    view_.pictures[key] = {type, std::move(bytes)};
    return key;
  }

  const OpenBoards& boards_;
  const std::string name_;
  const Lexicon& lexicon_;
  const LabelFinder finder_;
  const BoardLinks links_;
  BoardView view_;
  std::vector<std::string> paths_;  // of the pages
  std::map<std::string, std::size_t> page_of_path_;
  std::size_t tiles_ = 0, leads_nowhere_ = 0, elsewhere_ = 0;
};

}  // namespace

BoardView view_of(const OpenBoards& boards, const std::string& name, const Lexicon& lexicon, const Warn& warn) {
  return Showing(boards, name, lexicon).run(warn);
}

}  // namespace aacft
