// How models part texts into words, by the names that llama.cpp has for it ("tokenizer.ggml.pre").
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "aacft/tokenizer/bpe_vocabulary.h"

namespace aacft {

struct GgufPre {
  std::string_view name;
  bool nfc, digits;                  // texts are normalised to NFC; digits stand alone
  std::optional<WordPattern> split;  // none: the words of GPT-2
  bool ignore_merges;
};

inline constexpr GgufPre kGgufPres[] = {
    {"gpt-2", false, false, {}, false}, {"llama-bpe", false, false, WordPattern::kLlama3, true},
    {"olmo", true, false, {}, false},   {"qwen2", true, false, WordPattern::kQwen2, false},
    {"smollm", false, true, {}, false},
};

inline std::vector<NormalizerStep> normalizer_of(const GgufPre& pre) {
  return pre.nfc ? std::vector<NormalizerStep>{{NormalizerStep::Kind::kNfc, "", ""}} : std::vector<NormalizerStep>{};
}

inline std::vector<PreTokenizerStep> pre_tokenizer_of(const GgufPre& pre) {
  std::vector<PreTokenizerStep> steps;
  if (pre.digits) steps.push_back({PreTokenizerStep::Kind::kDigits, {}, /*individual=*/true});
  PreTokenizerStep bytes{PreTokenizerStep::Kind::kBytes};
  if (pre.split) steps.push_back({PreTokenizerStep::Kind::kSplit, *pre.split});
  bytes.split = !pre.split;
  steps.push_back(bytes);
  return steps;
}

}  // namespace aacft
