// A request of a program or a browser, and the answer to it, whatever carries them.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aacft/base/error.h"

namespace aacft {

struct HttpRequest {
  std::string method, path;                    // "GET" or "POST"; percent signs are decoded, the query is cut off
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  std::string client;             // who is served fairly: an address
  std::function<bool()> present;  // false once the client went away; may be empty

  const std::string& header(const std::string& name) const;  // "" where there is none
  bool gone() const { return present && !present(); }
};

// A piece of a body that is sent while it is made. False once the client went away.
using HttpWrite = std::function<bool(std::string_view piece)>;

struct HttpResponse {
  int status = 200;
  std::string type = "application/json", body;
  std::vector<std::pair<std::string, std::string>> headers;
  std::function<void(const HttpWrite&)> stream;  // instead of body; throws nothing
};

// A request that is refused; what() says why and what to do.
class HttpError : public Error {
 public:
  // param: the member of the body that is wrong; code: for programs; both may be empty.
  HttpError(int status, const std::string& message, std::string param = "", std::string code = "")
      : Error(message), status_(status), param_(std::move(param)), code_(std::move(code)) {}

  int status() const { return status_; }
  const std::string& param() const { return param_; }
  const std::string& code() const { return code_; }

 private:
  int status_;
  std::string param_, code_;
};

// {"error": {"message", "type", "param", "code"}}, as OpenAI spells it.
std::string error_json(const HttpError& error);
HttpResponse error_response(const HttpError& error);

}  // namespace aacft
