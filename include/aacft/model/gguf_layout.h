// What a model is called in a GGUF file that is to be written: its keys, its tensors' names and order of rows, and the
// types that they get; the way in which llama.cpp's own converter and quantiser write one. gguf_model.h reads them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aacft/formats/gguf_writer.h"
#include "aacft/model/config.h"
#include "aacft/model/family.h"

namespace aacft {

// What people call a file's type. In the last ones tensors that matter more get more bits.
enum class GgufFileType : std::uint32_t {
  kF32 = 0,
  kF16 = 1,
  kQ4_0 = 2,
  kQ4_1 = 3,
  kQ8_0 = 7,
  kQ5_0 = 8,
  kQ5_1 = 9,
  kQ4_K_M = 15,
  kQ5_K_M = 17,
  kQ6_K = 18,
  kBF16 = 32,
};

std::string_view gguf_file_type_name(GgufFileType type);                  // "Q4_K_M"
std::optional<GgufFileType> parse_gguf_file_type(std::string_view name);  // in any case of letters
std::string gguf_file_type_names();                                       // "F32, F16, ... or Q6_K"

struct GgufTensor {
  std::string name;  // "blk.0.attn_q.weight"
  Dtype dtype = Dtype::kFloat32;
  std::vector<std::int64_t> shape;
  RowOrder order;      // in which the rows of `source` rest in the file
  std::string source;  // the model's name for it; "": its values are these
  std::vector<float> values;
};

// Every tensor of the file, in order. Some that a checkpoint does not have are there for readers that want them: a head
// that is tied to the embedding, biases of 0 and factors of rotary positions, where the architecture has no other way
// to say it. Error for what llama.cpp has no place for: it names the configuration's key.
std::vector<GgufTensor> gguf_tensors(const ModelConfig& config, GgufFileType type);

// The architecture and all that llama.cpp wants to know of a model but its tokenizer; `name` is for people.
void add_gguf_config(const ModelConfig& config, const std::string& name, GgufKeys& keys);
// What tells a file's type: to be added last.
void add_gguf_file_type(GgufFileType type, GgufKeys& keys);

std::string gguf_architecture(const ModelConfig& config);  // "llama"

// The name that a module's tensors have there, without ".weight", and how the rows of its output rest.
std::string gguf_module(const ModelConfig& config, const TensorPlace& place);
RowOrder gguf_row_order(const ModelConfig& config, const TensorPlace& place);

}  // namespace aacft
