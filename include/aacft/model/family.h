// What a family of models is: the names, shapes and roles of its tensors, and what adapters may target. Only the files
// in families/ know a tensor's name; all else goes by roles.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aacft/model/config.h"

namespace aacft {

// The linears of a layer by what they do, in a checkpoint's order.
enum class LinearRole : std::uint8_t { kQkv, kAttentionOutput, kMlpInput, kMlpOutput };
constexpr std::size_t kLinearRoles = 4;
// The norms of a layer: of its blocks' inputs, and of each head of queries and keys.
enum class NormRole : std::uint8_t { kAttention, kMlp, kQuery, kKey };
constexpr std::size_t kNormRoles = 4;

// Some neighbouring outputs of a linear that have a name of their own in checkpoints and for adapters.
struct PartShape {
  std::string name;  // "gpt_neox.layers.0.attention.query_key_value"
  std::int64_t out = 0;
};

// One product, of one part or several.
struct LinearShape {
  std::int64_t in = 0;
  bool bias = false;
  std::vector<PartShape> parts;

  std::int64_t out() const {
    std::int64_t sum = 0;
    for (const PartShape& part : parts) sum += part.out;
    return sum;
  }
};

struct LayerShape {
  std::array<std::string, kNormRoles> norms;  // their names; "" where there is none
  std::array<LinearShape, kLinearRoles> linears;

  const LinearShape& operator[](LinearRole role) const { return linears[static_cast<std::size_t>(role)]; }
};

// A shape that people call by a name.
struct NamedShape {
  std::string_view name;
  ModelConfig config;
};

class ConfigReader;

// What GGUF files call a family and its tensors (model/gguf_model.h): "blk.0.attn_q.weight" and the like.
struct GgufNames {
  std::string_view architecture;
  std::array<std::string_view, kNormRoles> norms;
  std::array<std::vector<std::string_view>, kLinearRoles> linears;  // by part
  // How the rows of the linear of q, k and v rest: as here; pairs that turn together beside each other; all q, all k,
  // all v where here they are head by head.
  enum class Qkv : std::uint8_t { kAsHere, kPairsTogether, kByKind } qkv = Qkv::kAsHere;
};

struct Family {
  std::string_view model_type;                   // in config.json
  std::string_view known;                        // models of it that people know
  std::string_view embedding, final_norm, head;  // names of modules
  std::string_view other_head;                   // what newer files call the head
  std::vector<std::string_view> ignored;         // endings of buffers that old files carry and nobody needs
  std::vector<std::string> default_targets;      // PEFT's
  std::string_view tokenizer_class;              // in the tokenizer_config.json of a new model
  // Of config.json, what is this family's own; what all share (sizes, tokens) is read and written around it.
  void (*read)(const ConfigReader&, ModelConfig&);
  nlohmann::json (*write)(const ModelConfig&);
  LayerShape (*layer)(const ModelConfig&, std::int64_t index);
  std::string_view layers, mlx_layers;  // what modules' names begin with here, and in mlx-lm
  GgufNames gguf;
  std::vector<NamedShape> shapes;
};

const Family& gpt_neox_family();
const Family& llama_family();
const Family& mistral_family();
const Family& qwen2_family();
const Family& qwen3_family();

const std::vector<const Family*>& families();
const Family& family_of(const ModelConfig& config);
const Family* find_family(std::string_view model_type);  // null: none of ours

// The shapes of all families; UsageError that lists them for another name.
std::string shape_names();  // "tiny, pythia-70m, ... or gpt-neox-20b"
ModelConfig shape_named(std::string_view name);

// Of a norm's weight.
std::int64_t norm_size(const ModelConfig& config, NormRole role);

// Where a tensor of a checkpoint belongs in a model.
struct TensorPlace {
  enum class Module : std::uint8_t { kEmbedding, kNorm, kLinear, kFinalNorm, kHead } module = Module::kEmbedding;
  std::size_t layer = 0, role = 0, part = 0;  // of a norm, a linear
  bool bias = false;
};

struct ModelTensor {
  std::string name;
  std::vector<std::int64_t> shape;
  TensorPlace place;
};

// What a checkpoint of this shape holds, in the model's order: the registry that loading, checking, saving and training
// walk. A tied head is listed once, as the embedding.
std::vector<ModelTensor> tensors_of(const ModelConfig& config);

// The tensor of the embedding, whose type is the checkpoint's.
std::string embedding_tensor(const ModelConfig& config);

// What an adapter may adapt, in the model's order; an index into this list is a target's number, which dropout's and
// the initial values' random streams depend on.
struct AdapterTarget {
  std::string name;
  std::size_t layer = 0;
  LinearRole role = LinearRole::kQkv;
  std::size_t part = 0;
  std::int64_t out = 0, in = 0;
};
std::vector<AdapterTarget> adapter_targets(const ModelConfig& config);

// The last words of the targets' names, each once, in the model's order: "query_key_value", "dense", ...
std::vector<std::string> target_endings(const ModelConfig& config);

}  // namespace aacft
