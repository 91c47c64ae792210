#include "special_pieces.h"

#include <utility>

#include "added_tokens.h"

namespace aacft {
namespace {

class WithSpecialPieces final : public Tokenizer {
 public:
  WithSpecialPieces(std::unique_ptr<Tokenizer> inner, const std::vector<std::string>& pieces)
      : inner_(std::move(inner)) {
    for (const std::string& piece : pieces) {
      const auto id = inner_->find(piece);
      if (id && !piece.empty()) special_.add(piece, *id, false, false);
    }
  }

  std::vector<Token> encode_with_offsets(std::string_view text) const override {
    std::vector<Token> tokens;
    for (const AddedTokens::Part& part : special_.split(text)) {
      if (part.id >= 0) {
        tokens.push_back({part.id, part.begin, part.end});
        continue;
      }
      for (const Token& token : inner_->encode_with_offsets(text.substr(part.begin, part.end - part.begin))) {
        tokens.push_back({token.id, part.begin + token.begin, part.begin + token.end});
      }
    }
    return tokens;
  }
  std::string decode(std::span<const std::int32_t> ids, bool skip_special) const override {
    return inner_->decode(ids, skip_special);
  }
  std::string piece(std::int32_t id) const override { return inner_->piece(id); }
  std::optional<std::int32_t> find(std::string_view piece) const override { return inner_->find(piece); }
  std::int32_t size() const override { return inner_->size(); }
  bool keeps_open(std::int32_t id) const override { return inner_->keeps_open(id); }

 private:
  const std::unique_ptr<Tokenizer> inner_;
  AddedTokens special_;
};

}  // namespace

std::unique_ptr<Tokenizer> with_special_pieces(std::unique_ptr<Tokenizer> inner,
                                               const std::vector<std::string>& pieces) {
  const std::optional<std::int32_t> end = inner->end_token();
  auto result = std::make_unique<WithSpecialPieces>(std::move(inner), pieces);
  result->set_end_token(end);
  return result;
}

}  // namespace aacft
