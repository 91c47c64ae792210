// Writes tokenizer.json. The names are those of the tokenizers library.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "aacft/tokenizer/tokenizer_json.h"
#include "normal_text.h"

namespace aacft {
namespace {

using json = nlohmann::ordered_json;
using Prefix = PreTokenizerStep::Prefix;

json replace_json(const std::string& from, const std::string& to) {
  return {{"type", "Replace"}, {"pattern", {{"String", from}}}, {"content", to}};
}

json byte_level_json(bool prefix, bool words) {
  return {{"type", "ByteLevel"}, {"add_prefix_space", prefix}, {"trim_offsets", true}, {"use_regex", words}};
}

json metaspace_json(Prefix prefix, bool split) {
  const char* scheme = prefix == Prefix::kAlways ? "always" : prefix == Prefix::kFirst ? "first" : "never";
  return {{"type", "Metaspace"}, {"replacement", kMetaspace}, {"prepend_scheme", scheme}, {"split", split}};
}

json normalizer_json(const NormalizerStep& step) {
  switch (step.kind) {
    case NormalizerStep::Kind::kNfc: return {{"type", "NFC"}};
    case NormalizerStep::Kind::kNfkc: return {{"type", "NFKC"}};
    case NormalizerStep::Kind::kPrepend: return {{"type", "Prepend"}, {"prepend", step.to}};
    case NormalizerStep::Kind::kReplace: break;
  }
  return replace_json(step.from, step.to);
}

json pre_tokenizer_json(const PreTokenizerStep& step) {
  switch (step.kind) {
    case PreTokenizerStep::Kind::kDigits: return {{"type", "Digits"}, {"individual_digits", step.individual}};
    case PreTokenizerStep::Kind::kBytes: return byte_level_json(step.prefix != Prefix::kNever, step.split);
    case PreTokenizerStep::Kind::kMetaspace: return metaspace_json(step.prefix, step.split);
    case PreTokenizerStep::Kind::kSplit: break;
  }
  return {{"type", "Split"},
          {"pattern", {{"Regex", regular_expression(step.pattern)}}},
          {"behavior", "Isolated"},
          {"invert", false}};
}

json decoder_json(const DecoderStep& step) {
  switch (step.kind) {
    case DecoderStep::Kind::kBytes: return byte_level_json(true, true);
    case DecoderStep::Kind::kByteFallback: return {{"type", "ByteFallback"}};
    case DecoderStep::Kind::kFuse: return {{"type", "Fuse"}};
    case DecoderStep::Kind::kStrip:
      return {{"type", "Strip"}, {"content", step.from}, {"start", step.count}, {"stop", 0}};
    case DecoderStep::Kind::kMetaspace: return metaspace_json(step.strip ? Prefix::kAlways : Prefix::kNever, true);
    case DecoderStep::Kind::kReplace: break;
  }
  return replace_json(step.from, step.to);
}

// null, the one step, or all as a sequence.
template <typename Step>
json steps_json(const std::vector<Step>& steps, json (*one)(const Step&), const char* list_key) {
  if (steps.empty()) return nullptr;
  if (steps.size() == 1) return one(steps[0]);
  json list = json::array();
  for (const Step& step : steps) list.push_back(one(step));
  return {{"type", "Sequence"}, {list_key, list}};
}

const std::string& text_of(const BpeVocabulary& vocabulary, std::int32_t id) {
  return vocabulary.tokens[static_cast<std::size_t>(id)].text;
}

json added_json(const BpeVocabulary& vocabulary) {
  json list = json::array();
  std::vector<BpeVocabulary::Added> by_id = vocabulary.added;
  std::sort(by_id.begin(), by_id.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  for (const BpeVocabulary::Added& added : by_id) {
    const BpeVocabulary::Token& token = vocabulary.tokens[static_cast<std::size_t>(added.id)];
    list.push_back({{"id", added.id},
                    {"content", token.text},
                    {"single_word", false},
                    {"lstrip", added.strip_left},
                    {"rstrip", added.strip_right},
                    {"normalized", added.normalized},
                    {"special", token.kind == BpeVocabulary::Kind::kSpecial}});
  }
  return list;
}

json post_processor_json(const BpeVocabulary& vocabulary) {
  if (vocabulary.beginning.empty() && vocabulary.ending.empty()) return nullptr;
  json special = json::object();
  const auto around = [&](json& list, const std::vector<std::int32_t>& ids, int type) {
    for (const std::int32_t id : ids) {
      const std::string& text = text_of(vocabulary, id);
      list.push_back({{"SpecialToken", {{"id", text}, {"type_id", type}}}});
      special[text] = {{"id", text}, {"ids", {id}}, {"tokens", {text}}};
    }
  };
  const auto sequence = [&](json& list, const char* name, int type) {
    around(list, vocabulary.beginning, type);
    list.push_back({{"Sequence", {{"id", name}, {"type_id", type}}}});
    around(list, vocabulary.ending, type);
  };
  json single = json::array(), pair = json::array();
  sequence(single, "A", 0);
  sequence(pair, "A", 0);
  sequence(pair, "B", 1);
  return {{"type", "TemplateProcessing"}, {"single", single}, {"pair", pair}, {"special_tokens", special}};
}

json model_json(const BpeVocabulary& vocabulary) {
  json tokens = json::object(), merges = json::array();
  auto& members =
      tokens.get_ref<json::object_t&>();  // added at the end: the object's own way looks through all of them
  for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    if (vocabulary.tokens[id].in_model) members.emplace_back(vocabulary.tokens[id].text, id);
  }
  // Versions before 0.20 read only merges in one string, which is as good as long as no token has a space.
  const auto has_space = [&](std::int32_t id) { return text_of(vocabulary, id).find(' ') != std::string::npos; };
  const bool pairs = std::any_of(vocabulary.merges.begin(), vocabulary.merges.end(),
                                 [&](const auto& merge) { return has_space(merge.left) || has_space(merge.right); });
  for (const BpeVocabulary::Merge& merge : vocabulary.merges) {
    const std::string &left = text_of(vocabulary, merge.left), &right = text_of(vocabulary, merge.right);
    merges.push_back(pairs ? json({left, right}) : json(left + " " + right));
  }
  return {{"type", "BPE"},
          {"dropout", nullptr},
          {"unk_token", vocabulary.unknown ? json(text_of(vocabulary, *vocabulary.unknown)) : json()},
          {"continuing_subword_prefix", nullptr},
          {"end_of_word_suffix", nullptr},
          {"fuse_unk", vocabulary.fuse_unknown},
          {"byte_fallback", vocabulary.byte_fallback},
          {"ignore_merges", vocabulary.ignore_merges},
          {"vocab", std::move(tokens)},
          {"merges", std::move(merges)}};
}

}  // namespace

json tokenizer_json(const BpeVocabulary& vocabulary) {
  return {{"version", "1.0"},
          {"truncation", nullptr},
          {"padding", nullptr},
          {"added_tokens", added_json(vocabulary)},
          {"normalizer", steps_json(vocabulary.normalizer, normalizer_json, "normalizers")},
          {"pre_tokenizer", steps_json(vocabulary.pre_tokenizer, pre_tokenizer_json, "pretokenizers")},
          {"post_processor", post_processor_json(vocabulary)},
          {"decoder", steps_json(vocabulary.decoder, decoder_json, "decoders")},
          {"model", model_json(vocabulary)}};
}

json tokenizer_config_json(const BpeVocabulary& vocabulary, const SpecialTokens& special,
                           const std::string& chat_template) {
  json config = json::object();
  const auto name = [&](const char* key, const std::optional<std::int32_t>& id) {
    if (id) config[key] = text_of(vocabulary, *id);
  };
  name("bos_token", special.bos);
  if (!chat_template.empty()) config["chat_template"] = chat_template;
  config["clean_up_tokenization_spaces"] = false;
  name("eos_token", special.eos);
  name("pad_token", special.padding);
  config["tokenizer_class"] = "PreTrainedTokenizerFast";
  name("unk_token", special.unknown);
  return config;
}

}  // namespace aacft
