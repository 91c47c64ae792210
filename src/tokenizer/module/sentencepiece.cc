// The one file that is compiled against the sentencepiece library; see aacft/tokenizer/sentencepiece.h.
#include <sentencepiece_processor.h>

#include <memory>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/base/utf8.h"
#include "aacft/tokenizer/tokenizer.h"
#include "tokenizer/sentencepiece_check.h"

namespace aacft {
namespace {

class SentencePiece final : public Tokenizer {
 public:
  explicit SentencePiece(const std::filesystem::path& file);

  std::vector<Token> encode_with_offsets(std::string_view text) const override;
  std::string decode(std::span<const std::int32_t> ids, bool skip_special = false) const override;
  std::string piece(std::int32_t id) const override;
  std::optional<std::int32_t> find(std::string_view piece) const override;
  std::int32_t size() const override;

 private:
  std::unique_ptr<sentencepiece::SentencePieceProcessor> processor_;
};

SentencePiece::SentencePiece(const std::filesystem::path& file)
    : processor_(std::make_unique<sentencepiece::SentencePieceProcessor>()) {
  const std::string model = read_file(file);
  refuse_git_lfs_pointer(model, file.string());
  try {
    check_sentencepiece_model(model);
    // From memory: loading by name would print to stderr where the file is bad.
    const auto status = processor_->LoadFromSerializedProto(model);
    if (!status.ok()) throw Error("not a SentencePiece model: ", status.message());
  } catch (const std::exception& error) {  // the library's own tries throw, too
    throw Error(file.string(), ": ", error.what());
  }
}

std::vector<Token> SentencePiece::encode_with_offsets(std::string_view text) const {
  if (const std::size_t bad = first_invalid_utf8(text); bad != std::string_view::npos) {
    throw Error("the text to tokenize is not valid UTF-8 at byte ", bad);
  }
  sentencepiece::ImmutableSentencePieceText encoded;
  const auto status = processor_->Encode(text, encoded.mutable_proto());
  if (!status.ok()) throw Error("SentencePiece cannot encode the text: ", status.message());
  std::vector<Token> tokens;
  tokens.reserve(encoded.pieces_size());
  for (const auto& piece : encoded.pieces()) {
    tokens.push_back({static_cast<std::int32_t>(piece.id()), piece.begin(), piece.end()});
  }
  return tokens;
}

std::string SentencePiece::decode(std::span<const std::int32_t> ids, bool) const {
  std::vector<int> known;
  for (const std::int32_t id : ids) {
    if (id >= 0 && id < size()) known.push_back(id);
  }
  std::string text;
  const auto status = processor_->Decode(known, &text);
  if (!status.ok()) throw Error("SentencePiece cannot decode the ids: ", status.message());
  return text;
}

std::string SentencePiece::piece(std::int32_t id) const {
  return id >= 0 && id < size() ? processor_->IdToPiece(id) : std::string();
}

std::optional<std::int32_t> SentencePiece::find(std::string_view piece) const {
  // The library answers with the unknown token's id where there is no such piece.
  const int id = processor_->PieceToId(piece);
  if (id < 0 || id >= size() || processor_->IdToPiece(id) != piece) return std::nullopt;
  return id;
}

std::int32_t SentencePiece::size() const { return processor_->GetPieceSize(); }

}  // namespace
}  // namespace aacft

extern "C" aacft::Tokenizer* aacft_open_sentencepiece(const std::filesystem::path& file) {
  return new aacft::SentencePiece(file);
}
