// BPE in the manner of Llama 2: characters, spaces as U+2581, bytes as a fallback. What is expected is what the
// tokenizers library gives for the same file.
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "aacft/base/error.h"
#include "aacft/base/random.h"
#include "aacft/base/utf8.h"
#include "aacft/tokenizer/bpe.h"
#include "aacft/tokenizer/tokenizer_json.h"
#include "support/goldens.h"
#include "support/paths.h"
#include "support/random_text.h"
#include "tokenizer/llama_json.h"

namespace aacft {
namespace {

using nlohmann::json;
using testing::llama_json;
using testing::metaspace;
using Ids = std::vector<std::int32_t>;
using List = std::vector<std::string>;
using Offsets = std::vector<std::pair<std::size_t, std::size_t>>;

class Llama : public ::testing::Test {
 protected:
  Bpe load() const {
    testing::write_text(folder / "tokenizer.json", content.dump());
    return Bpe(read_tokenizer_json(folder / "tokenizer.json"));
  }
  List pieces(const std::string& text) const {
    const Bpe tokenizer = load();
    List pieces;
    for (const std::int32_t id : tokenizer.encode(text)) pieces.push_back(tokenizer.piece(id));
    return pieces;
  }
  Offsets offsets(const std::string& text) const {
    Offsets offsets;
    for (const Token& token : load().encode_with_offsets(text)) offsets.emplace_back(token.begin, token.end);
    return offsets;
  }
  void use_metaspace(const std::string& scheme, bool split) {
    content["normalizer"] = nullptr;
    content["pre_tokenizer"] = metaspace(scheme, split);
  }

