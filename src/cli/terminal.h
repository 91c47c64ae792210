// Standard input, output and error.
#pragma once

#include <string>

namespace aacft::cli {

// How warnings look; to be called once, before the first.
void set_up_warnings();
void warn(const std::string& message);  // on standard error

// All of standard input; says on a terminal that it is waiting.
std::string standard_input();

// Error where standard output did not take all that was printed: a full disk shows here at the latest.
void flush_output();

}  // namespace aacft::cli
