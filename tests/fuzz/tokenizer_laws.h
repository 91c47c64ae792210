// What holds for a tokenizer whatever file it was made of.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "aacft/tokenizer/bpe.h"
#include "aacft/tokenizer/detokenizer.h"
#include "aacft/tokenizer/tokenizer_json.h"
#include "fuzz/target.h"

namespace aacft::fuzz {

inline std::vector<std::int32_t> checked_ids(const Bpe& tokenizer, std::string_view text) {
  std::size_t begin = 0;
  std::vector<std::int32_t> ids;
  for (const Token& token : tokenizer.encode_with_offsets(text)) {
    require(token.id >= 0 && token.id < tokenizer.size(), "an id is in the vocabulary");
    require(begin <= token.begin && token.begin <= token.end && token.end <= text.size(),
            "offsets never go back or leave the text");
    begin = token.begin;
    ids.push_back(token.id);
  }
  return ids;
}

inline void check_tokenizer(const Bpe& tokenizer, std::size_t bytes) {
  require(static_cast<std::size_t>(tokenizer.size()) <= 70'000 + bytes,
          "a vocabulary is no larger than the file explains");
  bool shared_ranks = false;
  for (std::size_t i = 1; i < tokenizer.vocabulary().merges.size(); ++i)
    shared_ranks |= tokenizer.vocabulary().merges[i].rank == tokenizer.vocabulary().merges[i - 1].rank;
  const Bpe again(read_tokenizer_json(write("again.json", tokenizer_json(tokenizer.vocabulary()).dump())));
  require(again.beginning() == tokenizer.beginning() && again.ending() == tokenizer.ending(),
          "read back, the same goes around a text");
  for (const std::string_view text :
       {"Hello  world, I'm <|endoftext|>\n\n 42", "caf\u00e9 e\u0301\u0323 \u4e2d\u6587 aaaa abab"}) {
    const std::vector<std::int32_t> ids = checked_ids(tokenizer, text);
    require(shared_ranks || again.encode(text) == ids, "read back, the ids are the same");
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

}  // namespace aacft::fuzz
