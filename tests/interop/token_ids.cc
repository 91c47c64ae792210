// token_ids TOKENIZER: for each JSON string on standard input one line {"ids", "offsets", "decoded"}: the tokens
// without what a post-processor adds, the bytes that they cover, and their text. TOKENIZER is a model folder, or a file
// tokenizer.json or *.model. What tests/interop/tokenizers.py compares.
#include <exception>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "aacft/tokenizer/tokenizer.h"

int main(int argc, char** argv) try {
  if (argc != 2) {
    std::cerr << "usage: token_ids TOKENIZER < STRINGS.jsonl\n";
    return 2;
  }
  const std::filesystem::path path = argv[1];
  const auto tokenizer =
      std::filesystem::is_directory(path) ? aacft::load_tokenizer(path) : aacft::load_tokenizer_file(path);
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
