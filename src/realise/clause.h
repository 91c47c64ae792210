// Who does what to whom, found among the words of one sentence.
#pragma once

#include <vector>

#include "realise/syntax.h"

namespace aacft {

// The words of one clause, without dots, phrases and interjections. At least one.
Clause analyse(std::vector<Word> words);

}  // namespace aacft
