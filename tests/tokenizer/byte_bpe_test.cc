#include "aacft/tokenizer/byte_bpe.h"

#include <gtest/gtest.h>

#include <fstream>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/base/utf8.h"
#include "aacft/tokenizer/word_pattern.h"
#include "aacft/unicode/nfc.h"
#include "support/paths.h"
#include "support/random_text.h"

namespace aacft {
namespace {

using nlohmann::json;
using testing::random_text;
using Ids = std::vector<std::int32_t>;

const ByteBpe& small() {
  static const ByteBpe tokenizer(testing::goldens_dir() / "tokenizer/tokenizer.json");
  return tokenizer;
}

fs::path neox_file() { return testing::shared_dir() / "data/20B_tokenizer.json"; }

const ByteBpe& neox() {
  static const ByteBpe tokenizer(neox_file());
  return tokenizer;
}

#define SKIP_WITHOUT_SHARED() \
  if (!fs::exists(neox_file())) GTEST_SKIP() << neox_file() << " is not here"

std::vector<json> lines_of(const fs::path& path) {
  std::vector<json> rows;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) rows.push_back(json::parse(line));
  return rows;
}

// Offsets never go back and stay inside the text; for text in NFC they cover it, byte for byte.
void expect_law_of_offsets(const ByteBpe& tokenizer, const std::string& text) {
  std::size_t begin = 0, end = 0;
  std::string covered;
  for (const Token& token : tokenizer.encode_with_offsets(text)) {
    ASSERT_LE(begin, token.begin);
    ASSERT_LE(end, token.end);
    ASSERT_LE(token.begin, token.end);
    ASSERT_LE(token.end, text.size());
    ASSERT_LE(token.begin, end) << "nothing is left out";
    begin = token.begin, end = token.end;
    covered += text.substr(begin, end - begin);
  }
  ASSERT_EQ(end, text.size());
  if (Nfc(text).text() == text) {
    ASSERT_EQ(covered, text);
  }
}

TEST(ByteBpe, SmallGoldens) {
  const json cases = json::parse(read_file(testing::goldens_dir() / "tokenizer/cases.json"));
  ASSERT_FALSE(cases.empty());
  for (const json& row : cases) {
    const auto text = row["text"].get<std::string>();
    EXPECT_EQ(small().encode(text), row["ids"].get<Ids>()) << text;
    EXPECT_EQ(small().decode(row["ids"].get<Ids>()), row["decoded"].get<std::string>());
  }
}

// Answers of the tokenizers library. Its offsets count code points, and a token that ends inside one has all of it.
void expect_goldens(const fs::path& folder) {
  const ByteBpe tokenizer(folder / "tokenizer.json");
  const json cases = json::parse(read_file(folder / "cases.json"));
  ASSERT_FALSE(cases.empty());
  for (const json& row : cases) {
    const auto text = row["text"].get<std::string>();
    Ids ids;
    json offsets = json::array();
    for (const Token& token : tokenizer.encode_with_offsets(text)) {
      ids.push_back(token.id);
      std::size_t end = token.end;
      while (end < text.size() && (text[end] & 0xC0) == 0x80) ++end;
      const std::string_view until = std::string_view(text).substr(0, end);
      std::size_t begin = token.begin;
      while (begin > 0 && begin < text.size() && (text[begin] & 0xC0) == 0x80) --begin;
      offsets.push_back({count_code_points(until.substr(0, begin)), count_code_points(until)});
    }
    EXPECT_EQ(ids, row["ids_plain"].get<Ids>()) << text;
    // Where NFC changes the text, ours leave nothing out, the library's do.
    if (Nfc(text).text() == text) EXPECT_EQ(offsets, row["offsets_plain"]) << text;
    EXPECT_EQ(tokenizer.decode(ids), row["decoded"].get<std::string>());
  }
}

TEST(ByteBpe, SharedGoldens) {
  for (const char* name : {"tok-smollm", "tok-llama3", "tok-qwen"}) {
    const fs::path folder = testing::shared_dir() / "goldens-llama" / name;
    if (!fs::exists(folder)) GTEST_SKIP() << folder << " is not here";
    SCOPED_TRACE(name);
    expect_goldens(folder);
  }
}

TEST(ByteBpe, NeoxCases) {
  SKIP_WITHOUT_SHARED();
  std::ifstream in(testing::shared_dir() / "data/tokens/gpt-neox.txt");
  int count = 0;
  for (std::string line; std::getline(in, line); ++count) {
    const std::size_t arrow = line.rfind(" => ");
    ASSERT_NE(arrow, std::string::npos);
    const std::string text = line.substr(0, arrow);
    EXPECT_EQ(neox().encode(text), json::parse("[" + line.substr(arrow + 4) + "]").get<Ids>()) << text;
  }
  EXPECT_EQ(count, 100);
}

TEST(ByteBpe, NeoxOnTheTrainingData) {
  SKIP_WITHOUT_SHARED();
  const auto texts = lines_of(testing::shared_dir() / "data/aac-504.jsonl");
  const auto ids = lines_of(testing::shared_dir() / "data/tokens/aac-504.ids.jsonl");
  ASSERT_EQ(texts.size(), 503u);
  ASSERT_EQ(ids.size(), texts.size());
  std::size_t tokens = 0;
  for (std::size_t row = 0; row < texts.size(); ++row) {
    const auto text = texts[row]["text"].get<std::string>();
    EXPECT_EQ(neox().encode(text), ids[row].get<Ids>()) << "row " << row;
    EXPECT_EQ(neox().decode(ids[row].get<Ids>()), text);
    tokens += ids[row].size();
  }
  EXPECT_EQ(tokens, 43936u);
}

TEST(ByteBpe, NeoxVocabulary) {
  SKIP_WITHOUT_SHARED();
  EXPECT_EQ(neox().size(), 50277);
  EXPECT_EQ(neox().merges().size(), 50009u);
  EXPECT_EQ(neox().kind(0), ByteBpe::Kind::kSpecial);
  EXPECT_EQ(neox().kind(12092), ByteBpe::Kind::kNormal);
  EXPECT_EQ(neox().kind(50276), ByteBpe::Kind::kAdded);
  EXPECT_EQ(neox().kind(50277), ByteBpe::Kind::kUnused);
  EXPECT_EQ(neox().piece(12092), "Hello");
  EXPECT_EQ(neox().piece(3645), "\u0120World");
  EXPECT_EQ(neox().bytes(3645), " World");
  EXPECT_EQ(neox().find("\u0120World"), 3645);
  EXPECT_EQ(neox().find("<|endoftext|>"), 0);
  EXPECT_EQ(neox().find("no such piece"), std::nullopt);
  // Runs of spaces are added tokens, found after NFC, longest first.
  EXPECT_EQ(neox().encode(std::string(24, ' ')), Ids{50254});
  EXPECT_EQ(neox().encode(std::string(26, ' ')), (Ids{50254, 50276}));
  EXPECT_EQ(neox().encode("  \n  "), (Ids{50276, 187, 50276}));
  EXPECT_EQ(neox().encode("a<|endoftext|><|padding|>"), (Ids{66, 0, 1}));
}

TEST(ByteBpe, DecodesWhatItEncoded) {
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    const std::string text(Nfc(random_text(seed)).text());
    ASSERT_EQ(small().decode(small().encode(text)), text) << "seed " << seed;
  }
}

