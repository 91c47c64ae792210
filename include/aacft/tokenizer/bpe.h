// BPE: the text is cut at the added tokens, normalised and parted into words, and the bytes of each word (GPT-2 and its
// heirs), or its characters (Llama 2), are merged in the order of the merges.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aacft/tokenizer/bpe_vocabulary.h"
#include "aacft/tokenizer/tokenizer.h"

namespace aacft {

class BpeTables;

class Bpe final : public Tokenizer {
 public:
  // The vocabulary must be as its comments say: its readers check what files hold.
  explicit Bpe(BpeVocabulary vocabulary);
  ~Bpe() override;

  // Offsets are exact to the byte, but for text that normalising changed: there a token covers all that the change
  // covers, with NFC from one starter to the next. What is put before a text covers the character after it. Memory
  // grows with the text, time too (by n log n where the text is one word).
  std::vector<Token> encode_with_offsets(std::string_view text) const override;
  std::string decode(std::span<const std::int32_t> ids, bool skip_special = false) const override;
  std::string piece(std::int32_t id) const override;
  std::optional<std::int32_t> find(std::string_view piece) const override;
  std::int32_t size() const override;
  bool keeps_open(std::int32_t id) const override;

  using Kind = BpeVocabulary::Kind;
  const BpeVocabulary& vocabulary() const { return vocabulary_; }
  Kind kind(std::int32_t id) const;               // kUnused for ids beyond
  std::string_view bytes(std::int32_t id) const;  // what the token stands for, before any decoder but that of bytes

 private:
  const BpeVocabulary vocabulary_;
  const std::unique_ptr<const BpeTables> tables_;
};

}  // namespace aacft
