#include "aacft/tokenizer/tokenizer.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "support/paths.h"
#include "support/random_text.h"
#include "tokenizer/llama_json.h"

namespace aacft {
namespace {

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Tokenizer, LoadsEitherKindFromAFolder) {
  EXPECT_EQ(load_tokenizer(testing::goldens_dir() / "tokenizer")->encode("<|endoftext|>").size(), 1u);
  EXPECT_GT(load_tokenizer(testing::goldens_dir() / "sentencepiece")->encode("<|endoftext|>").size(), 1u);
}

TEST(Tokenizer, TheJsonComesFirstAndTokenizerModelIsFoundToo) {
  const testing::TemporaryFolder folder;
  fs::copy(testing::goldens_dir() / "sentencepiece/spiece.model", folder / "tokenizer.model");
  EXPECT_GT(load_tokenizer(folder.path())->encode("<|endoftext|>").size(), 1u);
  fs::copy(testing::goldens_dir() / "tokenizer/tokenizer.json", folder / "tokenizer.json");
  EXPECT_EQ(load_tokenizer(folder.path())->encode("<|endoftext|>").size(), 1u);
}

TEST(Tokenizer, SaysWhatItLookedFor) {
  const testing::TemporaryFolder folder;
  const std::string message = error_of([&] { load_tokenizer(folder.path()); });
  for (const std::string& part : {folder.path().string(), std::string("tokenizer.json"), std::string("spiece.model"),
                                  std::string("tokenizer.model")}) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
  }
  EXPECT_NE(error_of([&] { load_tokenizer_file(folder / "vocab.txt"); }).find("vocab.txt"), std::string::npos);
  EXPECT_NE(error_of([&] { load_tokenizer_file(folder / "none.json"); }).find("none.json"), std::string::npos);
}

TEST(Tokenizer, SaysThatAFileWasNotDownloaded) {
  const testing::TemporaryFolder folder;
  for (const char* name : {"tokenizer.json", "tokenizer.model"}) {
    testing::write_text(folder / name, "version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 2\n");
    const std::string message = error_of([&] { load_tokenizer_file(folder / name); });
    for (const std::string& part : {std::string(name), std::string("git lfs pull")})
      EXPECT_NE(message.find(part), std::string::npos) << message;
  }
}

// transformers 4 follows the configuration where it names a Llama class.
TEST(Tokenizer, LlamaClassesSayWhatGoesAroundTexts) {
  using Ids = std::vector<std::int32_t>;
  const testing::TemporaryFolder folder;
  testing::write_text(folder / "tokenizer.json", testing::llama_json().dump());
  const auto around = [&](const char* config) {
    testing::write_text(folder / "tokenizer_config.json", config);
    const auto tokenizer = load_tokenizer(folder.path());
    return std::pair(tokenizer->beginning(), tokenizer->ending());
  };
  const std::pair from_file(Ids{1}, Ids{});
  EXPECT_EQ(around("{}"), from_file);
  EXPECT_EQ(around(R"({"tokenizer_class": "LlamaTokenizer"})"), from_file);
  EXPECT_EQ(around(R"({"tokenizer_class": "PreTrainedTokenizerFast", "add_bos_token": false})"), from_file);
  EXPECT_EQ(around(R"({"tokenizer_class": "LlamaTokenizerFast", "add_bos_token": false})"), (std::pair(Ids{}, Ids{})));
  EXPECT_EQ(around(R"({"tokenizer_class": "LlamaTokenizer", "add_eos_token": true})"), (std::pair(Ids{1}, Ids{2})));
  EXPECT_EQ(
      around(R"({"tokenizer_class": "LlamaTokenizer", "add_bos_token": true, "bos_token": {"content": "<unk>"}})"),
      (std::pair(Ids{0}, Ids{})));
  const std::string message =
      error_of([&] { around(R"({"tokenizer_class": "LlamaTokenizer", "add_bos_token": true, "bos_token": "<b>"})"); });
  EXPECT_NE(message.find("tokenizer_config.json: bos_token: \"<b>\""), std::string::npos) << message;
}

