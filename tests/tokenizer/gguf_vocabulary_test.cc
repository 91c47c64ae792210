#include "aacft/tokenizer/gguf_vocabulary.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <list>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/base/random.h"
#include "aacft/base/utf8.h"
#include "aacft/tokenizer/bpe.h"
#include "support/goldens.h"
#include "support/paths.h"
#include "support/random_text.h"
#include "tokenizer/llama_json.h"

namespace aacft {
namespace {

using nlohmann::json;
using Ids = std::vector<std::int32_t>;
using List = std::vector<std::string>;

// What llama.cpp's converter makes of a tokenizer.json: tokens that are added, but not special, are user-defined.
GgufVocabulary converted(const BpeVocabulary& vocabulary, const std::string& model, const std::string& pre) {
  GgufVocabulary result;
  result.where = "converted";
  result.model = model;
  result.pre = pre;
  for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    const BpeVocabulary::Token& token = vocabulary.tokens[id];
    using Kind = BpeVocabulary::Kind;
    const bool unused = token.kind == Kind::kUnused;
    result.tokens.push_back(unused ? "[PAD" + std::to_string(id) + "]" : token.text);
    result.token_type.push_back(unused                         ? GgufVocabulary::kUnused
                                : token.kind == Kind::kSpecial ? GgufVocabulary::kControl
                                : token.kind == Kind::kAdded   ? GgufVocabulary::kUserDefined
                                                               : GgufVocabulary::kNormal);
  }
  const auto text = [&](std::int32_t id) { return vocabulary.tokens[static_cast<std::size_t>(id)].text; };
  for (const BpeVocabulary::Merge& merge : vocabulary.merges) {
    result.merges.push_back(text(merge.left) + " " + text(merge.right));
  }
  return result;
}

BpeVocabulary read_json(const json& content) {
  const testing::TemporaryFolder folder;
  testing::write_text(folder / "tokenizer.json", content.dump());
  return read_tokenizer_json(folder / "tokenizer.json");
}

void expect_same_ids(const Tokenizer& one, const Tokenizer& other) {
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    const std::string text = testing::random_text(seed, seed % 2 == 0);
    const Ids ids = one.encode(text);
    ASSERT_EQ(ids, other.encode(text)) << text;
    ASSERT_EQ(one.decode(ids), other.decode(ids)) << text;
  }
  EXPECT_EQ(one.beginning(), other.beginning());
  EXPECT_EQ(one.ending(), other.ending());
}

// As a folder that is written from it would have it.
Bpe read_back(const BpeVocabulary& vocabulary) { return Bpe(read_json(json(tokenizer_json(vocabulary)))); }

TEST(GgufVocabulary, GptNeoxIsWhatItWas) {
  for (const fs::path& file :
       {testing::goldens_dir() / "tokenizer/tokenizer.json", testing::shared_dir() / "data/20B_tokenizer.json"}) {
    if (!fs::exists(file)) continue;
    const Bpe original(read_tokenizer_json(file));
    const Bpe tokenizer(bpe_vocabulary(converted(original.vocabulary(), "gpt2", "olmo")));
    expect_same_ids(tokenizer, original);
    expect_same_ids(tokenizer, read_back(tokenizer.vocabulary()));
  }
}

TEST(GgufVocabulary, SharedGoldens) {
  for (const auto& [file, goldens] : std::vector<std::pair<std::string, std::string>>{
           {"smol-Q8_0.gguf", "tok-smollm"}, {"llama3-Q6_K.gguf", "tok-llama3"}, {"qwen3-Q5_0.gguf", "tok-qwen"}}) {
    const fs::path gguf = testing::shared_dir() / "goldens-gguf" / file;
    if (!fs::exists(gguf)) GTEST_SKIP() << gguf << " is not here";
    SCOPED_TRACE(file);
    const auto tokenizer = load_tokenizer(gguf);
    const json cases = json::parse(read_file(testing::shared_dir() / "goldens-llama" / goldens / "cases.json"));
    for (const json& row : cases) {
      const auto text = row["text"].get<std::string>();
      EXPECT_EQ(tokenizer->encode(text), row["ids_plain"].get<Ids>()) << text;
      EXPECT_EQ(tokenizer->decode(row["ids_plain"].get<Ids>()), row["decoded"].get<std::string>()) << text;
    }
    expect_same_ids(*tokenizer, read_back(dynamic_cast<const Bpe&>(*tokenizer).vocabulary()));
  }
}

