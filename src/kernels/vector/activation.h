// The leaf functions of activations: one row. cols: of y.
#pragma once

#include "aacft/kernels/activation.h"

namespace aacft {

struct ActivationTable {
  void (*gelu)(const std::byte* x, Element x_element, GeluKind kind, std::byte* y, Element y_element,
               std::int64_t cols);
  void (*gelu_backward)(const std::byte* x, Element x_element, GeluKind kind, const std::byte* dy, Element dy_element,
                        std::byte* dx, Element dx_element, std::int64_t cols);
  void (*swiglu)(const std::byte* gate_up, Element x_element, std::byte* y, Element y_element, std::int64_t cols);
  void (*swiglu_backward)(const std::byte* gate_up, Element x_element, const std::byte* dy, Element dy_element,
                          std::byte* dgate_up, Element dx_element, std::int64_t cols);
};

}  // namespace aacft
