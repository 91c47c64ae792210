// spiece.model, and whatever tokenizer it makes.
#include <memory>

#include "aacft/tokenizer/tokenizer.h"
#include "fuzz/target.h"

extern "C" aacft::Tokenizer* aacft_open_sentencepiece(const std::filesystem::path& file);

void aacft::fuzz::run(std::string_view input) {
  const std::unique_ptr<Tokenizer> tokenizer(aacft_open_sentencepiece(write("spiece.model", input)));
  for (const std::string_view text :
       {"Hello  world, I'm <s>\n\n 42", "caf\u00e9 e\u0301\u0323 \uff21 \u4e2d\u6587 aaaa"}) {
    std::vector<std::int32_t> ids;
    for (const Token& token : tokenizer->encode_with_offsets(text)) {
      require(token.id >= 0 && token.id < tokenizer->size(), "an id is in the vocabulary");
      require(token.begin <= token.end && token.end <= text.size(), "offsets lie in the text");
      ids.push_back(token.id);
    }
    tokenizer->decode(ids);
  }
  for (std::int32_t id = -1; id < std::min(tokenizer->size() + 1, 5); ++id) {
    tokenizer->decode({&id, 1});
    tokenizer->find(tokenizer->piece(id));
  }
}
