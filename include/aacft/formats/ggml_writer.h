// The files of ggml from before GGUF, as redpajama.cpp of 2023 reads them (github.com/Textualization/redpajama.cpp,
// examples/redpajama/gptneox.cpp): "ggmf" version 1, of numbers that are not encoded, and "ggjt" version 1, which its
// quantiser makes of that, with tensors at multiples of 32 bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "aacft/base/file.h"
#include "aacft/formats/safetensors.h"

namespace aacft {

// What such a file says of a GPT-NeoX model.
struct GgmlModel {
  std::int32_t context = 0, hidden = 0, heads = 0, layers = 0, rotary_dims = 0;
  bool parallel_residual = false;
  std::vector<std::string> tokens;  // by id, as bytes of text; as many as the embedding has rows
};

// Whether tensors can be of this type: fp32, fp16, Q4_0 and Q8_0.
bool ggml_can_hold(Dtype dtype);

// The blocks of that time are others than those of today: their scale is an fp32, and the bytes of Q4_0 hold
// neighbours, which are rounded to the nearest instead of by cutting off.
std::size_t ggml_block_bytes(Dtype dtype);

// As encode() does. The bytes equal those of that quantiser.
[[nodiscard]] bool ggml_encode(Dtype dtype, const float* in, std::int64_t count, std::byte* out);

// Streams a file: the header is written from `model` and the type of the matrices, "ggjt" where that is encoded, and
// each tensor's header before its bytes. write() is called until the bytes of all tensors, in that order, have passed:
// matrices of the type of the first one, vectors in fp32. The file appears at commit().
class GgmlWriter {
 public:
  GgmlWriter(const fs::path& path, const GgmlModel& model, std::vector<TensorSpec> tensors);

  void write(std::span<const std::byte> bytes);
  void commit();

 private:
  void put(std::string_view bytes);
  void begin_tensor();

  AtomicFile file_;
  std::vector<TensorSpec> tensors_;
  bool aligned_ = false;
  std::size_t next_ = 0;     // tensor
  std::uint64_t left_ = 0;   // bytes of the one under way
  std::uint64_t place_ = 0;  // bytes written
};

}  // namespace aacft
