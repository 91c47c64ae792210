// GPT-NeoX and Llama's kin in double precision, by plain loops from the formulas: slow, and nothing to get wrong.
#pragma once

#include <torch/types.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "aacft/model/config.h"
#include "aacft/model/parameter.h"

namespace aacft::testing::reference {

// Row-major.
struct Matrix {
  std::size_t rows = 0, columns = 0;
  std::vector<double> values;

  Matrix() = default;
  Matrix(std::size_t r, std::size_t c) : rows(r), columns(c), values(r * c) {}
  double& at(std::size_t r, std::size_t c) { return values[r * columns + c]; }
  double at(std::size_t r, std::size_t c) const { return values[r * columns + c]; }
};

inline Matrix matrix(const torch::Tensor& tensor) {
  const torch::Tensor t = tensor.detach().to(torch::kFloat64).contiguous();
  Matrix m(static_cast<std::size_t>(t.dim() == 2 ? t.size(0) : 1), static_cast<std::size_t>(t.size(-1)));
  m.values.assign(t.data_ptr<double>(), t.data_ptr<double>() + t.numel());
  return m;
}

inline torch::Tensor tensor(const Matrix& m) {
  return torch::tensor(m.values, torch::kFloat64)
      .view({static_cast<std::int64_t>(m.rows), static_cast<std::int64_t>(m.columns)});
}

// x W^T
inline Matrix times_transposed(const Matrix& x, const Matrix& w) {
  Matrix y(x.rows, w.rows);
  for (std::size_t r = 0; r < x.rows; ++r)
    for (std::size_t o = 0; o < w.rows; ++o) {
      double sum = 0;
      for (std::size_t k = 0; k < x.columns; ++k) sum += x.at(r, k) * w.at(o, k);
      y.at(r, o) = sum;
    }
  return y;
}

struct Lora {
  Matrix a, b, magnitude, norm;  // the last two for DoRA, else empty
  double scale = 1;
  Matrix mask;  // of the input; empty: nothing is dropped
};

// The norms of the rows of W + scale BA.
inline Matrix dora_norm(const Matrix& w, const Lora& lora) {
  Matrix norm(1, w.rows);
  for (std::size_t o = 0; o < w.rows; ++o) {
    double sum = 0;
    for (std::size_t i = 0; i < w.columns; ++i) {
      double value = w.at(o, i);
      for (std::size_t k = 0; k < lora.a.rows; ++k) value += lora.scale * lora.b.at(o, k) * lora.a.at(k, i);
      sum += value * value;
    }
    norm.at(0, o) = std::sqrt(sum);
  }
  return norm;
}

inline Matrix linear(const Matrix& x, const Matrix& w, const Matrix* bias, const Lora* lora) {
  Matrix y = times_transposed(x, w);
  if (lora != nullptr) {
    Matrix u = x;
    for (std::size_t i = 0; i < lora->mask.values.size(); ++i) u.values[i] *= lora->mask.values[i];
    const Matrix low = times_transposed(times_transposed(u, lora->a), lora->b), wu = times_transposed(u, w);
    for (std::size_t r = 0; r < y.rows; ++r)
      for (std::size_t o = 0; o < y.columns; ++o) {
        double added = lora->scale * low.at(r, o);
        if (!lora->magnitude.values.empty()) {
          const double gain = lora->magnitude.at(0, o) / lora->norm.at(0, o);
          added = (gain - 1) * wu.at(r, o) + gain * added;
        }
        y.at(r, o) += added;
      }
  }
  if (bias != nullptr)
    for (std::size_t r = 0; r < y.rows; ++r)
      for (std::size_t o = 0; o < y.columns; ++o) y.at(r, o) += bias->at(0, o);
  return y;
}

inline Matrix layer_norm(const Matrix& x, const Matrix& weight, const Matrix& bias, double eps) {
  Matrix y(x.rows, x.columns);
  const double n = static_cast<double>(x.columns);
  for (std::size_t r = 0; r < x.rows; ++r) {
    double mean = 0, variance = 0;
    for (std::size_t c = 0; c < x.columns; ++c) mean += x.at(r, c) / n;
    for (std::size_t c = 0; c < x.columns; ++c) variance += (x.at(r, c) - mean) * (x.at(r, c) - mean) / n;
    for (std::size_t c = 0; c < x.columns; ++c)
      y.at(r, c) = (x.at(r, c) - mean) / std::sqrt(variance + eps) * weight.at(0, c) + bias.at(0, c);
  }
  return y;
}

inline Matrix rms_norm(const Matrix& x, const Matrix& weight, double eps) {
  Matrix y(x.rows, x.columns);
  for (std::size_t r = 0; r < x.rows; ++r) {
    double squares = 0;
    for (std::size_t c = 0; c < x.columns; ++c) squares += x.at(r, c) * x.at(r, c) / static_cast<double>(x.columns);
    for (std::size_t c = 0; c < x.columns; ++c) y.at(r, c) = x.at(r, c) / std::sqrt(squares + eps) * weight.at(0, c);
  }
  return y;
}

// silu(gate) * up
inline Matrix swiglu(const Matrix& gate, const Matrix& up) {
  Matrix y = up;
  for (std::size_t i = 0; i < y.values.size(); ++i) y.values[i] *= gate.values[i] / (1 + std::exp(-gate.values[i]));
  return y;
}

inline Matrix gelu(const Matrix& x, Activation activation) {
  Matrix y = x;
  for (double& v : y.values)
    v = activation == Activation::kGelu
            ? v * (1 + std::erf(v / std::sqrt(2.0))) / 2
            : v * (1 + std::tanh(std::sqrt(2 / std::acos(-1.0)) * (v + 0.044715 * v * v * v))) / 2;
  return y;
}

// Columns of one head.
inline Matrix columns(const Matrix& m, std::size_t first, std::size_t count) {
  Matrix part(m.rows, count);
  for (std::size_t r = 0; r < m.rows; ++r)
    for (std::size_t c = 0; c < count; ++c) part.at(r, c) = m.at(r, first + c);
  return part;
}

// How far dimension pair i turns from one position to the next. For the llama3 scaling see docs/numerics.md.
inline double frequency(const ModelConfig& c, std::size_t i) {
  const double f = std::pow(c.rotary_base, -2.0 * static_cast<double>(i) / static_cast<double>(c.rotary_dims()));
  if (!c.rope_scaling) return f;
  const RopeScaling& s = *c.rope_scaling;
  if (s.kind == RopeScaling::Kind::kLinear) return f / s.factor;
  const double turns = s.original_positions * f / (2 * std::acos(-1.0));  // in the context that came first
  if (turns > s.high) return f;
  if (turns < s.low) return f / s.factor;
  const double share = (turns - s.low) / (s.high - s.low);
  return (1 - share) * f / s.factor + share * f;
}

// One sequence, the queries, keys and values of each head. Of a head's dimensions the first `turning` rotate,
// dimension i together with i + turning / 2 by position * frequency.
struct Heads {
  std::vector<Matrix> q, k, v;
};

inline Matrix turned(const Matrix& x, const ModelConfig& c) {
  const std::size_t half = (static_cast<std::size_t>(c.rotary_dims()) + 1) / 2;
  Matrix m = x;
  for (std::size_t p = 0; p < x.rows; ++p)
    for (std::size_t d = 0; d < 2 * half; ++d) {
      const double angle = static_cast<double>(p) * frequency(c, d % half);
      m.at(p, d) = d < half ? x.at(p, d) * std::cos(angle) - x.at(p, d + half) * std::sin(angle)
                            : x.at(p, d) * std::cos(angle) + x.at(p, d - half) * std::sin(angle);
    }
  return m;
}

inline Matrix attention(const Heads& all, const ModelConfig& c) {
  const std::size_t heads = static_cast<std::size_t>(c.num_heads), dims = static_cast<std::size_t>(c.head_dim());
  Matrix y(all.q[0].rows, heads * dims);
  for (std::size_t h = 0; h < heads; ++h) {
    const std::size_t group = h / (heads / all.k.size());
    const Matrix q = turned(all.q[h], c), k = turned(all.k[group], c), &v = all.v[group];
    for (std::size_t p = 0; p < y.rows; ++p) {
      std::vector<double> weight(p + 1);
      double total = 0;
      for (std::size_t s = 0; s <= p; ++s) {
        double score = 0;
        for (std::size_t d = 0; d < dims; ++d) score += q.at(p, d) * k.at(s, d);
        total += weight[s] = std::exp(score / std::sqrt(static_cast<double>(dims)));
      }
      for (std::size_t s = 0; s <= p; ++s)
        for (std::size_t d = 0; d < dims; ++d) y.at(p, h * dims + d) += weight[s] / total * v.at(s, d);
    }
  }
  return y;
}

struct Model {
  ModelConfig config;
  std::map<std::string, Matrix> weights;  // by checkpoint name
  std::map<std::string, Lora> adapters;   // by the linear's name; masks are those of one sequence

