// How kernels cut their work into tasks: by its size alone, never by the number of threads.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "aacft/base/threads.h"

namespace aacft {

// Runs body(first, count) for 0 .. size - 1 in blocks of `block`, in parallel.
template <typename Body>
void for_each_block(std::int64_t size, std::int64_t block, const Body& body) {
  parallel_for(static_cast<std::size_t>((size + block - 1) / block), [&](std::size_t task) {
    const std::int64_t first = static_cast<std::int64_t>(task) * block;
    body(first, std::min(block, size - first));
  });
}

// Runs body(i) for each row of `cols` values, in parallel; about 32,000 values make a task.
template <typename Body>
void for_each_row(std::int64_t rows, std::int64_t cols, const Body& body) {
  for_each_block(rows, std::max<std::int64_t>(1, 32768 / std::max<std::int64_t>(cols, 1)),
                 [&](std::int64_t first, std::int64_t count) {
                   for (std::int64_t i = first; i < first + count; ++i) body(i);
                 });
}

}  // namespace aacft
