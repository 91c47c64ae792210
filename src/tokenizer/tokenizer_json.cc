// Reads tokenizer.json. What would change ids and is not done here is refused by name: wrong ids are worse
// than none.
#include "aacft/tokenizer/tokenizer_json.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <span>
#include <unordered_map>
#include <unordered_set>

#include "aacft/base/error.h"
#include "aacft/formats/json.h"
#include "aacft/unicode/characters.h"
#include "byte_characters.h"
#include "json_field.h"
#include "normal_text.h"

namespace aacft {
namespace {

using nlohmann::json;
using Field = JsonField;
using Fields = std::vector<JsonField>;
using Kind = BpeVocabulary::Kind;

// Ids that a file may leave out, beside as many as it has. Real ones leave out none; keeps a wrong id from asking for
// all the memory there is.
constexpr std::int64_t kMostGaps = 1 << 16;

// Replacing that makes text longer again and again would ask for all the memory there is, too.
constexpr std::size_t kMostGrowth = 64;

class Growth {
 public:
  void add(const Field& step, const std::string& from, const std::string& to) {
    factor_ *= std::max<std::size_t>(1, (to.size() + from.size() - 1) / from.size());
    if (factor_ > kMostGrowth) step.fail("makes text more than ", kMostGrowth, " times longer");
  }

 private:
  std::size_t factor_ = 1;
};

NormalizerStep read_normalizer_step(const Field& step) {
  using Step = NormalizerStep::Kind;
  const std::string type = step["type"].string();
  if (type == "NFC" || type == "NFKC") {
    step.only_keys({"type"});
    return {type == "NFC" ? Step::kNfc : Step::kNfkc};
  }
  if (type == "Prepend") {
    step.only_keys({"type", "prepend"});
    return {Step::kPrepend, "", step["prepend"].string()};
  }
  if (type == "Replace") {
    step.only_keys({"type", "pattern", "content"});
    step["pattern"].only_keys({"String"});
    return {Step::kReplace, step["pattern"]["String"].not_empty(), step["content"].string()};
  }
  step["type"].unsupported();
}

// The known patterns match all of a text, so that to keep only the matches is the same as to isolate them.
PreTokenizerStep read_split(const Field& split) {
  split.only_keys({"type", "pattern", "behavior", "invert"});
  split["pattern"].only_keys({"Regex"});
  const Field expression = split["pattern"]["Regex"];
  const std::optional<WordPattern> pattern = word_pattern(expression.string());
  if (!pattern) expression.fail("the pattern ", expression.string(), " is none of those that are known here");
  const std::string behavior = split["behavior"].string();
  const bool invert = split["invert"].flag(false);
  if (behavior != "Isolated" && !(behavior == "Removed" && invert)) split["behavior"].unsupported();
  return {PreTokenizerStep::Kind::kSplit, *pattern};
}

// Older files have "add_prefix_space" and "str_rep" for the scheme and the character.
PreTokenizerStep::Prefix read_metaspace_prefix(const Field& metaspace) {
  using Prefix = PreTokenizerStep::Prefix;
  const std::string replacement(kMetaspace);
  if (metaspace["replacement"].string() != replacement) metaspace["replacement"].unsupported();
  if (const Field same = metaspace["str_rep"]; !same.null() && same.value() != replacement) same.unsupported();
  const bool prefix = metaspace["add_prefix_space"].flag(true);
  const Field scheme = metaspace["prepend_scheme"];
  if (scheme.null()) return prefix ? Prefix::kAlways : Prefix::kNever;
  const std::string name = scheme.string();
  if (name != "always" && name != "first" && name != "never") scheme.unsupported();
  if (!prefix && name != "never") metaspace["add_prefix_space"].unsupported();  // which of them counts?
  return name == "always" ? Prefix::kAlways : name == "first" ? Prefix::kFirst : Prefix::kNever;
}

PreTokenizerStep read_pre_tokenizer_step(const Field& step) {
  using Step = PreTokenizerStep::Kind;
  const std::string type = step["type"].string();
  if (type == "Split") return read_split(step);
  PreTokenizerStep result{};
  if (type == "Digits") {
    step.only_keys({"type", "individual_digits"});
    result.kind = Step::kDigits;
    result.individual = step["individual_digits"].flag(false);
  } else if (type == "ByteLevel") {
    step.only_keys({"type", "add_prefix_space", "trim_offsets", "use_regex"});
    result.kind = Step::kBytes;
    if (step["add_prefix_space"].flag(true)) result.prefix = PreTokenizerStep::Prefix::kAlways;
    result.split = step["use_regex"].flag(true);
  } else if (type == "Metaspace") {
    step.only_keys({"type", "replacement", "str_rep", "add_prefix_space", "prepend_scheme", "split"});
    result.kind = Step::kMetaspace;
    result.prefix = read_metaspace_prefix(step);
    result.split = step["split"].flag(true);
  } else {
    step["type"].unsupported();
  }
  return result;
}

DecoderStep read_strip(const Field& strip) {
  strip.only_keys({"type", "content", "start", "stop"});
  if (strip["stop"].value() != 0) strip["stop"].unsupported();
  const Field start = strip["start"];
  if (!start.value().is_number_unsigned()) start.fail("must be a number of characters");
  return {DecoderStep::Kind::kStrip, strip["content"].not_empty(), "", start.value().get<std::size_t>()};
}

DecoderStep read_decoder_step(const Field& step) {
  using Step = DecoderStep::Kind;
  const std::string type = step["type"].string();
  if (type == "ByteLevel") return {Step::kBytes};
  if (type == "ByteFallback") return {Step::kByteFallback};
  if (type == "Fuse") return {Step::kFuse};
  if (type == "Strip") return read_strip(step);
  if (type == "Replace") {
    step.only_keys({"type", "pattern", "content"});
    step["pattern"].only_keys({"String"});
    return {Step::kReplace, step["pattern"]["String"].not_empty(), step["content"].string()};
  }
  if (type == "Metaspace") {
    step.only_keys({"type", "replacement", "str_rep", "add_prefix_space", "prepend_scheme", "split"});
    DecoderStep result{Step::kMetaspace};
    result.strip = read_metaspace_prefix(step) != PreTokenizerStep::Prefix::kNever;
    return result;
  }
  step["type"].unsupported();
}

class Reader {
 public:
  explicit Reader(const Field& root) : root_(root) {}

