// What stands on an open board, and where its buttons lead.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "aacft/boards/icon.h"
#include "aacft/boards/open_board.h"

namespace aacft {

constexpr std::size_t kMostCells = 10'000;  // of a board

struct PlacedButton {
  const nlohmann::json* button;
  std::size_t row, column;
};

// The buttons that a person sees, from left to right and from top to bottom. Without a grid: all, in one row. Error,
// which begins with `where`, above kMostCells.
std::vector<PlacedButton> placed_buttons(const nlohmann::json& board, const std::string& where);

// A board may hold its texts by locale; a label is then a key of them.
std::string translated(const nlohmann::json& board, const std::string& label);

bool is_true(const nlohmann::json& object, const char* key);
bool is_action(const nlohmann::json& button);

// The icon that open_boards_of wrote, if it is sound.
std::optional<Icon> own_icon(const nlohmann::json& button);

std::optional<Icon> own_clitic(const nlohmann::json& button, const Icon& icon);

// What an English pronoun becomes once there is a subject; nothing for all else.
std::optional<Icon> clitic_of(const Icon& icon);

class BoardLinks {
 public:
  explicit BoardLinks(const OpenBoards& boards);  // which must outlive this

  // The path of the board that a button leads to; "" where it is not in the file; nothing for a button that leads
  // nowhere.
  std::optional<std::string> target(const nlohmann::json& button) const;

 private:
  const OpenBoards& boards_;
  std::unordered_map<std::string, std::string> path_of_id_;
};

}  // namespace aacft
