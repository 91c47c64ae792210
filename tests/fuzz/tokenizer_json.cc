// tokenizer.json, and whatever tokenizer it makes.
#include "aacft/tokenizer/tokenizer_json.h"

#include "fuzz/tokenizer_laws.h"

void aacft::fuzz::run(std::string_view input) {
  check_tokenizer(Bpe(read_tokenizer_json(write("tokenizer.json", input))), input.size());
}
