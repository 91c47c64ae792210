#include "aacft/model/model.h"

#include <torch/types.h>

#include <cmath>

#include "aacft/base/random.h"
#include "aacft/base/threads.h"
#include "aacft/bench/bench.h"
#include "aacft/kernels/peak.h"
#include "aacft/model/adapter.h"
#include "aacft/model/backprop.h"
#include "aacft/model/family.h"
#include "measuring.h"

namespace aacft {
namespace {

// ---- work, by the formulas in bench.h ----

double flops_of(const LinearShape& linear) {
  return 2.0 * static_cast<double>(linear.out()) * static_cast<double>(linear.in);
}

// The products of a token with the weights of a layer.
double layer_flops(const LayerShape& layer) {
  double flops = 0;
  for (const LinearShape& linear : layer.linears) flops += flops_of(linear);
  return flops;
}

LayerShape layer_shape(const ModelConfig& config) { return family_of(config).layer(config, 0); }

double head_flops(const ModelConfig& config) {
  return 2.0 * static_cast<double>(config.vocab_size) * static_cast<double>(config.hidden_size);
}

double attention_flops(const ModelConfig& config, std::int64_t length) {
  return 2.0 * static_cast<double>(config.q_width()) * static_cast<double>(length) * static_cast<double>(length + 1);
}

double step_flops(const ModelConfig& config, const Pass& pass, const Targets& targets) {
  const auto rows = static_cast<double>(pass.rows()), layers = static_cast<double>(config.num_layers);
  const LayerShape layer = layer_shape(config);
  double flops =
      2 * rows * layers * layer_flops(layer) + 2 * static_cast<double>(targets.rows.size()) * head_flops(config);
  // Nothing below layer 0 wants a gradient, so its adapter's gradient is the last.
  flops -= rows * flops_of(layer[LinearRole::kQkv]);
  if (config.parallel_residual)
    flops -= rows * (flops_of(layer[LinearRole::kMlpInput]) + flops_of(layer[LinearRole::kMlpOutput]));
  for (std::size_t i = 0; i < pass.segments(); ++i) flops += 3 * layers * attention_flops(config, pass.length(i));
  return flops;
}

// ---- what is run ----

std::vector<std::int32_t> random_tokens(const ModelConfig& config, std::int64_t count, std::uint64_t stream) {
  const RandomStream random(1, Purpose::kSampling, stream);
  std::vector<std::int32_t> ids;
  for (std::int64_t i = 0; i < count; ++i)
    ids.push_back(static_cast<std::int32_t>(random.bits(static_cast<std::uint64_t>(i)) %
                                            static_cast<std::uint64_t>(config.vocab_size)));
  return ids;
}

// `tokens` tokens in sequences of about 85, the rows of the talk's data; every token but a sequence's last has a
// target.
struct TrainingPass {
  Pass pass;
  Targets targets;
};
TrainingPass training_pass(const ModelConfig& config, std::int64_t tokens) {
  const std::int64_t count = std::max<std::int64_t>(1, std::lround(static_cast<double>(tokens) / 85));
  std::vector<std::vector<std::int32_t>> sequences;
  for (std::int64_t i = 0; i < count; ++i)
    sequences.push_back(
        random_tokens(config, tokens * (i + 1) / count - tokens * i / count, static_cast<std::uint64_t>(i)));
  TrainingPass made{make_pass(sequences), {}};
  made.pass.set_dropout(1, 0);
  std::int64_t row = 0;
  for (const auto& sequence : sequences) {
    for (std::size_t t = 1; t < sequence.size(); ++t)
      made.targets.add(row + static_cast<std::int64_t>(t) - 1, sequence[t], 1.0f / static_cast<float>(tokens));
    row += static_cast<std::int64_t>(sequence.size());
  }
  return made;
}

// The logits of every sequence's last token, as generating asks for them.
torch::Tensor last_logits(const Model& model, const std::vector<std::vector<std::int32_t>>& sequences,
                          std::vector<KvCache>& caches, ComputeContext& context) {
  Pass pass = make_pass(sequences);
  std::vector<KvCache*> used;
  for (KvCache& cache : caches) used.push_back(&cache);
  use_caches(pass, std::move(used));
  const torch::Tensor hidden = model.hidden(pass, context);
  std::vector<std::int64_t> last;
  for (std::size_t i = 0; i < pass.segments(); ++i) last.push_back(pass.offsets[i + 1] - 1);
  return model.logits(hidden.index_select(0, torch::tensor(last, torch::kInt64)), context);
}

std::span<const std::byte> packed_bytes(const Linear& linear) {
  return {linear.packed.values(), linear.packed.bytes()};
}

// body(model, where its seconds go) for 1 layer and for `layers`.
template <typename Body>
void at_both_depths(const BenchOptions& options, std::int64_t layers, const Body& body) {
  for (const std::int64_t depth : {std::int64_t{1}, layers}) {
    Model model(with_layers(options.config, depth), options.model);
    body(model, depth == 1 ? &DepthSeconds::one : &DepthSeconds::several);
  }
}

}  // namespace

StepTime time_step(const BenchOptions& options) {
  TrainingPass made = training_pass(options.config, options.tokens);
  StepTime time;
  time.tokens = options.tokens;
  time.sequences = static_cast<std::int64_t>(made.pass.segments());
  time.kept.layers = time.recomputed.layers = options.layers;
  time.flops = step_flops(options.config, made.pass, made.targets);
  time.threads = threads();
  at_both_depths(options, options.layers, [&](const Model& model, double DepthSeconds::*where) {
    Adapter adapter = Adapter::create(LoraConfig{}, model, 1, {});
    adapter.train();
    made.pass.adapters.attach(adapter.modules_by_target());
    ComputeContext context;
    Backprop backprop(model, context);
    const auto step = [&](std::size_t kept_layers) {
      double loss = 0;
      backprop.add_gradients(made.pass, made.targets, kept_layers, loss);
    };
    const auto timed = [&](std::size_t kept_layers) {
      const auto run = [&] { step(kept_layers); };
      if (!options.typical) return shortest(options.seconds, run);
      run();
      return median({seconds_of(run), seconds_of(run), seconds_of(run)});
    };
    time.kept.*where = timed(model.num_layers());
    time.recomputed.*where = timed(0);
    if (model.num_layers() == 1 || !options.scaling) return;
    set_threads(1);
    time.one_thread = seconds_of([&] { step(model.num_layers()); });
    set_threads(time.threads);
    time.all_threads = time.kept.*where;
  });
  return time;
}

PromptTime time_prompt(const BenchOptions& options) {
  PromptTime time;
  time.tokens = std::min<std::int64_t>(512, options.config.context());
  time.seconds.layers = options.layers;
  time.flops = static_cast<double>(options.config.num_layers) *
                   (static_cast<double>(time.tokens) * layer_flops(layer_shape(options.config)) +
                    attention_flops(options.config, time.tokens)) +
               head_flops(options.config);
  const std::vector<std::vector<std::int32_t>> prompt = {random_tokens(options.config, time.tokens, 0)};
  at_both_depths(options, options.layers, [&](const Model& model, double DepthSeconds::*where) {
    ComputeContext context;
    std::vector<KvCache> caches;
    caches.push_back(model.make_cache(time.tokens));
    time.seconds.*where = shortest(options.seconds, [&] {
      caches[0].rewind(0);
      last_logits(model, prompt, caches, context);
    });
  });
  return time;
}

std::vector<DecodeTime> time_decode(const BenchOptions& options, const std::vector<std::int64_t>& batches) {
  constexpr std::int64_t kContext = 64, kSteps = 64, kFewest = 5;
  const std::int64_t layers = rotating_layers(options);
  std::vector<DecodeTime> times;
  for (const std::int64_t batch : batches) {
    const double attention = 4.0 * static_cast<double>(options.config.q_width()) * kContext;
    const double flops =
        static_cast<double>(options.config.num_layers) * (layer_flops(layer_shape(options.config)) + attention) +
        head_flops(options.config);
    times.push_back({batch, {layers}, {layers}, static_cast<double>(batch) * flops, 0});
  }
  at_both_depths(options, layers, [&](const Model& model, double DepthSeconds::*where) {
    ComputeContext context;
    std::vector<std::span<const std::byte>> weights = {packed_bytes(model.head())};
    for (std::size_t l = 0; l < model.num_layers(); ++l)
      for (const Linear& linear : model.layer(l).linears) weights.push_back(packed_bytes(linear));
    for (DecodeTime& time : times) {
      std::vector<std::vector<std::int32_t>> next;
      std::vector<KvCache> caches;
      for (std::int64_t i = 0; i < time.batch; ++i) {
        next.push_back(random_tokens(options.config, kContext, static_cast<std::uint64_t>(i)));
        caches.push_back(model.make_cache(kContext + 1 + kSteps));
      }
      last_logits(model, next, caches, context);
      for (auto& ids : next) ids.resize(1);
      last_logits(model, next, caches, context);
      std::vector<double> steps, reads;
      double passed = 0;
      for (std::int64_t i = 0; i < kSteps && (i < kFewest || passed < options.seconds); ++i) {
        steps.push_back(seconds_of([&] { last_logits(model, next, caches, context); }));
        reads.push_back(seconds_to_read(weights));
        passed += steps.back() + reads.back();
      }
      time.seconds.*where = median(steps);
      time.reading.*where = median(reads);
      time.bytes =
          static_cast<std::uint64_t>(options.config.num_layers) * layer_bytes(options) + model.head().packed.bytes();
    }
  });
  return times;
}

}  // namespace aacft
