// What the readers of binary formats share: bounded little-endian loads, and names made fit for a message.
#pragma once

#include <bit>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "aacft/base/error.h"
#include "aacft/base/text.h"

namespace aacft {

using Bytes = std::span<const std::byte>;

static_assert(std::endian::native == std::endian::little,
              "tensors are mapped as they are, so the host must be little-endian");

// bytes[at, at + size), or an Error; no sum of `at` and `size` is ever formed.
inline Bytes slice(Bytes bytes, std::size_t at, std::size_t size) {
  if (at > bytes.size() || size > bytes.size() - at)
    throw Error("the file is damaged or cut short (", size, " bytes wanted at byte ", at, " of ", bytes.size(), ")");
  return bytes.subspan(at, size);
}

template <typename T>
T load(Bytes bytes, std::size_t at) {
  T value;
  std::memcpy(&value, slice(bytes, at, sizeof value).data(), sizeof value);
  return value;
}

inline std::string_view as_text(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

}  // namespace aacft