  const Matrix& weight(const std::string& name) const { return weights.at(name); }

  Matrix apply(const Matrix& x, const std::string& name) const {
    const auto bias = weights.find(name + ".bias");
    const auto lora = adapters.find(name);
    return linear(x, weight(name + ".weight"), bias == weights.end() ? nullptr : &bias->second,
                  lora == adapters.end() ? nullptr : &lora->second);
  }
  Matrix norm(const Matrix& x, const std::string& name) const {
    return config.norm == NormKind::kRmsNorm
               ? rms_norm(x, weight(name + ".weight"), config.norm_eps)
               : layer_norm(x, weight(name + ".weight"), weight(name + ".bias"), config.norm_eps);
  }

  // GPT-NeoX has for each head its q, its k, its v in one linear; the others have three.
  Heads heads(const Matrix& x, const std::string& prefix) const {
    const auto dims = static_cast<std::size_t>(config.head_dim());
    Heads all;
    if (config.model_type == "gpt_neox") {
      const Matrix qkv = apply(x, prefix + "attention.query_key_value");
      for (std::size_t h = 0; h < static_cast<std::size_t>(config.num_heads); ++h) {
        all.q.push_back(columns(qkv, 3 * h * dims, dims));
        all.k.push_back(columns(qkv, (3 * h + 1) * dims, dims));
        all.v.push_back(columns(qkv, (3 * h + 2) * dims, dims));
      }
      return all;
    }
    const auto split = [&](const char* name, const char* norm_name, std::vector<Matrix>& into) {
      const Matrix y = apply(x, prefix + "self_attn." + name);
      for (std::size_t first = 0; first < y.columns; first += dims) {
        const Matrix head = columns(y, first, dims);
        into.push_back(config.qk_norm && norm_name != nullptr ? norm(head, prefix + "self_attn." + norm_name) : head);
      }
    };
    split("q_proj", "q_norm", all.q);
    split("k_proj", "k_norm", all.k);
    split("v_proj", nullptr, all.v);
    return all;
  }
  Matrix mlp(const Matrix& x, const std::string& prefix) const {
    if (config.activation == Activation::kSwiGlu)
      return apply(swiglu(apply(x, prefix + "mlp.gate_proj"), apply(x, prefix + "mlp.up_proj")),
                   prefix + "mlp.down_proj");
    return apply(gelu(apply(x, prefix + "mlp.dense_h_to_4h"), config.activation), prefix + "mlp.dense_4h_to_h");
  }

