#include <torch/types.h>

#include <algorithm>
#include <bit>

#include "aacft/base/random.h"
#include "aacft/bench/bench.h"
#include "aacft/model/backprop.h"
#include "aacft/model/family.h"
#include "aacft/model/model.h"
#include "measuring.h"

namespace aacft {
namespace {

// One linear of every layer, and what it reads and writes in a pass.
struct Stack {
  std::string name;
  std::vector<const PackedWeights*> weights;
  Element input, output;
  bool add = false;  // to the residual stream
};

// Values as a pass has them: the power that they draw decides the clock.
Matrix random_rows(Buffer& buffer, std::int64_t rows, std::int64_t cols, Element element) {
  const Matrix x = buffer.get(rows, cols, element);
  const RandomStream random(1, Purpose::kModelInit);
  std::vector<float> values(static_cast<std::size_t>(cols + cols % 2));
  random.fill_normal(values.data(), 0, values.size());
  for (std::int64_t row = 0; row < rows; ++row)
    for (std::int64_t col = 0; col < cols; ++col) {
      const float value = values[static_cast<std::size_t>((row + col) % cols)];
      if (element == Element::kFp32) {
        reinterpret_cast<float*>(x.row(row))[col] = value;
      } else {
        reinterpret_cast<std::uint16_t*>(x.row(row))[col] =
            static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(value) >> 16);
      }
    }
  return x;
}

// Layer by layer, as a pass goes through them, so that a weight's turn comes when all others have displaced it.
std::vector<LinearTime> time_stacks(const std::vector<Stack>& stacks, std::int64_t rows, bool transposed,
                                    Compute compute, double seconds) {
  std::vector<Buffer> inputs(stacks.size()), outputs(stacks.size());
  std::vector<Matrix> xs, ys;
  for (std::size_t k = 0; k < stacks.size(); ++k) {
    const Stack& s = stacks[k];
    const std::int64_t out = s.weights[0]->out(), in = s.weights[0]->in();
    xs.push_back(random_rows(inputs[k], rows, transposed ? out : in, transposed ? s.output : s.input));
    ys.push_back(random_rows(outputs[k], rows, transposed ? in : out, transposed ? s.input : s.output));
  }
  const std::size_t layers = stacks[0].weights.size();
  std::vector<std::vector<double>> times(stacks.size());
  double passed = 0;
  for (std::size_t turn = 0; turn < 3 || passed < seconds; ++turn)
    for (std::size_t k = 0; k < stacks.size(); ++k) {
      const PackedWeights& w = *stacks[k].weights[turn % layers];
      const double time = seconds_of([&] {
        if (transposed) {
          matmul_transposed(xs[k], w, ys[k], compute);
        } else {
          matmul(xs[k], w, ys[k], compute, {nullptr, stacks[k].add});
        }
      });
      if (turn == 0) continue;  // warms up
      times[k].push_back(time);
      passed += time;
    }

  std::vector<LinearTime> result;
  for (std::size_t k = 0; k < stacks.size(); ++k) {
    const PackedWeights& w = *stacks[k].weights[0];
    result.push_back({stacks[k].name, w.out(), w.in(), rows, transposed, median(times[k]),
                      2.0 * static_cast<double>(rows) * static_cast<double>(w.out()) * static_cast<double>(w.in()),
                      w.bytes()});
  }
  return result;
}

// "query_key_value", or "q_proj, k_proj, v_proj" where one product is several modules.
std::string name_of(const Linear& linear, const Model& model) {
  std::string text;
  for (const LinearPart& part : linear.parts) {
    const std::string& name = model.targets()[part.target].name;
    text += (text.empty() ? "" : ", ") + name.substr(name.rfind('.') + 1);
  }
  return text;
}

}  // namespace

std::uint64_t layer_bytes(const BenchOptions& options) {
  std::uint64_t bytes = 0;
  for (const LinearShape& shape : family_of(options.config).layer(options.config, 0).linears)
    bytes += PackedWeights::bytes(shape.out(), shape.in, *options.model.base_weights);
  return bytes;
}

std::int64_t rotating_layers(const BenchOptions& options) {
  const std::uint64_t layer = layer_bytes(options),
                      bytes = std::min(options.rotated_bytes, available_memory_bytes() / 4);
  return std::clamp(static_cast<std::int64_t>((bytes + layer - 1) / layer), options.layers, options.config.num_layers);
}

std::vector<LinearTime> time_linears(const BenchOptions& options) {
  Model model(with_layers(options.config, rotating_layers(options)), options.model);
  const Element element = options.model.compute == Compute::kBf16 ? Element::kBf16 : Element::kFp32;
  std::vector<Stack> layers;
  for (std::size_t role = 0; role < kLinearRoles; ++role) {
    const bool into_stream = role == static_cast<std::size_t>(LinearRole::kAttentionOutput) ||
                             role == static_cast<std::size_t>(LinearRole::kMlpOutput);
    layers.push_back({name_of(model.layer(0).linears[role], model),
                      {},
                      element,
                      into_stream ? Element::kFp32 : element,
                      into_stream});
    for (std::size_t l = 0; l < model.num_layers(); ++l)
      layers.back().weights.push_back(&model.layer(l).linears[role].packed);
  }
  const std::vector<Stack> head = {
      {std::string(family_of(model.config()).head), {&model.head().packed}, Element::kFp32, Element::kFp32}};

  std::vector<LinearTime> all;
  const auto measure = [&](const std::vector<Stack>& stacks, std::int64_t rows) {
    for (const bool transposed : {false, true})
      for (LinearTime& time : time_stacks(stacks, rows, transposed, options.model.compute, options.seconds))
        all.push_back(std::move(time));
  };
  std::vector<std::int64_t> rows = {60, 320, options.tokens};
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  for (const std::int64_t count : rows) measure(layers, count);
  measure(head, std::min(kHeadTokens, options.tokens));
  return all;
}

}  // namespace aacft
