#include "added_tokens.h"

#include <algorithm>

#include "aacft/unicode/characters.h"

namespace aacft {

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

}  // namespace aacft
