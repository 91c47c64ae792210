#include "aacft/train/plan.h"

#include <algorithm>
#include <string_view>
#include <unordered_set>

#include "aacft/base/system.h"
#include "aacft/base/text.h"
#include "aacft/model/sample_pass.h"

namespace aacft {
namespace {

// The tokens that a step's passes compute.
std::vector<std::int64_t> pass_sizes(const TrainOptions& options, const std::vector<const Sample*>& step,
                                     std::int64_t max_rows) {
  std::vector<std::int64_t> sizes;
  if (!shares_prefixes(options)) {
    const auto lengths = lengths_of(step);
    for (const auto& [begin, end] : cut_into_passes(lengths, max_rows)) {
      sizes.push_back(0);
      for (std::size_t i = begin; i < end; ++i) sizes.back() += lengths[i];
    }
    return sizes;
  }
  std::vector<const Sample*> rows = step;
  std::stable_sort(rows.begin(), rows.end(), [](const Sample* a, const Sample* b) { return a->ids < b->ids; });
  for (const auto& [begin, end] : cut_into_shared_passes(rows, max_rows)) {
    std::vector<std::vector<std::int32_t>> ids;
    for (std::size_t i = begin; i < end; ++i) ids.push_back(rows[i]->ids);
    sizes.push_back(shared_rows(ids));
  }
  return sizes;
}

RunForecast without_remedies(const TrainOptions& options, const RunInput& input) {
  const RunData& data = input.data;
  RunForecast f;
  f.program = rss_bytes();
  f.config = input.config;
  const DataOrder order(data.rows.size(), options.micro_batch, options.shuffle, options.seed);
  const RunLength length = run_length(options, order);

  f.rows = data.rows.size();
  f.total_steps = length.steps;
  f.footprint = footprint(f.config, options.full ? nullptr : &options.lora, options.model_options, input.stored);
  std::unordered_set<std::int32_t> used;
  for (const auto* rows : {&data.rows, &data.eval_rows})
    for (const Sample& row : *rows) used.insert(row.ids.begin(), row.ids.end());
  for (const Sample& row : data.rows) f.tokens += row.ids.size();
  if (!options.full)
    f.embeddings = used.size() * static_cast<std::uint64_t>(f.config.hidden_size) * dtype_size(input.stored);

  f.budget = memory_budget(options);
  const std::uint64_t taken = f.program + f.footprint.weights + f.footprint.trained + f.embeddings;
  const auto layers = static_cast<std::size_t>(f.config.num_layers);
  f.passes = plan_passes(options, f.footprint.pass, layers, lengths_of(pointers_to(data.rows)), data.longest(),
                         f.budget > taken ? f.budget - taken : 0);
  for (std::int64_t step = 0; step < length.steps; ++step) {
    std::vector<const Sample*> rows;
    for (std::int64_t m = step * options.accumulation;
         m < std::min((step + 1) * options.accumulation, length.micro_batches); ++m)
      for (const std::size_t row : order.micro_batch(m)) rows.push_back(&data.rows[row]);
    for (const Sample* row : rows) f.tokens_a_step += static_cast<double>(row->ids.size());
    for (const std::int64_t size : pass_sizes(options, rows, f.passes.max_rows)) {
      f.computed_a_step += static_cast<double>(size);
      f.passes_a_step += 1;
      f.largest_pass = std::max(f.largest_pass, size);
    }
  }
  for (double* mean : {&f.tokens_a_step, &f.computed_a_step, &f.passes_a_step})
    *mean /= static_cast<double>(std::max<std::int64_t>(length.steps, 1));
  f.activations = f.footprint.pass.total(f.largest_pass, f.passes.kept_layers, layers - f.passes.kept_layers);
  // Values and two moments in each checkpoint, values alone in the result.
  const std::uint64_t saved = f.footprint.trained / 4;
  f.disk = saved * (3 * static_cast<std::uint64_t>(std::max<std::int64_t>(options.save_total_limit, 1)) +
                    (options.keep_best ? 2 : 1));
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
  std::string flags;
  const auto try_it = [&](const TrainOptions& changed, const std::string& what) {
    const RunForecast f = without_remedies(changed, input);
    if (f.fits()) found.push_back(what + " (" + human_bytes(f.peak()) + ")");
  };
  for (const Remedy& remedy : kRemedies) {
    if (!remedy.applies(options)) continue;
    TrainOptions changed = options;
    remedy.apply(changed), remedy.apply(all);
    // NF4, which follows, takes its place.
    if (std::string_view(remedy.flags) != "--base-weights int8")
      flags += (flags.empty() ? "" : " ") + std::string(remedy.flags);
    try_it(changed, remedy.flags);
  }
  if (found.empty() && !flags.empty()) try_it(all, flags);
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
      "it needs " + human_bytes(f.peak()) + " at its peak, and " + human_bytes(f.budget) + " are to be had; ";
  for (std::size_t i = 0; i < f.remedies.size(); ++i) text += (i == 0 ? "it fits with " : ", or ") + f.remedies[i];
  return text + (f.remedies.empty() ? "shorter rows (--max-length, --truncate) or a smaller model need less" : "");
}

}  // namespace aacft
