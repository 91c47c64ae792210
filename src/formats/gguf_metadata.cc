#include <charconv>
#include <limits>
#include <utility>

#include "aacft/base/error.h"
#include "aacft/base/text.h"
#include "aacft/base/utf8.h"
#include "aacft/formats/gguf.h"
#include "bytes.h"
#include "gguf_types.h"

namespace aacft {
namespace {

bool is_integer(GgufType type) {
  return type != GgufType::kFloat32 && type != GgufType::kFloat64 && type != GgufType::kBool &&
         gguf_value_size(type) > 0;
}

bool is_float(GgufType type) { return type == GgufType::kFloat32 || type == GgufType::kFloat64; }

// Element `i` of values of one size. Nothing where it is above what 63 bits hold.
std::optional<std::int64_t> integer_at(const GgufValue& value, std::size_t i) {
  const std::size_t at = i * gguf_value_size(value.element);
  switch (value.element) {
    case GgufType::kUint8: return load<std::uint8_t>(value.bytes, at);
    case GgufType::kInt8: return load<std::int8_t>(value.bytes, at);
    case GgufType::kUint16: return load<std::uint16_t>(value.bytes, at);
    case GgufType::kInt16: return load<std::int16_t>(value.bytes, at);
    case GgufType::kUint32: return load<std::uint32_t>(value.bytes, at);
    case GgufType::kInt32: return load<std::int32_t>(value.bytes, at);
    case GgufType::kInt64: return load<std::int64_t>(value.bytes, at);
    default: break;
  }
  const auto large = load<std::uint64_t>(value.bytes, at);
  if (large > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
  return static_cast<std::int64_t>(large);
}

double float_at(const GgufValue& value, std::size_t i) {
  return value.element == GgufType::kFloat32 ? static_cast<double>(load<float>(value.bytes, i * sizeof(float)))
                                             : load<double>(value.bytes, i * sizeof(double));
}

// The shortest text that means the same number.
template <typename T>
std::string shortest(T number) {
  char text[64];
  const auto end = std::to_chars(std::begin(text), std::end(text), number).ptr;
  return {text, end};
}

const char* plural_name(GgufType type) {
  if (type == GgufType::kString) return "strings";
  if (type == GgufType::kBool) return "flags";
  return is_integer(type) ? "whole numbers" : "numbers";
}

}  // namespace

GgufMetadata::GgufMetadata(std::string where, std::vector<GgufValue> values)
    : where_(std::move(where)), values_(std::move(values)) {
  for (std::size_t i = 0; i < values_.size(); ++i)
    if (!by_key_.emplace(values_[i].key, i).second)
      throw Error(where_, ": the key ", in_quotes(values_[i].key), " occurs twice; the file is damaged");
}

const GgufValue* GgufMetadata::find(std::string_view key) const {
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? nullptr : &values_[found->second];
}

const GgufValue& GgufMetadata::require(std::string_view key) const {
  if (const GgufValue* value = find(key)) return *value;
  throw Error(where_, ": the key ", in_quotes(key), " is missing; convert the model to GGUF again");
}

void GgufMetadata::refuse(const GgufValue& value, const char* wanted) const {
  throw Error(where_, ": the key ", in_quotes(value.key), " must be ", wanted, ", not ", gguf_value_text(value));
}

std::string GgufMetadata::text(std::string_view key, std::optional<std::string> otherwise) const {
  if (!has(key) && otherwise) return *otherwise;
  const GgufValue& value = require(key);
  if (value.type != GgufType::kString || !valid_utf8(as_text(value.bytes))) refuse(value, "a text in UTF-8");
  return std::string(as_text(value.bytes));
}

std::int64_t GgufMetadata::integer(std::string_view key, std::optional<std::int64_t> otherwise) const {
  if (!has(key) && otherwise) return *otherwise;
  const GgufValue& value = require(key);
  const auto number = is_integer(value.type) ? integer_at(value, 0) : std::nullopt;
  if (!number) refuse(value, "a whole number below 2^63");
  return *number;
}

double GgufMetadata::number(std::string_view key, std::optional<double> otherwise) const {
  if (!has(key) && otherwise) return *otherwise;
  const GgufValue& value = require(key);
  if (is_float(value.type)) return float_at(value, 0);
  const auto number = is_integer(value.type) ? integer_at(value, 0) : std::nullopt;
  if (!number) refuse(value, "a number");
  return static_cast<double>(*number);
}

bool GgufMetadata::flag(std::string_view key, std::optional<bool> otherwise) const {
  if (!has(key) && otherwise) return *otherwise;
  const GgufValue& value = require(key);
  if (value.type != GgufType::kBool) refuse(value, "true or false");
  return load<std::uint8_t>(value.bytes, 0) != 0;
}

std::vector<std::string_view> GgufMetadata::strings(std::string_view key) const {
  const GgufValue& value = require(key);
  if (value.type != GgufType::kArray || value.element != GgufType::kString) refuse(value, "an array of strings");
  std::vector<std::string_view> strings;
  strings.reserve(value.count);  // each has at least its length in the file
  for (std::size_t at = 0; strings.size() < value.count;) {
    const auto length = load<std::uint64_t>(value.bytes, at);
    strings.push_back(as_text(slice(value.bytes, at + sizeof length, length)));
    at += sizeof length + length;
  }
  return strings;
}

std::vector<std::int64_t> GgufMetadata::integers(std::string_view key) const {
  const GgufValue& value = require(key);
  if (value.type != GgufType::kArray || !is_integer(value.element)) refuse(value, "an array of whole numbers");
  std::vector<std::int64_t> numbers(value.count);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto number = integer_at(value, i);
    if (!number) refuse(value, "an array of whole numbers below 2^63");
    numbers[i] = *number;
  }
  return numbers;
}

std::vector<float> GgufMetadata::floats(std::string_view key) const {
  const GgufValue& value = require(key);
  if (value.type != GgufType::kArray || !is_float(value.element)) refuse(value, "an array of fp32 or fp64 numbers");
  std::vector<float> numbers(value.count);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<float>(float_at(value, i));
  return numbers;
}

std::string gguf_value_text(const GgufValue& value) {
  switch (value.type) {
    case GgufType::kString: return in_quotes(as_text(value.bytes));
    case GgufType::kArray: return "[" + std::to_string(value.count) + " " + plural_name(value.element) + "]";
    case GgufType::kBool: return load<std::uint8_t>(value.bytes, 0) != 0 ? "true" : "false";
    case GgufType::kFloat32: return shortest(load<float>(value.bytes, 0));
    case GgufType::kFloat64: return shortest(load<double>(value.bytes, 0));
    case GgufType::kUint64: return std::to_string(load<std::uint64_t>(value.bytes, 0));
    default: return std::to_string(integer_at(value, 0).value_or(0));
  }
}

}  // namespace aacft
