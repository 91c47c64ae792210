#include "train/agreement.h"

#include <torch/types.h>

#include <type_traits>

#include "aacft/base/error.h"

namespace aacft {
namespace {

using Json = nlohmann::ordered_json;

template <typename T>
std::string name_of(T value, const Names<T>& names) {
  for (const auto& [name, named] : names)
    if (named == value) return name;
  return {};
}

Json identity(const std::vector<Sample>& samples, std::uint64_t fingerprint) {
  return {{"count", samples.size()}, {"fingerprint", fingerprint}};
}

std::string shown(const Json& settings, const std::string& name) {
  if (!settings.contains(name)) return "nothing";
  const Json& value = settings[name];
  if (!name.ends_with("rows")) return name + " = " + value.dump();
  return value.at("count").dump() + " " + name + " (fingerprint " + value.at("fingerprint").dump() + ")";
}

}  // namespace

Json deciding_settings(const TrainOptions& options, const RunData& samples, const TrainedModel& trained,
                       std::uint64_t fingerprint) {
  // All fields, so that a new one does not compile before somebody decides whether it belongs to the list below.
  const auto& [model, data, output, data_options, lora, init_adapter, full, learning_rate, schedule, warmup,
               micro_batch, accumulation, max_steps, epochs, weight_decay, beta1, beta2, epsilon, max_grad_norm, on_nan,
               loss_norm, shuffle, seed, eval_data, eval_split, eval_steps, keep_best, patience, save_steps,
               save_total_limit, resume, overwrite, threads, model_options, share_prefixes, recompute, memory_budget,
               resolved_config] = options;
  const auto& [mask_prompt, response_marker, append_eos, max_length, truncate, skip_bad_rows, chat_style, chat_pairs] =
      data_options;
  const auto base_weights = with_defaults(model_options).base_weights;
  Json settings = {{"aacft", AACFT_VERSION},
                   {"model", to_json(trained.model().config(), Dtype::kFloat32)},
                   {"seed", seed},
                   {"share-prefixes", name_of(share_prefixes, kSharePrefixes)},
                   {"compute", trained.model().compute() == Compute::kBf16 ? "bf16" : "fp32"},
                   {"base-weights", base_weights ? weight_type_name(*base_weights) : "auto"},
                   {"full", full}};
  if (const LoraConfig* adapter = trained.lora()) {
    settings.update({{"rank", adapter->rank},
                     {"alpha", adapter->alpha},
                     {"dropout", adapter->dropout},
                     {"target-modules", adapter->target_modules},
                     {"rslora", adapter->rslora},
                     {"dora", adapter->dora},
                     {"adapter", to_json(*adapter)}});
    settings["adapter"].erase("base_model_name_or_path");
  }
  settings.update({{"lr", learning_rate},
                   {"schedule", name_of(schedule, kSchedules)},
                   {"warmup", warmup},
                   {"micro-batch", micro_batch},
                   {"accumulation", accumulation},
                   {"max-steps", max_steps},
                   {"epochs", epochs},
                   {"weight-decay", weight_decay},
                   {"beta1", beta1},
                   {"beta2", beta2},
                   {"epsilon", epsilon},
                   {"max-grad-norm", max_grad_norm},
                   {"on-nan", name_of(on_nan, kOnNan)},
                   {"loss-norm", name_of(loss_norm, kLossNorms)},
                   {"mask-prompt", mask_prompt},
                   {"response-marker", response_marker},
                   {"append-eos", append_eos},
                   {"max-length", max_length},
                   {"truncate", truncate},
                   {"skip-bad-rows", skip_bad_rows},
                   {"chat-style", chat_style.name},
                   {"chat-pairs", chat_pairs},
                   {"shuffle", shuffle},
                   {"eval-split", eval_split},
                   {"eval-steps", eval_steps},
                   {"keep-best", keep_best},
                   {"patience", patience},
                   {"rows", identity(samples.samples, fingerprint)},
                   {"evaluation rows", identity(samples.eval_samples, aacft::fingerprint(samples.eval_samples))},
                   {"trained parameters", trained.num_trained()}});
  return settings;
}

std::string difference(const Json& first, const Json& other, int rank) {
  Json names = first;
  names.update(other);
  for (const auto& [name, value] : names.items())
    if (!first.contains(name) || !other.contains(name) || first[name] != other[name])
      return "worker 0 has " + shown(first, name) + ", worker " + std::to_string(rank) + " has " + shown(other, name);
  return {};
}

void check_agreement(const Json& settings, Workers& workers) {
  const std::vector<std::string> all = workers.gather(settings.dump());
  const Json first = Json::parse(all.front());
  for (int worker = 1; worker < workers.size(); ++worker)
    if (const std::string found = difference(first, Json::parse(all[static_cast<std::size_t>(worker)]), worker);
        !found.empty())
      throw UsageError("the workers differ: ", found, "; all need the same options, rows and model");
}

void share_state(RunState& state, TrainedModel& trained, Workers& workers) {
  static_assert(std::is_trivially_copyable_v<RunState>);
  workers.share({at::from_blob(&state, {sizeof state}, at::kByte)});
  workers.share(trained.optimizer().state(state.updates()));
  if (workers.rank() > 0) trained.refresh();
}

}  // namespace aacft
