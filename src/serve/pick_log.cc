#include "aacft/serve/pick_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <random>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/base/system.h"
#include "aacft/formats/json.h"
#include "serve/json_body.h"

namespace aacft {

using nlohmann::json;

namespace {

std::string random_id() {
  std::random_device device;
  std::string id;
  for (int i = 0; i < 16; ++i) id += "0123456789abcdef"[device() % 16];
  return id;
}

json icons_json(const std::vector<Icon>& icons) {
  json list = json::array();
  for (const Icon& icon : icons)
    list.push_back({{"word", icon.word}, {"type", name_of(icon.type)}, {"picture", icon.picture}});
  return list;
}

std::string member(const json& row, const char* name) {
  const auto found = row.find(name);
  return found == row.end() || !found->is_string() ? "" : found->get<std::string>();
}

// Appends the line, or leaves the file as it was.
void append_whole(const fs::path& path, const std::string& line) {
  const auto fail = [&](const char* what) { throw Error(what, path, ": ", std::strerror(errno)); };
  const int fd = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) fail("cannot open ");
  const off_t before = ::lseek(fd, 0, SEEK_END);
  std::size_t done = 0;
  while (done < line.size()) {
    const ssize_t count = ::write(fd, line.data() + done, line.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    done += static_cast<std::size_t>(count);
  }
  const bool whole = done == line.size() && ::fsync(fd) == 0;
  const int error = errno;
  if (!whole && ::ftruncate(fd, before) != 0) {}  // what is left of the line is no row, and reading leaves it out
  ::close(fd);
  errno = error;
  if (!whole) fail("cannot write ");
}

// Every line with its row; a line that is none has null.
std::vector<std::pair<std::string, json>> lines_of(const fs::path& file) {
  std::vector<std::pair<std::string, json>> lines;
  if (!fs::exists(file)) return lines;
  const std::string content = read_file(file);
  for (std::size_t at = 0; at < content.size();) {
    const std::size_t end = std::min(content.find('\n', at), content.size());
    std::string line = content.substr(at, end - at);
    json row = json::parse(line, nullptr, false);
    if (!row.is_object()) row = nullptr;
    lines.emplace_back(std::move(line), std::move(row));
    at = end + 1;
  }
  return lines;
}

template <typename Keep>
std::size_t rewrite(const fs::path& file, const Keep& keep) {
  std::string kept;
  std::size_t dropped = 0;
  for (const auto& [line, row] : lines_of(file)) {
    if (keep(row)) {
      kept += line + "\n";
    } else {
      dropped += row.is_object();
    }
  }
  if (!fs::exists(file)) return 0;
  if (kept.empty()) {
    fs::remove(file);
  } else if (dropped > 0) {
    write_file_atomic(file, kept);
    ::chmod(file.c_str(), 0600);
  }
  return dropped;
}

}  // namespace

std::string PickLog::add(Pick pick) {
  pick.id = random_id();
  pick.time = utc_now();
  const json row = {{"text", pick.prompt + " " + pick.said + "\n"},
                    {"id", pick.id},
                    {"time", pick.time},
                    {"voice", pick.voice},
                    {"source", pick.source},
                    {"icons", icons_json(pick.icons)},
                    {"offered", pick.offered},
                    {"said", pick.said}};
  const std::lock_guard lock(mutex_);
  if (file_.has_parent_path() && !fs::exists(file_.parent_path())) make_folders(file_.parent_path());
  append_whole(file_, json_text(row) + "\n");
  return pick.id;
}

std::vector<Pick> PickLog::newest(std::size_t most) const {
  const std::lock_guard lock(mutex_);
  std::vector<Pick> picks;
  const auto lines = lines_of(file_);
  for (auto line = lines.rbegin(); line != lines.rend() && picks.size() < most; ++line) {
    const json& row = line->second;
    if (!row.is_object() || member(row, "id").empty()) continue;
    Pick pick{.id = member(row, "id"),
              .time = member(row, "time"),
              .voice = member(row, "voice"),
              .said = member(row, "said"),
              .source = member(row, "source")};
    if (row.contains("icons") && row.at("icons").is_array())
      for (const json& icon : row.at("icons"))
        if (icon.is_object()) pick.icons.push_back({.word = member(icon, "word")});
    picks.push_back(std::move(pick));
  }
  return picks;
}

std::size_t PickLog::forget(const std::string& id) {
  const std::lock_guard lock(mutex_);
  return rewrite(file_, [&](const json& row) { return !row.is_object() || member(row, "id") != id; });
}

std::size_t PickLog::forget_all() {
  const std::lock_guard lock(mutex_);
  return rewrite(file_, [](const json&) { return false; });
}

}  // namespace aacft