TEST(GgufVocabulary, WhatPreStandsFor) {
  const BpeVocabulary small = read_tokenizer_json(testing::goldens_dir() / "tokenizer/tokenizer.json");
  const auto pieces = [&](const char* pre, const std::string& text) {
    GgufVocabulary source = converted(small, "gpt2", pre);
    source.add_bos = false;
    const Bpe tokenizer(bpe_vocabulary(source));
    List pieces;
    for (const Token& token : tokenizer.encode_with_offsets(text)) {
      pieces.push_back(text.substr(token.begin, token.end - token.begin));
    }
    return pieces;
  };
  EXPECT_EQ(pieces("gpt-2", "! 1"), (List{"!", " 1"}));
  EXPECT_EQ(pieces("smollm", "! 1"), (List{"!", " ", "1"}));
  EXPECT_EQ(pieces("gpt-2", "e\u0301").size(), 3u);
  EXPECT_EQ(pieces("olmo", "e\u0301"), pieces("qwen2", "e\u0301"));
  EXPECT_NE(pieces("olmo", "e\u0301"), pieces("gpt-2", "e\u0301"));
  for (const char* pre : {"default", "gpt-neox", ""}) {
    testing::expect_fails([&] { pieces(pre, "a"); }, {"converted: tokenizer.ggml.pre: "});
  }
  testing::expect_fails([&] { pieces("default", "a"); }, {"\"default\" is not supported"});
}

TEST(GgufVocabulary, WhatGoesAroundATextByDefault) {
  const BpeVocabulary small = read_tokenizer_json(testing::goldens_dir() / "tokenizer/tokenizer.json");
  GgufVocabulary source = converted(small, "gpt2", "llama-bpe");
  testing::expect_fails([&] { bpe_vocabulary(source); }, {"tokenizer.ggml.bos_token_id: is missing"});
  source.special.bos = 1;
  EXPECT_EQ(bpe_vocabulary(source).beginning, Ids{1});
  source.pre = "smollm";
  EXPECT_EQ(bpe_vocabulary(source).beginning, Ids{});
  source.add_bos = true;
  EXPECT_EQ(bpe_vocabulary(source).beginning, Ids{1});
  EXPECT_EQ(bpe_vocabulary(source).ending, Ids{});
  source.add_eos = true;
  source.special.eos = 0;
  EXPECT_EQ(bpe_vocabulary(source).ending, Ids{0});
  source.special.eos = 1 << 20;
  testing::expect_fails([&] { bpe_vocabulary(source); }, {"tokenizer.ggml.eos_token_id: 1048576 is no token"});
}

// The vocabulary of llama_json() with scores: what is merged first scores best.
GgufVocabulary with_scores() {
  const BpeVocabulary vocabulary = read_json(testing::llama_json());
  GgufVocabulary source = converted(vocabulary, "llama", "default");  // which llama.cpp does not look at
  source.merges.clear();
  source.scores.assign(source.tokens.size(), 0.0f);
  for (const BpeVocabulary::Merge& merge : vocabulary.merges) {
    source.scores[static_cast<std::size_t>(merge.result)] = -static_cast<float>(merge.rank);
  }
  for (std::size_t id = 0; id < 3 + 256; ++id) {
    source.token_type[id] = id == 0  ? GgufVocabulary::kUnknown
                            : id < 3 ? GgufVocabulary::kControl
                                     : GgufVocabulary::kByte;
  }
  source.special = {1, 2, 0, {}};
  return source;
}

TEST(GgufVocabulary, ScoresStandForMerges) {
  const Bpe original(read_json(testing::llama_json()));
  const Bpe tokenizer(bpe_vocabulary(with_scores()));
  EXPECT_EQ(tokenizer.beginning(), Ids{1});
  expect_same_ids(tokenizer, original);
  expect_same_ids(tokenizer, read_back(tokenizer.vocabulary()));
}

TEST(GgufVocabulary, WithoutAPrefixOrABeginning) {
  GgufVocabulary source = with_scores();
  source.add_space_prefix = source.add_bos = false;
  source.add_eos = true;
  const Bpe tokenizer(bpe_vocabulary(source));
  EXPECT_TRUE(tokenizer.beginning().empty());
  EXPECT_EQ(tokenizer.ending(), Ids{2});
  EXPECT_EQ(tokenizer.piece(tokenizer.encode("hello")[0]), "hello");
  EXPECT_EQ(tokenizer.decode(tokenizer.encode(" hello")), " hello");
  expect_same_ids(tokenizer, read_back(tokenizer.vocabulary()));
}

