// A model folder whose weights rest as products read them: packed.safetensors beside configuration and tokenizer.
// Loading one is mapping it: no work, no memory of its own, and several processes share the pages.
//
// The file is a safetensors file. Its metadata say the version of the form, how the weights, the head and the
// checkpoint's own tensors rest; its tensors are the linears ("packed.LAYER.ROLE", "packed.head": the bytes of
// PackedWeights, zeros up to a multiple of 64), all other weights under their checkpoint names, and "checksums", one of
// each tensor before it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>

#include "aacft/base/warn.h"
#include "aacft/formats/safetensors.h"
#include "aacft/kernels/packed_weights.h"
#include "aacft/model/model_options.h"

namespace aacft {

constexpr const char* kPackedFile = "packed.safetensors";

class PackedModelFile {
 public:
  static bool is_in(const std::filesystem::path& folder) {
    return std::filesystem::is_regular_file(folder / kPackedFile);
  }

  // Error where it is no such file, of another version, or cut short.
  explicit PackedModelFile(const std::filesystem::path& folder);

  WeightType weights() const { return weights_; }  // of the layers
  WeightType head() const { return head_; }
  Dtype stored() const { return stored_; }  // what the model was packed from

  const std::vector<TensorView>& tensors() const { return file_.tensors(); }

  // Over the mapped bytes. Error where there is none of that size.
  PackedWeights linear(std::size_t layer, std::size_t role, std::int64_t out, std::int64_t in) const;
  PackedWeights head(std::int64_t out, std::int64_t in) const;
  // A tensor that is not packed. Error where there is none of that shape.
  const TensorView& tensor(const std::string& name, const std::vector<std::int64_t>& shape) const;

  // Reads all of it. Error that names the first tensor that is not as it was written.
  void verify() const;

 private:
  PackedWeights packed(const std::string& name, std::int64_t out, std::int64_t in, WeightType type) const;
  const TensorView& find(const std::string& name) const;

  std::filesystem::path path_;
  SafetensorsFile file_;
  WeightType weights_ = WeightType::kFp32, head_ = WeightType::kFp32;
  Dtype stored_ = Dtype::kFloat32;
};

// Writes such a folder: it appears when it is whole. The weights are packed as the options say, in memory.
// before_tensor may throw to give up; nothing is left then. Error where `output` exists, or the model is packed
// already.
void write_packed_model(const std::filesystem::path& model, const std::filesystem::path& output,
                        const ModelOptions& options, const Warn& warn, const std::function<void()>& before_tensor = {});

}  // namespace aacft
