// A small tokenizer.json in the manner of Llama 2's.
#pragma once

#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace aacft::testing {

inline nlohmann::json llama_added(int id, const std::string& text, bool special = true) {
  return {{"id", id},        {"content", text},     {"single_word", false}, {"lstrip", false},
          {"rstrip", false}, {"normalized", false}, {"special", special}};
}

inline nlohmann::json string_replace(const std::string& from, const std::string& to) {
  return {{"type", "Replace"}, {"pattern", {{"String", from}}}, {"content", to}};
}

// <unk>, <s>, </s>, 256 bytes, ▁, a to z and "é", then what the merges make: "▁▁", "he", "ll", "hell", "hello", "▁t",
// "▁th", "▁the", "▁a", "an", "and". Texts begin with <s>.
inline nlohmann::json llama_json() {
  using nlohmann::json;
  json vocab = {{"<unk>", 0}, {"<s>", 1}, {"</s>", 2}};
  const auto add = [&](const std::string& text) { vocab.emplace(text, vocab.size()); };
  for (int byte = 0; byte < 256; ++byte) {
    char text[8];
    std::snprintf(text, sizeof text, "<0x%02X>", static_cast<unsigned>(byte));
    add(text);
  }
  add("\u2581");
  for (char c = 'a'; c <= 'z'; ++c) add(std::string(1, c));
  add("\u00e9");
  json merges = json::array();
  for (const auto& [left, right] : std::vector<std::pair<std::string, std::string>>{{"\u2581", "\u2581"},
                                                                                    {"h", "e"},
                                                                                    {"l", "l"},
                                                                                    {"he", "ll"},
                                                                                    {"hell", "o"},
                                                                                    {"\u2581", "t"},
                                                                                    {"\u2581t", "h"},
                                                                                    {"\u2581t", "he"},
                                                                                    {"\u2581th", "e"},
                                                                                    {"\u2581", "a"},
                                                                                    {"a", "n"},
                                                                                    {"an", "d"}}) {
    merges.push_back({left, right});
    add(left + right);
  }
  const json text = {{"Sequence", {{"id", "A"}, {"type_id", 0}}}};
  const json start = {{"SpecialToken", {{"id", "<s>"}, {"type_id", 0}}}};
  return {{"added_tokens", {llama_added(0, "<unk>"), llama_added(1, "<s>"), llama_added(2, "</s>")}},
          {"normalizer",
           {{"type", "Sequence"},
            {"normalizers", {{{"type", "Prepend"}, {"prepend", "\u2581"}}, string_replace(" ", "\u2581")}}}},
          {"pre_tokenizer", nullptr},
          {"post_processor",
           {{"type", "TemplateProcessing"},
            {"single", {start, text}},
            {"pair", json::array()},
            {"special_tokens", {{"<s>", {{"id", "<s>"}, {"ids", {1}}, {"tokens", {"<s>"}}}}}}}},
          {"decoder",
           {{"type", "Sequence"},
            {"decoders",
             {string_replace("\u2581", " "),
              {{"type", "ByteFallback"}},
              {{"type", "Fuse"}},
              {{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}}}}}},
          {"model",
           {{"type", "BPE"},
            {"unk_token", "<unk>"},
            {"fuse_unk", true},
            {"byte_fallback", true},
            {"vocab", vocab},
            {"merges", merges}}}};
}

// Newer files have this in place of the normalizer.
inline nlohmann::json metaspace(const std::string& scheme, bool split) {
  return {{"type", "Metaspace"}, {"replacement", "\u2581"}, {"prepend_scheme", scheme}, {"split", split}};
}

}  // namespace aacft::testing