// The neighbours whose joint token scores best, the leftmost of equals, whatever two tokens they are.
Ids merge_by_scores(const GgufVocabulary& source, const std::string& text) {
  List symbols;
  for (std::size_t pos = 0; pos < text.size();) {
    const std::size_t begin = pos;
    next_code_point(text, pos);
    symbols.push_back(text.substr(begin, pos - begin));
  }
  const auto id_of = [&](const std::string& piece) {
    return std::find(source.tokens.begin(), source.tokens.end(), piece) - source.tokens.begin();
  };
  while (true) {
    std::size_t best = symbols.size();
    float score = 0;
    for (std::size_t i = 0; i + 1 < symbols.size(); ++i) {
      const auto id = static_cast<std::size_t>(id_of(symbols[i] + symbols[i + 1]));
      if (id == source.tokens.size() || (best < symbols.size() && source.scores[id] <= score)) continue;
      best = i, score = source.scores[id];
    }
    if (best == symbols.size()) break;
    symbols[best] += symbols[best + 1];
    symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  }
  Ids ids;
  for (const std::string& symbol : symbols) ids.push_back(static_cast<std::int32_t>(id_of(symbol)));
  return ids;
}

TEST(GgufVocabulary, MergesByScoresAsByHand) {
  GgufVocabulary source = with_scores();
  const RandomStream random(3, Purpose::kSampling);
  const std::string letters = "aehl";
  for (std::uint64_t n = 0; n < 40; ++n) {  // more tokens, of few letters, with equal scores among them
    std::string piece;
    for (std::uint64_t i = 0; i < 2 + random.bits(10 * n) % 3; ++i) piece += letters[random.bits(10 * n + i + 1) % 4];
    if (std::find(source.tokens.begin(), source.tokens.end(), piece) != source.tokens.end()) continue;
    source.tokens.push_back(piece);
    source.scores.push_back(-static_cast<float>(random.bits(10 * n + 9) % 15));
    source.token_type.push_back(GgufVocabulary::kNormal);
  }
  const Bpe tokenizer(bpe_vocabulary(source));
  for (std::uint64_t n = 0; n < 500; ++n) {
    std::string text;
    for (std::uint64_t i = 0; i < 1 + random.bits(5000 + n) % 30; ++i)
      text += letters[random.bits(9000 + 40 * n + i) % 4];
    ASSERT_EQ(tokenizer.encode(text), merge_by_scores(source, "\u2581" + text)) << text;
  }
}

