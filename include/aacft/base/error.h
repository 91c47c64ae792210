// The one exception for whatever a user, a file or a disk can cause. Its message says what is wrong, where, and
// what to do. It is caught once, in main. Our own bugs are assertions instead.
//
// Messages quote what strangers wrote: control characters become '?', lest they reach a terminal, and the middle of a
// message of more than 4000 bytes is left out.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

namespace aacft {

class Error : public std::runtime_error {
 public:
  // Error("cannot open ", path, ": ", reason): the parts are streamed one after the other.
  template <typename... Parts>
  explicit Error(const Parts&... parts) : std::runtime_error(join(parts...)) {}

  // The process's exit code: 2 where the command line or a configuration is wrong, else 1.
  virtual int exit_code() const { return 1; }

 private:
  template <typename... Parts>
  static std::string join(const Parts&... parts) {
    std::ostringstream out;
    (out << ... << parts);
    return presentable(out.str());
  }
  static std::string presentable(std::string message) {
    constexpr std::size_t kMost = 4000;
    if (message.size() > kMost) message.replace(kMost / 2, message.size() - kMost, " ... ");
    for (char& c : message)
      if ((static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7F) c = '?';
    return message;
  }
};

class UsageError : public Error {
 public:
  using Error::Error;
  int exit_code() const override { return 2; }
};

}  // namespace aacft
