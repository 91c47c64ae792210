// The body of a request, member by member.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "aacft/serve/http.h"

namespace aacft {

// Every function is an HttpError 400 that names the member where it is of another kind or out of range. null is as if
// the member were not there.
class JsonBody {
 public:
  explicit JsonBody(const HttpRequest& request);
  explicit JsonBody(nlohmann::json object) : object_(std::move(object)) {}

  const nlohmann::json* find(const std::string& name);  // nullptr: not there

  std::optional<std::string> text(const std::string& name, std::size_t most_bytes);
  std::optional<std::int64_t> whole(const std::string& name, std::int64_t least, std::int64_t most);
  std::optional<double> number(const std::string& name, double least, double most);
  bool flag(const std::string& name);  // false where it is not there
  std::vector<std::string> texts(const std::string& name, std::size_t most, std::size_t most_bytes);  // or one text

  void ignore(const std::vector<std::string>& names);
  // 400 for any other value than null and `harmless`, which change nothing.
  void refuse(const std::string& name, const std::vector<nlohmann::json>& harmless = {});
  // Of members that nobody asked for.
  void refuse_rest() const;

 private:
  nlohmann::json object_;
  std::set<std::string> known_;
};

std::string json_text(const nlohmann::json& json);  // on one line; what is no UTF-8 becomes U+FFFD

}  // namespace aacft
