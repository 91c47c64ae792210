#include "aacft/tokenizer/tokenizer.h"

#include <algorithm>
#include <utility>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/tokenizer/bpe.h"
#include "aacft/tokenizer/gguf_vocabulary.h"
#include "aacft/tokenizer/sentencepiece.h"
#include "aacft/tokenizer/tokenizer_json.h"
#include "tokenizer_config.h"

namespace aacft {

namespace fs = std::filesystem;

std::vector<std::int32_t> Tokenizer::encode(std::string_view text) const {
  const std::vector<Token> tokens = encode_with_offsets(text);
  std::vector<std::int32_t> ids;
  ids.reserve(tokens.size());
  for (const Token& token : tokens) ids.push_back(token.id);
  return ids;
}

void Tokenizer::surround(std::vector<std::int32_t> beginning, std::vector<std::int32_t> ending) {
  beginning_ = std::move(beginning);
  ending_ = std::move(ending);
}

std::vector<std::int32_t> with_beginning(const Tokenizer& tokenizer, std::vector<std::int32_t> ids) {
  const std::vector<std::int32_t>& beginning = tokenizer.beginning();
  if (ids.size() < beginning.size() || !std::equal(beginning.begin(), beginning.end(), ids.begin())) {
    ids.insert(ids.begin(), beginning.begin(), beginning.end());
  }
  return ids;
}

std::unique_ptr<Tokenizer> load_tokenizer(const fs::path& folder) {
  if (fs::is_regular_file(folder)) return load_tokenizer_file(folder);
  for (const char* name : {"tokenizer.json", "spiece.model", "tokenizer.model"}) {
    if (!fs::exists(folder / name)) continue;
    return configured(folder / name, load_tokenizer_file(folder / name));
  }
  throw Error(folder.string(), ": no tokenizer: looked for tokenizer.json, spiece.model, tokenizer.model; ",
              "copy it from the folder that the model came from");
}

std::unique_ptr<Tokenizer> load_tokenizer_file(const fs::path& file) {
  if (file.extension() == ".json") return std::make_unique<Bpe>(read_tokenizer_json(file));
  if (file.extension() == ".model") return open_sentencepiece(file);
  if (file.extension() == ".gguf") return load_gguf_tokenizer(GgufFile(file));
  throw Error(file.string(),
              ": a tokenizer file's name ends in .json (tokenizer.json), .model (SentencePiece) or .gguf");
}

std::vector<fs::path> tokenizer_files(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const char* name :
       {"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.json", "merges.txt",
        "spiece.model", "tokenizer.model", "added_tokens.json", "chat_template.jinja"}) {
    if (fs::exists(folder / name)) files.push_back(folder / name);
  }
  return files;
}

void copy_tokenizer(const fs::path& from, const fs::path& to) {
  if (from.extension() == ".gguf" && fs::is_regular_file(from)) return write_gguf_tokenizer(GgufFile(from), to);
  for (const fs::path& file : tokenizer_files(from)) write_file_atomic(to / file.filename(), read_file(file));
}

}  // namespace aacft
