// A Jinja template brought to one form, so that what it writes can be looked for.
#pragma once

#include <string>
#include <string_view>

namespace aacft {

constexpr char kTemplateQuote = '\x01';

// Text between tags stands as it is written out (as transformers sets Jinja up: newlines behind block tags and blanks
// before them are cut, "{%-" and "-%}" cut all white space); comments are gone; tags have no white space, and their
// texts are unescaped between two kTemplateQuote, those that + joins in one. A message's "content" and "role" are so
// named however they are got at. A template that ends within a tag ends there.
std::string squeezed_template(std::string_view text);

}  // namespace aacft
