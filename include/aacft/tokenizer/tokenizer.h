// Text to token ids and back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace aacft {

// A token and the bytes of the original text that it covers: [begin, end). Normalisation may make neighbours share
// bytes; offsets never go backwards.
struct Token {
  std::int32_t id = 0;
  std::size_t begin = 0, end = 0;
};

// Immutable once loaded; safe to use from several threads.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  // What goes around a text is not added: see beginning() and ending(). Text that is not valid UTF-8 is an Error.
  virtual std::vector<Token> encode_with_offsets(std::string_view text) const = 0;
  std::vector<std::int32_t> encode(std::string_view text) const;

  // Bytes that are not UTF-8 become U+FFFD. Ids without a token (padding of the embedding) decode to nothing.
  // With skip_special, special tokens such as <|endoftext|> do too.
  // Law 9: decode(encode(text)) == text for valid UTF-8 in NFC, for byte-level tokenizers.
  virtual std::string decode(std::span<const std::int32_t> ids, bool skip_special = false) const = 0;

  // The token as its vocabulary spells it ("Ġhello"); "" for an id without one.
  virtual std::string piece(std::int32_t id) const = 0;
  virtual std::optional<std::int32_t> find(std::string_view piece) const = 0;

  // One past the largest id.
  virtual std::int32_t size() const = 0;

  // Whether the text of a token depends on those after it, where decode() skips special ones: true for one byte of
  // those that become text together, <0x0A>, and for tokens that say nothing and so may stand among them.
  virtual bool keeps_open(std::int32_t) const { return false; }

  // The tokens that this tokenizer puts before every text (Llama's <s>; mostly none) and behind it (hardly ever any):
  // those of tokenizer.json's post-processor. Where tokenizer_config.json names a Llama class, its add_bos_token and
  // add_eos_token count instead, as they do for transformers 4 (version 5 lets a tokenizer.json win over them), and
  // with a SentencePiece model alone the first is true unless it says otherwise.
  const std::vector<std::int32_t>& beginning() const { return beginning_; }
  const std::vector<std::int32_t>& ending() const { return ending_; }
  void surround(std::vector<std::int32_t> beginning, std::vector<std::int32_t> ending);  // before others share it

  // Its end-of-text token, where tokenizer_config.json or the GGUF file names one: what a training row ends with.
  std::optional<std::int32_t> end_token() const { return end_token_; }
  void set_end_token(std::optional<std::int32_t> id) { end_token_ = id; }  // before others share it

 private:
  std::vector<std::int32_t> beginning_, ending_;
  std::optional<std::int32_t> end_token_;
};

// The ids with the tokenizer's beginning before them, unless they have it already.
std::vector<std::int32_t> with_beginning(const Tokenizer& tokenizer, std::vector<std::int32_t> ids);

// From a model folder: tokenizer.json (BPE), else spiece.model or tokenizer.model (SentencePiece). An Error that lists
// what was looked for where there is none. Or from the one file that a model is, or has its tokenizer in.
std::unique_ptr<Tokenizer> load_tokenizer(const std::filesystem::path& folder);

// From one file of any kind, chosen by its name's ending: ".json", ".model" or ".gguf".
std::unique_ptr<Tokenizer> load_tokenizer_file(const std::filesystem::path& file);

// Files that belong to a tokenizer and are copied with a model, those that exist: tokenizer.json,
// tokenizer_config.json, special_tokens_map.json, vocab.json, merges.txt, spiece.model, tokenizer.model,
// added_tokens.json, chat_template.jinja.
std::vector<std::filesystem::path> tokenizer_files(const std::filesystem::path& folder);
// Of a GGUF file: tokenizer.json and tokenizer_config.json, made of what is in it.
void copy_tokenizer(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace aacft
