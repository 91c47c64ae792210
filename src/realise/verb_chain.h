// Several verbs in a row: which leads, and how the others follow it.
#pragma once

#include <vector>

#include "realise/syntax.h"

namespace aacft {

// "eat, want" is "want to eat"; "sleep, be" is "be sleeping"; "eat, drink" stays, with "and". With let's there is no
// progressive.
void order_verbs(std::vector<Group>& groups, bool lets);

}  // namespace aacft
