// Does a sentence say what was tapped?
#pragma once

#include <string_view>
#include <vector>

#include "aacft/boards/icon.h"

namespace aacft {

// For every icon, whether the sentence uses it. Case does not count.
// Words: the word itself or an inflected form of it occurs ("go": went, gone, going; "be": 'm, is; "I": me, my; "dog":
// dogs); a phrase's words occur in its order, perhaps with others between them; of "this / that" one is enough; "no" is
// said by any negation. Grammar by its effect: NEGATED a negation, QUESTION a question mark, DOT a mark that ends a
// sentence, TENSE_FUTURE will, 'll or going to, TENSE_PAST a past form of a tapped verb or of an auxiliary, or any word
// in -ed.
std::vector<bool> icons_used(const std::vector<Icon>& icons, std::string_view sentence);

}  // namespace aacft
