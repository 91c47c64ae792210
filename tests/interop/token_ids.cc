// token_ids FILE.gguf --write FOLDER: its tokenizer as tokenizer.json and tokenizer_config.json.
// token_ids TOKENIZER: for each JSON string on standard input one line {"ids", "offsets", "decoded"}: the tokens
// without what a post-processor adds, the bytes that they cover, and their text. TOKENIZER is a model folder, or a file
// tokenizer.json or *.model. What tests/interop/tokenizers.py compares.
#include <exception>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "aacft/formats/gguf.h"
#include "aacft/tokenizer/gguf_vocabulary.h"
#include "aacft/tokenizer/tokenizer.h"

int main(int argc, char** argv) try {
  if (argc == 4 && argv[2] == std::string("--write")) {
    std::filesystem::create_directories(argv[3]);
    aacft::write_gguf_tokenizer(aacft::GgufFile(argv[1]), argv[3]);
    return 0;
  }
  if (argc != 2) {
    std::cerr << "usage: token_ids TOKENIZER < STRINGS.jsonl\n       token_ids FILE.gguf --write FOLDER\n";
    return 2;
  }
  const auto tokenizer = aacft::load_tokenizer(argv[1]);
  std::ios::sync_with_stdio(false);
  for (std::string line; std::getline(std::cin, line);) {
    const auto text = nlohmann::json::parse(line).get<std::string>();
    std::vector<std::int32_t> ids;
    std::vector<std::pair<std::size_t, std::size_t>> offsets;
    for (const aacft::Token& token : tokenizer->encode_with_offsets(text)) {
      ids.push_back(token.id);
      offsets.emplace_back(token.begin, token.end);
    }
    const nlohmann::json answer = {{"ids", ids}, {"offsets", offsets}, {"decoded", tokenizer->decode(ids)}};
    std::cout << answer.dump() << '\n';
  }
  return 0;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
