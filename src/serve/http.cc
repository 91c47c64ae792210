#include "aacft/serve/http.h"

#include <nlohmann/json.hpp>

namespace aacft {
namespace {

using nlohmann::json;

const char* type_of(int status) {
  switch (status) {
    case 401: return "authentication_error";
    case 403: return "permission_error";
    case 404: return "not_found_error";
    case 429: return "rate_limit_error";
    default: return status < 500 ? "invalid_request_error" : "server_error";
  }
}

}  // namespace

const std::string& HttpRequest::header(const std::string& name) const {
  static const std::string none;
  const auto found = headers.find(name);
  return found == headers.end() ? none : found->second;
}

std::string error_json(const HttpError& error) {
  const auto text = [](const std::string& value) { return value.empty() ? json() : json(value); };
  return json{{"error",
               {{"message", error.what()},
                {"type", type_of(error.status())},
                {"param", text(error.param())},
                {"code", text(error.code())}}}}
      .dump();
}

HttpResponse error_response(const HttpError& error) {
  HttpResponse response{.status = error.status(), .body = error_json(error)};
  if (error.status() == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (error.status() == 429 || error.status() == 503) response.headers.emplace_back("Retry-After", "5");
  return response;
}

}  // namespace aacft
