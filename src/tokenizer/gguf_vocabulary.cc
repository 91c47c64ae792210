#include "aacft/tokenizer/gguf_vocabulary.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/base/text.h"
#include "aacft/base/utf8.h"
#include "aacft/tokenizer/bpe.h"
#include "byte_characters.h"
#include "gguf_pre.h"
#include "normal_text.h"

namespace aacft {
namespace {

using Type = GgufVocabulary::Type;
using Kind = BpeVocabulary::Kind;

// Every way to part a token is tried; real ones have a few dozen bytes.
constexpr std::size_t kLongestToken = 1024;

// The names are the keys of the file, for errors.
class Builder {
 public:
  explicit Builder(const GgufVocabulary& source) : source_(source) {}

  BpeVocabulary build() {
    if (source_.model != "gpt2" && source_.model != "llama") {
      fail("model", in_quotes(source_.model), " is not supported, only \"gpt2\" and \"llama\" are");
    }
    read_tokens();
    if (source_.model == "gpt2") {
      read_words();
      read_merges();
    } else {
      read_characters();
      derive_merges();
    }
    read_ends();
    return std::move(result_);
  }

 private:
  template <typename... Parts>
  [[noreturn]] void fail(const char* key, const Parts&... parts) const {
    throw Error(source_.where, ": tokenizer.ggml.", key, ": ", parts...);
  }

  void check_count(const char* key, std::size_t count) const {
    if (count != source_.tokens.size()) fail(key, count, " values for ", source_.tokens.size(), " tokens");
  }

  // Tokens that are looked for in the text as a whole are known to the merges, too: so no id is left out.
  void read_tokens() {
    if (source_.tokens.empty()) fail("tokens", "there are none");
    if (source_.tokens.size() > std::numeric_limits<std::int32_t>::max()) fail("tokens", "there are too many");
    if (!source_.token_type.empty()) check_count("token_type", source_.token_type.size());
    result_.tokens.resize(source_.tokens.size());
    ids_.reserve(source_.tokens.size());
    for (std::size_t index = 0; index < source_.tokens.size(); ++index) {
      const std::string& text = source_.tokens[index];
      const std::int32_t type = type_of(index);
      if (type == Type::kUnused || text.empty()) continue;
      if (!valid_utf8(text)) fail("tokens", "token ", index, " is not valid UTF-8");
      const auto id = static_cast<std::int32_t>(index);
      if (const auto [known, is_new] = ids_.emplace(text, id); !is_new) {
        fail("tokens", in_quotes(text), " is both token ", known->second, " and ", id);
      }
      const bool special = type == Type::kControl || type == Type::kUnknown;
      result_.tokens[index] = {text,
                               special                      ? Kind::kSpecial
                               : type == Type::kUserDefined ? Kind::kAdded
                                                            : Kind::kNormal,
                               true};
      if (result_.tokens[index].kind != Kind::kNormal) result_.added.push_back({id});
    }
  }

  std::int32_t type_of(std::size_t index) const {
    return source_.token_type.empty() ? Type::kNormal : source_.token_type[index];
  }

  void read_words() {
    const std::string& pre = source_.pre;
    const auto known = std::find_if(std::begin(kGgufPres), std::end(kGgufPres),
                                    [&](const GgufPre& candidate) { return candidate.name == pre; });
    if (pre.empty()) {
      fail("pre", "the file does not say how words are parted; convert the model again with a llama.cpp of today");
    }
    if (known == std::end(kGgufPres)) {
      fail("pre", in_quotes(pre), " is not supported, only gpt-2, llama-bpe, olmo, qwen2 and smollm are");
    }
    result_.normalizer = normalizer_of(*known);
    result_.pre_tokenizer = pre_tokenizer_of(*known);
    result_.ignore_merges = known->ignore_merges;
    result_.decoder.push_back({DecoderStep::Kind::kBytes});
  }

