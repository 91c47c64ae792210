#include "added_tokens.h"

#include <algorithm>

#include "aacft/unicode/characters.h"

namespace aacft {

bool AddedTokens::add(std::string_view text, std::int32_t id, bool strip_left, bool strip_right) {
  starts_[static_cast<unsigned char>(text[0])] = true;
  return tokens_.try_emplace(std::string(text), Ending{id, strip_left, strip_right}).second;
}

// The token before `text` in order shares more of its beginning with it than any earlier one does. If that is not all
// of the token, a token that `text` begins with is no longer than what they share.
AddedTokens::Tokens::const_iterator AddedTokens::longest_at(std::string_view text) const {
  while (!text.empty()) {
    auto token = tokens_.upper_bound(text);
    if (token == tokens_.begin()) break;
    --token;
    const std::string& name = token->first;
    const auto shared = std::mismatch(name.begin(), name.end(), text.begin(), text.end()).first - name.begin();
    if (static_cast<std::size_t>(shared) == name.size()) return token;
    text = text.substr(0, static_cast<std::size_t>(shared));
  }
  return tokens_.end();
}

std::vector<AddedTokens::Part> AddedTokens::split(std::string_view text) const {
  std::vector<Part> parts;
  std::size_t done = 0;
  for (std::size_t pos = 0; pos < text.size();) {
    const auto token = starts_[static_cast<unsigned char>(text[pos])] ? longest_at(text.substr(pos)) : tokens_.end();
    if (token == tokens_.end()) {
      ++pos;
      continue;
    }
    const Ending& found = token->second;
    std::size_t begin = pos, end = pos + token->first.size();
    if (found.strip_left) begin = std::max(done, begin - trailing_space(text.substr(done, begin - done)));
    if (found.strip_right) end += leading_space(text.substr(end));
    if (done < begin) parts.push_back({done, begin, -1});
    parts.push_back({begin, end, found.id});
    done = pos = end;
  }
  if (done < text.size()) parts.push_back({done, text.size(), -1});
  return parts;
}

}  // namespace aacft