TEST(ByteBpe, DecodesNfcOfWhatItEncoded) {
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    const std::string text = random_text(seed, /*decomposed=*/true);
    ASSERT_EQ(small().decode(small().encode(text)), Nfc(text).text()) << "seed " << seed;
  }
}

TEST(ByteBpe, OffsetsOnRandomText) {
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    expect_law_of_offsets(small(), random_text(seed, seed % 2 == 0));
    if (HasFatalFailure()) FAIL() << "seed " << seed;
  }
}

TEST(ByteBpe, OffsetsOfComposedText) {
  // é is two tokens here: both cover the letter and its accent in the original.
  const auto tokens = small().encode_with_offsets("xe\u0301<|endoftext|>");
  ASSERT_EQ(tokens.size(), 4u);
  for (int i : {1, 2}) {
    EXPECT_EQ(tokens[i].begin, 1u);
    EXPECT_EQ(tokens[i].end, 4u);
  }
  EXPECT_EQ(tokens[3].id, 0);
  EXPECT_EQ(tokens[3].begin, 4u);
  EXPECT_EQ(tokens[3].end, 17u);
}

TEST(ByteBpe, Decoding) {
  EXPECT_EQ(small().decode(Ids{}), "");
  EXPECT_EQ(small().decode(Ids{-1, 1000, 50000, std::numeric_limits<std::int32_t>::max()}), "");
  EXPECT_EQ(small().decode(Ids{0, 89, 1}), "<|endoftext|>x<|padding|>");
  EXPECT_EQ(small().decode(Ids{0, 89, 1}, true), "x");
  EXPECT_EQ(small().decode(Ids{129, 104}), "\u00e9");  // its two bytes
  EXPECT_EQ(small().decode(Ids{129, 0, 104}), "\uFFFD<|endoftext|>\uFFFD");
  EXPECT_EQ(small().decode(Ids{129, 0, 104}, true), "\u00e9");
  EXPECT_EQ(small().piece(-1), "");
  EXPECT_EQ(small().piece(1000), "");
}

