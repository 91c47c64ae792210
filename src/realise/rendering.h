// A clause as text.
#pragma once

#include <string>

#include "realise/syntax.h"

namespace aacft {

// Without capital letter and full stop; "" where nothing is left to say.
std::string text_of(const Clause& clause);

}  // namespace aacft
