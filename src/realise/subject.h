// Who does it.
#pragma once

#include "realise/syntax.h"

namespace aacft {

// Takes the subject, if one is named, and the topic before it, from the items of a clause whose question word is taken.
void take_subject(Items& items, Clause& clause);

}  // namespace aacft
