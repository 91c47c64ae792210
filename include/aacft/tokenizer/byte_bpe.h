// Byte-level BPE as a tokenizer.json describes it (GPT-NeoX, GPT-2): the text is cut at the added tokens,
// brought to NFC and split into words, and the bytes of each word are merged in the order of the merges.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aacft/tokenizer/tokenizer.h"

namespace aacft {

struct BpeTables;

class ByteBpe final : public Tokenizer {
 public:
  // Whatever changes ids in the file and is not done here is an Error that names the file and the key.
  explicit ByteBpe(const std::filesystem::path& file);
  ~ByteBpe() override;

  // Offsets are exact to the byte, but for text that NFC changed: there a token covers all from one starter
  // to the next. Memory grows with the text, time too, however long its words are.
  std::vector<Token> encode_with_offsets(std::string_view text) const override;
  std::string decode(std::span<const std::int32_t> ids, bool skip_special = false) const override;
  std::string piece(std::int32_t id) const override;
  std::optional<std::int32_t> find(std::string_view piece) const override;
  std::int32_t size() const override;

  // What exporters write down.
  enum class Kind : std::uint8_t { kUnused, kNormal, kAdded, kSpecial };
  Kind kind(std::int32_t id) const;
  std::string_view bytes(std::int32_t id) const;                             // what the token decodes to
  const std::vector<std::pair<std::int32_t, std::int32_t>>& merges() const;  // pairs of ids, first rank first

 private:
  std::unique_ptr<const BpeTables> tables_;
};

}  // namespace aacft
