// What the tests of the formats share.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "aacft/base/error.h"
#include "aacft/formats/tensor.h"

namespace aacft::testing {

// Runs `action`, which must throw an Error that contains all of `parts`, and `where` too.
inline void expect_error(const std::function<void()>& action, std::initializer_list<std::string> parts,
                         const std::string& where = "") {
  try {
    action();
    ADD_FAILURE() << "no Error; expected one with \"" << *parts.begin() << "\"";
  } catch (const Error& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find(where), message.npos) << "\"" << where << "\" is not in: " << message;
    for (const std::string& part : parts)
      EXPECT_NE(message.find(part), message.npos) << "\"" << part << "\" is not in: " << message;
  }
}

template <typename T>
std::string raw(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

template <typename T>
std::string little(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

inline TensorView view(std::string name, Dtype dtype, std::vector<std::int64_t> shape, std::string_view bytes) {
  return {std::move(name), dtype, std::move(shape), std::as_bytes(std::span(bytes))};
}

inline std::string bytes_of(const TensorView& tensor) {
  return {reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size()};
}

inline const TensorView* find(const std::vector<TensorView>& tensors, std::string_view name) {
  for (const TensorView& tensor : tensors)
    if (tensor.name == name) return &tensor;
  return nullptr;
}

// The slow and obvious decoding of fp32, fp16 and bf16.
inline double value_at(const TensorView& tensor, std::int64_t i) {
  const std::byte* at = tensor.bytes.data() + static_cast<std::size_t>(i) * dtype_size(tensor.dtype);
  std::uint32_t bits = 0;
  std::memcpy(&bits, at, dtype_size(tensor.dtype));
  if (tensor.dtype == Dtype::kFloat16) {
    const int exponent = (bits >> 10) & 0x1F, mantissa = bits & 0x3FF;
    const double magnitude = exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
    return bits & 0x8000 ? -magnitude : magnitude;
  }
  if (tensor.dtype == Dtype::kBFloat16) bits <<= 16;
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

}  // namespace aacft::testing
