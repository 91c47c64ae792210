#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "aacft/base/file.h"
#include "aacft/tokenizer/bpe_vocabulary.h"
#include "aacft/tokenizer/tokenizer_json.h"
#include "support/paths.h"
#include "tokenizer/llama_json.h"

namespace aacft {
namespace {

using nlohmann::json;

BpeVocabulary read(const std::string& content) {
  const testing::TemporaryFolder folder;
  testing::write_text(folder / "tokenizer.json", content);
  return read_tokenizer_json(folder / "tokenizer.json");
}

// Law 7.
void expect_the_same_when_read_back(const BpeVocabulary& vocabulary) {
  const std::string written = tokenizer_json(vocabulary).dump();
  const BpeVocabulary again = read(written);
  EXPECT_TRUE(again == vocabulary);
  EXPECT_EQ(tokenizer_json(again).dump(), written);
}

TEST(TokenizerJsonWriter, FilesReadBackTheSame) {
  std::vector<fs::path> files = {testing::goldens_dir() / "tokenizer/tokenizer.json",
                                 testing::source_dir() / "tests/fuzz/seeds/tokenizer_json/split",
                                 testing::source_dir() / "tests/fuzz/seeds/tokenizer_json/metaspace",
                                 testing::source_dir() / "tests/fuzz/seeds/tokenizer_json/small",
                                 testing::shared_dir() / "data/20B_tokenizer.json"};
  for (const char* name : {"tok-smollm", "tok-llama3", "tok-qwen", "tok-llama2"}) {
    files.push_back(testing::shared_dir() / "goldens-llama" / name / "tokenizer.json");
  }
  for (const fs::path& file : files) {
    if (!fs::exists(file)) continue;
    SCOPED_TRACE(file);
    expect_the_same_when_read_back(read(read_file(file)));
  }
}

TEST(TokenizerJsonWriter, LlamaReadsBackTheSame) {
  expect_the_same_when_read_back(read(testing::llama_json().dump()));
  json content = testing::llama_json();
  content["normalizer"] = nullptr;
  for (const char* scheme : {"always", "first", "never"}) {
    for (const bool split : {true, false}) {
      content["pre_tokenizer"] = content["decoder"] = testing::metaspace(scheme, split);
      expect_the_same_when_read_back(read(content.dump()));
    }
  }
}

// Versions of the library before 0.20 know merges as one string alone.
TEST(TokenizerJsonWriter, MergesAreOneStringWhereNoTokenHasASpace) {
  json content = testing::llama_json();
  EXPECT_EQ(tokenizer_json(read(content.dump()))["model"]["merges"][0], "\u2581 \u2581");
  content["model"]["vocab"]["a "] = 400;
  content["model"]["vocab"]["a a"] = 401;
  content["model"]["merges"].push_back({"a ", "a"});
  const auto vocabulary = read(content.dump());
  EXPECT_EQ(tokenizer_json(vocabulary)["model"]["merges"][0].dump(), R"(["▁","▁"])");
  expect_the_same_when_read_back(vocabulary);
}

TEST(TokenizerJsonWriter, Configuration) {
  const BpeVocabulary vocabulary = read(testing::llama_json().dump());
  EXPECT_EQ(tokenizer_config_json(vocabulary, {1, 2, 0, 2}, "{{ x }}"),
            nlohmann::ordered_json::parse(
                R"({"bos_token": "<s>", "chat_template": "{{ x }}", "clean_up_tokenization_spaces": false,
      "eos_token": "</s>", "pad_token": "</s>", "tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "<unk>"})"));
  EXPECT_EQ(tokenizer_config_json(vocabulary, {}, ""),
            nlohmann::ordered_json::parse(
                R"({"clean_up_tokenization_spaces": false, "tokenizer_class": "PreTrainedTokenizerFast"})"));
}

}  // namespace
}  // namespace aacft
