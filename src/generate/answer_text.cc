#include "aacft/generate/answer_text.h"

#include <algorithm>

namespace aacft {

CertainText certain_text(const std::string& text, const std::vector<std::string>& stop) {
  std::size_t first = std::string::npos;
  for (const std::string& s : stop)
    if (!s.empty()) first = std::min(first, text.find(s));
  if (first != std::string::npos) return {first, true};
  std::size_t length = text.size();
  for (const std::string& s : stop)
    for (std::size_t n = std::min(s.size(), text.size()); n > 0; --n)
      if (text.ends_with(std::string_view(s).substr(0, n))) {
        length = std::min(length, text.size() - n);
        break;
      }
  return {length, false};
}

std::string AnswerText::add(std::int32_t id) {
  if (stopped_) return "";
  tail_ += detokenizer_.add(id);
  const CertainText certain = certain_text(tail_, stop_);
  stopped_ = certain.stopped;
  std::string piece = tail_.substr(0, certain.length);
  tail_.erase(0, certain.length);
  return piece;
}

std::string AnswerText::finish() { return stopped_ ? "" : tail_ + detokenizer_.finish(); }

}  // namespace aacft