  void read_merges() {
    result_.merges.reserve(source_.merges.size());
    for (std::size_t i = 0; i < source_.merges.size(); ++i) {
      const std::string_view merge = source_.merges[i];
      const std::size_t space = merge.find(' ', 1);
      if (merge.empty() || space == std::string_view::npos) {
        fail("merges", in_quotes(source_.merges[i]), " must be two tokens and a space between them");
      }
      const std::string left(merge.substr(0, space)), right(merge.substr(space + 1));
      const auto id_of = [&](const std::string& text) {
        const auto found = ids_.find(text);
        if (found == ids_.end()) fail("merges", in_quotes(text), " of merge ", i, " is no token");
        return found->second;
      };
      result_.merges.push_back({id_of(left), id_of(right), id_of(left + right), static_cast<std::uint32_t>(i)});
    }
  }

  void read_characters() {
    const bool prefix = source_.add_space_prefix.value_or(true);
    const std::string metaspace(kMetaspace);
    if (prefix) result_.normalizer.push_back({NormalizerStep::Kind::kPrepend, "", metaspace});
    result_.normalizer.push_back({NormalizerStep::Kind::kReplace, " ", metaspace});
    result_.decoder = {
        {DecoderStep::Kind::kReplace, metaspace, " "}, {DecoderStep::Kind::kByteFallback}, {DecoderStep::Kind::kFuse}};
    if (prefix) result_.decoder.push_back({DecoderStep::Kind::kStrip, " ", "", 1});
    result_.byte_fallback = result_.fuse_unknown = true;
    result_.unknown = special_id("unknown_token_id", source_.special.unknown);
    std::array<bool, 256> known{};
    for (const BpeVocabulary::Token& token : result_.tokens) {
      if (const int byte = fallback_byte(token.text); byte >= 0) known[static_cast<std::size_t>(byte)] = true;
    }
    for (std::size_t byte = 0; byte < 0xF5; ++byte) {
      if (!known[byte] && byte != 0xC0 && byte != 0xC1) fail("tokens", "there is no token for byte ", byte);
    }
  }

  // What joins two tokens to a third, best score first. Where scores are equal the longer left and then the longer
  // right part come first, as in the files that transformers makes of such a vocabulary.
  void derive_merges() {
    check_count("scores", source_.scores.size());
    struct Scored {
      BpeVocabulary::Merge merge;
      float score;
      std::size_t left_length, right_length;  // in code points
    };
    std::vector<Scored> found;
    for (std::size_t index = 0; index < result_.tokens.size(); ++index) {
      if (!std::isfinite(source_.scores[index])) fail("scores", "that of token ", index, " is not finite");
      if (!takes_part(index)) continue;
      const std::string_view text = result_.tokens[index].text;
      if (text.size() > kLongestToken) fail("tokens", "token ", index, " has ", text.size(), " bytes");
      const std::size_t length = count_code_points(text), first = found.size();
      std::size_t cut = 0;
      for (std::size_t left_length = 1; left_length < length; ++left_length) {
        next_code_point(text, cut);
        const std::int32_t left = part(text.substr(0, cut)), right = part(text.substr(cut));
        if (left < 0 || right < 0) continue;
        found.push_back({{left, right, static_cast<std::int32_t>(index)},
                         source_.scores[index],
                         left_length,
                         length - left_length});
      }
      std::sort(found.begin() + static_cast<std::ptrdiff_t>(first), found.end(), [](const Scored& a, const Scored& b) {
        return std::pair(a.merge.left, a.merge.right) < std::pair(b.merge.left, b.merge.right);
      });
    }
    std::stable_sort(found.begin(), found.end(), [](const Scored& a, const Scored& b) {
      return std::tuple(a.score, a.left_length, a.right_length) > std::tuple(b.score, b.left_length, b.right_length);
    });
    std::uint32_t rank = 0;
    result_.merges.reserve(found.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (i > 0 && found[i].score != found[i - 1].score) ++rank;
      found[i].merge.rank = rank;
      result_.merges.push_back(found[i].merge);
    }
  }

  bool takes_part(std::size_t index) const {
    const std::int32_t type = type_of(index);
    return result_.tokens[index].kind != Kind::kUnused && type != Type::kControl && type != Type::kUnknown &&
           type != Type::kByte;
  }

