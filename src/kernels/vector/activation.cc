#include "kernels/vector/activation.h"

#include "kernels/vector/simd.h"

namespace aacft::AACFT_TIER {
namespace {

AACFT_INLINE Floats magnitude(Floats x) { return reinterpret_cast<Floats>(reinterpret_cast<Uints>(x) & 0x7fffffffu); }

// ---- exact: x * P(x), with the normal distribution P and its density ----

struct Normal {
  Floats probability, density;
};

// P(-t) = exp(-t^2 / 2) f(u) with u = 1 / (1 + 0.26 t) for t >= 0; f is the polynomial with the smallest largest
// relative error for t in [0, 14], 2.5e-8 (by Remez's algorithm).
AACFT_INLINE Normal normal(Floats x) {
  const Floats u = 1.0f / (1.0f + 0.26f * magnitude(x));
  const Floats e = exponential(x * x * -0.5f);
  Floats f = splat(0.0305048752883f);
  f = f * u - 0.152828799879f;
  f = f * u + 0.251491278995f;
  f = f * u - 0.150948989267f;
  f = f * u + 0.160947890895f;
  f = f * u + 0.0510276633379f;
  f = f * u + 0.103030258451f;
  f = f * u + 0.103016749953f;
  f = f * u + 0.10375905985f;
  const Floats tail = e * (f * u);
  return {x > 0.0f ? 1.0f - tail : tail, e * 0.398942280401432678f};
}

struct Erf {
  AACFT_INLINE Floats value(Floats x) { return x * normal(x).probability; }
  AACFT_INLINE Floats slope(Floats x) {
    // Past 20 the density is 0 long since; so infinity does not meet it.
    const Floats near = minimum(splat(20.0f), maximum(splat(-20.0f), x));
    const Normal n = normal(near);
    return n.probability + near * n.density;
  }
};

// ---- by tanh: x * (1 + tanh(v)) / 2 = x / (1 + exp(-2v)), with v = sqrt(2 / pi) (x + 0.044715 x^3) ----

constexpr float kTwiceRoot = 1.59576912160573071f;  // 2 sqrt(2 / pi)
constexpr float kCubic = 0.044715f;

struct Tanh {
  AACFT_INLINE Floats value(Floats x) { return x / (1.0f + exponential(-kTwiceRoot * (x + kCubic * (x * x * x)))); }
  AACFT_INLINE Floats slope(Floats x) {
    // Past 10 the slope is 0 or 1 in fp32, and the exponential would grow to infinity.
    const Floats near = minimum(splat(10.0f), maximum(splat(-10.0f), x)), square = near * near;
    const Floats e = exponential(-kTwiceRoot * (near + kCubic * (square * near)));
    const Floats sigmoid = 1.0f / (1.0f + e);
    return sigmoid + near * (e * sigmoid * sigmoid) * (kTwiceRoot + 3 * kCubic * kTwiceRoot * square);
  }
};

template <typename Kind>
void forward(const std::byte* x, Element x_element, std::byte* y, Element y_element, std::int64_t cols) {
  for (std::int64_t i = 0; i < cols; i += kWidth)
    store(y, y_element, i, cols, Kind::value(load(x, x_element, i, cols)));
}

template <typename Kind>
void backward(const std::byte* x, Element x_element, const std::byte* dy, Element dy_element, std::byte* dx,
              Element dx_element, std::int64_t cols) {
  for (std::int64_t i = 0; i < cols; i += kWidth)
    store(dx, dx_element, i, cols, load(dy, dy_element, i, cols) * Kind::slope(load(x, x_element, i, cols)));
}

void gelu(const std::byte* x, Element x_element, GeluKind kind, std::byte* y, Element y_element, std::int64_t cols) {
  (kind == GeluKind::kErf ? forward<Erf> : forward<Tanh>)(x, x_element, y, y_element, cols);
}

void gelu_backward(const std::byte* x, Element x_element, GeluKind kind, const std::byte* dy, Element dy_element,
                   std::byte* dx, Element dx_element, std::int64_t cols) {
  (kind == GeluKind::kErf ? backward<Erf> : backward<Tanh>)(x, x_element, dy, dy_element, dx, dx_element, cols);
}

// ---- SwiGLU ----

void swiglu(const std::byte* gate_up, Element x_element, std::byte* y, Element y_element, std::int64_t cols) {
  const std::byte* ups = row_of(gate_up, x_element, cols, 1);
  for (std::int64_t i = 0; i < cols; i += kWidth) {
    const Floats gate = load(gate_up, x_element, i, cols), up = load(ups, x_element, i, cols);
    store(y, y_element, i, cols, gate / (1.0f + exponential(-gate)) * up);
  }
}

void swiglu_backward(const std::byte* gate_up, Element x_element, const std::byte* dy, Element dy_element,
                     std::byte* dgate_up, Element dx_element, std::int64_t cols) {
  const std::byte* ups = row_of(gate_up, x_element, cols, 1);
  std::byte* dups = row_of(dgate_up, dx_element, cols, 1);
  for (std::int64_t i = 0; i < cols; i += kWidth) {
    const Floats gate = load(gate_up, x_element, i, cols), up = load(ups, x_element, i, cols);
    const Floats d = load(dy, dy_element, i, cols);
    const Floats e = exponential(-gate), sigmoid = 1.0f / (1.0f + e);
    // Past -80 the slope is 0 in fp32, and the exponential would grow to infinity.
    const Floats rest = gate > -80.0f ? e * sigmoid : splat(1.0f);  // 1 - sigmoid, without cancellation
    store(dgate_up, dx_element, i, cols, d * up * (sigmoid + gate * sigmoid * rest));
    store(dups, dx_element, i, cols, d * (gate * sigmoid));
  }
}

}  // namespace

extern const ActivationTable activation_table = {gelu, gelu_backward, swiglu, swiglu_backward};

}  // namespace aacft::AACFT_TIER
