#include "aacft/tokenizer/byte_bpe.h"

#include <algorithm>

#include "aacft/base/error.h"
#include "aacft/base/utf8.h"
#include "aacft/tokenizer/word_pattern.h"
#include "aacft/unicode/characters.h"
#include "aacft/unicode/nfc.h"
#include "bpe_tables.h"

namespace aacft {
namespace {

// A token inside a word.
struct WordToken {
  std::int32_t id;
  std::uint32_t begin, end;
};

// Merges the bytes of words. Holds what one call needs again and again.
class Merger {
 public:
  explicit Merger(const BpeTables& tables) : tables_(tables) {}

  // Valid until the next call.
  std::span<const WordToken> tokens(std::string_view word) {
    // Most words come again; long ones do not.
    if (word.size() > 64) {
      long_word_.clear();
      merge(word, long_word_);
      return long_word_;
    }
    auto found = cache_.find(word);
    if (found == cache_.end()) {
      const std::size_t first = cached_.size();
      merge(word, cached_);
      found = cache_.emplace(word, Range{first, cached_.size() - first}).first;
    }
    return std::span(cached_).subspan(found->second.first, found->second.count);
  }

 private:
  struct Range {
    std::size_t first, count;
  };
  static constexpr std::uint32_t kEnd = ~0u;
  struct Symbol {
    WordToken token;
    std::uint32_t previous, next;  // kEnd at the ends
    bool alive = true;
  };
  // A merge of the symbol at `position` with the one after it, if both are still what they were: then, and
  // only then, they still span the same bytes.
  struct Candidate {
    std::uint32_t rank, position, end;
    std::int32_t id;
    bool operator<(const Candidate& other) const {  // the best is the largest, as heaps want it
      return rank != other.rank ? rank > other.rank : position > other.position;
    }
  };

  void propose(std::uint32_t position) {
    const Symbol& left = symbols_[position];
    if (left.next == kEnd) return;
    const WordToken& right = symbols_[left.next].token;
    const auto merge = tables_.merge_of.find(BpeTables::pair(left.token.id, right.id));
    if (merge == tables_.merge_of.end()) return;
    heap_.push_back({merge->second.rank, position, right.end, merge->second.id});
    std::push_heap(heap_.begin(), heap_.end());
  }

  void merge(std::string_view word, std::vector<WordToken>& out) {
    if (const auto whole = tables_.whole_words.find(word); whole != tables_.whole_words.end()) {
      out.push_back({whole->second, 0, static_cast<std::uint32_t>(word.size())});
      return;
    }
    symbols_.clear();
    heap_.clear();
    for (std::uint32_t i = 0; i < word.size(); ++i) {
      const std::int32_t id = tables_.byte_ids[static_cast<unsigned char>(word[i])];
      if (id < 0) continue;
      const auto position = static_cast<std::uint32_t>(symbols_.size());
      symbols_.push_back({{id, i, i + 1}, position == 0 ? kEnd : position - 1, position + 1});
    }
    if (symbols_.empty()) return;
    symbols_.back().next = kEnd;
    for (std::uint32_t i = 0; i + 1 < symbols_.size(); ++i) propose(i);

    while (!heap_.empty()) {
      const Candidate best = heap_.front();
      std::pop_heap(heap_.begin(), heap_.end());
      heap_.pop_back();
      Symbol& left = symbols_[best.position];
      if (!left.alive || left.next == kEnd || symbols_[left.next].token.end != best.end) continue;
      Symbol& right = symbols_[left.next];
      right.alive = false;
      left.token = {best.id, left.token.begin, best.end};
      left.next = right.next;
      if (left.next != kEnd) symbols_[left.next].previous = best.position;
      propose(best.position);
      if (left.previous != kEnd) propose(left.previous);
    }
    for (std::uint32_t i = 0; i != kEnd; i = symbols_[i].next) out.push_back(symbols_[i].token);
  }

  const BpeTables& tables_;
  std::unordered_map<std::string, Range, StringHash, std::equal_to<>> cache_;
  std::vector<WordToken> cached_, long_word_;
  std::vector<Symbol> symbols_;
  std::vector<Candidate> heap_;
};

// Some text, and where it comes from: its first `added` bytes from nowhere, the others from `begin` on.
struct Piece {
  std::string_view text;
  std::size_t begin = 0, added = 0;

  std::size_t original(std::size_t pos) const { return begin + std::max(pos, added) - added; }
  Piece part(std::size_t pos, std::size_t length) const {
    const std::size_t added_here = added > pos ? std::min(added - pos, length) : 0;
    return {text.substr(pos, length), original(pos), added_here};
  }
};

// Parts text into words, step after step.
class WordSplitter {
 public:
  using Steps = std::span<const BpeTables::WordStep>;
  explicit WordSplitter(Steps steps) : steps_(steps) {}

  // Calls word(Piece) for each; `whole` is not empty, nor is any word.
  template <typename Word>
  void split(const Piece& whole, const Word& word) {
    split(steps_, whole, word);
  }

 private:
  template <typename Word>
  void split(Steps steps, const Piece& piece, const Word& word) {
    using Kind = BpeTables::WordStep::Kind;
    if (steps.empty()) return word(piece);
    const BpeTables::WordStep step = steps.front();
    steps = steps.subspan(1);
    const std::string_view text = piece.text;
    if (step.kind == Kind::kPrefixSpace) {
      if (text[0] == ' ') return split(steps, piece, word);
      return split(steps, {prefixed_.assign(1, ' ').append(text), piece.begin, piece.added + 1}, word);
    }
    for (std::size_t pos = 0; pos < text.size();) {
      const std::string_view rest = text.substr(pos);
      const std::size_t length = step.kind == Kind::kPattern ? word_length(step.pattern, rest)
                                                             : digits_length(step.kind == Kind::kDigits, rest);
      split(steps, piece.part(pos, length), word);
      pos += length;
    }
  }

