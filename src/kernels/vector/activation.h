// The leaf functions of GELU: one row.
#pragma once

#include "aacft/kernels/activation.h"

namespace aacft {

struct ActivationTable {
  void (*gelu)(const std::byte* x, Element x_element, GeluKind kind, std::byte* y, Element y_element,
               std::int64_t cols);
  void (*gelu_backward)(const std::byte* x, Element x_element, GeluKind kind, const std::byte* dy, Element dy_element,
                        std::byte* dx, Element dx_element, std::int64_t cols);
};

}  // namespace aacft
