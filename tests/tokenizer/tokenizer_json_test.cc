#include "aacft/tokenizer/tokenizer_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "aacft/base/error.h"
#include "aacft/tokenizer/bpe.h"
#include "support/paths.h"
#include "tokenizer/llama_json.h"

namespace aacft {
namespace {

using nlohmann::json;

// Files made from a tiny one: every byte, and "ab", "abc", "Ġa".
class TokenizerJson : public ::testing::Test {
 protected:
  using List = std::vector<std::string>;

  void SetUp() override {
    const Bpe small(read_tokenizer_json(testing::goldens_dir() / "tokenizer/tokenizer.json"));
    json vocab = json::object();
    for (std::int32_t id = 0; id < small.size() && vocab.size() < 256; ++id) {
      if (small.bytes(id).size() == 1) vocab[small.piece(id)] = vocab.size();
    }
    ASSERT_EQ(vocab.size(), 256u);
    vocab["ab"] = 256;
    vocab["abc"] = 257;
    vocab["\u0120a"] = 258;
    content = {{"added_tokens", json::array({testing::llama_added(259, "<end>"), testing::llama_added(260, "<x>")})},
               {"normalizer", {{"type", "NFC"}}},
               {"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}}},
               {"decoder", {{"type", "ByteLevel"}}},
               {"model", {{"type", "BPE"}, {"vocab", vocab}, {"merges", {"a b", "ab c", "\u0120 a"}}}}};
  }
  Bpe load() const {
    testing::write_text(folder / "tokenizer.json", content.dump());
    return Bpe(read_tokenizer_json(folder / "tokenizer.json"));
  }
  std::vector<std::string> pieces(const std::string& text) const {
    const Bpe tokenizer = load();
    std::vector<std::string> pieces;
    for (const std::int32_t id : tokenizer.encode(text)) pieces.push_back(tokenizer.piece(id));
    return pieces;
  }
  // The file is refused, and the message names it and the key.
  void expect_refused(const std::string& pointer, const json& value, const std::string& key) const {
    json wrong = content;
    wrong[json::json_pointer(pointer)] = value;
    const std::filesystem::path file = folder / "wrong.json";
    testing::write_text(file, wrong.dump());
    try {
      const Bpe tokenizer(read_tokenizer_json(file));
      ADD_FAILURE() << pointer << " = " << value << " was accepted";
    } catch (const Error& error) {
      const std::string message = error.what();
      EXPECT_NE(message.find(file.string() + ": " + key), std::string::npos) << message;
    }
  }
  static constexpr WordPattern kLlama3 = WordPattern::kLlama3;
  static json split(const std::string& expression, const std::string& behavior = "Isolated", bool invert = false) {
    const json part = {
        {"type", "Split"}, {"pattern", {{"Regex", expression}}}, {"behavior", behavior}, {"invert", invert}};
    const json bytes = {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}};
    return {{"type", "Sequence"}, {"pretokenizers", {part, bytes}}};
  }
  static json split(WordPattern pattern, const std::string& behavior = "Isolated", bool invert = false) {
    return split(std::string(regular_expression(pattern)), behavior, invert);
  }

