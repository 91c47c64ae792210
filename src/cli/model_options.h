// How a model is held and computed with: the same options for every command that runs one.
#pragma once

#include "aacft/base/error.h"
#include "aacft/kernels/isa.h"
#include "aacft/model/model_options.h"
#include "cli/options.h"

namespace aacft::cli {

class ModelFlags {
 public:
  void add_to(Options& declared) {
    declared.add_choice(
        "--compute", compute_,
        {{"auto", Arithmetic::kAuto},
         {"fp32", Arithmetic::kFp32},
         {"bf16", Arithmetic::kBf16},
         {"int8", Arithmetic::kInt8}},
        "fp32 is exact; bf16 rounds the operands of matrix products and takes half the memory; "
        "auto: bf16 where the processor has it; int8, to generate with --base-weights int8 (its default then) "
        "or nf4: products in integers, twice as fast and less exact");
    std::vector<std::pair<std::string, int>> weights = {{"auto", kAsStored}};
    for (const WeightType type :
         {WeightType::kFp32, WeightType::kFp16, WeightType::kBf16, WeightType::kInt8, WeightType::kNf4})
      weights.emplace_back(weight_type_name(type), static_cast<int>(type));
    declared.add_choice("--base-weights", base_weights_, weights,
                        "how the frozen weights rest in memory; auto: as stored, or bf16 with --compute bf16");
    declared.add("--verify", verify_, "compare the checksums of a packed model before it is used");
  }

  ModelOptions resolved() const {
    ModelOptions options;
    options.verify = verify_;
    const bool left_to_us = compute_ == Arithmetic::kAuto || compute_ == Arithmetic::kInt8;
    const bool bf16 = compute_ == Arithmetic::kBf16 || (left_to_us && bf16_is_fast());
    options.int8_products = compute_ == Arithmetic::kInt8;
    options.compute = bf16 ? Compute::kBf16 : Compute::kFp32;
    if (base_weights_ != kAsStored) options.base_weights = static_cast<WeightType>(base_weights_);
    if (options.int8_products && options.base_weights && scale_group(*options.base_weights) == 0)
      throw UsageError("--compute int8 needs --base-weights int8 or nf4");
    return options;
  }

 private:
  enum class Arithmetic { kAuto, kFp32, kBf16, kInt8 };
  Arithmetic compute_ = Arithmetic::kAuto;
  static constexpr int kAsStored = -1;  // else a WeightType
  int base_weights_ = kAsStored;
  bool verify_ = false;
};

}  // namespace aacft::cli
