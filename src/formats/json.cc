#include "aacft/formats/json.h"

#include <algorithm>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "bytes.h"

namespace aacft {
namespace {

using nlohmann::json;

constexpr int kMaxDepth = 256;

// What is wrong, and where; position 0 where the parser cannot tell.
struct Fault {
  std::size_t line = 0, column = 0;
  std::string reason;
};

// The parser's own words without its prefix and without the text read so far, which may be a whole book.
std::string plain(std::string_view message) {
  if (const auto start = message.find(": ");
      message.find("parse error at") != message.npos && start != message.npos)
    message.remove_prefix(start + 2);
  return std::string(message.substr(0, message.find("; last read: ")));
}

json parse_object(std::string_view text) {
  std::vector<std::unordered_set<std::string>> keys;  // of the objects that are open
  const auto watch = [&](int depth, json::parse_event_t event, json& parsed) {
    if (depth > kMaxDepth) throw Fault{0, 0, "more than " + std::to_string(kMaxDepth) + " levels"};
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key && !keys.back().insert(parsed.get_ref<const std::string&>()).second)
      throw Fault{0, 0, "the key " + in_quotes(parsed.get_ref<const std::string&>()) + " occurs twice"};
    return true;
  };
  try {
    json value = json::parse(text, watch);
    if (!value.is_object())
      throw Fault{1, 1, std::string("an object was expected, not ") + value.type_name()};
    return value;
  } catch (const json::parse_error& error) {
    const std::string_view before = text.substr(0, error.byte > 0 ? error.byte - 1 : 0);
    const auto line_start = before.rfind('\n') + 1;  // npos + 1 == 0
    throw Fault{1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n')),
                before.size() - line_start + 1, plain(error.what())};
  } catch (const json::exception& error) {
    throw Fault{0, 0, plain(error.what())};
  }
}

}  // namespace

json parse_json_object(std::string_view text, const std::string& name) {
  try {
    return parse_object(text);
  } catch (const Fault& fault) {
    if (fault.line == 0) throw Error(name, ": not valid JSON: ", fault.reason);
    throw Error(name, ":", fault.line, ":", fault.column, ": not valid JSON: ", fault.reason);
  }
}

json read_json_object(const std::filesystem::path& path) {
  return parse_json_object(read_file(path), path.string());
}

void read_json_lines(const std::string& content, const std::function<void(std::size_t, json)>& row,
                     const std::function<void(std::size_t, const std::string&)>& bad) {
  std::string_view rest = content;
  if (rest.starts_with("\xEF\xBB\xBF")) rest.remove_prefix(3);
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const auto end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.find_first_not_of(" \t\r") == line.npos) continue;
    json value;
    try {
      value = parse_object(line);
    } catch (const Fault& fault) {
      bad(number, (fault.column ? "column " + std::to_string(fault.column) + ": " : "") +
                      "not valid JSON: " + fault.reason);
      continue;
    }
    row(number, std::move(value));
  }
}

}  // namespace aacft