  testing::TemporaryFolder folder;
  json content = llama_json();
};

TEST_F(Llama, SpacesArePartOfWords) {
  EXPECT_EQ(pieces("hello the and"), (List{"▁", "hello", "▁the", "▁a", "n", "d"}));
  EXPECT_EQ(offsets("hello the and"), (Offsets{{0, 1}, {0, 5}, {5, 9}, {9, 11}, {11, 12}, {12, 13}}));
  EXPECT_EQ(pieces("  a"), (List{"▁▁", "▁a"}));
  EXPECT_EQ(offsets("  a"), (Offsets{{0, 1}, {1, 3}}));
  EXPECT_EQ(pieces("▁the"), (List{"▁▁", "t", "he"}));
  EXPECT_EQ(pieces(""), List{});
  EXPECT_EQ(pieces(" "), (List{"▁▁"}));
}

TEST_F(Llama, EveryTextBetweenAddedTokensHasAPrefix) {
  EXPECT_EQ(pieces("the<s>the </s>and"), (List{"▁the", "<s>", "▁the", "▁", "</s>", "▁a", "n", "d"}));
  EXPECT_EQ(offsets("the<s>the </s>and"),
            (Offsets{{0, 3}, {3, 6}, {6, 9}, {9, 10}, {10, 14}, {14, 15}, {15, 16}, {16, 17}}));
  EXPECT_EQ(pieces(" <s> the"), (List{"▁▁", "<s>", "▁▁", "t", "he"}));
}

TEST_F(Llama, BytesWhereThereIsNoToken) {
  EXPECT_EQ(pieces("é日!"), (List{"▁", "é", "<0xE6>", "<0x97>", "<0xA5>", "<0x21>"}));
  EXPECT_EQ(offsets("é日!"), (Offsets{{0, 2}, {0, 2}, {2, 3}, {3, 4}, {4, 5}, {5, 6}}));
  const Bpe tokenizer = load();
  const auto id = [&](const char* piece) { return tokenizer.find(piece).value(); };
  EXPECT_TRUE(tokenizer.keeps_open(id("<0x21>")));
  EXPECT_FALSE(tokenizer.keeps_open(id("a")));
  EXPECT_TRUE(tokenizer.keeps_open(id("</s>")));
  // Bytes that are not UTF-8 are so one by one, whatever is beside them.
  EXPECT_EQ(tokenizer.decode(Ids{id("<0xC3>"), id("<0xA9>"), id("a")}),
            "\u00e9"
            "a");
  EXPECT_EQ(tokenizer.decode(Ids{id("<0xC3>"), id("<0xA9>"), id("<0xFF>"), id("a")}),
            "\uFFFD\uFFFD\uFFFD"
            "a");
}

TEST_F(Llama, UnknownCharacters) {
  content["model"]["byte_fallback"] = false;
  EXPECT_EQ(pieces("Hey!!"), (List{"▁", "<unk>", "e", "y", "<unk>"}));
  EXPECT_EQ(offsets("Hey!!"), (Offsets{{0, 1}, {0, 1}, {1, 2}, {2, 3}, {3, 5}}));
  content["model"]["fuse_unk"] = false;
  EXPECT_EQ(pieces("H!H! the"), (List{"▁", "<unk>", "<unk>", "<unk>", "<unk>", "▁the"}));
  content["model"]["unk_token"] = nullptr;
  EXPECT_EQ(pieces("H!H! the"), (List{"▁", "▁the"}));
}

TEST_F(Llama, Metaspace) {
  for (const bool split : {true, false}) {
    use_metaspace("always", split);
    EXPECT_EQ(pieces("hello the"), (List{"▁", "hello", "▁the"}));
    EXPECT_EQ(pieces("▁the"), (List{"▁the"}));
    EXPECT_EQ(pieces(" "), (List{"▁"}));
    EXPECT_EQ(pieces("  a"), split ? (List{"▁", "▁a"}) : (List{"▁▁", "a"}));
    EXPECT_EQ(offsets("  a"), split ? (Offsets{{0, 1}, {1, 3}}) : (Offsets{{0, 2}, {2, 3}}));
    EXPECT_EQ(pieces("the<s>the"), (List{"▁the", "<s>", "▁the"}));
    use_metaspace("first", split);
    EXPECT_EQ(pieces("the<s>the </s>and"), (List{"▁the", "<s>", "t", "he", "▁", "</s>", "and"}));
    EXPECT_EQ(pieces("<s>the"), (List{"<s>", "t", "he"}));
    use_metaspace("never", split);
    EXPECT_EQ(pieces("hello the"), (List{"hello", "▁the"}));
    EXPECT_EQ(offsets("hello the"), (Offsets{{0, 5}, {5, 9}}));
  }
}

TEST_F(Llama, IgnoreMergesOfWholeWords) {
  content["model"]["ignore_merges"] = true;
  content["model"]["vocab"]["▁hello"] = 400;
  content["model"]["vocab"]["▁and▁the"] = 401;
  EXPECT_EQ(pieces("hello"), List{"▁hello"});
  EXPECT_EQ(pieces("hello hello"), (List{"▁", "hello", "▁", "hello"}));  // one word, which is no token
  EXPECT_EQ(pieces("and the"), List{"▁and▁the"});
  use_metaspace("first", false);
  EXPECT_EQ(pieces("hello hello"), (List{"▁", "hello", "▁", "hello"}));
  use_metaspace("first", true);
  EXPECT_EQ(pieces("hello hello"), (List{"▁hello", "▁hello"}));
}

TEST_F(Llama, OlderSpellingsOfMetaspace) {
  content["normalizer"] = nullptr;
  content["pre_tokenizer"] = {
      {"type", "Metaspace"}, {"replacement", "▁"}, {"str_rep", "▁"}, {"add_prefix_space", true}};
  EXPECT_EQ(pieces("the"), (List{"▁the"}));
  content["pre_tokenizer"]["add_prefix_space"] = false;
  EXPECT_EQ(pieces("the"), (List{"t", "he"}));
}

TEST_F(Llama, NormalizedAddedTokensAreFoundWithTheirPrefix) {
  content["added_tokens"][1]["normalized"] = true;  // as in the first files
  EXPECT_EQ(pieces("<s>the"), (List{"<s>", "t", "he"}));
  EXPECT_EQ(pieces("a<s>"), (List{"▁a", "<0x3C>", "s", "<0x3E>"}));
  EXPECT_EQ(pieces("a <s>b"), (List{"▁a", "<s>", "b"}));
  EXPECT_EQ(offsets("a <s>b"), (Offsets{{0, 1}, {1, 5}, {5, 6}}));
}

TEST_F(Llama, Decoding) {
  const Bpe tokenizer = load();
  const Ids ids = tokenizer.encode("the  hello");
  EXPECT_EQ(tokenizer.decode(ids), "the  hello");
  EXPECT_EQ(tokenizer.decode(with_beginning(tokenizer, ids)), "<s> the  hello");
  EXPECT_EQ(tokenizer.decode(with_beginning(tokenizer, ids), true), "the  hello");
  content["decoder"] = metaspace("always", true);
  EXPECT_EQ(load().decode(ids), "the  hello");
  content["decoder"] = metaspace("never", true);
  EXPECT_EQ(load().decode(ids), " the  hello");
}

// Texts come back, but for the form of U+2581.
TEST_F(Llama, DecodesWhatItEncoded) {
  const Bpe tokenizer = load();
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    const std::string text = testing::random_text(seed);
    ASSERT_EQ(tokenizer.decode(tokenizer.encode(text)), text) << "seed " << seed;
  }
}

TEST_F(Llama, TheBeginningIsAddedOnce) {
  const Bpe tokenizer = load();
  EXPECT_EQ(tokenizer.beginning(), Ids{1});
  EXPECT_TRUE(tokenizer.ending().empty());
  EXPECT_EQ(with_beginning(tokenizer, {}), Ids{1});
  EXPECT_EQ(with_beginning(tokenizer, {5, 1}), (Ids{1, 5, 1}));
  EXPECT_EQ(with_beginning(tokenizer, {1, 5}), (Ids{1, 5}));
}

// The pair of the lowest rank anywhere, the leftmost of equals, until none is left.
Ids merge_plainly(const Bpe& tokenizer, const std::string& text) {
  std::map<std::pair<std::int32_t, std::int32_t>, BpeVocabulary::Merge> merges;
  for (const BpeVocabulary::Merge& merge : tokenizer.vocabulary().merges) merges[{merge.left, merge.right}] = merge;
  Ids ids;
  for (std::size_t pos = 0; pos < text.size();) {
    const std::size_t begin = pos;
    next_code_point(text, pos);
    ids.push_back(tokenizer.find(text.substr(begin, pos - begin)).value());
  }
  while (true) {
    const BpeVocabulary::Merge* best = nullptr;
    std::size_t where = 0;
    for (std::size_t i = 0; i + 1 < ids.size(); ++i) {
      const auto found = merges.find({ids[i], ids[i + 1]});
      if (found == merges.end() || (best != nullptr && found->second.rank >= best->rank)) continue;
      best = &found->second, where = i;
    }
    if (best == nullptr) return ids;
    ids[where] = best->result;
    ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(where) + 1);
  }
}

