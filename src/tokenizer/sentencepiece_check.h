// The sentencepiece library trusts its models: a damaged one makes it read wild memory. So the bytes are checked first.
#pragma once

#include <string_view>

namespace aacft {

// What the library takes on trust in a serialized model (sentencepiece_model.proto): that fields lie in the file,
// pieces are text with finite scores, and the tables of the normalizers point into themselves. Error says what is
// wrong. What the library checks itself, it is left to.
void check_sentencepiece_model(std::string_view model);

}  // namespace aacft