TEST(ByteBpe, EmptyAndEmbeddedZero) {
  EXPECT_TRUE(small().encode("").empty());
  const std::string text("a\0b", 3);
  EXPECT_EQ(small().decode(small().encode(text)), text);
}

TEST(ByteBpe, InvalidTextIsAnErrorThatSaysWhere) {
  try {
    small().encode("caf\xC3\xA9 \xFF!");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("byte 6"), std::string::npos) << error.what();
  }
}

// A quadratic way would take hours.
TEST(ByteBpe, LongWordsAndTexts) {
  const std::string word(1000000, 'a');
  EXPECT_EQ(small().decode(small().encode(word)), word);
  std::string text;
  for (std::uint64_t seed = 0; text.size() < 1000000; ++seed) text += random_text(seed);
  text = std::string(Nfc(text).text());
  EXPECT_EQ(small().decode(small().encode(text)), text);
  const std::string spaces(1000000, ' ');
  EXPECT_EQ(small().decode(small().encode(spaces)), spaces);
}

// Merging by hand: the pair of the lowest rank anywhere, the leftmost of equals, until none is left.
Ids merge_plainly(const ByteBpe& tokenizer, const std::string& word) {
  std::map<std::pair<std::int32_t, std::int32_t>, std::size_t> ranks;
  for (std::size_t i = 0; i < tokenizer.merges().size(); ++i) ranks[tokenizer.merges()[i]] = i;
  std::map<std::string, std::int32_t, std::less<>> by_bytes;
  for (std::int32_t id = 0; id < tokenizer.size(); ++id) {
    if (tokenizer.kind(id) == ByteBpe::Kind::kNormal) by_bytes.emplace(tokenizer.bytes(id), id);
  }
  Ids ids;
  for (const char byte : word) ids.push_back(by_bytes.at(std::string(1, byte)));
  while (true) {
    std::size_t best = ranks.size(), where = 0;
    for (std::size_t i = 0; i + 1 < ids.size(); ++i) {
      const auto found = ranks.find({ids[i], ids[i + 1]});
      if (found != ranks.end() && found->second < best) best = found->second, where = i;
    }
    if (best == ranks.size()) return ids;
    ids[where] = by_bytes.at(std::string(tokenizer.bytes(ids[where])) + std::string(tokenizer.bytes(ids[where + 1])));
    ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(where) + 1);
  }
}

TEST(ByteBpe, MergesAsByHand) {
  const RandomStream random(1, Purpose::kSampling);
  for (std::uint64_t n = 0; n < 100; ++n) {
    std::string word;
    const std::uint64_t length = 1 + random.bits(1000 * n) % 150;
    for (std::uint64_t i = 1; i <= length; ++i) word += "etaoinshrdl"[random.bits(1000 * n + i) % 11];
    ASSERT_EQ(small().encode(word), merge_plainly(small(), word)) << word;
  }
}

