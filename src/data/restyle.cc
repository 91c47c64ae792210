#include "aacft/data/restyle.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <unordered_map>

#include "aacft/base/error.h"
#include "aacft/base/text.h"
#include "aacft/data/near_duplicates.h"
#include "aacft/data/turns.h"
#include "aacft/formats/json.h"
#include "odd_characters.h"

namespace aacft {
namespace {

using nlohmann::json;

bool is_pair(const json& row) {
  return row.contains("prompt") && row.contains("completion") && row.at("prompt").is_string() &&
         row.at("completion").is_string() &&
         row.at("prompt").get_ref<const std::string&>().find(kBotTurn) == std::string::npos;
}

}  // namespace

std::vector<PlainRow> read_plain_rows(const std::string& content, const std::string& name) {
  std::vector<PlainRow> rows;
  for (Exemplar& row : read_exemplars(content, name)) {
    std::string plain = one_line(std::string_view(row.text).substr(row.prompt.size()));
    rows.push_back({std::move(row.prompt), std::move(plain), row.line});
  }
  return rows;
}

std::vector<StylePair> read_style_pairs(const std::string& content, const std::string& name,
                                        const std::vector<PlainRow>& plain, const std::string& plain_name) {
  std::unordered_map<std::string_view, const PlainRow*> by_prompt;
  for (const PlainRow& row : plain) by_prompt.try_emplace(row.prompt, &row);
  std::vector<StylePair> pairs;
  const auto add = [&](std::string_view plain_sentence, std::string_view styled) {
    pairs.push_back({one_line(plain_sentence), one_line(styled)});
    if (pairs.back().plain.empty() || pairs.back().styled.empty()) throw Error("one half of the pair is empty");
  };
  const auto refuse = [&](std::size_t line, const std::string& reason) { throw Error(name, ":", line, ": ", reason); };
  read_json_lines(
      content,
      [&](std::size_t line, const json& row) {
        try {
          if (is_pair(row)) {
            add(row.at("prompt").get_ref<const std::string&>(), row.at("completion").get_ref<const std::string&>());
            return;
          }
          const Exemplar rewritten = exemplar_of(row, line);
          const auto at = by_prompt.find(rewritten.prompt);
          if (at == by_prompt.end())
            throw Error("its prompt is not in ", plain_name,
                        ", so its plain sentence is not known; --plain FILE names rows that hold it");
          add(at->second->plain, std::string_view(rewritten.text).substr(rewritten.prompt.size()));
        } catch (const Error& error) {
          refuse(line, error.what());
        }
      },
      refuse);
  if (pairs.empty())
    throw Error(
        name, ": the file has no rows; {\"prompt\": plain, \"completion\": rewritten} or rewritten rows are expected");
  return pairs;
}

std::vector<Message> restyle_messages(const std::string& instruction, const std::string& plain) {
  return {{"user", instruction + " " + plain}};
}

std::string restyle_prompt(const std::string& instruction, const std::string& plain, const ChatStyle& style) {
  return render_chat(restyle_messages(instruction, plain), style, true).text;
}

std::vector<Exemplar> restyle_exemplars(const std::string& instruction, const std::vector<StylePair>& pairs,
                                        const ChatStyle& style) {
  std::vector<Exemplar> exemplars;
  for (const StylePair& pair : pairs) {
    std::vector<Message> messages = restyle_messages(instruction, pair.plain);
    std::string prompt = render_chat(messages, style, true).text;
    messages.push_back({"assistant", pair.styled});
    std::string text = render_chat(messages, style, false).text;
    exemplars.push_back({std::move(prompt), std::move(text), exemplars.size() + 1, std::move(messages)});
  }
  return exemplars;
}

Restyled checked_answer(const std::string& answer, const std::string& plain, const std::vector<StylePair>& pairs) {
  std::string sentence(trimmed(answer));
  sentence = std::string(trimmed(sentence.substr(0, sentence.find('\n'))));
  if (sentence.size() > 1 && sentence.starts_with('"') && sentence.ends_with('"') && !plain.starts_with('"'))
    sentence = std::string(trimmed(sentence.substr(1, sentence.size() - 2)));
  if (sentence.empty()) return {plain, "the model said nothing"};
  if (holds_marker(sentence)) return {plain, "the model's answer holds a marker"};
  if (!odd_characters(sentence).empty()) return {plain, "the model's answer holds characters that cannot be read"};
  const auto words = words_of(sentence);
  for (const StylePair& pair : pairs)
    if (words.empty() ? sentence == pair.styled : words == words_of(pair.styled))
      return {plain, "the model repeated an exemplar"};
  return {sentence, ""};
}

}  // namespace aacft
