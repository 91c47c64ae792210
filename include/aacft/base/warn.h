// Who is told of things that are odd but no reason to stop. May be empty.
#pragma once

#include <functional>
#include <string>

namespace aacft {

using Warn = std::function<void(const std::string&)>;

}  // namespace aacft