// Files made from a tiny one: every byte, and "ab", "abc", "Ġa".
class TokenizerJson : public ::testing::Test {
 protected:
  void SetUp() override {
    json vocab = json::object();
    for (std::int32_t id = 0; id < small().size() && vocab.size() < 256; ++id) {
      if (small().bytes(id).size() == 1) vocab[small().piece(id)] = vocab.size();
    }
    ASSERT_EQ(vocab.size(), 256u);
    vocab["ab"] = 256;
    vocab["abc"] = 257;
    vocab["\u0120a"] = 258;
    content = {{"added_tokens", json::array({added(259, "<end>"), added(260, "<x>")})},
               {"normalizer", {{"type", "NFC"}}},
               {"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}}},
               {"decoder", {{"type", "ByteLevel"}}},
               {"model", {{"type", "BPE"}, {"vocab", vocab}, {"merges", {"a b", "ab c", "\u0120 a"}}}}};
  }
  static json added(int id, const std::string& text) {
    return {{"id", id},        {"content", text},     {"single_word", false}, {"lstrip", false},
            {"rstrip", false}, {"normalized", false}, {"special", true}};
  }
  ByteBpe load() const {
    testing::write_text(folder / "tokenizer.json", content.dump());
    return ByteBpe(folder / "tokenizer.json");
  }
  std::vector<std::string> pieces(const std::string& text) const {
    const ByteBpe tokenizer = load();
    std::vector<std::string> pieces;
    for (const std::int32_t id : tokenizer.encode(text)) pieces.push_back(tokenizer.piece(id));
    return pieces;
  }
  // The file is refused, and the message names it and the key.
  void expect_refused(const std::string& pointer, const json& value, const std::string& key) const {
    json wrong = content;
    wrong[json::json_pointer(pointer)] = value;
    const fs::path file = folder / "wrong.json";
    testing::write_text(file, wrong.dump());
    try {
      const ByteBpe tokenizer(file);
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
  using List = std::vector<std::string>;

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
  const ByteBpe with_nfc = load();
  EXPECT_EQ(with_nfc.decode(with_nfc.encode("e\u0301")), "\u00e9");
  for (const json& none : {json(), json{{"type", "Sequence"}, {"normalizers", json::array()}}}) {
    content["normalizer"] = none;
    const ByteBpe tokenizer = load();
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
  content["added_tokens"].push_back(added(261, "caf\u00e9"));
  EXPECT_EQ(pieces("cafe\u0301").size(), 5u);
  content["added_tokens"][2]["normalized"] = true;
  EXPECT_EQ(pieces("acafe\u0301"), (List{"a", "caf\u00e9"}));
  content["added_tokens"][2]["content"] = "cafe\u0301";  // its own spelling is normalised too
  EXPECT_EQ(pieces("caf\u00e9"), (List{"cafe\u0301"}));
}

TEST_F(TokenizerJson, LeftmostThenLongest) {
  content["added_tokens"] = json::array({added(259, "ab"), added(260, "abcd"), added(261, "bcdefg")});
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
  expect_refused("/model/byte_fallback", true, "model.byte_fallback");
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

  expect_refused("/normalizer", {{"type", "NFKC"}}, "normalizer.type");
  expect_refused("/normalizer", {{"type", "Sequence"}, {"normalizers", {{{"type", "Lowercase"}}}}},
                 "normalizer.normalizers[0].type");
  expect_refused("/normalizer", "NFC", "normalizer");
  expect_refused("/pre_tokenizer", nullptr, "pre_tokenizer");
  expect_refused("/pre_tokenizer", {{"type", "Whitespace"}}, "pre_tokenizer.type");
  expect_refused("/pre_tokenizer/add_prefix_space", "yes", "pre_tokenizer.add_prefix_space");
  expect_refused("/pre_tokenizer/new_rule", true, "pre_tokenizer.new_rule");
  const auto before_bytes = [](const json& part) {
    return json{{"type", "Sequence"}, {"pretokenizers", {part, {{"type", "ByteLevel"}, {"use_regex", false}}}}};
  };
  const std::string first = "pre_tokenizer.pretokenizers[0].";
  expect_refused("/pre_tokenizer", {{"type", "Sequence"}, {"pretokenizers", json::array()}}, "pre_tokenizer");
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
  expect_refused("/post_processor",
                 {{"type", "TemplateProcessing"}, {"single", {{{"SpecialToken", {{"id", "<end>"}}}}}}},
                 "post_processor.single[0].SpecialToken");

  expect_refused("/added_tokens", "none", "added_tokens");
  expect_refused("/added_tokens/0", "x", "added_tokens[0]");
  expect_refused("/added_tokens/0/single_word", true, "added_tokens[0].single_word");
  expect_refused("/added_tokens/0/content", "", "added_tokens[0].content");
  expect_refused("/added_tokens/0/content", nullptr, "added_tokens[0].content");
  expect_refused("/added_tokens/0/id", nullptr, "added_tokens[0].id");
  expect_refused("/added_tokens/0/id", 5, "added_tokens[0].id");
  expect_refused("/added_tokens/0/content", "ab", "added_tokens[0].id");
  expect_refused("/added_tokens/1/id", 300, "added_tokens[1].id");  // the reference would give 260
  expect_refused("/added_tokens/1", added(259, "<end>"), "added_tokens[1].content");
  expect_refused("/added_tokens/0/lstrip", 0, "added_tokens[0].lstrip");
  content["added_tokens"][0]["rstrip"] = true;  // both would want the spaces after <end>
  expect_refused("/added_tokens/1/content", "  ", "added_tokens[0].rstrip");
  content["added_tokens"][0]["rstrip"] = false;
  expect_refused("/added_tokens/0/new_rule", 0, "added_tokens[0].new_rule");
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
