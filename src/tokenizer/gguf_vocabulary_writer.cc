#include <algorithm>
#include <iterator>
#include <limits>
#include <map>
#include <string_view>
#include <utility>

#include "aacft/base/error.h"
#include "aacft/base/text.h"
#include "aacft/tokenizer/gguf_vocabulary.h"
#include "byte_characters.h"
#include "gguf_pre.h"
#include "normal_text.h"

namespace aacft {
namespace {

using Type = GgufVocabulary::Type;
using Kind = BpeVocabulary::Kind;
using Prefix = PreTokenizerStep::Prefix;

// Of tokens that can be made by merges, the scores are below 0; those of all others below these.
constexpr float kLeastScore = -1e7f;

bool looks_special(std::string_view text) {
  return (text.starts_with("<|") && text.ends_with("|>")) || text == "<pad>" || text == "<mask>";
}

class Writer {
 public:
  Writer(const Bpe& tokenizer, const SpecialTokens& special, std::size_t rows, const std::string& where)
      : tokenizer_(tokenizer), source_(tokenizer.vocabulary()), rows_(rows) {
    result_.where = where;
    result_.special = special;
  }

  GgufVocabulary write() {
    if (source_.tokens.size() > rows_) {
      fail("it has ", source_.tokens.size(), " tokens, but the model knows only ", rows_,
           "; take the tokenizer that belongs to the model");
    }
    const bool bytes = source_.byte_level();
    write_tokens(bytes);
    if (bytes) {
      write_words();
      write_merges();
    } else {
      write_characters();
      write_scores();
    }
    write_ends();
    return std::move(result_);
  }

 private:
  template <typename... Parts>
  [[noreturn]] void fail(const Parts&... parts) const {
    throw Error(result_.where, ": this tokenizer cannot be written to GGUF: ", parts...);
  }

  const std::string& text(std::int32_t id) const { return source_.tokens[static_cast<std::size_t>(id)].text; }

  void write_tokens(bool bytes) {
    for (std::size_t id = 0; id < rows_; ++id) {
      const BpeVocabulary::Token token = id < source_.tokens.size() ? source_.tokens[id] : BpeVocabulary::Token();
      const bool unused = token.kind == Kind::kUnused;
      result_.tokens.push_back(unused ? "[PAD" + std::to_string(id) + "]" : token.text);
      result_.token_type.push_back(unused ? Type::kUnused : type_of(static_cast<std::int32_t>(id), token, bytes));
    }
  }

  Type type_of(std::int32_t id, const BpeVocabulary::Token& token, bool bytes) const {
    if (!bytes && id == source_.unknown) return Type::kUnknown;
    switch (token.kind) {
      case Kind::kSpecial: return Type::kControl;
      case Kind::kAdded: return looks_special(token.text) ? Type::kControl : Type::kUserDefined;
      default: return !bytes && fallback_byte(token.text) >= 0 ? Type::kByte : Type::kNormal;
    }
  }

  // ---- bytes and merges ----

  void write_words() {
    const auto known = std::find_if(std::begin(kGgufPres), std::end(kGgufPres), [&](const GgufPre& pre) {
      return source_.normalizer == normalizer_of(pre) && source_.pre_tokenizer == pre_tokenizer_of(pre) &&
             source_.ignore_merges == pre.ignore_merges;
    });
    if (known == std::end(kGgufPres)) {
      fail("llama.cpp has no name for the way in which it normalises texts and parts them into words");
    }
    result_.model = "gpt2";
    result_.pre = known->name;
  }

  void write_merges() {
    result_.merges.reserve(source_.merges.size());
    for (const BpeVocabulary::Merge& merge : source_.merges) {
      const std::string &left = text(merge.left), &right = text(merge.right);
      if (left.find(' ') != left.npos || right.find(' ') != right.npos || text(merge.result) != left + right) {
        fail("the merge of ", in_quotes(left), " and ", in_quotes(right), " cannot be spelt there");
      }
      result_.merges.push_back(left + " " + right);
    }
  }

  // ---- characters and scores ----

  // Whether texts get a space before them. Spaces become U+2581 in either place.
  bool space_prefix() const {
    using Normal = NormalizerStep::Kind;
    const std::string metaspace(kMetaspace);
    const NormalizerStep prepend{Normal::kPrepend, "", metaspace}, replace{Normal::kReplace, " ", metaspace};
    const auto& normal = source_.normalizer;
    const auto& pre = source_.pre_tokenizer;
    if (pre.empty() && normal == std::vector{prepend, replace}) return true;
    if (pre.empty() && normal == std::vector{replace}) return false;
    if (normal.empty() && pre.size() == 1 && pre[0].kind == PreTokenizerStep::Kind::kMetaspace && !pre[0].split) {
      return pre[0].prefix != Prefix::kNever;
    }
    fail("llama.cpp has no name for the way in which it normalises texts and parts them into words");
  }

  void write_characters() {
    result_.model = "llama";
    result_.pre = "default";
    result_.add_space_prefix = space_prefix();
    if (!source_.byte_fallback || !source_.unknown || source_.ignore_merges) {
      fail("characters that it does not know must become bytes, and there must be an unknown token");
    }
    if (!result_.special.unknown) result_.special.unknown = source_.unknown;
  }