TEST(Tokenizer, ASentencePieceModelOfALlamaClassBeginsWithBos) {
  using Ids = std::vector<std::int32_t>;
  const testing::TemporaryFolder folder;
  fs::copy(testing::source_dir() / "tests/fuzz/seeds/sentencepiece/bpe", folder / "tokenizer.model");
  const auto around = [&] {
    const auto tokenizer = load_tokenizer(folder.path());
    return std::pair(tokenizer->beginning(), tokenizer->ending());
  };
  EXPECT_EQ(around(), (std::pair(Ids{}, Ids{})));
  testing::write_text(folder / "config.json", R"({"model_type": "llama"})");
  EXPECT_EQ(around(), (std::pair(Ids{1}, Ids{})));
  testing::write_text(folder / "tokenizer_config.json", R"({"tokenizer_class": "T5Tokenizer"})");
  EXPECT_EQ(around(), (std::pair(Ids{}, Ids{})));
  testing::write_text(folder / "tokenizer_config.json",
                      R"({"tokenizer_class": "LlamaTokenizer", "add_bos_token": false, "add_eos_token": true})");
  EXPECT_EQ(around(), (std::pair(Ids{}, Ids{2})));
}

TEST(Tokenizer, SpecialTokensInTheTextsOfALlamaClassAreTokens) {
  const testing::TemporaryFolder folder;
  fs::copy(testing::source_dir() / "tests/fuzz/seeds/sentencepiece/bpe", folder / "tokenizer.model");
  const auto plain = load_tokenizer(folder.path());
  testing::write_text(folder / "config.json", R"({"model_type": "mistral"})");
  testing::write_text(folder / "tokenizer_config.json", R"({"eos_token": {"content": "</s>"}})");
  const auto tokenizer = load_tokenizer(folder.path());
  EXPECT_EQ(tokenizer->end_token(), 2);
  const std::string text = "the tea";
  EXPECT_EQ(tokenizer->encode(text), plain->encode(text));
  std::vector<std::int32_t> ids = plain->encode(text);
  ids.push_back(2);
  ids.push_back(1);
  for (const std::int32_t id : plain->encode(text)) ids.push_back(id);
  EXPECT_EQ(tokenizer->encode(text + "</s><s>" + text), ids);
  EXPECT_NE(plain->encode(text + "</s><s>" + text), ids);
  const std::vector<Token> tokens = tokenizer->encode_with_offsets(text + "</s>" + text);
  EXPECT_EQ(tokens.back().end, 2 * text.size() + 4);
  EXPECT_EQ(tokenizer->size(), plain->size());
  EXPECT_EQ(tokenizer->decode(plain->encode(text)), plain->decode(plain->encode(text)));
}

TEST(Tokenizer, FilesToCopyWithAModel) {
  const testing::TemporaryFolder folder;
  EXPECT_TRUE(tokenizer_files(folder.path()).empty());
  for (const char* name : {"special_tokens_map.json", "tokenizer.json", "config.json", "tokenizer_config.json"}) {
    testing::write_text(folder / name, "{}");
  }
  EXPECT_EQ(tokenizer_files(folder.path()),
            (std::vector<fs::path>{folder / "tokenizer.json", folder / "tokenizer_config.json",
                                   folder / "special_tokens_map.json"}));
}

TEST(Tokenizer, SeveralThreadsShareOne) {
  for (const char* kind : {"tokenizer", "sentencepiece"}) {
    const auto tokenizer = load_tokenizer(testing::goldens_dir() / kind);
    std::vector<std::vector<std::int32_t>> alone;
    for (std::uint64_t seed = 0; seed < 200; ++seed) alone.push_back(tokenizer->encode(testing::random_text(seed)));
    std::vector<std::vector<std::vector<std::int32_t>>> together(4);
    std::vector<std::thread> threads;
    for (auto& results : together) {
      threads.emplace_back([&] {
        for (std::uint64_t seed = 0; seed < 200; ++seed) {
          results.push_back(tokenizer->encode(testing::random_text(seed)));
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (const auto& results : together) EXPECT_EQ(results, alone);
  }
}

}  // namespace
}  // namespace aacft
