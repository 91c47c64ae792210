#include "token_text.h"

#include "aacft/base/utf8.h"
#include "byte_characters.h"
#include "normal_text.h"

namespace aacft {
namespace {

using Tokens = std::vector<std::string>;

std::string replaced(const std::string& text, const std::string& from, const std::string& to) {
  std::string result;
  std::size_t done = 0;
  for (std::size_t found; (found = text.find(from, done)) != std::string::npos; done = found + from.size()) {
    result.append(text, done, found - done).append(to);
  }
  return result.append(text, done);
}

// Neighbours that spell bytes become their characters. Where these are not UTF-8, each byte becomes U+FFFD.
Tokens with_bytes_joined(const Tokens& tokens) {
  Tokens result;
  std::string bytes;
  const auto flush = [&] {
    if (bytes.empty()) return;
    if (valid_utf8(bytes)) {
      result.push_back(bytes);
    } else {
      result.insert(result.end(), bytes.size(), "\uFFFD");
    }
    bytes.clear();
  };
  for (const std::string& token : tokens) {
    if (const int byte = fallback_byte(token); byte >= 0) {
      bytes += static_cast<char>(byte);
      continue;
    }
    flush();
    result.push_back(token);
  }
  flush();
  return result;
}

void strip(std::string& token, const std::string& character, std::size_t most) {
  std::size_t stripped = 0;
  for (std::size_t count = 0; count < most && token.compare(stripped, character.size(), character) == 0; ++count) {
    stripped += character.size();
  }
  token.erase(0, stripped);
}

std::string joined(const Tokens& tokens) {
  std::string text;
  for (const std::string& token : tokens) text += token;
  return text;
}

}  // namespace

std::string decode_tokens(Tokens tokens, std::span<const DecoderStep> steps) {
  using Kind = DecoderStep::Kind;
  const std::string metaspace(kMetaspace);
  for (const DecoderStep& step : steps) {
    switch (step.kind) {
      case Kind::kBytes: break;
      case Kind::kReplace:
        for (std::string& token : tokens) token = replaced(token, step.from, step.to);
        break;
      case Kind::kByteFallback: tokens = with_bytes_joined(tokens); break;
      case Kind::kFuse: tokens = {joined(tokens)}; break;
      case Kind::kStrip:
        for (std::string& token : tokens) strip(token, step.from, step.count);
        break;
      case Kind::kMetaspace:
        for (std::size_t i = 0; i < tokens.size(); ++i) {
          tokens[i] = replaced(tokens[i], metaspace, step.strip && i == 0 ? "" : " ");
        }
        break;
    }
  }
  return joined(tokens);
}

}  // namespace aacft
