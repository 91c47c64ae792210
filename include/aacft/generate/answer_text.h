// The text of an answer while its tokens come.
#pragma once

#include <string>
#include <vector>

#include "aacft/tokenizer/detokenizer.h"

namespace aacft {

// What can be shown of a text that may still grow: everything before the first stop string, or all but an ending that
// may become one. `stopped` tells which.
struct CertainText {
  std::size_t length = 0;
  bool stopped = false;
};
CertainText certain_text(const std::string& text, const std::vector<std::string>& stop);

// Law: the pieces join to the text of all tokens, up to the first stop string.
class AnswerText {
 public:
  // The tokenizer must outlive this.
  AnswerText(const Tokenizer& tokenizer, std::vector<std::string> stop)
      : detokenizer_(tokenizer), stop_(std::move(stop)) {}

  // The piece that is certain now and was not before: whole code points, and nothing that may turn out to begin a stop
  // string. Perhaps none.
  std::string add(std::int32_t id);
  // No token follows: the rest.
  std::string finish();
  bool stopped() const { return stopped_; }  // at a stop string

 private:
  Detokenizer detokenizer_;
  std::vector<std::string> stop_;
  std::string tail_;  // what may become a stop string
  bool stopped_ = false;
};

}  // namespace aacft
