#include "aacft/train/plan.h"

#include <algorithm>
#include <string_view>
#include <unordered_set>

#include "aacft/base/system.h"
#include "aacft/base/text.h"
#include "aacft/train/step_data.h"

namespace aacft {
namespace {

// On the disk in the end; a folder keeps all of them with a limit of 0.
std::int64_t checkpoints_kept(const TrainOptions& options, std::int64_t steps) {
  const std::int64_t made = 1 + (options.save_steps > 0 && steps > 0 ? (steps - 1) / options.save_steps : 0);
  return options.save_total_limit > 0 ? std::min(options.save_total_limit, made) : made;
}

RunForecast without_remedies(const TrainOptions& options, const RunInput& input) {
  const RunData& data = input.data;
  RunForecast f;
  f.program = rss_bytes();
  f.config = input.config;
  const Steps steps(options, data.samples);

  f.samples = data.samples.size();
  f.total_steps = steps.count();
  f.footprint =
      footprint(f.config, options.full ? nullptr : &options.lora, model_options(options, input), input.stored);
  std::unordered_set<std::int32_t> used;
  for (const auto* samples : {&data.samples, &data.eval_samples})
    for (const Sample& sample : *samples) used.insert(sample.ids.begin(), sample.ids.end());
  for (const Sample& sample : data.samples) f.tokens += sample.ids.size();
  if (!options.full)
    f.embeddings = used.size() * static_cast<std::uint64_t>(f.config.hidden_size) * dtype_size(input.stored);

  f.budget = memory_budget(options);
  const std::uint64_t taken = f.program + f.footprint.weights + f.footprint.trained + f.embeddings;
  f.passes = plan_passes(options, f.footprint.pass, input, f.budget > taken ? f.budget - taken : 0);
  const bool shared = shares_prefixes(options);
  for (std::int64_t step = 0; step < steps.count(); ++step) {
    const StepData step_data = steps.data(step);
    f.tokens_a_step += static_cast<double>(step_data.tokens());
    for (const StepData& pass : passes_of(step_data, shared, f.passes.max_tokens)) {
      const std::int64_t computed = computed_tokens(pass, shared);
      f.computed_a_step += static_cast<double>(computed);
      f.passes_a_step += 1;
      f.largest_pass = std::max(f.largest_pass, computed);
    }
  }
  for (double* mean : {&f.tokens_a_step, &f.computed_a_step, &f.passes_a_step})
    *mean /= static_cast<double>(std::max<std::int64_t>(steps.count(), 1));
  f.activations = f.footprint.pass.total(f.largest_pass, f.passes.kept_layers,
                                         static_cast<std::size_t>(f.config.num_layers) - f.passes.kept_layers);
  // Values and two moments in each checkpoint, values alone in the result.
  const std::uint64_t saved = f.footprint.trained / 4;
  f.disk =
      saved * (3 * static_cast<std::uint64_t>(checkpoints_kept(options, f.total_steps)) + (options.keep_best ? 2 : 1));
  return f;
}

// What a user may change, the cheapest first.
struct Remedy {
  const char* flags;
  bool (*applies)(const TrainOptions&);
  void (*apply)(TrainOptions&);
};
constexpr Remedy kRemedies[] = {
    {"--recompute auto", [](const TrainOptions& o) { return o.recompute == Recompute::kOff; },
     [](TrainOptions& o) { o.recompute = Recompute::kAuto; }},
    {"--share-prefixes off", [](const TrainOptions& o) { return shares_prefixes(o); },
     [](TrainOptions& o) { o.share_prefixes = SharePrefixes::kOff; }},
    {"no --full", [](const TrainOptions& o) { return o.full; }, [](TrainOptions& o) { o.full = false; }},
    {"--compute bf16",
     [](const TrainOptions& o) { return !o.full && with_defaults(o.model_options).compute == Compute::kFp32; },
     [](TrainOptions& o) { o.model_options.compute = Compute::kBf16; }},
    {"--base-weights int8",
     [](const TrainOptions& o) {
       return !o.full && o.model_options.base_weights != WeightType::kNf4 &&
              o.model_options.base_weights != WeightType::kInt8;
     },
     [](TrainOptions& o) { o.model_options.base_weights = WeightType::kInt8; }},
    {"--base-weights nf4",
     [](const TrainOptions& o) { return !o.full && o.model_options.base_weights != WeightType::kNf4; },
     [](TrainOptions& o) { o.model_options.base_weights = WeightType::kNf4; }},
};

// Options that fit one by one; where none does alone, all of them together.
std::vector<std::string> remedies(const TrainOptions& options, const RunInput& input) {
  std::vector<std::string> found;
  TrainOptions all = options;
  std::vector<std::string> flags;
  const auto try_it = [&](const TrainOptions& changed, const std::string& what) {
    const RunForecast f = without_remedies(changed, input);
    if (f.fits()) found.push_back(what + " (" + human_bytes(f.peak()) + ")");
  };
  for (const Remedy& remedy : kRemedies) {
    if (!remedy.applies(options)) continue;
    TrainOptions changed = options;
    remedy.apply(changed), remedy.apply(all);
    // NF4, which follows, takes its place.
    if (std::string_view(remedy.flags) != "--base-weights int8") flags.emplace_back(remedy.flags);
    try_it(changed, remedy.flags);
  }
  if (found.empty() && !flags.empty()) try_it(all, joined(flags, " "));
  return found;
}

}  // namespace

RunForecast forecast(const TrainOptions& options, const RunInput& input) {
  RunForecast f = without_remedies(options, input);
  if (!f.fits()) f.remedies = remedies(options, input);
  return f;
}

std::string shortage(const RunForecast& f) {
  std::string text =
      "it needs " + human_bytes(f.peak()) + " at its peak, and " + human_bytes(f.budget) + " are available; ";
  for (std::size_t i = 0; i < f.remedies.size(); ++i) text += (i == 0 ? "it fits with " : ", or ") + f.remedies[i];
  return text + (f.remedies.empty() ? "shorter rows (--max-length, --truncate) or a smaller model need less" : "");
}

}  // namespace aacft