  std::int32_t part(std::string_view text) const {
    const auto found = ids_.find(text);
    return found != ids_.end() && takes_part(static_cast<std::size_t>(found->second)) ? found->second : -1;
  }

  void read_ends() {
    const bool bos = source_.add_bos.value_or(source_.model == "llama" || source_.pre == "llama-bpe");
    if (bos) result_.beginning = {special_id("bos_token_id", source_.special.bos)};
    if (source_.add_eos.value_or(false)) result_.ending = {special_id("eos_token_id", source_.special.eos)};
  }

  std::int32_t special_id(const char* key, std::optional<std::int32_t> id) const {
    if (!id) fail(key, "is missing, but the tokenizer needs this token");
    if (*id < 0 || *id >= static_cast<std::int32_t>(result_.tokens.size()) ||
        result_.tokens[static_cast<std::size_t>(*id)].kind == Kind::kUnused) {
      fail(key, *id, " is no token");
    }
    return *id;
  }

  const GgufVocabulary& source_;
  std::unordered_map<std::string_view, std::int32_t> ids_;
  BpeVocabulary result_;
};

std::vector<std::string> owned(const std::vector<std::string_view>& views) { return {views.begin(), views.end()}; }

}  // namespace

GgufVocabulary read_gguf_vocabulary(const GgufMetadata& metadata) {
  const auto key = [](const char* name) { return std::string("tokenizer.ggml.") + name; };
  const auto flag = [&](const char* name) {
    return metadata.has(key(name)) ? std::optional(metadata.flag(key(name))) : std::nullopt;
  };
  GgufVocabulary result;
  result.where = metadata.where();
  result.model = metadata.text(key("model"));
  result.pre = metadata.text(key("pre"), "");
  result.tokens = owned(metadata.strings(key("tokens")));
  if (metadata.has(key("scores"))) result.scores = metadata.floats(key("scores"));
  if (metadata.has(key("token_type"))) {
    for (const std::int64_t type : metadata.integers(key("token_type"))) {
      result.token_type.push_back(static_cast<std::int32_t>(type));
    }
  }
  if (metadata.has(key("merges"))) result.merges = owned(metadata.strings(key("merges")));
  const auto id = [&](const char* name, std::optional<std::int32_t> otherwise = {}) {
    const std::int64_t value = metadata.integer(key(name), -1);
    const bool known = value >= 0 && value < static_cast<std::int64_t>(result.tokens.size());
    return known ? static_cast<std::int32_t>(value) : result.model == "llama" ? otherwise : std::nullopt;
  };
  result.special = {id("bos_token_id", 1), id("eos_token_id", 2), id("unknown_token_id", 0), id("padding_token_id")};
  result.add_bos = flag("add_bos_token");
  result.add_eos = flag("add_eos_token");
  result.add_space_prefix = flag("add_space_prefix");
  return result;
}

BpeVocabulary bpe_vocabulary(const GgufVocabulary& vocabulary) { return Builder(vocabulary).build(); }

std::unique_ptr<Tokenizer> load_gguf_tokenizer(const GgufFile& file) {
  const GgufVocabulary vocabulary = read_gguf_vocabulary(file.metadata());
  auto tokenizer = std::make_unique<Bpe>(bpe_vocabulary(vocabulary));
  tokenizer->set_end_token(vocabulary.special.eos);
  return tokenizer;
}

void write_gguf_tokenizer(const GgufFile& file, const fs::path& folder) {
  const GgufVocabulary vocabulary = read_gguf_vocabulary(file.metadata());
  const BpeVocabulary bpe = bpe_vocabulary(vocabulary);
  const std::string chat_template = file.metadata().text("tokenizer.chat_template", "");
  write_file_atomic(folder / "tokenizer.json", tokenizer_json(bpe).dump() + "\n");
  write_file_atomic(folder / "tokenizer_config.json",
                    tokenizer_config_json(bpe, vocabulary.special, chat_template).dump(2) + "\n");
}

}  // namespace aacft
