#include "aacft/train/options.h"

#include <cmath>

#include "aacft/base/error.h"

namespace aacft {

void check_options(const TrainOptions& o) {
  const auto need = [](bool good, const char* message) {
    if (!good) throw UsageError(message);
  };
  need(o.micro_batch >= 1 && o.accumulation >= 1, "--micro-batch and --accumulation must be 1 or more");
  need(o.micro_batch <= 65536 && o.accumulation <= 65536, "--micro-batch and --accumulation must be at most 65536");
  need(!o.model_options.int8_products, "--compute int8 is for generating; train with fp32 or bf16");
  need(o.epochs >= 0, "--epochs must not be negative");
  need(o.epochs > 0 || o.max_steps >= 1, "--max-steps must be 1 or more");
  need(o.learning_rate >= 0 && o.learning_rate <= 1e30, "--lr must be from 0 to 1e30");
  need(o.warmup >= 0, "--warmup must not be negative");
  need(o.threads >= 0, "--threads must not be negative");
  need(o.full || o.lora.rank >= 1, "--rank must be 1 or more");
  need(o.lora.rank <= kLargestRank, "--rank must be at most 1048576");
  need(std::abs(o.lora.alpha) <= kLargestAlpha, "--alpha must be from -1e30 to 1e30");
  need(o.weight_decay >= 0 && o.weight_decay <= 1, "--weight-decay must be from 0 to 1");
  need(o.beta1 >= 0 && o.beta1 < 1 && o.beta2 >= 0 && o.beta2 < 1, "--beta1 and --beta2 must be from 0 to below 1");
  need(o.epsilon > 0, "--epsilon must be above 0");
  need(o.max_grad_norm >= 0, "--max-grad-norm must not be negative");
  need(o.save_steps >= 0 && o.save_total_limit >= 0, "--save-steps and --save-total-limit must not be negative");
  need(o.patience >= 0, "--patience must not be negative");
  need(o.data_options.max_length >= 0, "--max-length must not be negative");
  need(!o.data_options.response_marker.empty(), "--response-marker must not be empty");
  need(o.lora.dropout >= 0 && static_cast<float>(o.lora.dropout) < 1, "--dropout must be from 0 to below 1");
  need(o.eval_split >= 0 && o.eval_split < 1, "--eval-split must be from 0 to below 1");
  need(o.eval_split == 0 || o.eval_data.empty(), "--eval-data and --eval-split exclude each other");
  need(!o.full || !o.lora.dora, "--full trains every weight; it does not go with --dora");
  need(!o.full || o.init_adapter.empty(), "--full trains every weight; it does not go with --init-adapter");
  need(!o.full || o.model_options.base_weights.value_or(WeightType::kFp32) == WeightType::kFp32,
       "--full trains every weight in fp32; --base-weights is for weights that are frozen");
  const bool evaluates = o.eval_split > 0 || !o.eval_data.empty();
  need(evaluates || (!o.keep_best && o.patience == 0), "--keep-best and --patience need --eval-data or --eval-split");
  need(o.eval_steps >= 1, "--eval-steps must be 1 or more");
  std::error_code ignored;
  need(!std::filesystem::equivalent(o.model, o.output, ignored),
       "--output is the folder of --model, which it would overwrite");
}

}  // namespace aacft
