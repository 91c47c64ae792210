// Clauses without a verb as text.
#pragma once

#include <string>

#include "realise/syntax.h"

namespace aacft {

// "an apple", "no apple", "there was an apple", "I will", "not".
std::string fragment(const Clause& clause);

}  // namespace aacft
