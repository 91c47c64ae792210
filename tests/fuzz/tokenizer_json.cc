// tokenizer.json, and whatever tokenizer it makes.
#include "aacft/tokenizer/tokenizer_json.h"

#include "aacft/tokenizer/bpe.h"
#include "aacft/tokenizer/detokenizer.h"
#include "fuzz/target.h"

void aacft::fuzz::run(std::string_view input) {
  const Bpe tokenizer(read_tokenizer_json(write("tokenizer.json", input)));
  require(static_cast<std::size_t>(tokenizer.size()) <= 70'000 + input.size(),
          "a vocabulary is no larger than the file explains");
  for (const std::string_view text :
       {"Hello  world, I'm <|endoftext|>\n\n 42", "caf\u00e9 e\u0301\u0323 \u4e2d\u6587 aaaa abab"}) {
    std::size_t begin = 0;
    std::vector<std::int32_t> ids;
    for (const Token& token : tokenizer.encode_with_offsets(text)) {
      require(token.id >= 0 && token.id < tokenizer.size(), "an id is in the vocabulary");
      require(begin <= token.begin && token.begin <= token.end && token.end <= text.size(),
              "offsets never go back or leave the text");
      begin = token.begin;
      ids.push_back(token.id);
    }
    tokenizer.decode(ids);
    Detokenizer detokenizer(tokenizer);
    std::string streamed;
    for (const std::int32_t id : ids) streamed += detokenizer.add(id);
    require(streamed + detokenizer.finish() == tokenizer.decode(ids, true), "token by token the text is the same");
  }
  for (const std::int32_t id : {-1, 0, tokenizer.size() - 1, tokenizer.size()})
    if (const std::string piece = tokenizer.piece(id); !piece.empty())
      require(tokenizer.find(piece).has_value(), "a piece is found");
}
