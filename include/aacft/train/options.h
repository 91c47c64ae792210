// What a training run is asked to do. Defaults are the talk's run (RedPajama-3B on 504 rows, June 2023), save that
// rows end with an end-of-text token and that the loss is a mean over tokens.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "aacft/data/rows.h"
#include "aacft/model/lora_config.h"
#include "aacft/model/model_options.h"

namespace aacft {

enum class Schedule { kLinear, kCosine, kConstant };
enum class LossNorm { kToken, kMicroBatch };
enum class SharePrefixes { kOff, kOn, kAuto };
enum class OnNan { kStop, kSkip };
enum class Recompute { kOff, kOn, kAuto };  // gradient checkpointing

// What users call them.
template <typename T>
using Names = std::vector<std::pair<std::string, T>>;
inline const Names<Schedule> kSchedules = {
    {"linear", Schedule::kLinear}, {"cosine", Schedule::kCosine}, {"constant", Schedule::kConstant}};
inline const Names<LossNorm> kLossNorms = {{"token", LossNorm::kToken}, {"micro", LossNorm::kMicroBatch}};
inline const Names<SharePrefixes> kSharePrefixes = {
    {"off", SharePrefixes::kOff}, {"on", SharePrefixes::kOn}, {"auto", SharePrefixes::kAuto}};
inline const Names<OnNan> kOnNan = {{"stop", OnNan::kStop}, {"skip", OnNan::kSkip}};
inline const Names<Recompute> kRecompute = {
    {"off", Recompute::kOff}, {"on", Recompute::kOn}, {"auto", Recompute::kAuto}};

struct TrainOptions {
  std::filesystem::path model, data, output;
  DataOptions data_options;

  LoraConfig lora;
  std::filesystem::path init_adapter;  // start from this adapter instead of a new one
  bool full = false;                   // train every weight instead of an adapter

  double learning_rate = 2e-4;
  Schedule schedule = Schedule::kLinear;
  std::int64_t warmup = 100;      // steps
  std::int64_t micro_batch = 4;   // samples
  std::int64_t accumulation = 4;  // micro-batches a step
  std::int64_t max_steps = 200;
  double epochs = 0;  // above 0: instead of max_steps
  double weight_decay = 0, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  double max_grad_norm = 1.0;   // 0: no clipping
  OnNan on_nan = OnNan::kStop;  // when a step's loss or gradient is not finite
  LossNorm loss_norm = LossNorm::kToken;
  bool shuffle = true;
  std::uint64_t seed = 42;

  std::filesystem::path eval_data;
  double eval_split = 0;  // share of the samples held out, 0..1
  std::int64_t eval_steps = 50;
  bool keep_best = false;     // the result is the adapter with the lowest evaluation loss
  std::int64_t patience = 0;  // evaluations without improvement after which the run stops; 0: never

  std::int64_t save_steps = 50;       // 0: only at the end
  std::int64_t save_total_limit = 2;  // checkpoints that are kept; 0: all
  bool resume = false;                // continue the run in `output`
  bool overwrite = false;             // replace the run in `output`

  int threads = 0;  // 0: all cores
  ModelOptions model_options;
  SharePrefixes share_prefixes = SharePrefixes::kAuto;  // compute beginnings that samples of a step share once
  Recompute recompute = Recompute::kAuto;
  std::uint64_t memory_budget = 0;  // bytes for the whole process, 0: most of what is free

  std::string resolved_config;  // written into the run folder as config.toml
};

// UsageError, which names the flag, where options are out of range or exclude each other.
void check_options(const TrainOptions& options);

}  // namespace aacft
