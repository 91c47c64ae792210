// Where a conversation takes place: a terminal, a pipe, or a test's script.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace aacft {

class Console {
 public:
  virtual ~Console() = default;

  // The next line that the person writes, without its end; nothing where no more come.
  virtual std::optional<std::string> read_line(const std::string& prompt) = 0;
  // What was said: the answers, piece by piece.
  virtual void write(std::string_view text) = 0;
  // What is to be known besides, a line or several, without the last one's end.
  virtual void note(std::string_view text) = 0;
  // Asked between tokens. True once for each time that the person wants an answer to stop.
  virtual bool interrupted() = 0;
};

}  // namespace aacft
