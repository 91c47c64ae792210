// Icons in the body of a request.
#pragma once

#include <cstddef>
#include <vector>

#include "aacft/boards/icon.h"
#include "aacft/boards/lexicon.h"
#include "serve/json_body.h"

namespace aacft {

// Those of the member "icons", from 1 to `most`; what they do not tell is the lexicon's, or a NOUN's. HttpError 400
// for what cannot stand in a prompt.
std::vector<Icon> tapped_icons(JsonBody& body, const Lexicon& lexicon, std::size_t most);

nlohmann::json icon_json(const Icon& icon);

}  // namespace aacft
