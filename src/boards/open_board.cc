#include "aacft/boards/open_board.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <utility>
#include <vector>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/formats/json.h"
#include "aacft/office/zip_folder.h"
#include "boards/open_board_json.h"

namespace aacft {
namespace {

using nlohmann::json;

constexpr const char* kManifest = "manifest.json";
constexpr std::size_t kMostJson = std::size_t{64}
                                  << 20;  // bytes of all boards; JSON takes about ten times as much when parsed
constexpr std::uintmax_t kMostFile = std::uintmax_t{256} << 20;

bool has_buttons(const json& object) { return object.contains("buttons") && object.at("buttons").is_array(); }

json parse_board_json(std::string_view text, const std::string& where) {
  json board = parse_json_object(text, where);
  if (!has_buttons(board)) throw Error(where, ": no board in the Open Board Format: it has no list \"buttons\"");
  return board;
}

// One warning for each other format, however many boards have it.
void check_formats(const OpenBoards& boards, const std::string& name, const Warn& warn) {
  if (!warn) return;
  std::map<std::string, std::vector<std::string>> odd;
  const auto check = [&](const json& object, const std::string& path) {
    const std::string format = text_of(object, "format");
    if (format != kOpenBoardFormat) odd[format].push_back(path);
  };
  check(boards.manifest, kManifest);
  for (const auto& [path, board] : boards.boards) check(board, path);
  for (const auto& [format, paths] : odd)
    warn(name + ": the format of " + paths[0] +
         (paths.size() > 1 ? " and " + std::to_string(paths.size() - 1) + " more" : "") + " is " +
         (format.empty() ? "not given" : "\"" + format + "\"") + "; read as " + kOpenBoardFormat);
}

// Not a file of the boards, but of the system that packed them: "__MACOSX/._pets.obf", ".DS_Store".
bool is_litter(std::string_view path) {
  return path.starts_with("__MACOSX/") || path.substr(path.rfind('/') + 1).starts_with('.');
}

// For the only board of a file.
json manifest_of(const json& board, const std::string& path) {
  const std::string id = id_of(board);
  return {{"format", kOpenBoardFormat},
          {"root", path},
          {"paths",
           {{"boards", {{id.empty() ? "board" : id, path}}}, {"images", json::object()}, {"sounds", json::object()}}}};
}

OpenBoards parse_obf(std::string_view bytes, const std::string& name, const Warn& warn) {
  if (bytes.size() > kMostJson)
    throw Error(name, ": the board holds more than ", kMostJson >> 20, " MB of JSON; refused");
  OpenBoards boards{.root = "board.obf"};
  const json& board = boards.boards[boards.root] = parse_board_json(bytes, name);
  boards.manifest = manifest_of(board, boards.root);
  check_formats(boards, name, warn);
  return boards;
}

// The paths of boards that the manifest lists.
std::vector<std::string> listed_boards(const json& manifest, const std::string& where) {
  std::vector<std::string> paths;
  if (!manifest.contains("paths") || !manifest.at("paths").is_object() || !manifest.at("paths").contains("boards"))
    return paths;
  const json& listed = manifest.at("paths").at("boards");
  if (!listed.is_object()) throw Error(where, ": \"boards\" of \"paths\" must be an object of ids and paths");
  for (const auto& [id, path] : listed.items()) {
    if (!path.is_string()) throw Error(where, ": the path of board \"", id, "\" must be a string");
    paths.push_back(path_inside(path.get<std::string>()));
    if (paths.back().empty()) throw Error(where, ": the path of board \"", id, "\" leaves the archive: ", path.dump());
  }
  return paths;
}

// Moves a file out of those that are not boards.
void take_board(OpenBoards& boards, const std::string& path, const std::string& name, std::size_t& json_left) {
  const auto file = boards.files.find(path);
  if (file == boards.files.end()) return;
  json_left -= std::min(json_left, file->second.size());
  if (json_left == 0) throw Error(name, ": the boards hold more than ", kMostJson >> 20, " MB of JSON; refused");
  boards.boards[path] = parse_board_json(file->second, name + ": " + path);
  boards.files.erase(file);
}

// Buttons may lead to boards that the manifest does not list.
void take_unlisted(OpenBoards& boards, const std::string& name, std::size_t& json_left) {
  std::vector<std::string> unlisted;
  for (const auto& [path, content] : boards.files)
    if (path.ends_with(".obf") && !is_litter(path)) unlisted.push_back(path);
  for (const std::string& path : unlisted) {
    const std::string content = boards.files.at(path);
    try {
      take_board(boards, path, name, json_left);
    } catch (const Error&) {  // nobody said that it is a board
      boards.boards.erase(path);
      boards.files[path] = content;
    }
  }
}

OpenBoards parse_obz(std::string_view bytes, const std::string& name, const Warn& warn) {
  OpenBoards boards{.files = unzip(bytes, name)};
  const std::string where = name + ": " + kManifest;
  const auto manifest = boards.files.find(kManifest);
  if (manifest == boards.files.end()) {  // not needed for a single board
    for (const auto& [path, content] : boards.files) {
      if (!path.ends_with(".obf") || is_litter(path)) continue;
      if (!boards.root.empty()) throw Error(name, ": no .obz: the archive has several boards, but no ", kManifest);
      boards.root = path;
    }
    if (boards.root.empty()) throw Error(name, ": no .obz: the archive has neither a ", kManifest, " nor an .obf");
    std::size_t json_left = kMostJson;
    take_board(boards, boards.root, name, json_left);
    boards.manifest = manifest_of(boards.boards.at(boards.root), boards.root);
    check_formats(boards, name, warn);
    return boards;
  }
  boards.manifest = parse_json_object(manifest->second, where);
  boards.files.erase(manifest);
  boards.root = path_inside(text_of(boards.manifest, "root"));
  if (boards.root.empty()) throw Error(where, ": \"root\" must be the path of the first board inside the archive");
  if (!boards.files.contains(boards.root))
    throw Error(where, ": the first board, ", boards.root, ", is not in the archive");
  std::size_t json_left = kMostJson, missing = 0;
  take_board(boards, boards.root, name, json_left);
  for (const std::string& path : listed_boards(boards.manifest, where)) {
    take_board(boards, path, name, json_left);
    missing += !boards.boards.contains(path);
  }
  take_unlisted(boards, name, json_left);
  check_formats(boards, name, warn);
  if (missing > 0 && warn)
    warn(where + ": " + std::to_string(missing) + " of the boards listed are not in the archive");
  return boards;
}

}  // namespace

OpenBoards parse_open_boards(std::string_view bytes, const std::string& name, const Warn& warn) {
  return bytes.starts_with("PK") ? parse_obz(bytes, name, warn) : parse_obf(bytes, name, warn);
}

OpenBoards read_open_boards(const std::filesystem::path& file, const Warn& warn) {
  std::error_code none;
  if (const auto size = std::filesystem::file_size(file, none); !none && size > kMostFile)
    throw Error(file.string(), ": more than ", kMostFile >> 20, " MB; refused");
  return parse_open_boards(read_file(file), file.string(), warn);
}

std::string write_obz(const OpenBoards& boards) {
  std::map<std::string, std::string> files = boards.files;
  files[kManifest] = boards.manifest.dump();
  for (const auto& [path, board] : boards.boards) files[path] = board.dump();
  return zip_of(files);
}

bool is_open_board(const std::filesystem::path& file) {
  std::string ending = file.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (ending == ".obf" || ending == ".obz") return true;
  if (!std::filesystem::is_regular_file(file)) return false;
  char first[2] = {};
  if (std::ifstream(file, std::ios::binary).read(first, 2) && first[0] == 'P' && first[1] == 'K') return true;
  try {
    const json object = read_json_object(file);
    return has_buttons(object) || text_of(object, "format").starts_with("open-board-");
  } catch (const Error&) {
    return false;  // read_board says why
  }
}

Board read_any_board(const std::filesystem::path& file, const Lexicon& lexicon, bool offensive, const Warn& warn) {
  if (!is_open_board(file)) return read_board(file, lexicon, offensive);
  return board_of(read_open_boards(file, warn), file.string(), lexicon, warn);
}

}  // namespace aacft
