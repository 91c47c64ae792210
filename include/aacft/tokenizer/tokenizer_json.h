// tokenizer.json, the file of the tokenizers library, and the tokenizer_config.json that transformers wants beside it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "aacft/tokenizer/bpe_vocabulary.h"
#include "aacft/tokenizer/tokenizer.h"

namespace aacft {

// Whatever changes ids in the file and is not done here is an Error that names the file and the key. Truncation and
// padding are left to whoever makes batches.
BpeVocabulary read_tokenizer_json(const std::filesystem::path& file);

// The file that read_tokenizer_json reads back, and from which the library makes the same ids. One difference: among
// merges of the same rank, which only scores bring about, the one that stands first wins, not the leftmost in the text.
nlohmann::ordered_json tokenizer_json(const BpeVocabulary& vocabulary);

// Tokens with a role; none where a model has no such token.
struct SpecialTokens {
  std::optional<std::int32_t> bos, eos, unknown, padding;

  bool operator==(const SpecialTokens&) const = default;
};

// Those that a model folder names: by their texts in tokenizer_config.json, else by their ids in config.json.
SpecialTokens read_special_tokens(const std::filesystem::path& folder, const Tokenizer& tokenizer);

// Names the special tokens, and the chat template unless it is empty.
nlohmann::ordered_json tokenizer_config_json(const BpeVocabulary& vocabulary, const SpecialTokens& special,
                                             const std::string& chat_template);

}  // namespace aacft
