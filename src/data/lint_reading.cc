
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "aacft/base/error.h"
#include "aacft/base/text.h"
#include "aacft/base/utf8.h"
#include "aacft/formats/json.h"
#include "linting.h"
#include "prompt_shape.h"

namespace aacft {
namespace {

using nlohmann::json;

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

std::string shape_of(const json& row) {
  if (row.contains("messages")) return "messages";
  return row.contains("prompt") && row.contains("completion") ? "prompt, completion" : "text";
}

std::string keys_of(const json& row) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : row.items()) keys.push_back(in_message(key));
  return keys.empty() ? "no keys" : listed(keys);
}

std::vector<std::size_t> line_starts(std::string_view content) {
  std::vector<std::size_t> starts = {0};
  for (std::size_t at = content.find('\n'); at != content.npos; at = content.find('\n', at + 1))
    starts.push_back(at + 1);
  return starts;
}

void check_keys(Linting& l, Place place, const json& object, const std::string& shape) {
  std::vector<std::string> unused, other;
  for (const auto& [key, value] : object.items()) {
    if (shape == "messages" ? key == "messages"
        : shape == "text"   ? key == "text"
                            : key == "prompt" || key == "completion")
      continue;
    const bool rival = key == "text" || key == "prompt" || key == "completion";
    (rival ? other : unused).push_back(in_message(key));
  }
  if (!other.empty())
    l.add("ambiguous-keys", place, "trained on as {" + shape + "}; " + listed(other) + " is not read");
  if (!unused.empty()) l.add("unused-keys", place, listed(unused));
}

DataOptions data_options(const LintOptions& options) {
  DataOptions data;
  data.response_marker = options.response_marker;
  data.chat_style = options.chat_style, data.chat_pairs = options.chat_pairs;
  return data;
}

// A row in a chat style that says by itself where a turn ends.
void take_chat(const std::vector<Message>& messages, const json& object, const DataOptions& data, LintRow& row) {
  DataOptions answers = data;
  answers.mask_prompt = true;
  row.chat = row.has_answer = row.has_marker = true;
  row.text = row_text(object, data).text;
  row.answer = row.answer_end = row.text.size();
  for (const Message& message : messages) {
    if (message.role == "assistant") ++row.markers;
    if (message.role == "user") row.asked = message.content;
    row.contents.append(message.content).append("\n");
  }
  if (messages.back().role != "assistant") return;
  const auto [begin, end] = row_text(object, answers).spans.back();
  row.answer = begin, row.answer_end = end - data.chat_style.end.size();
}

void take_text(const json& object, const std::string& shape, const DataOptions& data, LintRow& row) {
  row.text = row_text(object, data).text;
  row.answer_end = row.text.size();
  if (shape == "text") {
    const std::size_t at = row.text.rfind(data.response_marker);
    row.has_answer = row.has_marker = at != std::string::npos;
    row.answer = row.has_marker ? at + data.response_marker.size() : row.text.size();
  } else {
    const std::string prompt = prompt_of(object, data);
    row.has_answer = true;
    row.answer = std::min(prompt.size(), row.text.size());
    const std::string_view bare = std::string_view(prompt).substr(0, prompt.size() - trailing_space(prompt));
    row.has_marker = shape == "messages" || bare.ends_with(data.response_marker);
  }
  row.markers = count_of(row.text, data.response_marker);
}

void take(Linting& l, Place place, const json& object) {
  LintedFile& file = l.report.files[place.file];
  LintRow row;
  row.place = place;
  const std::string shape = shape_of(object);
  const DataOptions data = data_options(l.options);
  try {
    const std::vector<Message> messages = shape == "text" ? std::vector<Message>() : messages_of(object, data);
    if (messages.empty() || data.chat_style.end.empty()) {
      take_text(object, shape, data, row);
    } else {
      take_chat(messages, object, data, row);
    }
  } catch (const Error& error) {
    ++file.unreadable;
    const bool no_keys = !object.contains("messages") && !object.contains("text") &&
                         !(object.contains("prompt") && object.contains("completion"));
    l.add("wrong-keys", place, error.what() + (no_keys ? "; it has " + keys_of(object) : ""));
    return;
  }
  ++file.rows;
  ++file.shapes[shape];
  check_keys(l, place, object, shape);
  l.rows.push_back(std::move(row));
}

}  // namespace

void read_for_lint(Linting& l, const LintInput& input) {
  const std::size_t file = l.report.files.size();
  l.report.files.emplace_back().name = input.name;
  const auto starts = line_starts(input.content);
  read_json_lines(
      input.content,
      [&](std::size_t line, const json& row) {
        take(l, {file, line}, row);
      },
      [&](std::size_t line, const std::string& reason) {
        ++l.report.files[file].unreadable;
        const std::string_view rest = std::string_view(input.content).substr(starts[line - 1]);
        const std::size_t bad = first_invalid_utf8(rest.substr(0, rest.find('\n')));
        const bool other_encoding = reason.find("UTF-16") != reason.npos;  // which the reason says how to mend
        if (bad == std::string_view::npos || other_encoding) {
          l.add("not-json", {file, line}, reason);
        } else {
          char hex[8];
          std::snprintf(hex, sizeof hex, "0x%02X", static_cast<unsigned>(static_cast<unsigned char>(rest[bad])));
          l.add("not-utf8", {file, line},
                std::string(hex) + " at byte " + std::to_string(bad) + " of the line is not UTF-8");
        }
      });
  if (l.report.files[file].rows == 0)
    l.add("no-rows", {file, 0}, l.report.files[file].unreadable > 0 ? "no row can be read" : "the file has no rows");
}

}  // namespace aacft
