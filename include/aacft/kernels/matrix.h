// Row-major activations in fp32 or bf16, as the kernels see them: pointers and sizes, owned by somebody else.
#pragma once

#include <cstddef>
#include <cstdint>

namespace aacft {

enum class Element : std::uint8_t { kFp32, kBf16 };

constexpr std::size_t element_size(Element element) { return element == Element::kFp32 ? 4 : 2; }

struct ConstMatrix {
  const void* data = nullptr;
  Element element = Element::kFp32;
  std::int64_t rows = 0, cols = 0;
  std::int64_t stride = 0;  // elements from one row to the next

  const std::byte* row(std::int64_t i) const {
    return static_cast<const std::byte*>(data) + static_cast<std::size_t>(i * stride) * element_size(element);
  }
};

struct Matrix {
  void* data = nullptr;
  Element element = Element::kFp32;
  std::int64_t rows = 0, cols = 0;
  std::int64_t stride = 0;

  std::byte* row(std::int64_t i) const {
    return static_cast<std::byte*>(data) + static_cast<std::size_t>(i * stride) * element_size(element);
  }
  operator ConstMatrix() const { return {data, element, rows, cols, stride}; }
};

// Rows first .. first + count - 1.
inline ConstMatrix rows_of(const ConstMatrix& m, std::int64_t first, std::int64_t count) {
  return {m.row(first), m.element, count, m.cols, m.stride};
}
inline Matrix rows_of(const Matrix& m, std::int64_t first, std::int64_t count) {
  return {m.row(first), m.element, count, m.cols, m.stride};
}

// The heads of the same rows: matrices of one size that lie evenly apart.
template <typename M>
struct HeadsOf {
  M first;  // head 0: [rows, head_dim]
  std::int64_t count = 0;
  std::int64_t stride = 0;  // elements from one head to the next

  M operator[](std::int64_t head) const {
    M m = first;
    m.data = m.row(0) + head * stride * static_cast<std::int64_t>(element_size(m.element));
    return m;
  }
  template <typename N>
  operator HeadsOf<N>() const {
    return {first, count, stride};
  }
};
using Heads = HeadsOf<Matrix>;
using ConstHeads = HeadsOf<ConstMatrix>;

// Columns of m: the first head begins at column `first`, each further one `stride` columns after the one before.
template <typename M>
HeadsOf<M> heads_of(const M& m, std::int64_t first, std::int64_t head_dim, std::int64_t count, std::int64_t stride) {
  M head = m;
  head.data = m.row(0) + first * static_cast<std::int64_t>(element_size(m.element));
  head.cols = head_dim;
  return {head, count, stride};
}

// Columns first .. first + count - 1.
inline Matrix columns_of(const Matrix& m, std::int64_t first, std::int64_t count) {
  return {m.row(0) + static_cast<std::size_t>(first) * element_size(m.element), m.element, m.rows, count, m.stride};
}

}  // namespace aacft
