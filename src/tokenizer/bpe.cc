#include "aacft/tokenizer/bpe.h"

#include <algorithm>
#include <utility>

#include "aacft/base/error.h"
#include "aacft/base/utf8.h"
#include "bpe_tables.h"
#include "byte_characters.h"
#include "merger.h"
#include "normal_text.h"
#include "token_text.h"
#include "word_splitter.h"

namespace aacft {
namespace {

// One call of encode.
class Encoding {
 public:
  Encoding(const BpeVocabulary& vocabulary, const BpeTables& tables)
      : vocabulary_(vocabulary), tables_(tables), merger_(vocabulary, tables), words_(vocabulary.pre_tokenizer) {}

  std::vector<Token> tokens(std::string_view text) {
    for (const AddedTokens::Part& raw : tables_.raw_added.split(text)) {
      if (raw.id >= 0) {
        tokens_.push_back({raw.id, raw.begin, raw.end});
        continue;
      }
      NormalText normal(text.substr(raw.begin, raw.end - raw.begin), vocabulary_.normalizer);
      const auto emit = [&](std::int32_t id, std::size_t begin, std::size_t end) {
        tokens_.push_back({id, raw.begin + normal.original_begin(begin), raw.begin + normal.original_end(end)});
      };
      for (const AddedTokens::Part& part : tables_.normalized_added.split(normal.text())) {
        if (part.id >= 0) {
          emit(part.id, part.begin, part.end);
        } else {
          const bool at_beginning = raw.begin + normal.original_begin(part.begin) == 0;
          encode(normal.text().substr(part.begin, part.end - part.begin), part.begin, at_beginning, emit);
        }
      }
    }
    return std::move(tokens_);
  }

 private:
  // `text`, which begins at `begin` of the normalised text.
  template <typename Emit>
  void encode(std::string_view text, std::size_t begin, bool at_beginning, const Emit& emit) {
    using Kind = PreTokenizerStep::Kind;
    if (vocabulary_.byte_level()) {
      words_.split({text, begin}, [&](const Piece& word) {
        for (const WordToken& token : merger_.tokens(word.text)) {
          emit(token.id, word.original_begin(token.begin), word.original_end(token.end));
        }
      });
    } else if (!vocabulary_.pre_tokenizer.empty() && vocabulary_.pre_tokenizer[0].kind == Kind::kMetaspace) {
      const PreTokenizerStep& step = vocabulary_.pre_tokenizer[0];
      NormalText spaced(text, {});
      spaced.replace(" ", kMetaspace);
      const bool prefix = step.prefix == PreTokenizerStep::Prefix::kAlways ||
                          (step.prefix == PreTokenizerStep::Prefix::kFirst && at_beginning);
      if (prefix && !spaced.text().starts_with(kMetaspace)) spaced.prepend(kMetaspace);
      encode_characters(spaced.text(), step.split, [&](std::int32_t id, std::size_t from, std::size_t to) {
        emit(id, begin + spaced.original_begin(from), begin + spaced.original_end(to));
      });
    } else {
      words_.split({text, begin}, [&](const Piece& word) {
        encode_characters(word.text, false, [&](std::int32_t id, std::size_t from, std::size_t to) {
          emit(id, word.original_begin(from), word.original_end(to));
        });
      });
    }
  }

  // A word, or with `split` several, each of which may be a token as a whole.
  template <typename Emit>
  void encode_characters(std::string_view text, bool split, const Emit& emit) {
    const auto merge = [&](std::size_t begin, std::size_t end) {
      for (const WordToken& token : merger_.tokens(text.substr(begin, end - begin))) {
        emit(token.id, begin + token.begin, begin + token.end);
      }
    };
    const auto encode_word = [&](std::size_t begin, std::size_t end) {
      const std::string_view word = text.substr(begin, end - begin);
      if (const auto whole = tables_.whole_words.find(word); whole != tables_.whole_words.end()) {
        emit(whole->second, begin, end);
      } else if (tables_.cut_at_metaspace) {
        split_at_metaspace(word, false, [&](std::size_t from, std::size_t to) { merge(begin + from, begin + to); });
      } else {
        merge(begin, end);
      }
    };
    if (split) {
      split_at_metaspace(text, true, encode_word);
    } else {
      encode_word(0, text.size());
    }
  }

  const BpeVocabulary& vocabulary_;
  const BpeTables& tables_;
  Merger merger_;
  WordSplitter words_;
  std::vector<Token> tokens_;
};

}  // namespace

Bpe::Bpe(BpeVocabulary vocabulary)
    : vocabulary_(std::move(vocabulary)), tables_(std::make_unique<BpeTables>(vocabulary_)) {
  surround(vocabulary_.beginning, vocabulary_.ending);
}

Bpe::~Bpe() = default;

std::vector<Token> Bpe::encode_with_offsets(std::string_view text) const {
  if (const std::size_t bad = first_invalid_utf8(text); bad != std::string_view::npos) {
    throw Error("the text to tokenize is not valid UTF-8 at byte ", bad);
  }
  return Encoding(vocabulary_, *tables_).tokens(text);
}

std::string Bpe::decode(std::span<const std::int32_t> ids, bool skip_special) const {
  const auto shown = [&](std::int32_t id) {
    const BpeVocabulary::Kind kind = this->kind(id);
    return kind != BpeVocabulary::Kind::kUnused && !(skip_special && kind == BpeVocabulary::Kind::kSpecial);
  };
  if (vocabulary_.byte_level()) {
    std::string joined;
    for (const std::int32_t id : ids) {
      if (shown(id)) joined += bytes(id);
    }
    return lossy_utf8(joined);
  }
  std::vector<std::string> tokens;
  for (const std::int32_t id : ids) {
    if (shown(id)) tokens.push_back(piece(id));
  }
  return decode_tokens(std::move(tokens), vocabulary_.decoder);
}

std::optional<std::int32_t> Bpe::find(std::string_view piece) const {
  const auto found = tables_->ids.find(piece);
  if (found == tables_->ids.end()) return std::nullopt;
  return found->second;
}

std::string Bpe::piece(std::int32_t id) const {
  return kind(id) == Kind::kUnused ? std::string() : vocabulary_.tokens[static_cast<std::size_t>(id)].text;
}

bool Bpe::keeps_open(std::int32_t id) const {
  const auto joins_bytes = [](const DecoderStep& step) { return step.kind == DecoderStep::Kind::kByteFallback; };
  if (std::none_of(vocabulary_.decoder.begin(), vocabulary_.decoder.end(), joins_bytes)) return false;
  const Kind kind = this->kind(id);
  return kind == Kind::kUnused || kind == Kind::kSpecial ||
         fallback_byte(vocabulary_.tokens[static_cast<std::size_t>(id)].text) >= 0;
}

std::string_view Bpe::bytes(std::int32_t id) const {
  if (kind(id) == Kind::kUnused) return {};
  const auto index = static_cast<std::size_t>(id);
  return vocabulary_.byte_level() ? tables_->bytes[index] : vocabulary_.tokens[index].text;
}

Bpe::Kind Bpe::kind(std::int32_t id) const {
  return id >= 0 && id < size() ? vocabulary_.tokens[static_cast<std::size_t>(id)].kind : Kind::kUnused;
}

std::int32_t Bpe::size() const { return static_cast<std::int32_t>(vocabulary_.tokens.size()); }

}  // namespace aacft