// Whether texts can be cut at spaces, as here, or not, because a merge reaches over one.
TEST_F(Llama, MergesAsByHand) {
  for (const bool reaches_over : {false, true}) {
    if (reaches_over) {
      content["model"]["vocab"]["e▁t"] = 400;
      content["model"]["merges"].insert(content["model"]["merges"].begin() + 6, json{"e", "▁t"});
    }
    const Bpe tokenizer = load();
    const RandomStream random(1, Purpose::kSampling);
    for (std::uint64_t n = 0; n < 300; ++n) {
      std::string text;
      const std::uint64_t length = 1 + random.bits(1000 * n) % 100;
      for (std::uint64_t i = 1; i <= length; ++i) text += "  theanlo"[random.bits(1000 * n + i) % 9];
      std::string spaced = "▁";
      for (const char c : text) spaced += c == ' ' ? "▁" : std::string(1, c);
      ASSERT_EQ(tokenizer.encode(text), merge_plainly(tokenizer, spaced)) << text;
    }
  }
}

// A quadratic way would take hours, also where the text is one word.
TEST_F(Llama, LongTexts) {
  content["model"]["vocab"]["e▁t"] = 400;
  content["model"]["merges"].push_back({"e", "▁t"});
  const Bpe tokenizer = load();
  std::string text;
  while (text.size() < 1000000) text += "the hello and ";
  EXPECT_EQ(tokenizer.decode(tokenizer.encode(text)), text);
  const std::string one(1000000, 'l');
  EXPECT_EQ(tokenizer.decode(tokenizer.encode(one)), one);
}

TEST_F(Llama, RefusesWhatItCannotDo) {
  const auto refused = [&](const std::string& pointer, const json& value, const std::string& key) {
    const json good = content;
    content[json::json_pointer(pointer)] = value;
    SCOPED_TRACE(pointer);
    testing::expect_fails([&] { load(); }, {"tokenizer.json: " + key});
    content = good;
  };
  refused("/pre_tokenizer", {{"type", "Metaspace"}, {"replacement", "_"}}, "pre_tokenizer.replacement");
  refused("/pre_tokenizer", metaspace("last", true), "pre_tokenizer.prepend_scheme");
  refused("/pre_tokenizer",
          {{"type", "Metaspace"}, {"replacement", "▁"}, {"prepend_scheme", "first"}, {"add_prefix_space", false}},
          "pre_tokenizer.add_prefix_space");
  refused("/pre_tokenizer", {{"type", "Sequence"}, {"pretokenizers", {metaspace("first", true), {{"type", "Digits"}}}}},
          "pre_tokenizer.pretokenizers[0].type: \"Metaspace\" beside");
  const std::string longer(100, 'a');
  refused("/normalizer/normalizers/0/prepend", longer, "normalizer.normalizers[0].prepend: makes text more than 64");
  refused("/normalizer/normalizers/1/content", longer, "normalizer.normalizers[1].content: makes text");
  refused("/decoder/decoders/0/content", longer + longer + longer, "decoder.decoders[0].content: makes text");
  refused("/decoder", nullptr, "decoder");
  refused("/decoder", {{"type", "ByteLevel"}}, "decoder");
  refused("/decoder/decoders/3/stop", 1, "decoder.decoders[3].stop");
  refused("/decoder/decoders/3/start", "1", "decoder.decoders[3].start");
  refused("/decoder/decoders/2", {{"type", "ByteFallback"}}, "decoder.decoders[3].type: \"Strip\" before \"Fuse\"");
  refused("/decoder/decoders/0/pattern", {{"Regex", "a"}}, "decoder.decoders[0].pattern.Regex");
  refused("/decoder/decoders/1", {{"type", "CTC"}}, "decoder.decoders[1].type");
  refused("/model/unk_token", "<none>", "model.unk_token");
  content["model"]["vocab"].erase("<0x41>");
  refused("/model/byte_fallback", true, "model.byte_fallback: only some");
}

}  // namespace
}  // namespace aacft
