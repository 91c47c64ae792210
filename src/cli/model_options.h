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
    declared.add_choice("--base-weights", base_weights_,
                        {{"auto", Weights::kAuto},
                         {"fp32", Weights::kFp32},
                         {"fp16", Weights::kFp16},
                         {"bf16", Weights::kBf16},
                         {"int8", Weights::kInt8},
                         {"nf4", Weights::kNf4}},
                        "how the frozen weights rest in memory; auto: as stored, or bf16 with --compute bf16");
    declared.add("--verify", verify_, "compare the checksums of a packed model before it is used");
  }

  ModelOptions resolved() const {
    ModelOptions options;
    options.verify = verify_;
    const bool bf16 = compute_ == Arithmetic::kBf16 || (compute_ == Arithmetic::kAuto && bf16_is_fast());
    options.compute = bf16 ? Compute::kBf16 : Compute::kFp32;
    switch (base_weights_) {
      case Weights::kAuto: break;
      case Weights::kFp32: options.base_weights = WeightType::kFp32; break;
      case Weights::kFp16: options.base_weights = WeightType::kFp16; break;
      case Weights::kBf16: options.base_weights = WeightType::kBf16; break;
      case Weights::kInt8: options.base_weights = WeightType::kInt8; break;
      case Weights::kNf4: options.base_weights = WeightType::kNf4; break;
    }
    return options;
  }

 private:
  enum class Arithmetic { kAuto, kFp32, kBf16 };
  enum class Weights { kAuto, kFp32, kFp16, kBf16, kInt8, kNf4 };
  Arithmetic compute_ = Arithmetic::kAuto;
  Weights base_weights_ = Weights::kAuto;
  bool verify_ = false;
};

}  // namespace aacft::cli