  // Whether text may become this token by merges; others are found in it as a whole, before that.
  bool takes_part(std::int32_t id) const {
    const std::int32_t type = result_.token_type[static_cast<std::size_t>(id)];
    return type == Type::kNormal || type == Type::kUserDefined;
  }

  // Of a token's merges the first says its score. What is read back must be the merges that there are, in their order:
  // a reader knows no others, and takes every pair of tokens that are a token together for one.
  void write_scores() {
    result_.scores.assign(rows_, 0);
    std::map<std::pair<std::int32_t, std::int32_t>, std::size_t> places;
    for (std::size_t i = 0; i < source_.tokens.size(); ++i) {
      if (result_.token_type[i] == Type::kNormal) result_.scores[i] = kLeastScore - static_cast<float>(i);
    }
    for (std::size_t i = 0; i < source_.merges.size(); ++i) {
      const BpeVocabulary::Merge& merge = source_.merges[i];
      if (!takes_part(merge.left) || !takes_part(merge.right) || !takes_part(merge.result)) continue;
      places[{merge.left, merge.right}] = i;
      float& score = result_.scores[static_cast<std::size_t>(merge.result)];
      if (score < kLeastScore / 2) score = -1 - static_cast<float>(merge.rank);
    }
    check_merges(places);
  }

  void check_merges(const std::map<std::pair<std::int32_t, std::int32_t>, std::size_t>& places) const {
    GgufVocabulary alone = result_;
    alone.add_bos = alone.add_eos = false;
    const BpeVocabulary again = bpe_vocabulary(alone);
    const auto spelt = [&](const BpeVocabulary::Merge& merge) {
      return in_quotes(text(merge.left)) + " and " + in_quotes(text(merge.right));
    };
    std::size_t before = 0, here = 0;  // the last places of the merges of earlier ranks, and of this one
    for (std::size_t i = 0; i < again.merges.size(); ++i) {
      const BpeVocabulary::Merge& merge = again.merges[i];
      const auto place = places.find({merge.left, merge.right});
      if (place == places.end()) fail("scores would merge ", spelt(merge), ", which it does not");
      if (i > 0 && merge.rank != again.merges[i - 1].rank) before = here;
      if (i > 0 && merge.rank > 0 && place->second < before) {
        fail("scores cannot say when to merge ", spelt(merge), "; with a SentencePiece model they could");
      }
      here = std::max(here, place->second);
    }
    if (again.merges.size() != places.size()) {
      fail("scores imply ", again.merges.size(), " of its ", places.size(), " merges");
    }
  }

  // ---- what goes around a text ----

  void write_ends() {
    const auto added = [&](const std::vector<std::int32_t>& ids, std::optional<std::int32_t>& token, const char* name) {
      if (ids.empty()) return false;
      if (!token) token = ids[0];
      if (ids.size() > 1 || ids[0] != *token)
        fail("what it puts at an end of a text is not the ", name, " token alone");
      return true;
    };
    result_.add_bos = added(tokenizer_.beginning(), result_.special.bos, "BOS");
    result_.add_eos = added(tokenizer_.ending(), result_.special.eos, "EOS");
  }

  const Bpe& tokenizer_;
  const BpeVocabulary& source_;
  const std::size_t rows_;
  GgufVocabulary result_;
};

}  // namespace

GgufVocabulary gguf_vocabulary(const Bpe& tokenizer, const SpecialTokens& special, std::size_t rows,
                               const std::string& where) {
  return Writer(tokenizer, special, rows, where).write();
}

void add_gguf_vocabulary(const GgufVocabulary& vocabulary, const std::string& chat_template, GgufKeys& keys) {
  const auto key = [](const char* name) { return std::string("tokenizer.ggml.") + name; };
  keys.text(key("model"), vocabulary.model);
  keys.text(key("pre"), vocabulary.pre);
  keys.strings(key("tokens"), vocabulary.tokens);
  if (!vocabulary.scores.empty()) keys.floats(key("scores"), vocabulary.scores);
  keys.integers(key("token_type"), vocabulary.token_type);
  if (!vocabulary.merges.empty()) keys.strings(key("merges"), vocabulary.merges);
  const auto id = [&](const char* name, std::optional<std::int32_t> value) {
    if (value) keys.count(key(name), static_cast<std::uint32_t>(*value));
  };
  id("bos_token_id", vocabulary.special.bos);
  id("eos_token_id", vocabulary.special.eos);
  id("unknown_token_id", vocabulary.special.unknown);
  id("padding_token_id", vocabulary.special.padding);
  const auto flag = [&](const char* name, std::optional<bool> value) {
    if (value) keys.flag(key(name), *value);
  };
  flag("add_bos_token", vocabulary.add_bos);
  flag("add_eos_token", vocabulary.add_eos);
  flag("add_space_prefix", vocabulary.add_space_prefix);
  if (!chat_template.empty()) keys.text("tokenizer.chat_template", chat_template);
}

}  // namespace aacft
