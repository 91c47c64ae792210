// SentencePiece models (rinna's GPT-NeoX): the sentencepiece library behind the Tokenizer interface.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aacft/tokenizer/tokenizer.h"

namespace sentencepiece {
class SentencePieceProcessor;
}

namespace aacft {

// Normalises more than NFC does, white space above all, so decode(encode(text)) is that normalised text.
// Control symbols such as </s> always decode to nothing.
class SentencePiece final : public Tokenizer {
 public:
  explicit SentencePiece(const std::filesystem::path& file);
  ~SentencePiece() override;

  std::vector<Token> encode_with_offsets(std::string_view text) const override;
  std::string decode(std::span<const std::int32_t> ids, bool skip_special = false) const override;
  std::string piece(std::int32_t id) const override;
  std::optional<std::int32_t> find(std::string_view piece) const override;
  std::int32_t size() const override;

 private:
  std::unique_ptr<sentencepiece::SentencePieceProcessor> processor_;
};

}  // namespace aacft
