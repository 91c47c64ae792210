// The tokenizer inside a GGUF file, to be read and to be written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "aacft/formats/gguf.h"
#include "aacft/formats/gguf_writer.h"
#include "aacft/tokenizer/bpe.h"
#include "aacft/tokenizer/bpe_vocabulary.h"
#include "aacft/tokenizer/tokenizer.h"
#include "aacft/tokenizer/tokenizer_json.h"

namespace aacft {

// What the keys "tokenizer.ggml.*" hold, as it stands there.
struct GgufVocabulary {
  enum Type : std::int32_t { kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kUnused = 5, kByte = 6 };

  std::string where;  // begins the messages of errors
  std::string model;  // "gpt2": bytes and merges; "llama": characters and scores, as SentencePiece has them
  std::string pre;    // of gpt2: how words are parted
  std::vector<std::string> tokens;
  std::vector<float> scores;             // one a token; of llama
  std::vector<std::int32_t> token_type;  // one a token, or none: all are normal
  std::vector<std::string> merges;       // "left right"; of gpt2
  SpecialTokens special;
  std::optional<bool> add_bos, add_eos, add_space_prefix;

  bool operator==(const GgufVocabulary&) const = default;
};

// Special tokens that are not named, or beyond the vocabulary, are left out; of model llama they are 1 (bos), 2 (eos)
// and 0 (unknown), as for llama.cpp.
GgufVocabulary read_gguf_vocabulary(const GgufMetadata& metadata);

// Of model gpt2 with pre gpt-2, olmo, smollm, llama-bpe or qwen2, and of model llama; others are an Error that names
// them. Where llama.cpp and the model's own tokenizer differ, it is the latter: olmo and qwen2 normalise to NFC.
// Where the file is silent, llama.cpp's defaults hold: a BOS is added for model llama and for pre llama-bpe, and
// model llama puts a space before what follows a special token. Its merges are those that the scores imply: the
// neighbours whose joint token has the highest score come first, the leftmost among equals.
BpeVocabulary bpe_vocabulary(const GgufVocabulary& vocabulary);

// The other way round, for a model whose embedding has `rows` rows: tokens that are missing become [PAD7]. Every key is
// filled as llama.cpp's converter does it; tokens that look special to it (<|...|>) are control tokens, whatever the
// tokenizer says. Law: bpe_vocabulary() of it makes a tokenizer with the same ids. Scores, which a tokenizer.json does
// not have, are those that imply its merges. Error, which begins with `where`, for what GGUF has no place for: another
// way of parting words, merges that no scores imply, special tokens at a text's ends that are not its BOS and EOS.
GgufVocabulary gguf_vocabulary(const Bpe& tokenizer, const SpecialTokens& special, std::size_t rows,
                               const std::string& where);

// All of its keys, and the chat template unless it is empty.
void add_gguf_vocabulary(const GgufVocabulary& vocabulary, const std::string& chat_template, GgufKeys& keys);

std::unique_ptr<Tokenizer> load_gguf_tokenizer(const GgufFile& file);

// tokenizer.json and tokenizer_config.json into a model folder, for the same ids.
void write_gguf_tokenizer(const GgufFile& file, const fs::path& folder);

}  // namespace aacft
