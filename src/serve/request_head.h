// What an HTTP request begins with, read more strictly than the protocol allows: what two readers could read in two
// ways is refused, not guessed.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace aacft {

struct RequestHead {
  std::string method, path;                    // percent signs are decoded, the query is cut off
  std::map<std::string, std::string> headers;  // names in lower case; of those that are lists, the first
  std::size_t body_bytes = 0;
};

// From a text that ends with the empty line. HttpError for what is malformed, for another version than HTTP/1.1, for
// Transfer-Encoding and Content-Encoding, for two headers of a name that may come once, for a POST without
// Content-Length, and for a body above most_body or one that is no POST's.
RequestHead parse_request_head(std::string_view head, std::size_t most_body);

}  // namespace aacft
