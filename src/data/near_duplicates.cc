#include "aacft/data/near_duplicates.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <optional>
#include <unordered_map>

#include "aacft/base/utf8.h"
#include "aacft/unicode/characters.h"

namespace aacft {
namespace {

using Bag = std::vector<std::uint32_t>;  // ids of (word, how often it has occurred before), rarest first

constexpr std::size_t kStepsPerRow = 2'000, kStepsAnyway = 10'000'000;

bool is_apostrophe(char32_t c) { return c == U'\'' || c == U'\u2019'; }

// Ids by rarity: the rarest word has the lowest.
std::vector<Bag> ranked_bags(const std::vector<std::vector<std::string>>& rows) {
  std::unordered_map<std::string, std::uint32_t> ids;
  std::vector<std::size_t> uses;
  std::vector<Bag> bags;
  for (const auto& words : rows) {
    std::unordered_map<std::string_view, int> seen;
    Bag bag;
    for (const std::string& word : words) {
      const int before = seen[word]++;
      const auto [at, is_new] = ids.try_emplace(before == 0 ? word : word + "\n" + std::to_string(before),
                                                static_cast<std::uint32_t>(ids.size()));
      if (is_new) uses.push_back(0);
      ++uses[at->second];
      bag.push_back(at->second);
    }
    bags.push_back(std::move(bag));
  }
  std::vector<std::uint32_t> order(uses.size()), rank(uses.size());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return uses[a] < uses[b]; });
  for (std::uint32_t i = 0; i < order.size(); ++i) rank[order[i]] = i;
  for (Bag& bag : bags) {
    for (std::uint32_t& id : bag) id = rank[id];
    std::sort(bag.begin(), bag.end());
  }
  return bags;
}

std::uint64_t hash_of(const Bag& bag) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const std::uint32_t id : bag) hash = (hash ^ id) * 0x100000001b3u;
  return hash;
}

class Search {
 public:
  Search(const std::vector<Bag>& bags, double threshold)
      : bags_(bags), threshold_(threshold), steps_left_(kStepsPerRow * bags.size() + kStepsAnyway) {}

  NearDuplicates run() {
    NearDuplicates result;
    for (std::size_t row = 0; row < bags_.size(); ++row) {
      if (bags_[row].empty()) continue;
      if (const auto match = first_like(row)) {
        if (steps_left_ == 0) break;
        result.matches.push_back(*match);
      }
      if (steps_left_ == 0) break;
      result.searched = row + 1;
    }
    if (steps_left_ > 0) result.searched = bags_.size();
    return result;
  }

 private:
  const std::vector<Bag>& bags_;
  const double threshold_;
  std::size_t steps_left_;
  std::unordered_multimap<std::uint64_t, std::size_t> same_;               // first rows of each bag, by its hash
  std::unordered_map<std::uint32_t, std::vector<std::size_t>> rows_with_;  // by a word of the prefix; ascending

  // Words that two bags must share where the larger has `size`: the union is no smaller than that.
  std::size_t needed(std::size_t size) const {
    return static_cast<std::size_t>(std::ceil(threshold_ * static_cast<double>(size) - 1e-9));
  }

  bool step() {
    if (steps_left_ > 0) --steps_left_;
    return steps_left_ > 0;
  }

  // The similarity where it reaches the threshold.
  std::optional<double> similarity(const Bag& a, const Bag& b) {
    const std::size_t larger = std::max(a.size(), b.size()), smaller = std::min(a.size(), b.size());
    const std::size_t need = needed(larger);
    if (smaller < need) return {};
    std::size_t shared = 0, i = 0, j = 0;
    while (i < a.size() && j < b.size() && step()) {
      if (shared + std::min(a.size() - i, b.size() - j) < need) return {};
      if (a[i] == b[j]) {
        ++shared, ++i, ++j;
      } else {
        ++(a[i] < b[j] ? i : j);
      }
    }
    const double value = static_cast<double>(shared) / static_cast<double>(a.size() + b.size() - shared);
    if (value < threshold_ - 1e-9) return {};
    return value;
  }

  // Also enters the row, where it is the first of its bag, for those to come.
  std::optional<NearMatch> first_like(std::size_t row) {
    const Bag& bag = bags_[row];
    const std::uint64_t hash = hash_of(bag);
    NearMatch best{row, row, 0};
    bool is_new = true;
    for (auto [at, end] = same_.equal_range(hash); at != end && step(); ++at)
      if (bags_[at->second] == bag) best.earlier = at->second, best.similarity = 1, is_new = false;
    const std::size_t prefix = bag.size() - std::max<std::size_t>(needed(bag.size()), 1) + 1;
    for (std::size_t i = 0; i < prefix && i < bag.size(); ++i) {
      if (i > 0 && bag[i] == bag[i - 1]) continue;
      auto& rows = rows_with_[bag[i]];
      for (const std::size_t other : rows) {
        if (other >= best.earlier || !step()) break;
        if (const auto value = similarity(bag, bags_[other])) {
          best.earlier = other, best.similarity = *value;
          break;
        }
      }
      if (is_new) rows.push_back(row);
    }
    if (is_new) same_.emplace(hash, row);
    if (best.earlier == row) return {};
    return best;
  }
};

}  // namespace

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  bool apostrophe = false;  // one stands behind the word so far
  const auto end_word = [&] {
    if (!word.empty()) words.push_back(std::move(word));
    word.clear();
    apostrophe = false;
  };
  for (std::size_t at = 0; at < text.size();) {
    const char32_t c = next_code_point(text, at);
    const CharClass kind = char_class(c);
    if (kind == CharClass::kLetter || kind == CharClass::kNumber) {
      append_utf8(word, lower_case(c));
      apostrophe = false;
    } else if (is_apostrophe(c) && !word.empty() && !apostrophe) {
      apostrophe = true;
    } else {
      end_word();
    }
  }
  end_word();
  return words;
}

NearDuplicates near_duplicates(const std::vector<std::vector<std::string>>& rows, double threshold) {
  const std::vector<Bag> bags = ranked_bags(rows);
  return Search(bags, threshold).run();
}

}  // namespace aacft
