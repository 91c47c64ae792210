// The one exception for whatever a user, a file or a disk can cause. Its message says what is wrong, where, and
// what to do. It is caught once, in main. Our own bugs are assertions instead.
// It is one line, and fit to be shown: see presentable().
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

#include "aacft/base/text.h"

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
};

class UsageError : public Error {
 public:
  using Error::Error;
  int exit_code() const override { return 2; }
};

}  // namespace aacft