  BpeVocabulary read() {
    const std::size_t tokens = root_["model"]["vocab"].value().size() + root_["added_tokens"].value().size();
    id_limit_ = std::min<std::int64_t>(2 * static_cast<std::int64_t>(tokens) + kMostGaps,
                                       std::numeric_limits<std::int32_t>::max());
    read_normalizer(root_["normalizer"]);
    read_pre_tokenizer(root_["pre_tokenizer"]);
    read_model(root_["model"]);
    read_added_tokens(root_["added_tokens"]);
    for (const Field& part : root_["post_processor"].sequence("processors")) read_post_processor(part);
    read_decoder(root_["decoder"]);
    return std::move(result_);
  }

 private:
  void read_normalizer(const Field& normalizer) {
    Growth growth;
    for (const Field& field : normalizer.sequence("normalizers")) {
      const NormalizerStep step = read_normalizer_step(field);
      if (step.kind == NormalizerStep::Kind::kReplace) growth.add(field["content"], step.from, step.to);
      if (step.kind == NormalizerStep::Kind::kPrepend) growth.add(field["prepend"], " ", step.to);
      result_.normalizer.push_back(step);
    }
  }

  // Bytes are spelt by the last step or by none.
  void read_pre_tokenizer(const Field& pre_tokenizer) {
    const Fields steps = pre_tokenizer.sequence("pretokenizers");
    for (const Field& step : steps) result_.pre_tokenizer.push_back(read_pre_tokenizer_step(step));
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const auto kind = result_.pre_tokenizer[i].kind;
      const bool misplaced = (kind == PreTokenizerStep::Kind::kBytes && i + 1 < steps.size()) ||
                             (kind == PreTokenizerStep::Kind::kMetaspace && steps.size() > 1);
      if (misplaced) steps[i]["type"].fail(steps[i]["type"].value(), " beside other steps is not supported here");
    }
  }

  // Bytes must become text in the end. A strip is done once, at the beginning of all the text.
  void read_decoder(const Field& decoder) {
    const Fields steps = decoder.sequence("decoders");
    bool fused = false, bytes = false;
    Growth growth;
    for (const Field& step : steps) {
      result_.decoder.push_back(read_decoder_step(step));
      const DecoderStep& last = result_.decoder.back();
      const auto kind = last.kind;
      if (kind == DecoderStep::Kind::kReplace) growth.add(step["content"], last.from, last.to);
      bytes |= kind == DecoderStep::Kind::kBytes;
      if (kind == DecoderStep::Kind::kStrip && !fused) step["type"].fail("\"Strip\" before \"Fuse\" is not supported");
      fused |= kind == DecoderStep::Kind::kFuse;
    }
    if (result_.byte_level() ? !bytes && !steps.empty() : bytes || steps.empty()) decoder.unsupported();
    if (bytes && steps.size() > 1) decoder.unsupported();
  }

