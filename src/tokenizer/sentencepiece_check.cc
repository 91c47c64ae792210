#include "sentencepiece_check.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <set>
#include <vector>

#include "aacft/base/error.h"
#include "aacft/base/utf8.h"

namespace aacft {
namespace {

[[noreturn]] void damaged(const char* what) {
  throw Error("not a SentencePiece model, or damaged: ", what, "; copy or download it again");
}

std::uint64_t varint(std::string_view& rest) {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 70; shift += 7) {
    if (rest.empty()) break;
    const auto byte = static_cast<unsigned char>(rest[0]);
    rest.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7F) << (shift & 63);
    if (byte < 0x80) return value;
  }
  damaged("a number has no end");
}

std::string_view take(std::string_view& rest, std::uint64_t size) {
  if (size > rest.size()) damaged("a field leaves the file");
  const std::string_view taken = rest.substr(0, size);
  rest.remove_prefix(size);
  return taken;
}

// Protocol buffers: calls field(number, wire type, number or 0, bytes or nothing) for each field of a message.
enum Wire : unsigned { kVarint = 0, k64Bits = 1, kBytes = 2, k32Bits = 5 };
using OnField = std::function<void(std::uint64_t, unsigned, std::uint64_t, std::string_view)>;
void read_message(std::string_view rest, const OnField& field) {
  while (!rest.empty()) {
    const std::uint64_t key = varint(rest);
    const unsigned wire = key & 7;
    std::uint64_t number = 0;
    std::string_view bytes;
    if (wire == kVarint) {
      number = varint(rest);
    } else if (wire == kBytes) {
      bytes = take(rest, varint(rest));
    } else if (wire == k64Bits || wire == k32Bits) {
      bytes = take(rest, wire == k64Bits ? 8 : 4);
    } else {
      damaged("a field has an unknown type");
    }
    field(key >> 3, wire, number, bytes);
  }
}

std::uint32_t word(std::string_view bytes, std::size_t index) {
  std::uint32_t value;
  std::memcpy(&value, bytes.data() + sizeof value * index, sizeof value);
  return value;
}

// A normalizer's table: u32 size of a trie, the trie, then the texts it points to, each with a zero at its end. The
// trie is a double array of darts-clone's: from a base, the byte c leads to the unit at base ^ c if that bears the
// label c; the unit holds the next base, where its value is, if it has one.
class CharacterMap {
 public:
  explicit CharacterMap(std::string_view blob) {
    if (blob.empty()) return;
    if (blob.size() < 4 || word(blob, 0) > blob.size() - 4 || word(blob, 0) % 4 != 0)
      damaged("the size of its normalization table");
    trie_ = blob.substr(4, word(blob, 0));
    texts_ = blob.substr(4 + trie_.size());
    if (texts_.empty() || texts_.back() != '\0') damaged("the texts of its normalization table have no end");
    if (units() == 0) damaged("its normalization table is empty");
    most_values_.assign(units(), kUnknown);
    // The library makes room for so many values on one path.
    if (most_values(offset(word(trie_, 0)), 0) > 32) damaged("its normalization table is too deep");
  }

 private:
  static constexpr int kUnknown = -1, kBusy = -2, kDeepest = 1000;

  std::size_t units() const { return trie_.size() / 4; }
  static std::uint32_t offset(std::uint32_t unit) { return (unit >> 10) << ((unit & 0x200) >> 6); }

  // The largest number of values on a path from here.
  int most_values(std::uint32_t base, int depth) {
    if ((base | 0xFF) >= units()) damaged("its normalization table points outside itself");
    if (most_values_[base] >= 0) return most_values_[base];
    if (most_values_[base] == kBusy || depth > kDeepest) damaged("its normalization table has a loop");
    most_values_[base] = kBusy;
    int most = 0;
    for (std::uint32_t c = 0; c < 256; ++c) {
      const std::uint32_t unit = word(trie_, base ^ c);
      if ((unit & 0x800000FF) != c) continue;
      const std::uint32_t next = base ^ c ^ offset(unit);
      int values = most_values(next, depth + 1);
      if (unit & 0x100) {
        ++values;
        if ((word(trie_, next) & 0x7FFFFFFF) >= texts_.size())
          damaged("its normalization table points outside its texts");
      }
      most = std::max(most, values);
    }
    return most_values_[base] = most;
  }

  std::string_view trie_, texts_;
  std::vector<int> most_values_;  // by base
};

// The most of these that are each the beginning of the next; they come sorted.
std::size_t longest_chain(const std::set<std::string_view>& texts) {
  std::vector<std::string_view> chain;
  std::size_t longest = 0;
  for (const std::string_view text : texts) {
    while (!chain.empty() && !text.starts_with(chain.back())) chain.pop_back();
    chain.push_back(text);
    longest = std::max(longest, chain.size());
  }
  return longest;
}

}  // namespace

void check_sentencepiece_model(std::string_view model) {
  constexpr std::uint64_t kPieces = 1, kNormalizer = 3, kDenormalizer = 5;
  constexpr std::uint64_t kPiece = 1, kScore = 2, kType = 3, kUserDefined = 4, kCharacterMap = 2;
  std::set<std::string_view> user_defined;
  std::size_t pieces = 0;
  read_message(model, [&](std::uint64_t field, unsigned wire, std::uint64_t, std::string_view bytes) {
    if (wire != kBytes) return;
    if (field == kNormalizer || field == kDenormalizer) {
      read_message(bytes, [](std::uint64_t number, unsigned type, std::uint64_t, std::string_view map) {
        if (number == kCharacterMap && type == kBytes) CharacterMap{map};
      });
    }
    if (field != kPieces) return;
    ++pieces;
    std::string_view text;
    bool defined_by_user = false;
    read_message(bytes, [&](std::uint64_t number, unsigned type, std::uint64_t value, std::string_view content) {
      if (number == kPiece && type == kBytes) text = content;
      if (number == kType && type == kVarint && value == kUserDefined) defined_by_user = true;
      if (number == kScore && type == k32Bits) {
        float score;
        std::memcpy(&score, content.data(), sizeof score);
        if (!std::isfinite(score)) damaged("a piece's score is not finite");
      }
    });
    if (text.empty() || !valid_utf8(text) || text.find('\0') != text.npos) damaged("a piece is not text");
    if (defined_by_user) user_defined.insert(text);
  });
  if (pieces == 0) damaged("it has no pieces");
  // The library makes room for 64 that begin at one place.
  if (longest_chain(user_defined) > 64) damaged("its user-defined symbols begin with each other");
}

}  // namespace aacft
