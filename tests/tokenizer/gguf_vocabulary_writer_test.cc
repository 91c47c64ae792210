#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "aacft/base/file.h"
#include "aacft/formats/gguf_writer.h"
#include "aacft/tokenizer/bpe.h"
#include "aacft/tokenizer/gguf_vocabulary.h"
#include "support/goldens.h"
#include "support/paths.h"
#include "support/random_text.h"
#include "tokenizer/llama_json.h"

namespace aacft {
namespace {

using nlohmann::json;

Bpe from_json(const json& content) {
  const testing::TemporaryFolder folder;
  testing::write_text(folder / "tokenizer.json", content.dump());
  return Bpe(read_tokenizer_json(folder / "tokenizer.json"));
}

// Written into a file, and read from it.
GgufVocabulary through_file(const GgufVocabulary& vocabulary, const std::string& chat_template = "") {
  const testing::TemporaryFolder folder;
  GgufKeys keys;
  add_gguf_vocabulary(vocabulary, chat_template, keys);
  GgufWriter(folder / "x.gguf", keys, {}).commit();
  const GgufFile file(folder / "x.gguf");
  EXPECT_EQ(file.metadata().text("tokenizer.chat_template", ""), chat_template);
  GgufVocabulary read = read_gguf_vocabulary(file.metadata());
  read.where = vocabulary.where;
  return read;
}

// Law: read back, it is the same tokenizer.
void expect_same_tokenizer(const Bpe& original, const GgufVocabulary& written) {
  const GgufVocabulary read = through_file(written, "{{ template }}");
  EXPECT_EQ(read, written);
  const Bpe again(bpe_vocabulary(read));
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    const std::string text = testing::random_text(seed, seed % 2 == 0);
    const auto ids = original.encode(text);
    ASSERT_EQ(ids, again.encode(text)) << text;
    ASSERT_EQ(original.decode(ids), again.decode(ids)) << text;
  }
  EXPECT_EQ(original.beginning(), again.beginning());
  EXPECT_EQ(original.ending(), again.ending());
}

TEST(GgufVocabularyWriter, GptNeox) {
  for (const fs::path& file :
       {testing::goldens_dir() / "tokenizer/tokenizer.json", testing::shared_dir() / "data/20B_tokenizer.json"}) {
    if (!fs::exists(file)) continue;
    const Bpe original(read_tokenizer_json(file));
    const auto rows = static_cast<std::size_t>(original.size()) + 3;
    const GgufVocabulary written = gguf_vocabulary(original, {.bos = 0, .eos = 0}, rows, "here");
    EXPECT_EQ(written.model, "gpt2");
    EXPECT_EQ(written.pre, "olmo");
    ASSERT_EQ(written.tokens.size(), rows);
    EXPECT_EQ(written.token_type[0], GgufVocabulary::kControl);
    EXPECT_EQ(written.tokens.back(), "[PAD" + std::to_string(rows - 1) + "]");
    EXPECT_EQ(written.token_type.back(), GgufVocabulary::kUnused);
    EXPECT_EQ(written.add_bos, false);
    EXPECT_EQ(written.add_eos, false);
    EXPECT_TRUE(written.scores.empty());
    expect_same_tokenizer(original, written);
  }
  const fs::path whole = testing::shared_dir() / "data/20B_tokenizer.json";
  if (!fs::exists(whole)) return;
  const GgufVocabulary written = gguf_vocabulary(Bpe(read_tokenizer_json(whole)), {}, 50432, "here");
  EXPECT_EQ(written.token_type[50253], GgufVocabulary::kNormal);
  EXPECT_EQ(written.token_type[50254], GgufVocabulary::kUserDefined);  // 24 spaces
  EXPECT_EQ(written.tokens[50254], std::string(24, ' '));
}

// The keys that llama.cpp's converter wrote for the same models.
TEST(GgufVocabularyWriter, AsTheConverterWrites) {
  for (const auto& [gguf, folder] : std::vector<std::pair<std::string, std::string>>{
           {"smol-Q8_0.gguf", "tok-smollm"}, {"llama3-Q6_K.gguf", "tok-llama3"}, {"qwen3-Q5_0.gguf", "tok-qwen"}}) {
    const fs::path file = testing::shared_dir() / "goldens-gguf" / gguf,
                   tokenizer = testing::shared_dir() / "goldens-llama" / folder;
    if (!fs::exists(file)) GTEST_SKIP() << file << " is not here";
    SCOPED_TRACE(gguf);
    GgufVocabulary theirs = read_gguf_vocabulary(GgufFile(file).metadata());
    const auto original = load_tokenizer(tokenizer);
    const Bpe& bpe = dynamic_cast<const Bpe&>(*original);
    const GgufVocabulary written = gguf_vocabulary(bpe, theirs.special, theirs.tokens.size(), theirs.where);
    // What it leaves to the reader's defaults is said here.
    theirs.add_bos = written.add_bos, theirs.add_eos = written.add_eos;
    EXPECT_EQ(written.pre, theirs.pre);
    EXPECT_EQ(written.tokens, theirs.tokens);
    EXPECT_EQ(written.token_type, theirs.token_type);
    EXPECT_EQ(written.merges, theirs.merges);
    EXPECT_EQ(written, theirs);
    expect_same_tokenizer(bpe, written);
  }
}

TEST(GgufVocabularyWriter, CharactersGetScores) {
  const Bpe original = from_json(testing::llama_json());
  const auto rows = static_cast<std::size_t>(original.size());
  const GgufVocabulary written = gguf_vocabulary(original, {.bos = 1, .eos = 2}, rows, "here");
  EXPECT_EQ(written.model, "llama");
  EXPECT_TRUE(written.merges.empty());
  EXPECT_EQ(written.scores.size(), rows);
  EXPECT_EQ(written.token_type[0], GgufVocabulary::kUnknown);
  EXPECT_EQ(written.token_type[1], GgufVocabulary::kControl);
  EXPECT_EQ(written.token_type[static_cast<std::size_t>(*original.find("<0x41>"))], GgufVocabulary::kByte);
  EXPECT_EQ(written.special.unknown, 0);
  expect_same_tokenizer(original, written);
}

// Their own files, read and written, are the same.
TEST(GgufVocabularyWriter, WriteOfReadIsTheSame) {
  const fs::path folder = testing::shared_dir() / "goldens-gguf";
  if (!fs::exists(folder)) GTEST_SKIP() << folder << " is not here";
  for (const char* name : {"smol-Q4_1.gguf", "neox-Q4_0.gguf", "qwen3-Q5_0.gguf", "llama3-Q6_K.gguf"}) {
    GgufVocabulary theirs = read_gguf_vocabulary(GgufFile(folder / name).metadata());
    const Bpe bpe(bpe_vocabulary(theirs));
    const GgufVocabulary written = gguf_vocabulary(bpe, theirs.special, theirs.tokens.size(), theirs.where);
    theirs.add_bos = written.add_bos, theirs.add_eos = written.add_eos;
    EXPECT_EQ(written, theirs) << name;
  }
}

TEST(GgufVocabularyWriter, Ends) {
  json content = testing::llama_json();
  const Bpe with_bos = from_json(content);
  const GgufVocabulary written = gguf_vocabulary(with_bos, {.eos = 2}, 400, "here");
  EXPECT_EQ(written.special.bos, 1);
  EXPECT_EQ(written.add_bos, true);
  EXPECT_EQ(written.add_eos, false);
  testing::expect_fails([&] { gguf_vocabulary(with_bos, {.bos = 2}, 400, "here"); }, {"here: ", "BOS"});
  content["post_processor"] = nullptr;
  EXPECT_EQ(gguf_vocabulary(from_json(content), {.bos = 1}, 400, "here").add_bos, false);
}

TEST(GgufVocabularyWriter, WhatHasNoPlace) {
  const auto refused = [](const json& content, const std::string& why, std::size_t rows = 400) {
    const Bpe bpe = from_json(content);
    testing::expect_fails([&] { gguf_vocabulary(bpe, {}, rows, "here"); },
                          {"here: ", "cannot be written to GGUF", why});
  };
  const json llama = testing::llama_json();
  refused(llama, "tokens, but the model knows only 10", 10);
  json content = llama;
  content["model"]["merges"].erase(content["model"]["merges"].size() - 1);  // "an" + "d", whose token stays
  refused(content, "scores would merge \"an\" and \"d\"");
  content = llama;
  content["normalizer"] = nullptr;
  refused(content, "llama.cpp has no name for the way");
  content = llama;
  std::swap(content["model"]["merges"][6], content["model"]["merges"][7]);  // between the two ways to one token
  content["model"]["merges"][9].swap(content["model"]["merges"][7]);
  refused(content, "scores cannot say when to merge");

  json neox = json::parse(read_file(testing::goldens_dir() / "tokenizer/tokenizer.json"));
  neox["normalizer"] = {{"type", "NFKC"}};
  const Bpe bpe = from_json(neox);
  testing::expect_fails([&] { gguf_vocabulary(bpe, {}, 5000, "here"); }, {"llama.cpp has no name for the way"});
}

TEST(SpecialTokens, OfAFolder) {
  const testing::TemporaryFolder folder;
  testing::write_text(folder / "tokenizer.json", testing::llama_json().dump());
  const auto tokenizer = load_tokenizer_file(folder / "tokenizer.json");
  EXPECT_EQ(read_special_tokens(folder.path(), *tokenizer), SpecialTokens());
  testing::write_text(folder / "config.json", R"({"bos_token_id": 1, "eos_token_id": [2, 1], "pad_token_id": 100000})");
  EXPECT_EQ(read_special_tokens(folder.path(), *tokenizer), (SpecialTokens{.bos = 1, .eos = 2}));
  testing::write_text(
      folder / "tokenizer_config.json",
      R"({"bos_token": null, "eos_token": {"content": "<s>"}, "unk_token": "<unk>", "pad_token": "<none>"})");
  EXPECT_EQ(read_special_tokens(folder.path(), *tokenizer), (SpecialTokens{.bos = 1, .eos = 1, .unknown = 0}));
}

}  // namespace
}  // namespace aacft
