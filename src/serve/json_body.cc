#include "serve/json_body.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "aacft/base/text.h"
#include "aacft/formats/json.h"

namespace aacft {

using nlohmann::json;

namespace {

[[noreturn]] void refuse_member(const std::string& name, const std::string& reason) {
  throw HttpError(400, in_quotes(name) + " " + reason, name, "invalid_value");
}

}  // namespace

JsonBody::JsonBody(const HttpRequest& request) {
  try {
    object_ = parse_json_object(request.body, "the body");
  } catch (const Error& error) {
    throw HttpError(400, error.what(), "", "invalid_json");
  }
}

const json* JsonBody::find(const std::string& name) {
  known_.insert(name);
  const auto member = object_.find(name);
  return member == object_.end() || member->is_null() ? nullptr : &*member;
}

std::optional<std::string> JsonBody::text(const std::string& name, std::size_t most_bytes) {
  const json* value = find(name);
  if (value == nullptr) return {};
  if (!value->is_string()) refuse_member(name, "must be a string");
  const auto& text = value->get_ref<const std::string&>();
  if (text.size() > most_bytes) refuse_member(name, "has more than " + std::to_string(most_bytes) + " bytes");
  return text;
}

std::optional<double> JsonBody::number(const std::string& name, double least, double most) {
  const json* value = find(name);
  if (value == nullptr) return {};
  if (!value->is_number()) refuse_member(name, "must be a number");
  const double number = value->get<double>();
  if (!(number >= least && number <= most)) {
    const auto plain = [](double limit) { return json(limit).dump(); };
    refuse_member(name, "must be from " + plain(least) + " to " + plain(most));
  }
  return number;
}

std::optional<std::int64_t> JsonBody::whole(const std::string& name, std::int64_t least, std::int64_t most) {
  const json* value = find(name);
  if (value == nullptr) return {};
  std::int64_t number = 0;
  bool fits = true;
  if (value->is_number_unsigned()) {
    fits = value->get<std::uint64_t>() <= INT64_MAX;
    number = fits ? value->get<std::int64_t>() : 0;
  } else if (value->is_number_integer()) {
    number = value->get<std::int64_t>();
  } else if (value->is_number_float() && std::abs(value->get<double>()) < 1e15 &&
             std::trunc(value->get<double>()) == value->get<double>()) {
    number = static_cast<std::int64_t>(value->get<double>());
  } else {
    refuse_member(name, "must be a whole number");
  }
  if (!fits || number < least || number > most)
    refuse_member(name, "must be from " + std::to_string(least) + " to " + std::to_string(most));
  return number;
}

bool JsonBody::flag(const std::string& name) {
  const json* value = find(name);
  if (value == nullptr) return false;
  if (!value->is_boolean()) refuse_member(name, "must be true or false");
  return value->get<bool>();
}

std::vector<std::string> JsonBody::texts(const std::string& name, std::size_t most, std::size_t most_bytes) {
  const json* value = find(name);
  if (value == nullptr) return {};
  std::vector<std::string> texts;
  if (value->is_string()) {
    texts.push_back(value->get<std::string>());
  } else if (value->is_array()) {
    for (const json& text : *value) {
      if (!text.is_string()) refuse_member(name, "must be a string or a list of strings");
      texts.push_back(text.get<std::string>());
    }
  } else {
    refuse_member(name, "must be a string or a list of strings");
  }
  if (texts.size() > most) refuse_member(name, "has more than " + std::to_string(most) + " texts");
  for (const std::string& text : texts)
    if (text.size() > most_bytes) refuse_member(name, "has more than " + std::to_string(most_bytes) + " bytes");
  return texts;
}

void JsonBody::ignore(const std::vector<std::string>& names) { known_.insert(names.begin(), names.end()); }

void JsonBody::refuse(const std::string& name, const std::vector<json>& harmless) {
  const json* value = find(name);
  if (value == nullptr || std::find(harmless.begin(), harmless.end(), *value) != harmless.end()) return;
  throw HttpError(400, in_quotes(name) + " is not supported here; leave it out", name, "unsupported_parameter");
}

void JsonBody::refuse_rest() const {
  for (const auto& [name, value] : object_.items())
    if (!known_.contains(name))
      throw HttpError(400, in_quotes(name) + " is not known here; leave it out", name, "unknown_parameter");
}

std::string json_text(const json& json) { return json.dump(-1, ' ', false, json::error_handler_t::replace); }

}  // namespace aacft
