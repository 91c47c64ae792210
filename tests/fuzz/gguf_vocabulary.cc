// The tokenizer inside a GGUF file.
#include "aacft/tokenizer/gguf_vocabulary.h"

#include "fuzz/tokenizer_laws.h"

void aacft::fuzz::run(std::string_view input) {
  const GgufFile file(write("model.gguf", input));
  const GgufVocabulary source = read_gguf_vocabulary(file.metadata());
  const Bpe tokenizer(bpe_vocabulary(source));
  tokenizer_config_json(tokenizer.vocabulary(), source.special, "").dump();
  check_tokenizer(tokenizer, input.size());
}
