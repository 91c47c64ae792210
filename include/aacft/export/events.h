// What is heard of a model while it is written: by merge() and by export_model().
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "aacft/base/warn.h"

namespace aacft {

struct WriteEvents {
  std::function<void(std::size_t done, std::size_t total, const std::string& tensor)> progress;
  std::function<void()> written;  // the output is whole; the check follows
  Warn warning;
};

}  // namespace aacft
