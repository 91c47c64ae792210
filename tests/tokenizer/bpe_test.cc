#include "aacft/tokenizer/bpe.h"

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
#include "aacft/tokenizer/tokenizer_json.h"
#include "aacft/tokenizer/word_pattern.h"
#include "aacft/unicode/nfc.h"
#include "support/paths.h"
#include "support/random_text.h"

namespace aacft {
namespace {

using nlohmann::json;
using testing::random_text;
using Ids = std::vector<std::int32_t>;

const Bpe& small() {
  static const Bpe tokenizer(read_tokenizer_json(testing::goldens_dir() / "tokenizer/tokenizer.json"));
  return tokenizer;
}

fs::path neox_file() { return testing::shared_dir() / "data/20B_tokenizer.json"; }

const Bpe& neox() {
  static const Bpe tokenizer(read_tokenizer_json(neox_file()));
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
void expect_law_of_offsets(const Bpe& tokenizer, const std::string& text) {
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

TEST(Bpe, SmallGoldens) {
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
  const Bpe tokenizer(read_tokenizer_json(folder / "tokenizer.json"));
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
    EXPECT_EQ(with_beginning(tokenizer, ids), row["ids"].get<Ids>()) << text;
    // Where NFC changes the text, ours leave nothing out, the library's do.
    if (!tokenizer.vocabulary().byte_level() || Nfc(text).text() == text) {
      EXPECT_EQ(offsets, row["offsets_plain"]) << text;
    }
    EXPECT_EQ(tokenizer.decode(ids), row["decoded"].get<std::string>());
  }
}

TEST(Bpe, SharedGoldens) {
  for (const char* name : {"tok-smollm", "tok-llama3", "tok-qwen", "tok-llama2"}) {
    const fs::path folder = testing::shared_dir() / "goldens-llama" / name;
    if (!fs::exists(folder)) GTEST_SKIP() << folder << " is not here";
    SCOPED_TRACE(name);
    expect_goldens(folder);
  }
}

// Folders as transformers writes them.
TEST(Bpe, SharedModelFolders) {
  for (const auto& [folder, cases] : std::vector<std::pair<std::string, std::string>>{{"smollm", "tok-smollm"},
                                                                                      {"llama3", "tok-llama3"},
                                                                                      {"qwen2", "tok-qwen"},
                                                                                      {"qwen3", "tok-qwen"},
                                                                                      {"mistral", "tok-llama2"}}) {
    const fs::path goldens = testing::shared_dir() / "goldens-llama";
    if (!fs::exists(goldens)) GTEST_SKIP() << goldens << " is not here";
    const auto tokenizer = load_tokenizer(goldens / folder);
    for (const json& row : json::parse(read_file(goldens / cases / "cases.json"))) {
      const auto text = row["text"].get<std::string>();
      EXPECT_EQ(with_beginning(*tokenizer, tokenizer->encode(text)), row["ids"].get<Ids>()) << folder << ": " << text;
    }
  }
}

TEST(Bpe, NeoxCases) {
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

TEST(Bpe, NeoxOnTheTrainingData) {
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

TEST(Bpe, NeoxVocabulary) {
  SKIP_WITHOUT_SHARED();
  EXPECT_EQ(neox().size(), 50277);
  EXPECT_EQ(neox().vocabulary().merges.size(), 50009u);
  EXPECT_EQ(neox().kind(0), Bpe::Kind::kSpecial);
  EXPECT_EQ(neox().kind(12092), Bpe::Kind::kNormal);
  EXPECT_EQ(neox().kind(50276), Bpe::Kind::kAdded);
  EXPECT_EQ(neox().kind(50277), Bpe::Kind::kUnused);
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

TEST(Bpe, DecodesWhatItEncoded) {
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    const std::string text(Nfc(random_text(seed)).text());
    ASSERT_EQ(small().decode(small().encode(text)), text) << "seed " << seed;
  }
}

TEST(Bpe, DecodesNfcOfWhatItEncoded) {
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    const std::string text = random_text(seed, /*decomposed=*/true);
    ASSERT_EQ(small().decode(small().encode(text)), Nfc(text).text()) << "seed " << seed;
  }
}

TEST(Bpe, OffsetsOnRandomText) {
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    expect_law_of_offsets(small(), random_text(seed, seed % 2 == 0));
    if (HasFatalFailure()) FAIL() << "seed " << seed;
  }
}

TEST(Bpe, OffsetsOfComposedText) {
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

TEST(Bpe, Decoding) {
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

TEST(Bpe, EmptyAndEmbeddedZero) {
  EXPECT_TRUE(small().encode("").empty());
  const std::string text("a\0b", 3);
  EXPECT_EQ(small().decode(small().encode(text)), text);
}

TEST(Bpe, InvalidTextIsAnErrorThatSaysWhere) {
  try {
    small().encode("caf\xC3\xA9 \xFF!");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("byte 6"), std::string::npos) << error.what();
  }
}

// A quadratic way would take hours.
TEST(Bpe, LongWordsAndTexts) {
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
Ids merge_plainly(const Bpe& tokenizer, const std::string& word) {
  std::map<std::pair<std::int32_t, std::int32_t>, std::size_t> ranks;
  for (const BpeVocabulary::Merge& merge : tokenizer.vocabulary().merges) ranks[{merge.left, merge.right}] = merge.rank;
  std::map<std::string, std::int32_t, std::less<>> by_bytes;
  for (std::int32_t id = 0; id < tokenizer.size(); ++id) {
    if (tokenizer.kind(id) == Bpe::Kind::kNormal) by_bytes.emplace(tokenizer.bytes(id), id);
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

TEST(Bpe, MergesAsByHand) {
  const RandomStream random(1, Purpose::kSampling);
  for (std::uint64_t n = 0; n < 100; ++n) {
    std::string word;
    const std::uint64_t length = 1 + random.bits(1000 * n) % 150;
    for (std::uint64_t i = 1; i <= length; ++i) word += "etaoinshrdl"[random.bits(1000 * n + i) % 11];
    ASSERT_EQ(small().encode(word), merge_plainly(small(), word)) << word;
  }
}

}  // namespace
}  // namespace aacft