  // Of the text up to the next digit, or of the digits that it begins with, one or all.
  static std::size_t digits_length(bool one_by_one, std::string_view text) {
    std::size_t end = 0;
    const bool digit = is_numeric(next_code_point(text, end));
    if (digit && one_by_one) return end;
    for (std::size_t next = end; next < text.size(); end = next) {
      if (is_numeric(next_code_point(text, next)) != digit) break;
    }
    return end;
  }

  const Steps steps_;
  std::string prefixed_;  // one step at most adds a prefix
};

}  // namespace

bool AddedTokens::add(std::string_view text, std::int32_t id, bool strip_left, bool strip_right) {
  std::uint32_t node = 0;
  for (const char byte : text) {
    const auto edge = std::uint64_t{node} << 8 | static_cast<unsigned char>(byte);
    const auto [found, is_new] = edges_.try_emplace(edge, static_cast<std::uint32_t>(endings_.size()));
    if (is_new) endings_.emplace_back();
    node = found->second;
  }
  if (endings_[node]) return false;
  endings_[node] = Ending{id, strip_left, strip_right};
  starts_[static_cast<unsigned char>(text[0])] = true;
  return true;
}

std::optional<std::uint32_t> AddedTokens::step(std::uint32_t node, char byte) const {
  const auto found = edges_.find(std::uint64_t{node} << 8 | static_cast<unsigned char>(byte));
  if (found == edges_.end()) return std::nullopt;
  return found->second;
}

std::vector<AddedTokens::Part> AddedTokens::split(std::string_view text) const {
  std::vector<Part> parts;
  std::size_t done = 0;
  for (std::size_t pos = 0; pos < text.size();) {
    const Ending* longest = nullptr;
    std::size_t match_end = pos;
    if (starts_[static_cast<unsigned char>(text[pos])]) {
      std::optional<std::uint32_t> node = 0;
      for (std::size_t i = pos; i < text.size() && (node = step(*node, text[i])); ++i) {
        if (endings_[*node]) longest = &*endings_[*node], match_end = i + 1;
      }
    }
    if (longest == nullptr) {
      ++pos;
      continue;
    }
    std::size_t begin = pos, end = match_end;
    if (longest->strip_left) begin = std::max(done, begin - trailing_space(text.substr(done, begin - done)));
    if (longest->strip_right) end += leading_space(text.substr(end));
    if (done < begin) parts.push_back({done, begin, -1});
    parts.push_back({begin, end, longest->id});
    done = pos = end;
  }
  if (done < text.size()) parts.push_back({done, text.size(), -1});
  return parts;
}

ByteBpe::ByteBpe(const std::filesystem::path& file) : tables_(std::make_unique<BpeTables>(read_tokenizer_json(file))) {}

ByteBpe::~ByteBpe() = default;

std::vector<Token> ByteBpe::encode_with_offsets(std::string_view text) const {
  if (const std::size_t bad = first_invalid_utf8(text); bad != std::string_view::npos) {
    throw Error("the text to tokenize is not valid UTF-8 at byte ", bad);
  }
  const BpeTables& tables = *tables_;
  Merger merger(tables);
  WordSplitter words(tables.word_steps);
  std::vector<Token> tokens;
  for (const AddedTokens::Part& raw : tables.raw_added.split(text)) {
    if (raw.id >= 0) {
      tokens.push_back({raw.id, raw.begin, raw.end});
      continue;
    }
    const Nfc piece(text.substr(raw.begin, raw.end - raw.begin), tables.nfc);
    const auto emit = [&](std::int32_t id, std::size_t begin, std::size_t end) {
      tokens.push_back({id, raw.begin + piece.original_begin(begin), raw.begin + piece.original_end(end)});
    };
    for (const AddedTokens::Part& part : tables.normalized_added.split(piece.text())) {
      if (part.id >= 0) {
        emit(part.id, part.begin, part.end);
        continue;
      }
      const Piece whole{piece.text().substr(part.begin, part.end - part.begin), part.begin};
      words.split(whole, [&](const Piece& word) {
        for (const WordToken& token : merger.tokens(word.text)) {
          emit(token.id, word.original(token.begin), word.original(token.end));
        }
      });
    }
  }
  return tokens;
}

std::string ByteBpe::decode(std::span<const std::int32_t> ids, bool skip_special) const {
  std::string joined;
  for (const std::int32_t id : ids) {
    if (!skip_special || kind(id) != Kind::kSpecial) joined += bytes(id);
  }
  return lossy_utf8(joined);
}

const BpeTables::Entry& BpeTables::entry(std::int32_t id) const {
  static const Entry none;
  return id >= 0 && static_cast<std::size_t>(id) < entries.size() ? entries[static_cast<std::size_t>(id)] : none;
}

std::optional<std::int32_t> ByteBpe::find(std::string_view piece) const {
  const auto found = tables_->ids.find(piece);
  if (found == tables_->ids.end()) return std::nullopt;
  return found->second;
}

std::string ByteBpe::piece(std::int32_t id) const { return tables_->entry(id).piece; }
std::string_view ByteBpe::bytes(std::int32_t id) const { return tables_->entry(id).bytes; }
ByteBpe::Kind ByteBpe::kind(std::int32_t id) const { return tables_->entry(id).kind; }
std::int32_t ByteBpe::size() const { return static_cast<std::int32_t>(tables_->entries.size()); }
const std::vector<std::pair<std::int32_t, std::int32_t>>& ByteBpe::merges() const { return tables_->merges; }

}  // namespace aacft
