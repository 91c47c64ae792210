#include "aacft/formats/json.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/base/text.h"
#include "bytes.h"

namespace aacft {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxDepth = 256;
constexpr std::size_t kMaxOrderedKeys = 1 << 13;  // each is compared with those before it
constexpr std::size_t kMaxLine = 16 << 20;        // of JSON Lines, whose rows are a person's sentences

// What is wrong, and where; position 0 where that cannot be told.
struct Fault {
  std::size_t line = 0, column = 0;
  std::string reason;
};

// The parser's own words without its prefix and without the text read so far, which may be a whole book.
std::string plain(std::string_view message) {
  if (const auto start = message.find(": "); message.find("parse error at") != message.npos && start != message.npos)
    message.remove_prefix(start + 2);
  return std::string(message.substr(0, message.find("; last read: ")));
}

// Reads through a text without making anything of it; a Fault for what must not be.
class Check : public nlohmann::json_sax<json> {
 public:
  Check(std::string_view text, std::size_t max_keys) : text_(text), max_keys_(max_keys) {}

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return open(), keys_.emplace_back(), true; }
  bool end_object() override { return keys_.pop_back(), --depth_, true; }
  bool start_array(std::size_t) override { return open(), true; }
  bool end_array() override { return --depth_, true; }
  bool key(string_t& key) override {
    if (!keys_.back().insert(key).second) throw Fault{0, 0, "the key " + in_quotes(key, '\'') + " occurs twice"};
    if (keys_.back().size() > max_keys_)
      throw Fault{0, 0, "more than " + std::to_string(max_keys_) + " keys in an object"};
    return true;
  }
  bool parse_error(std::size_t position, const std::string& token, const json::exception& error) override {
    const std::string_view before = text_.substr(0, position > 0 ? position - 1 : 0);
    const auto line_start = before.rfind('\n') + 1;  // npos + 1 == 0
    const bool overflow = dynamic_cast<const json::out_of_range*>(&error) != nullptr;
    throw Fault{1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n')),
                before.size() - line_start + 1,
                overflow ? "the number " + in_quotes(token, '\'') + " is too large" : plain(error.what())};
  }

 private:
  std::string_view text_;
  std::size_t max_keys_, depth_ = 0;
  std::vector<std::unordered_set<std::string>> keys_;  // of the objects that are open

  void open() {
    if (++depth_ > kMaxDepth + 1) throw Fault{0, 0, "more than " + std::to_string(kMaxDepth) + " levels"};
  }
};

// In two readings: the library's callback, which could check as it parses, takes time with the square of an object's
// size.
template <typename Json = json>
Json parse_object(std::string_view text) {
  constexpr bool kOrdered = std::is_same_v<Json, nlohmann::ordered_json>;
  Check check(text, kOrdered ? kMaxOrderedKeys : text.size());
  json::sax_parse(text, &check);
  Json value = Json::parse(text);
  if (!value.is_object()) throw Fault{1, 1, std::string("an object was expected, not ") + value.type_name()};
  return value;
}

// What a file is whose first row is no JSON, where that can be told: no line of it is a row then.
std::optional<std::string> other_kind(std::string_view text) {
  const std::string_view start = text.substr(0, 2);
  if (start == "\xFF\xFE" || start == "\xFE\xFF" || start.find('\0') != start.npos)
    return "text in UTF-16, where JSON Lines are UTF-8: save it again, or use iconv -f UTF-16 -t UTF-8";
  const auto starts_with_json = [](std::string_view part, bool strict) {
    try {
      Check check(part, part.size());
      return json::sax_parse(part, &check, json::input_format_t::json, strict);
    } catch (const Fault&) {
      return false;
    }
  };
  if (const auto end = text.find('\r');
      text.find('\n') >= text.size() - 1 && end + 2 < text.size() && starts_with_json(text.substr(0, end), true))
    return "lines that end in CR alone, as on old Macs, where JSON Lines end in LF: tr '\\r' '\\n' writes them so";
  const std::string how = ", where JSON Lines have an object a line: jq -c ";
  if (text[text.find_first_not_of(" \t")] == '[' && starts_with_json(text, true))
    return "one JSON array" + how + "'.[]' writes them so";
  if (!starts_with_json(text.substr(0, text.find('\n')), false) && starts_with_json(text, false))
    return "JSON objects over several lines" + how + ". writes them so";
  return {};
}

template <typename Json>
Json parse_named_object(std::string_view text, const std::string& name) {
  refuse_git_lfs_pointer(text, name);
  try {
    return parse_object<Json>(text);
  } catch (const Fault& fault) {
    if (fault.line == 0) throw Error(name, ": not valid JSON: ", fault.reason);
    throw Error(name, ":", fault.line, ":", fault.column, ": not valid JSON: ", fault.reason);
  }
}

}  // namespace

json parse_json_object(std::string_view text, const std::string& name) { return parse_named_object<json>(text, name); }

nlohmann::ordered_json read_ordered_json_object(const std::filesystem::path& path) {
  return parse_named_object<nlohmann::ordered_json>(read_file(path), path.string());
}

json read_json_object(const std::filesystem::path& path) { return parse_json_object(read_file(path), path.string()); }

void read_json_lines(const std::string& content, const std::function<void(std::size_t, json)>& row,
                     const std::function<void(std::size_t, const std::string&)>& bad) {
  std::string_view rest = content;
  bool first = true;
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::string_view from_here = rest;
    const auto end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.find_first_not_of(" \t\r") == line.npos) continue;
    json value;
    try {
      if (line.size() > kMaxLine)
        throw Fault{0, 0, human_bytes(line.size()) + " in one line, where " + human_bytes(kMaxLine) + " may be"};
      value = parse_object(line);
    } catch (const Fault& fault) {
      if (const auto other = first ? other_kind(from_here) : std::nullopt) return bad(number, *other);
      first = false;
      bad(number,
          (fault.column ? "column " + std::to_string(fault.column) + ": " : "") + "not valid JSON: " + fault.reason);
      continue;
    }
    first = false;
    row(number, std::move(value));
  }
}

}  // namespace aacft