  void read_model(const Field& model) {
    if (const Field type = model["type"]; !type.null() && type.string() != "BPE") type.unsupported();
    model.only_keys({"type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk",
                     "byte_fallback", "ignore_merges", "vocab", "merges"});
    if (const Field dropout = model["dropout"]; !dropout.null() && dropout.value() != 0) dropout.unsupported();
    for (const char* affix : {"continuing_subword_prefix", "end_of_word_suffix"}) {
      if (const Field field = model[affix]; !field.null() && field.value() != "") field.unsupported();
    }
    result_.fuse_unknown = model["fuse_unk"].flag(false);
    result_.byte_fallback = model["byte_fallback"].flag(false);
    result_.ignore_merges = model["ignore_merges"].flag(false);
    read_vocab(model["vocab"]);
    read_merges(model["merges"]);
    if (const Field unk = model["unk_token"]; !unk.null()) {
      const auto found = ids_.find(unk.string());
      if (found != ids_.end()) result_.unknown = found->second;
      if (result_.byte_level() || found == ids_.end()) require_every_byte(unk);
    }
    if (result_.byte_fallback) check_byte_fallback(model["byte_fallback"]);
  }

  // Without unk_token a byte that has no token is dropped. With it, bytes must all have one, but for those that never
  // occur in UTF-8: C0, C1, F5 and on.
  void require_every_byte(const Field& because) const {
    if (!result_.byte_level()) because.fail(because.value(), " is not in model.vocab");
    std::array<bool, 256> known{};
    for (const BpeVocabulary::Token& token : result_.tokens) {
      if (!token.in_model) continue;
      const std::optional<std::string> bytes = spelt_bytes(token.text);
      if (bytes && bytes->size() == 1) known[static_cast<unsigned char>((*bytes)[0])] = true;
    }
    for (std::size_t byte = 0; byte < 0xF5; ++byte) {
      if (!known[byte] && byte != 0xC0 && byte != 0xC1) because.unsupported();
    }
  }

  // All bytes of UTF-8 have tokens, or none has, and then there is no fallback.
  void check_byte_fallback(const Field& flag) {
    if (result_.byte_level()) return require_every_byte(flag);
    std::size_t known = 0;
    for (const auto& [text, ignored] : ids_) {
      const int byte = fallback_byte(text);
      known += byte >= 0 && byte != 0xC0 && byte != 0xC1 && byte < 0xF5 ? 1 : 0;
    }
    if (known == 0) result_.byte_fallback = false;
    if (known != 0 && known != 0xF5 - 2) flag.fail("only some of the tokens <0x00> to <0xF4> are in model.vocab");
  }

  void read_vocab(const Field& vocab) {
    if (!vocab.value().is_object() || vocab.value().empty()) vocab.fail("must be an object of tokens and ids");
    ids_.reserve(vocab.value().size());
    for (const auto& [text, value] : vocab.value().items()) {
      const bool plain =
          value.is_number_unsigned() && value.get<std::uint64_t>() < static_cast<std::uint64_t>(id_limit_);
      const std::int32_t id = plain ? value.get<std::int32_t>() : vocab[text].id(id_limit_);
      BpeVocabulary::Token& token = token_at(id);
      if (token.kind != Kind::kUnused) vocab[text].fail("id ", id, " belongs to \"", token.text, "\" too");
      token = {text, Kind::kNormal, true};
      ids_.emplace(text, id);
    }
  }

  void read_merges(const Field& merges) {
    result_.merges.reserve(merges.size());
    for (std::size_t i = 0; i < merges.value().size(); ++i) {
      const json& value = merges.value()[i];
      std::string left, right;
      if (value.is_array()) {
        if (value.size() != 2) merges.item(i).fail("must be a pair of tokens");
        for (std::size_t k : {0u, 1u}) {
          if (!value[k].is_string()) merges.item(i).item(k).fail("must be a string");
        }
        left = value[0].get_ref<const std::string&>();
        right = value[1].get_ref<const std::string&>();
      } else {
        const std::string line = merges.item(i).string();
        if (line.starts_with("#version")) continue;
        const std::size_t space = line.find(' ');
        if (space == std::string::npos || line.find(' ', space + 1) != std::string::npos) {
          merges.item(i).fail("\"", line, "\" must be two tokens and a space between them");
        }
        left = line.substr(0, space);
        right = line.substr(space + 1);
      }
      const auto id_of = [&](const std::string& text) {
        const auto found = ids_.find(text);
        if (found == ids_.end()) merges.item(i).fail("\"", text, "\" is not in model.vocab");
        return found->second;
      };
      const std::int32_t left_id = id_of(left), right_id = id_of(right);
      const auto rank = static_cast<std::uint32_t>(result_.merges.size());
      result_.merges.push_back({left_id, right_id, id_of(left + right), rank});
    }
  }

