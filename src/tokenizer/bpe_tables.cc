#include "bpe_tables.h"

#include <bit>

#include "aacft/base/utf8.h"
#include "byte_characters.h"
#include "normal_text.h"

namespace aacft {

MergeTable::MergeTable(const std::vector<BpeVocabulary::Merge>& merges)
    : slots_(std::bit_ceil(2 * merges.size() + 2)), mask_(slots_.size() - 1) {
  for (const BpeVocabulary::Merge& merge : merges) {
    const std::uint64_t pair = key(merge.left, merge.right);
    std::size_t slot = start(pair) & mask_;
    while (slots_[slot].pair != kNone && slots_[slot].pair != pair) slot = (slot + 1) & mask_;
    slots_[slot] = {pair, merge.rank, merge.result};  // of a pair that is there twice the last counts
  }
}

BpeTables::BpeTables(const BpeVocabulary& vocabulary) : merges(vocabulary.merges) {
  ids.reserve(vocabulary.tokens.size());
  for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    const BpeVocabulary::Token& token = vocabulary.tokens[id];
    if (token.kind != BpeVocabulary::Kind::kUnused) ids.emplace(token.text, static_cast<std::int32_t>(id));
  }
  byte_ids.fill(-1);
  ascii_ids_.fill(-1);
  if (vocabulary.byte_level()) {
    read_byte_level(vocabulary);
  } else {
    read_characters(vocabulary);
  }
  for (const BpeVocabulary::Added& added : vocabulary.added) {
    AddedTokens& tokens = added.normalized ? normalized_added : raw_added;
    const std::string& text = vocabulary.tokens[static_cast<std::size_t>(added.id)].text;
    const NormalText normal(text, added.normalized ? vocabulary.normalizer : std::vector<NormalizerStep>());
    tokens.add(normal.text(), added.id, added.strip_left, added.strip_right);
  }
}

void BpeTables::read_byte_level(const BpeVocabulary& vocabulary) {
  bytes.reserve(vocabulary.tokens.size());
  for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    const BpeVocabulary::Token& token = vocabulary.tokens[id];
    const std::optional<std::string> spelt = token.in_model ? spelt_bytes(token.text) : std::nullopt;
    bytes.push_back(spelt.value_or(token.text));  // added tokens stand for themselves
    if (!spelt) continue;
    if (spelt->size() == 1) byte_ids[static_cast<unsigned char>(spelt->front())] = static_cast<std::int32_t>(id);
    if (vocabulary.ignore_merges) whole_words.emplace(bytes.back(), static_cast<std::int32_t>(id));
  }
}

void BpeTables::read_characters(const BpeVocabulary& vocabulary) {
  for (std::size_t index = 0; index < vocabulary.tokens.size(); ++index) {
    const BpeVocabulary::Token& token = vocabulary.tokens[index];
    if (!token.in_model || token.text.empty()) continue;
    const auto id = static_cast<std::int32_t>(index);
    if (const int byte = fallback_byte(token.text); vocabulary.byte_fallback && byte >= 0) {
      byte_ids[static_cast<std::size_t>(byte)] = id;
    }
    if (vocabulary.ignore_merges) whole_words.emplace(token.text, id);
    std::size_t end = 0;
    const char32_t c = next_code_point(token.text, end);
    if (end < token.text.size()) continue;
    if (c < ascii_ids_.size()) {
      ascii_ids_[c] = id;
    } else {
      character_ids_.emplace(c, id);
    }
  }
  const auto text = [&](std::int32_t id) {
    return std::string_view(vocabulary.tokens[static_cast<std::size_t>(id)].text);
  };
  cut_at_metaspace = ids.contains(kMetaspace);
  for (const BpeVocabulary::Merge& merge : vocabulary.merges) {
    if (text(merge.right).starts_with(kMetaspace) && !text(merge.left).ends_with(kMetaspace)) cut_at_metaspace = false;
  }
}

}  // namespace aacft
