// What follows a verb: objects, qualities, places.
#pragma once

#include <string>

#include "realise/syntax.h"

namespace aacft {

// In their order; runs of noun phrases are listed.
void add_complements(std::string& text, const Clause& clause, const Group& group);

std::string prepositional(const Item& item);  // "in the park", "next to it"

}  // namespace aacft