  void read_added_tokens(const Field& tokens) {
    if (tokens.null()) return;
    std::array<bool, 2> starts_with_space{};               // among those looked for in raw and in normalised text
    std::array<std::unordered_set<std::string>, 2> texts;  // of these
    auto next_id = static_cast<std::int32_t>(ids_.size());
    for (const Field& field : tokens.items()) {
      const BpeVocabulary::Added added = read_added_token(field, next_id);
      next_id = std::max(next_id, added.id + 1);
      result_.added.push_back(added);
      const std::vector<NormalizerStep> steps = added.normalized ? result_.normalizer : std::vector<NormalizerStep>();
      const std::string text(NormalText(token_at(added.id).text, steps).text());
      if (text.empty()) field["content"].fail("is normalised to nothing");
      if (!texts[added.normalized].insert(text).second) {
        field["content"].fail("there is an added token with this text already");
      }
      starts_with_space[added.normalized] |= leading_space(text) > 0;
    }
    // The reference lets such tokens overlap; what it returns then repeats text.
    for (std::size_t i = 0; i < result_.added.size(); ++i) {
      if (result_.added[i].strip_right && starts_with_space[result_.added[i].normalized]) {
        tokens.item(i)["rstrip"].fail("not supported beside added tokens that begin with white space");
      }
    }
  }

  BpeVocabulary::Added read_added_token(const Field& field, std::int32_t next_id) {
    field.only_keys({"id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"});
    const std::int32_t id = field["id"].id(id_limit_);
    const std::string content = field["content"].not_empty();
    if (field["single_word"].flag(false)) field["single_word"].unsupported();
    const bool special = field["special"].flag(false);
    // The reference numbers new tokens itself, one after the other, whatever the file says.
    const auto known = ids_.find(content);
    if (known == ids_.end() && id != next_id) {
      field["id"].fail(id, " leaves a gap: the next id for a token that is not in model.vocab is ", next_id);
    }
    BpeVocabulary::Token& token = token_at(id);
    if (token.kind != Kind::kUnused && token.text != content) {
      field["id"].fail(id, " belongs to \"", token.text, "\" already");
    }
    if (known != ids_.end() && known->second != id) {
      field["id"].fail("\"", content, "\" has the id ", known->second, " already");
    }
    ids_.emplace(content, id);
    token.text = content;
    token.kind = special ? Kind::kSpecial : Kind::kAdded;
    return {id, field["normalized"].flag(!special), field["lstrip"].flag(false), field["rstrip"].flag(false)};
  }

  void read_post_processor(const Field& part) {
    const std::string type = part["type"].string();
    if (type == "ByteLevel") return;  // only about offsets
    if (type != "TemplateProcessing") part["type"].unsupported();
    std::vector<std::int32_t> before, after;
    bool text = false;
    for (const Field& item : part["single"].items()) {
      if (const Field sequence = item["Sequence"]; !sequence.null()) {
        if (text || sequence["id"].value() != "A") sequence.unsupported();
        text = true;
        continue;
      }
      item.only_keys({"SpecialToken"});
      const std::string name = item["SpecialToken"]["id"].string();
      const Field ids = part["special_tokens"][name]["ids"];
      for (const Field& field : ids.items()) {
        const std::int32_t id = field.id(static_cast<std::int64_t>(result_.tokens.size()));
        if (token_at(id).kind == Kind::kUnused) field.fail(id, " is no token");
        (text ? after : before).push_back(id);
      }
    }
    if (!text) part["single"].fail("names no sequence A");
    // Each puts its own around what the one before made.
    result_.beginning.insert(result_.beginning.begin(), before.begin(), before.end());
    result_.ending.insert(result_.ending.end(), after.begin(), after.end());
  }

  BpeVocabulary::Token& token_at(std::int32_t id) {
    const auto index = static_cast<std::size_t>(id);
    if (index >= result_.tokens.size()) result_.tokens.resize(index + 1);
    return result_.tokens[index];
  }

  const Field& root_;
  std::int64_t id_limit_ = 0;
  std::unordered_map<std::string, std::int32_t> ids_;
  BpeVocabulary result_;
};

}  // namespace

BpeVocabulary read_tokenizer_json(const std::filesystem::path& file) {
  const json content = read_json_object(file);
  const Field root(file, "", content);
  return Reader(root).read();
}

}  // namespace aacft
