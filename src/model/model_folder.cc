#include "aacft/model/model_folder.h"

#include <torch/types.h>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/base/random.h"
#include "aacft/base/threads.h"
#include "aacft/formats/checkpoint_writer.h"
#include "aacft/model/family.h"
#include "aacft/model/ops.h"
#include "aacft/model/tensor_bridge.h"

namespace aacft {
namespace {

constexpr double kDeviation = 0.02;  // transformers' initializer_range
constexpr std::int64_t kPiece = 1 << 20;

}  // namespace

void write_model_config(const std::filesystem::path& folder, const ModelConfig& config, Dtype dtype) {
  write_file_atomic(folder / "config.json", to_json(config, dtype).dump(2) + "\n");
  nlohmann::json generation = {{"_from_model_config", true}};
  if (config.bos_token_id) generation["bos_token_id"] = *config.bos_token_id;
  if (const nlohmann::json eos = eos_token_json(config); !eos.is_null()) generation["eos_token_id"] = eos;
  write_file_atomic(folder / "generation_config.json", generation.dump(2) + "\n");
}

void write_random_model(const std::filesystem::path& folder, const ModelConfig& config, Dtype dtype, std::uint64_t seed,
                        const std::filesystem::path& tokenizer_file, const std::function<void()>& before_tensor) {
  use_one_thread_per_operation();
  const at::NoGradGuard no_grad;
  if (std::filesystem::exists(folder) && (!std::filesystem::is_directory(folder) || !std::filesystem::is_empty(folder)))
    throw Error(folder, " exists already; choose a new name");
  AtomicFolder target(folder);
  std::vector<TensorSpec> specs;
  const std::vector<ModelTensor> tensors = tensors_of(config);
  for (const ModelTensor& tensor : tensors) specs.push_back({tensor.name, dtype, tensor.shape});
  CheckpointWriter writer(target.path(), specs, 5'000'000'000);
  for (std::size_t t = 0; t < specs.size(); ++t) {
    if (before_tensor) before_tensor();
    const RandomStream random(seed, Purpose::kModelInit, t);
    std::int64_t size = 1;
    for (const std::int64_t s : specs[t].shape) size *= s;
    const TensorPlace& place = tensors[t].place;
    const bool weight = specs[t].shape.size() == 2;
    const bool ones = !weight && !place.bias;  // a norm's
    for (std::int64_t first = 0; first < size; first += kPiece) {
      const std::int64_t count = std::min(kPiece, size - first);
      torch::Tensor piece = torch::full({count}, ones ? 1.0 : 0.0, torch::kFloat32);
      if (weight) {
        float* values = piece.data_ptr<float>();
        constexpr std::int64_t kChunk = 1 << 14;
        parallel_for(static_cast<std::size_t>((count + kChunk - 1) / kChunk), [&](std::size_t chunk) {
          const std::int64_t from = static_cast<std::int64_t>(chunk) * kChunk;
          const std::int64_t here = std::min(kChunk, count - from);
          random.fill_normal(values + from, static_cast<std::uint64_t>(first + from), static_cast<std::size_t>(here));
          for (std::int64_t i = from; i < from + here; ++i) values[i] *= static_cast<float>(kDeviation);
        });
      }
      const torch::Tensor rounded = piece.to(scalar_type(dtype));
      writer.write(view_of(specs[t].name, rounded).bytes);
    }
  }
  writer.commit();
  write_model_config(target.path(), config, dtype);
  if (!tokenizer_file.empty()) {
    const bool json = tokenizer_file.extension() == ".json";
    write_file_atomic(target.path() / (json ? "tokenizer.json" : "spiece.model"), read_file(tokenizer_file));
    if (json)
      write_file_atomic(target.path() / "tokenizer_config.json",
                        nlohmann::json{{"tokenizer_class", family_of(config).tokenizer_class},
                                       {"bos_token", "<|endoftext|>"},
                                       {"eos_token", "<|endoftext|>"},
                                       {"unk_token", "<|endoftext|>"},
                                       {"model_max_length", config.max_positions}}
                                .dump(2) +
                            "\n");
  }
  target.commit();
}

}  // namespace aacft