// Metadata, key by key.
class Keys {
 public:
  template <typename T>
  void add(const char* name, GgufType type, const std::vector<T>& values, bool array = false) {
    std::string bytes(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
    keep(name, array ? GgufType::kArray : type, type, values.size(), bytes);
  }
  void text(const char* name, const std::string& value) { keep(name, GgufType::kString, GgufType::kString, 1, value); }
  void texts(const char* name, const List& values) {
    std::string bytes;
    for (const std::string& value : values) {
      const std::uint64_t size = value.size();
      bytes.append(reinterpret_cast<const char*>(&size), sizeof size).append(value);
    }
    keep(name, GgufType::kArray, GgufType::kString, values.size(), bytes);
  }
  GgufMetadata metadata() const { return GgufMetadata("file.gguf", values_); }

 private:
  void keep(const char* name, GgufType type, GgufType element, std::size_t count, const std::string& bytes) {
    const std::string& key = *kept_.emplace(kept_.end(), std::string("tokenizer.ggml.") + name);
    const std::string& value = *kept_.emplace(kept_.end(), bytes);
    values_.push_back({key, type, element, count, std::as_bytes(std::span(value))});
  }
  std::list<std::string> kept_;
  std::vector<GgufValue> values_;
};

TEST(GgufVocabulary, KeysOfTheFile) {
  Keys keys;
  keys.text("model", "gpt2");
  keys.texts("tokens", {"a", "b", "ab"});
  GgufVocabulary vocabulary = read_gguf_vocabulary(keys.metadata());
  EXPECT_EQ(vocabulary.where, "file.gguf");
  EXPECT_EQ(vocabulary.model, "gpt2");
  EXPECT_EQ(vocabulary.pre, "");
  EXPECT_EQ(vocabulary.tokens, (List{"a", "b", "ab"}));
  EXPECT_FALSE(vocabulary.special.bos || vocabulary.add_bos || vocabulary.add_eos || vocabulary.add_space_prefix);

  keys.text("pre", "smollm");
  keys.texts("merges", {"a b"});
  keys.add<std::int32_t>("token_type", GgufType::kInt32, {1, 1, 3}, true);
  keys.add<float>("scores", GgufType::kFloat32, {0, -1, -2}, true);
  keys.add<std::uint32_t>("bos_token_id", GgufType::kUint32, {2});
  keys.add<std::uint32_t>("eos_token_id", GgufType::kUint32, {1});
  keys.add<std::uint32_t>("unknown_token_id", GgufType::kUint32, {0});
  keys.add<std::uint32_t>("padding_token_id", GgufType::kUint32, {~0u});  // "none", as some files say it
  keys.add<char>("add_bos_token", GgufType::kBool, {1});
  keys.add<char>("add_eos_token", GgufType::kBool, {0});
  keys.add<char>("add_space_prefix", GgufType::kBool, {0});
  vocabulary = read_gguf_vocabulary(keys.metadata());
  EXPECT_EQ(vocabulary.pre, "smollm");
  EXPECT_EQ(vocabulary.merges, List{"a b"});
  EXPECT_EQ(vocabulary.token_type, (Ids{1, 1, 3}));
  EXPECT_EQ(vocabulary.scores, (std::vector<float>{0, -1, -2}));
  EXPECT_EQ(vocabulary.special.bos, 2);
  EXPECT_EQ(vocabulary.special.eos, 1);
  EXPECT_EQ(vocabulary.special.unknown, 0);
  EXPECT_EQ(vocabulary.special.padding, std::nullopt);
  EXPECT_EQ(vocabulary.add_bos, true);
  EXPECT_EQ(vocabulary.add_eos, false);
  EXPECT_EQ(vocabulary.add_space_prefix, false);
}

TEST(GgufVocabulary, ModelLlamaHasItsOwnSpecialTokens) {
  Keys keys;
  keys.text("model", "llama");
  keys.texts("tokens", {"<unk>", "<s>", "</s>"});
  const GgufVocabulary vocabulary = read_gguf_vocabulary(keys.metadata());
  EXPECT_EQ(vocabulary.special.bos, 1);
  EXPECT_EQ(vocabulary.special.eos, 2);
  EXPECT_EQ(vocabulary.special.unknown, 0);
}

TEST(GgufVocabulary, RefusesWhatIsDamaged) {
  const auto refused = [](const GgufVocabulary& source, const std::string& message) {
    testing::expect_fails([&] { bpe_vocabulary(source); }, {source.where + ": tokenizer.ggml." + message});
  };
  GgufVocabulary source = with_scores();
  source.model = "t5";
  refused(source, "model: \"t5\" is not supported");
  source = with_scores();
  source.scores.pop_back();
  refused(source, "scores: ");
  source = with_scores();
  source.scores[290] = std::numeric_limits<float>::quiet_NaN();
  refused(source, "scores: that of token 290");
  source = with_scores();
  source.token_type.pop_back();
  refused(source, "token_type: ");
  source = with_scores();
  source.tokens[280] = "\xFF";
  refused(source, "tokens: token 280 is not valid UTF-8");
  source = with_scores();
  source.tokens[280] = source.tokens[281];
  refused(source, "tokens: \"" + source.tokens[281] + "\" is both token 280 and 281");
  source = with_scores();
  source.tokens[3 + 'A'] = "A";
  refused(source, "tokens: there is no token for byte 65");
  source = with_scores();
  source.tokens[290].assign(2000, 'x');
  refused(source, "tokens: token 290 has 2000 bytes");
  source = with_scores();
  source.tokens.clear();
  refused(source, "tokens: there are none");

  const BpeVocabulary small = read_tokenizer_json(testing::goldens_dir() / "tokenizer/tokenizer.json");
  source = converted(small, "gpt2", "gpt-2");
  source.merges[7] = "nospace";
  refused(source, "merges: \"nospace\"");
  source.merges[7] = "a nope";
  refused(source, "merges: \"nope\" of merge 7 is no token");
}

}  // namespace
}  // namespace aacft
