// Token by token or all at once: the same text, for every kind of tokenizer and any tokens.
#include "aacft/tokenizer/detokenizer.h"

#include <gtest/gtest.h>

#include "aacft/base/random.h"
#include "aacft/base/text.h"
#include "support/paths.h"
#include "support/random_text.h"
#include "tokenizer/llama_json.h"

namespace aacft {
namespace {

namespace fs = std::filesystem;
using Ids = std::vector<std::int32_t>;

// The pieces of every token, joined; each must be whole, and right so far.
std::string streamed(const Tokenizer& tokenizer, const Ids& ids) {
  Detokenizer detokenizer(tokenizer);
  const std::string all = tokenizer.decode(ids, true);
  std::string text;
  for (const std::int32_t id : ids) {
    const std::string piece = detokenizer.add(id);
    EXPECT_TRUE(valid_utf8(piece));
    text += piece;
    EXPECT_EQ(all.compare(0, text.size(), text), 0) << text;
  }
  return text + detokenizer.finish();
}

class AnyTokenizer : public ::testing::TestWithParam<std::string> {
 protected:
  AnyTokenizer() {
    if (GetParam() == "llama") {
      testing::write_text(folder_ / "tokenizer.json", testing::llama_json().dump());
      tokenizer_ = load_tokenizer(folder_.path());
      return;
    }
    const fs::path file = GetParam().starts_with("shared/") ? testing::shared_dir() / GetParam().substr(7)
                                                            : testing::source_dir() / "tests" / GetParam();
    if (!fs::exists(file)) return;
    fs::path named = folder_ / (file.extension().empty() ? "spiece.model" : file.filename());
    fs::copy(file, named);
    tokenizer_ = load_tokenizer_file(named);
  }
  void SetUp() override {
    if (tokenizer_ == nullptr) GTEST_SKIP() << GetParam() << " is not here";
  }

  testing::TemporaryFolder folder_;
  std::unique_ptr<Tokenizer> tokenizer_;
};
INSTANTIATE_TEST_SUITE_P(Files, AnyTokenizer,
                         ::testing::Values("goldens/tokenizer/tokenizer.json", "goldens/sentencepiece/spiece.model",
                                           "fuzz/seeds/sentencepiece/bpe", "fuzz/seeds/sentencepiece/char",
                                           "fuzz/seeds/sentencepiece/unigram", "fuzz/seeds/sentencepiece/word",
                                           "shared/data/20B_tokenizer.json", "llama",
                                           "shared/goldens-llama/tok-llama2/tokenizer.json",
                                           "shared/goldens-llama/tok-smollm/tokenizer.json"),
                         [](const auto& info) {
                           std::string name = info.param;
                           for (char& c : name)
                             if (!::isalnum(static_cast<unsigned char>(c))) c = '_';
                           return name;
                         });

TEST_P(AnyTokenizer, TextsTokenByToken) {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    const Ids ids = tokenizer_->encode(testing::random_text(seed));
    ASSERT_EQ(streamed(*tokenizer_, ids), tokenizer_->decode(ids, true)) << "seed " << seed;
  }
}

// Special ones, parts of code points and ids of no token included.
TEST_P(AnyTokenizer, AnyTokensWhatever) {
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    const RandomStream random(seed, Purpose::kSampling);
    // Low ids are special tokens and single bytes.
    const auto most =
        static_cast<std::uint64_t>(seed % 2 == 0 ? std::min(tokenizer_->size(), 300) : tokenizer_->size() + 2);
    Ids ids;
    for (std::uint64_t i = 0; i < 1 + random.bits(1000) % 40; ++i)
      ids.push_back(static_cast<std::int32_t>(random.bits(i) % most));
    ASSERT_EQ(streamed(*tokenizer_, ids), tokenizer_->decode(ids, true)) << "seed " << seed;
  }
}

TEST(Detokenizer, HoldsBackCodePointsThatAreNotComplete) {
  const auto tokenizer = load_tokenizer(testing::goldens_dir() / "tokenizer");
  const auto byte = [&](const char* piece) { return tokenizer->find(piece).value(); };
  Detokenizer detokenizer(*tokenizer);
  EXPECT_EQ(detokenizer.add(byte("a")), "a");
  EXPECT_EQ(detokenizer.add(byte("\xC3\x83")), "");  // the byte C3 as byte-level vocabularies spell it
  EXPECT_EQ(detokenizer.finish(), "\xEF\xBF\xBD");
  EXPECT_EQ(detokenizer.add(byte("\xC2\xA9")), "\xC3\xA9");  // the byte A9
  EXPECT_EQ(detokenizer.finish(), "");
}

// Its work on a token does not grow: it never decodes more than a few tokens at once.
class Counted : public Tokenizer {
 public:
  explicit Counted(const Tokenizer& inner) : inner_(inner) {}
  std::vector<Token> encode_with_offsets(std::string_view text) const override {
    return inner_.encode_with_offsets(text);
  }
  std::string decode(std::span<const std::int32_t> ids, bool skip_special) const override {
    most = std::max(most, ids.size());
    return inner_.decode(ids, skip_special);
  }
  std::string piece(std::int32_t id) const override { return inner_.piece(id); }
  std::optional<std::int32_t> find(std::string_view piece) const override { return inner_.find(piece); }
  std::int32_t size() const override { return inner_.size(); }
  bool keeps_open(std::int32_t id) const override { return inner_.keeps_open(id); }

  mutable std::size_t most = 0;

 private:
  const Tokenizer& inner_;
};

TEST_P(AnyTokenizer, DecodesFewTokensAtATime) {
  std::string text;
  for (int i = 0; i < 200; ++i) text += "The tea is caf\u00e9 \u4e00 \U0001F600 and\n";
  const Counted counted(*tokenizer_);
  Detokenizer detokenizer(counted);
  for (const std::int32_t id : tokenizer_->encode(text)) detokenizer.add(id);
  EXPECT_LE(counted.most, 6u);
}

}  // namespace
}  // namespace aacft