  testing::TemporaryFolder folder;
  json content;
};

TEST_F(TokenizerJson, MergesInEitherSpelling) {
  EXPECT_EQ(pieces("abc ab a"), (List{"abc", "\u0120", "ab", "\u0120a"}));
  content["model"]["merges"] = json::parse(R"([["a", "b"], ["ab", "c"], ["\u0120", "a"]])");
  EXPECT_EQ(pieces("abc a"), (List{"abc", "\u0120a"}));
  content["model"]["merges"] = {"#version: 0.2", "a b", "ab c"};
  EXPECT_EQ(pieces("abc a"), (List{"abc", "\u0120", "a"}));
}

TEST_F(TokenizerJson, IgnoreMerges) {
  content["model"]["merges"] = {"a b"};
  EXPECT_EQ(pieces("abc"), (List{"ab", "c"}));
  content["model"]["ignore_merges"] = true;
  EXPECT_EQ(pieces("abc"), (List{"abc"}));
  EXPECT_EQ(pieces("abcab"), (List{"ab", "c", "ab"}));
}

TEST_F(TokenizerJson, AddPrefixSpaceToEveryPiece) {
  content["pre_tokenizer"]["add_prefix_space"] = true;
  EXPECT_EQ(pieces("a<end>a a"), (List{"\u0120a", "<end>", "\u0120a", "\u0120a"}));
  const auto tokens = load().encode_with_offsets("a<end>a");
  EXPECT_EQ(tokens[0].begin, 0u);
  EXPECT_EQ(tokens[0].end, 1u);
  EXPECT_EQ(tokens[2].begin, 6u);
  EXPECT_EQ(tokens[2].end, 7u);
}

TEST_F(TokenizerJson, WithoutRegexOrNormalizer) {
  content["pre_tokenizer"]["use_regex"] = false;
  content["model"]["merges"].push_back("abc abc");
  content["model"]["vocab"]["abcabc"] = 259;
  content["added_tokens"] = json::array();
  EXPECT_EQ(pieces("abcabc"), (List{"abcabc"}));
  const Bpe with_nfc = load();
  EXPECT_EQ(with_nfc.decode(with_nfc.encode("e\u0301")), "\u00e9");
  for (const json& none : {json(), json{{"type", "Sequence"}, {"normalizers", json::array()}}}) {
    content["normalizer"] = none;
    const Bpe tokenizer = load();
    EXPECT_EQ(tokenizer.decode(tokenizer.encode("e\u0301")), "e\u0301");
  }
}

TEST_F(TokenizerJson, SplitByAPattern) {
  content["added_tokens"] = json::array();
  content["model"]["vocab"]["12"] = 259;
  content["model"]["vocab"]["123"] = 260;
  content["model"]["vocab"]["(a"] = 261;
  content["model"]["merges"] = {"a b", "1 2", "12 3", "( a"};
  EXPECT_EQ(pieces("(ab1234"), (List{"(", "ab", "123", "4"}));
  content["pre_tokenizer"] = split(kLlama3);
  EXPECT_EQ(pieces("(ab1212345"), (List{"(", "ab", "12", "1", "2", "3", "4", "5"}));
  content["pre_tokenizer"] = split(kLlama3, "Removed", true);
  EXPECT_EQ(pieces("123123"), (List{"123", "123"}));
  content["pre_tokenizer"] = split(WordPattern::kQwen2);
  EXPECT_EQ(pieces("123"), (List{"1", "2", "3"}));
}

TEST_F(TokenizerJson, Digits) {
  content["pre_tokenizer"] = {
      {"type", "Sequence"},
      {"pretokenizers", {{{"type", "Digits"}, {"individual_digits", true}}, content["pre_tokenizer"]}}};
  content["added_tokens"] = json::array();
  content["model"]["vocab"]["12"] = 259;
  content["model"]["vocab"]["\u01201"] = 260;
  content["model"]["merges"] = {"1 2", "\u0120 1"};
  EXPECT_EQ(pieces("x 12"), (List{"x", "\u0120", "1", "2"}));
  auto& digits = content["pre_tokenizer"]["pretokenizers"][0];
  digits["individual_digits"] = false;
  EXPECT_EQ(pieces("x 12"), (List{"x", "\u0120", "12"}));
  // A prefix goes before every part, and is no part of the text.
  content["pre_tokenizer"]["pretokenizers"][1]["add_prefix_space"] = true;
  EXPECT_EQ(pieces("x1 "), (List{"\u0120", "x", "\u01201", "\u0120"}));
  const auto tokens = load().encode_with_offsets("x1 ");
  EXPECT_EQ(tokens[2].begin, 1u);
  EXPECT_EQ(tokens[2].end, 2u);
}

TEST_F(TokenizerJson, Sequences) {
  content["normalizer"] = {{"type", "Sequence"}, {"normalizers", {{{"type", "NFC"}}}}};
  content["pre_tokenizer"] = {{"type", "Sequence"}, {"pretokenizers", {content["pre_tokenizer"]}}};
  content["post_processor"] = {{"type", "TemplateProcessing"},
                               {"single", {{{"Sequence", {{"id", "A"}, {"type_id", 0}}}}}}};
  EXPECT_EQ(pieces("abc"), (List{"abc"}));
}

TEST_F(TokenizerJson, AddedTokensTakeWhiteSpaceAlong) {
  content["added_tokens"][0]["lstrip"] = true;
  content["added_tokens"][1]["rstrip"] = true;
  EXPECT_EQ(pieces("a \n<end> a"), (List{"a", "<end>", "\u0120a"}));
  EXPECT_EQ(pieces("a <x> \u3000a"), (List{"a", "\u0120", "<x>", "a"}));
  EXPECT_EQ(pieces("<x> <end>"), (List{"<x>", "<end>"}));
  const auto tokens = load().encode_with_offsets("a \n<end>");
  EXPECT_EQ(tokens[1].begin, 1u);
  EXPECT_EQ(tokens[1].end, 8u);
}

TEST_F(TokenizerJson, NormalizedAddedTokensAreFoundAfterNfc) {
  content["added_tokens"].push_back(testing::llama_added(261, "caf\u00e9"));
  EXPECT_EQ(pieces("cafe\u0301").size(), 5u);
  content["added_tokens"][2]["normalized"] = true;
  EXPECT_EQ(pieces("acafe\u0301"), (List{"a", "caf\u00e9"}));
  content["added_tokens"][2]["content"] = "cafe\u0301";  // its own spelling is normalised too
  EXPECT_EQ(pieces("caf\u00e9"), (List{"cafe\u0301"}));
}

TEST_F(TokenizerJson, LeftmostThenLongest) {
  content["added_tokens"] = json::array(
      {testing::llama_added(259, "ab"), testing::llama_added(260, "abcd"), testing::llama_added(261, "bcdefg")});
  content["model"]["vocab"].erase("ab");
  content["model"]["vocab"]["\u0120\u0120"] = 256;
  content["model"]["merges"] = json::array();
  EXPECT_EQ(pieces("abcab"), (List{"ab", "c", "ab"}));
  EXPECT_EQ(pieces("abcdefg"), (List{"abcd", "e", "f", "g"}));
  EXPECT_EQ(pieces("bcdefgx"), (List{"bcdefg", "x"}));
}

TEST_F(TokenizerJson, BytesWithoutTokenAreDropped) {
  content["model"]["vocab"].erase("z");
  content["added_tokens"] = json::array();
  EXPECT_EQ(pieces("zazbzcz"), (List{"abc"}));  // what is left comes together
  EXPECT_EQ(pieces("zz"), List{});
  const auto tokens = load().encode_with_offsets("zazb x");
  EXPECT_EQ(tokens[0].begin, 1u);
  EXPECT_EQ(tokens[0].end, 4u);
}

TEST_F(TokenizerJson, RefusesWhatItCannotDo) {
  expect_refused("/model/type", "WordPiece", "model.type");
  expect_refused("/model/type", 3, "model.type");
  expect_refused("/model", json::array(), "model");
  expect_refused("/model", nullptr, "model");
  expect_refused("/model/dropout", 0.1, "model.dropout");
  expect_refused("/model/byte_fallback", "no", "model.byte_fallback");
  expect_refused("/model/continuing_subword_prefix", "##", "model.continuing_subword_prefix");
  expect_refused("/model/end_of_word_suffix", "</w>", "model.end_of_word_suffix");
  expect_refused("/model/ignore_merges", 1, "model.ignore_merges");
  expect_refused("/model/new_rule", true, "model.new_rule");
  expect_refused("/model/vocab", json::array(), "model.vocab");
  expect_refused("/model/vocab", nullptr, "model.vocab");
  expect_refused("/model/vocab/a", -1, "model.vocab.a");
  expect_refused("/model/vocab/a", 1.5, "model.vocab.a");
  expect_refused("/model/vocab/a", "1", "model.vocab.a");
  expect_refused("/model/vocab/a", 1e18, "model.vocab.a");
  expect_refused("/model/vocab/a", 18446744073709551615u, "model.vocab.a");
  expect_refused("/model/vocab/a", 1 << 24, "model.vocab.a");  // would ask for a gigabyte
  expect_refused("/model/vocab/ab", 257, "model.vocab.a");     // two tokens with one id
  expect_refused("/model/merges", nullptr, "model.merges");
  expect_refused("/model/merges", "a b", "model.merges");
  expect_refused("/model/merges/1", "abc", "model.merges[1]");
  expect_refused("/model/merges/1", "a b c", "model.merges[1]");
  expect_refused("/model/merges/1", 3, "model.merges[1]");
  expect_refused("/model/merges/1", json::array({"a"}), "model.merges[1]");
  expect_refused("/model/merges/1", json::array({"a", 1}), "model.merges[1][1]");
  expect_refused("/model/merges/1", "a nope", "model.merges[1]");
  expect_refused("/model/merges/1", "b a", "model.merges[1]");  // "ba" is not in the vocabulary

  expect_refused("/normalizer", {{"type", "NFD"}}, "normalizer.type");
  expect_refused("/normalizer", {{"type", "NFC"}, {"new_rule", 1}}, "normalizer.new_rule");
  expect_refused("/normalizer", {{"type", "Prepend"}, {"prepend", 1}}, "normalizer.prepend");
  expect_refused("/normalizer", {{"type", "Replace"}, {"pattern", {{"Regex", " +"}}}, {"content", ""}},
                 "normalizer.pattern.Regex");
  expect_refused("/normalizer", {{"type", "Replace"}, {"pattern", {{"String", ""}}}, {"content", ""}},
                 "normalizer.pattern.String");
  expect_refused("/normalizer", {{"type", "Sequence"}, {"normalizers", {{{"type", "Lowercase"}}}}},
                 "normalizer.normalizers[0].type");
  expect_refused("/normalizer", "NFC", "normalizer");
  expect_refused("/pre_tokenizer", {{"type", "Whitespace"}}, "pre_tokenizer.type");
  expect_refused("/pre_tokenizer/add_prefix_space", "yes", "pre_tokenizer.add_prefix_space");
  expect_refused("/pre_tokenizer/new_rule", true, "pre_tokenizer.new_rule");
  const auto before_bytes = [](const json& part) {
    return json{{"type", "Sequence"}, {"pretokenizers", {part, {{"type", "ByteLevel"}, {"use_regex", false}}}}};
  };
  const std::string first = "pre_tokenizer.pretokenizers[0].";
  expect_refused("/pre_tokenizer", before_bytes({{"type", "Digits"}, {"new_rule", 1}}), first + "new_rule");
  expect_refused("/pre_tokenizer", before_bytes({{"type", "ByteLevel"}}), first + "type");
  expect_refused("/pre_tokenizer", split("\\w+"), first + "pattern.Regex: the pattern \\w+ is none");
  expect_refused("/pre_tokenizer", split(kLlama3, "MergedWithNext"), first + "behavior");
  expect_refused("/pre_tokenizer", split(kLlama3, "Removed"), first + "behavior");
  expect_refused("/pre_tokenizer",
                 before_bytes({{"type", "Split"}, {"pattern", {{"String", " "}}}, {"behavior", "Isolated"}}),
                 first + "pattern.String");
  expect_refused("/decoder", {{"type", "WordPiece"}}, "decoder.type");
  expect_refused("/post_processor", {{"type", "BertProcessing"}}, "post_processor.type");
  const auto around = [](const json& single) {
    return json{{"type", "TemplateProcessing"}, {"single", single}, {"special_tokens", {{"x", {{"ids", {999}}}}}}};
  };
  const json text = {{"Sequence", {{"id", "A"}}}};
  expect_refused("/post_processor", around({{{"SpecialToken", {{"id", "<end>"}}}}, text}),
                 "post_processor.special_tokens.<end>");
  expect_refused("/post_processor", around({{{"SpecialToken", {{"id", "x"}}}}, text}),
                 "post_processor.special_tokens.x.ids[0]");
  expect_refused("/post_processor", around(json::array({{{"Sequence", {{"id", "B"}}}}})),
                 "post_processor.single[0].Sequence");
  expect_refused("/post_processor", around({text, text}), "post_processor.single[1].Sequence");
  expect_refused("/post_processor", around(json::array()), "post_processor.single");
  expect_refused("/post_processor", around(json::array({{{"Other", 1}}})), "post_processor.single[0].Other");

  expect_refused("/added_tokens", "none", "added_tokens");
  expect_refused("/added_tokens/0", "x", "added_tokens[0]");
  expect_refused("/added_tokens/0/single_word", true, "added_tokens[0].single_word");
  expect_refused("/added_tokens/0/content", "", "added_tokens[0].content");
  expect_refused("/added_tokens/0/content", nullptr, "added_tokens[0].content");
  expect_refused("/added_tokens/0/id", nullptr, "added_tokens[0].id");
  expect_refused("/added_tokens/0/id", 5, "added_tokens[0].id");
  expect_refused("/added_tokens/0/content", "ab", "added_tokens[0].id");
  expect_refused("/added_tokens/1/id", 300, "added_tokens[1].id");  // the reference would give 260
  expect_refused("/added_tokens/1", testing::llama_added(259, "<end>"), "added_tokens[1].content");
  expect_refused("/added_tokens/0/lstrip", 0, "added_tokens[0].lstrip");
  content["added_tokens"][0]["rstrip"] = true;  // both would want the spaces after <end>
  expect_refused("/added_tokens/1/content", "  ", "added_tokens[0].rstrip");
  content["added_tokens"][0]["rstrip"] = false;
  expect_refused("/added_tokens/0/new_rule", 0, "added_tokens[0].new_rule");
}

TEST_F(TokenizerJson, WhatGoesAroundATextIsSaidNotAdded) {
  const auto ids = [&](const json& post_processor) {
    content["post_processor"] = post_processor;
    const Bpe tokenizer = load();
    EXPECT_EQ(tokenizer.encode("abc").size(), 1u);
    return std::pair(tokenizer.beginning(), tokenizer.ending());
  };
  using Ids = std::vector<std::int32_t>;
  const json text = {{"Sequence", {{"id", "A"}}}};
  const auto special = [](const std::string& name) { return json{{"SpecialToken", {{"id", name}}}}; };
  const auto around = [](const json& single) {
    return json{{"type", "TemplateProcessing"},
                {"single", single},
                {"special_tokens", {{"<x>", {{"ids", {260}}}}, {"two", {{"ids", {259, 97}}}}}}};
  };
  const json bytes = {{"type", "ByteLevel"}, {"trim_offsets", true}};
  EXPECT_EQ(ids(nullptr), (std::pair(Ids{}, Ids{})));
  EXPECT_EQ(ids(bytes), (std::pair(Ids{}, Ids{})));
  EXPECT_EQ(ids(around(json::array({text}))), (std::pair(Ids{}, Ids{})));
  EXPECT_EQ(ids(around({special("<x>"), text})), (std::pair(Ids{260}, Ids{})));
  EXPECT_EQ(ids(around({special("two"), special("<x>"), text, special("two")})),
            (std::pair(Ids{259, 97, 260}, Ids{259, 97})));
  const json both = {{"type", "Sequence"}, {"processors", {bytes, around({special("<x>"), text})}}};
  EXPECT_EQ(ids(both), (std::pair(Ids{260}, Ids{})));
}

TEST_F(TokenizerJson, UnkTokenNeedsATokenForEveryByte) {
  content["model"]["unk_token"] = "<end>";
  EXPECT_EQ(pieces("abc"), (List{"abc"}));
  content["model"]["vocab"].erase("z");
  content["added_tokens"] = json::array();
  expect_refused("/model/unk_token", "<end>", "model.unk_token");
}

TEST_F(TokenizerJson, DropoutZeroAndNoTypeAreFine) {
  content["model"]["dropout"] = 0.0;
  content["model"].erase("type");
  content["model"]["continuing_subword_prefix"] = "";
  EXPECT_EQ(pieces("abc"), (List{"abc"}));
}

}  // namespace
}  // namespace aacft
