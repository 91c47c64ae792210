#include "aacft/tokenizer/sentencepiece.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "support/paths.h"
#include "support/random_text.h"

namespace aacft {
namespace {

using nlohmann::json;
using Ids = std::vector<std::int32_t>;

fs::path model_file() { return testing::goldens_dir() / "sentencepiece/spiece.model"; }

const Tokenizer& model() {
  static const auto tokenizer = open_sentencepiece(model_file());
  return *tokenizer;
}

TEST(SentencePiece, Goldens) {
  const json cases = json::parse(read_file(testing::goldens_dir() / "sentencepiece/cases.json"));
  ASSERT_FALSE(cases.empty());
  for (const json& row : cases) {
    const auto text = row["text"].get<std::string>();
    EXPECT_EQ(model().encode(text), row["ids"].get<Ids>()) << text;
    EXPECT_EQ(model().decode(row["ids"].get<Ids>()), row["decoded"].get<std::string>());
  }
}

TEST(SentencePiece, OffsetsAreInTheOriginalText) {
  const std::string text = "\u00a0 A\r\nB \uff21bc";  // white space collapses, the wide A becomes A
  std::vector<std::string> covered;
  for (const Token& token : model().encode_with_offsets(text)) {
    covered.push_back(text.substr(token.begin, token.end - token.begin));
  }
  EXPECT_EQ(covered, (std::vector<std::string>{"A", "\r\n", "B", " \uff21", "b", "c"}));
}

TEST(SentencePiece, OffsetsNeverGoBack) {
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    const std::string text = testing::random_text(seed, seed % 2 == 0);
    std::size_t begin = 0, end = 0;
    for (const Token& token : model().encode_with_offsets(text)) {
      ASSERT_LE(begin, token.begin) << "seed " << seed;
      ASSERT_LE(end, token.end) << "seed " << seed;
      ASSERT_LE(token.begin, token.end);
      begin = token.begin, end = token.end;
    }
    ASSERT_LE(end, text.size());
  }
}

TEST(SentencePiece, Vocabulary) {
  EXPECT_GT(model().size(), 256);
  for (std::int32_t id = 0; id < model().size(); ++id) EXPECT_EQ(model().find(model().piece(id)), id);
  EXPECT_EQ(model().find("no such piece"), std::nullopt);
  EXPECT_EQ(model().piece(-1), "");
  EXPECT_EQ(model().piece(model().size()), "");
  EXPECT_EQ(model().decode(Ids{-1, model().size(), 1 << 30}), "");
}

TEST(SentencePiece, InvalidTextIsAnErrorThatSaysWhere) {
  try {
    model().encode("ab\xFF");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("byte 2"), std::string::npos) << error.what();
  }
}

TEST(SentencePiece, BadFilesAreErrorsWithTheirPathAndNothingIsPrinted) {
  const std::string good = read_file(model_file());
  const testing::TemporaryFolder folder;
  std::string flipped = good;
  flipped[100] ^= 0x55;
  ::testing::internal::CaptureStderr();
  for (const std::string& bytes :
       {std::string(), std::string("not a model"), good.substr(0, good.size() / 2), flipped}) {
    testing::write_text(folder / "spiece.model", bytes);
    try {
      open_sentencepiece(folder / "spiece.model");
      ADD_FAILURE() << "accepted " << bytes.size() << " bytes";
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find((folder / "spiece.model").string()), std::string::npos);
    }
  }
  EXPECT_THROW(open_sentencepiece(folder / "none.model"), Error);
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

// The library itself would read wild memory where its tables are damaged.
TEST(SentencePiece, FlippedBytesNeverCrash) {
  const testing::TemporaryFolder folder;
  const std::string good = read_file(testing::source_dir() / "tests/fuzz/seeds/sentencepiece/unigram");
  for (std::size_t i = 0; i < good.size(); ++i)
    for (const int flip : {1, 128, 255}) {
      std::string damaged = good;
      damaged[i] = static_cast<char>(damaged[i] ^ flip);
      fs::remove(folder / "spiece.model");
      testing::write_text(folder / "spiece.model", damaged);
      try {
        const auto tokenizer = open_sentencepiece(folder / "spiece.model");
        tokenizer->decode(tokenizer->encode("caf\u00e9 e\u0301 \uff21 abc"));
      } catch (const Error&) {}
    }
}

TEST(SentencePiece, EveryTruncationIsAnErrorOrShorter) {
  const testing::TemporaryFolder folder;
  const std::string good = read_file(testing::source_dir() / "tests/fuzz/seeds/sentencepiece/bpe");
  std::size_t errors = 0;
  for (std::size_t size = 0; size < good.size(); ++size) {
    fs::remove(folder / "spiece.model");
    testing::write_text(folder / "spiece.model", good.substr(0, size));
    try {
      open_sentencepiece(folder / "spiece.model")->encode("abc");
    } catch (const Error&) {
      ++errors;
    }
  }
  EXPECT_GT(errors, good.size() * 9 / 10);
}

}  // namespace
}  // namespace aacft
