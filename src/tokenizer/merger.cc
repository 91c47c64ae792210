#include "merger.h"

#include <algorithm>
#include <functional>

#include "aacft/base/utf8.h"

namespace aacft {
namespace {

constexpr std::size_t kLongestKept = 64;     // most words come again; long ones do not
constexpr std::size_t kMostKept = 1u << 20;  // tokens, and bytes / 16

}  // namespace

std::size_t WordCache::slot_of(std::string_view word, std::size_t hash) const {
  std::size_t index = hash & (slots_.size() - 1);
  while (true) {
    const Slot& slot = slots_[index];
    if (slot.size == 0) return index;
    if (slot.hash == hash && std::string_view(words_).substr(slot.word, slot.size) == word) return index;
    index = (index + 1) & (slots_.size() - 1);
  }
}

const std::span<const WordToken>* WordCache::find(std::string_view word, std::size_t hash) {
  const Slot& slot = slots_[slot_of(word, hash)];
  if (slot.size == 0) return nullptr;
  found_ = std::span(tokens_).subspan(slot.first, slot.count);
  return &found_;
}

std::span<const WordToken> WordCache::insert(std::string_view word, std::size_t hash,
                                             std::span<const WordToken> tokens) {
  make_room();
  Slot& slot = slots_[slot_of(word, hash)];
  slot = {hash, static_cast<std::uint32_t>(words_.size()), static_cast<std::uint32_t>(word.size()),
          static_cast<std::uint32_t>(tokens_.size()), static_cast<std::uint32_t>(tokens.size())};
  ++used_;
  words_.append(word);
  tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
  return std::span(tokens_).subspan(slot.first, slot.count);
}

void WordCache::make_room() {
  if (tokens_.size() > kMostKept || words_.size() > 16 * kMostKept) *this = WordCache();
  if (2 * used_ < slots_.size()) return;
  std::vector<Slot> old = std::move(slots_);
  slots_.assign(2 * old.size(), Slot());
  for (const Slot& slot : old) {
    if (slot.size > 0) slots_[slot_of(std::string_view(words_).substr(slot.word, slot.size), slot.hash)] = slot;
  }
}

std::span<const WordToken> Merger::tokens(std::string_view word) {
  if (word.size() > kLongestKept) {
    merge(word);
    return merged_;
  }
  const std::size_t hash = std::hash<std::string_view>{}(word);
  if (const auto* known = cache_.find(word, hash)) return *known;
  merge(word);
  return cache_.insert(word, hash, merged_);
}

void Merger::add_symbol(std::int32_t id, std::size_t begin, std::size_t end) {
  const auto position = static_cast<std::uint32_t>(symbols_.size());
  symbols_.push_back({{id, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)},
                      position == 0 ? kEnd : position - 1,
                      position + 1});
}

void Merger::start_with_bytes(std::string_view word) {
  for (std::size_t i = 0; i < word.size(); ++i) {
    const std::int32_t id = tables_.byte_ids[static_cast<unsigned char>(word[i])];
    if (id >= 0) add_symbol(id, i, i + 1);
  }
}

void Merger::start_with_characters(std::string_view word) {
  bool after_unknown = false;
  for (std::size_t begin = 0, end = 0; begin < word.size(); begin = end) {
    const std::int32_t id = tables_.character_id(next_code_point(word, end));
    const auto byte_id = [&](std::size_t i) { return tables_.byte_ids[static_cast<unsigned char>(word[i])]; };
    bool unknown = false;
    if (id >= 0) {
      add_symbol(id, begin, end);
    } else if (vocabulary_.byte_fallback && byte_id(begin) >= 0) {  // then all bytes have tokens
      for (std::size_t i = begin; i < end; ++i) add_symbol(byte_id(i), i, i + 1);
    } else if (vocabulary_.unknown) {
      unknown = true;
      if (after_unknown && vocabulary_.fuse_unknown) {
        symbols_.back().token.end = static_cast<std::uint32_t>(end);
      } else {
        add_symbol(*vocabulary_.unknown, begin, end);
      }
    }
    after_unknown = unknown;
  }
}

void Merger::propose(std::uint32_t position) {
  const Symbol& left = symbols_[position];
  if (left.next == kEnd) return;
  const WordToken& right = symbols_[left.next].token;
  const MergeTable::Merge* merge = tables_.merges.find(left.token.id, right.id);
  if (merge == nullptr) return;
  heap_.push_back({merge->rank, position, right.end, merge->result});
  std::push_heap(heap_.begin(), heap_.end());
}

void Merger::merge(std::string_view word) {
  merged_.clear();
  symbols_.clear();
  heap_.clear();
  if (byte_level_) {
    if (const auto whole = tables_.whole_words.find(word); whole != tables_.whole_words.end()) {
      merged_.push_back({whole->second, 0, static_cast<std::uint32_t>(word.size())});
      return;
    }
    start_with_bytes(word);
  } else {
    start_with_characters(word);
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
  for (std::uint32_t i = 0; i != kEnd; i = symbols_[i].next) merged_.push_back(symbols_[i].token);
}

}  // namespace aacft
