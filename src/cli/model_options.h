// How a model is held and computed with: the same options for every command that runs one.
#pragma once

#include "aacft/kernels/isa.h"
#include "aacft/model/model_options.h"
#include "cli/options.h"

namespace aacft::cli {

class ModelFlags {
 public:
  void add_to(Options& declared) {
    declared.add_choice("--compute", compute_,
                        {{"auto", Arithmetic::kAuto}, {"fp32", Arithmetic::kFp32}, {"bf16", Arithmetic::kBf16}},
                        "fp32 is exact; bf16 rounds the operands of matrix products and takes half the memory; "
                        "auto: bf16 where the processor has it");
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
    const bool bf16 = compute_ == Arithmetic::kBf16 || (compute_ == Arithmetic::kAuto && bf16_is_fast());
    options.compute = bf16 ? Compute::kBf16 : Compute::kFp32;
    if (base_weights_ != kAsStored) options.base_weights = static_cast<WeightType>(base_weights_);
    return options;
  }

 private:
  enum class Arithmetic { kAuto, kFp32, kBf16 };
  Arithmetic compute_ = Arithmetic::kAuto;
  static constexpr int kAsStored = -1;  // else a WeightType
  int base_weights_ = kAsStored;
  bool verify_ = false;
};

}  // namespace aacft::cli