  // Of one sequence.
  Matrix logits(const std::vector<std::int32_t>& ids) const {
    const bool neox = config.model_type == "gpt_neox";
    const std::string embedding_name = neox ? "gpt_neox.embed_in.weight" : "model.embed_tokens.weight",
                      head_name = neox ? "embed_out.weight" : "lm_head.weight";
    const Matrix& embedding = weight(embedding_name);
    Matrix x(ids.size(), embedding.columns);
    for (std::size_t r = 0; r < x.rows; ++r)
      for (std::size_t c = 0; c < x.columns; ++c) x.at(r, c) = embedding.at(static_cast<std::size_t>(ids[r]), c);
    const auto add = [](Matrix& to, const Matrix& what) {
      for (std::size_t i = 0; i < to.values.size(); ++i) to.values[i] += what.values[i];
    };
    for (std::int64_t l = 0; l < config.num_layers; ++l) {
      const std::string prefix = (neox ? "gpt_neox.layers." : "model.layers.") + std::to_string(l) + ".";
      const Matrix attended = apply(attention(heads(norm(x, prefix + "input_layernorm"), prefix), config),
                                    prefix + (neox ? "attention.dense" : "self_attn.o_proj"));
      const auto mlp_of = [&](const Matrix& h) { return mlp(norm(h, prefix + "post_attention_layernorm"), prefix); };
      if (config.parallel_residual) {
        const Matrix m = mlp_of(x);
        add(x, attended);
        add(x, m);
      } else {
        add(x, attended);
        add(x, mlp_of(x));
      }
    }
    return times_transposed(norm(x, neox ? "gpt_neox.final_layer_norm" : "model.norm"),
                            weight(config.tied_embeddings ? embedding_name : head_name));
  }

  // Sum over rows of weights[row] * -log p(next[row]).
  double loss(const std::vector<std::int32_t>& ids, const std::int64_t* next, const float* sample_weights) const {
    const Matrix all = logits(ids);
    double sum = 0;
    for (std::size_t r = 0; r < all.rows; ++r) {
      if (sample_weights[r] == 0) continue;
      double total = 0;
      for (std::size_t c = 0; c < all.columns; ++c) total += std::exp(all.at(r, c));
      sum += sample_weights[r] * (std::log(total) - all.at(r, static_cast<std::size_t>(next[r])));
    }
    return sum;
  }
};

}  // namespace aacft::testing::reference
