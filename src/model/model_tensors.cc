#include "aacft/model/model_tensors.h"

#include <algorithm>
#include <set>
#include <vector>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/base/text.h"
#include "aacft/model/family.h"
#include "aacft/model/gguf_model.h"
#include "aacft/model/packed_model.h"

namespace aacft {
namespace {

std::string head_tensor(const Family& family) { return std::string(family.head) + ".weight"; }
std::string other_head_tensor(const Family& family) { return std::string(family.other_head) + ".weight"; }

bool is_ignored(const Family& family, const std::string& tensor) {
  return std::any_of(family.ignored.begin(), family.ignored.end(),
                     [&](std::string_view ending) { return tensor.ends_with(ending); });
}

// A head that is there beside the embedding, and is not the same.
bool has_own_head(const Checkpoint& checkpoint, const ModelConfig& config) {
  const TensorView *head = find_weight(checkpoint, config, head_tensor(family_of(config))),
                   *embedding = checkpoint.find(embedding_tensor(config));
  if (head == nullptr || embedding == nullptr) return false;
  const bool same = head->dtype == embedding->dtype && std::ranges::equal(head->bytes, embedding->bytes);
  checkpoint.release(head->bytes);
  checkpoint.release(embedding->bytes);
  return !same;
}

}  // namespace

Checkpoint open_checkpoint(const std::filesystem::path& folder, const ModelConfig& config) {
  if (is_gguf(folder)) return open_gguf_checkpoint(folder, config);
  if (PackedModelFile::is_in(folder))
    throw Error(folder, " is packed (aacft pack): this needs the model that it was packed from");
  return Checkpoint(folder, [&](const std::string& tensor) { return is_ignored(family_of(config), tensor); });
}

const TensorView* find_weight(const Checkpoint& checkpoint, const ModelConfig& config, const std::string& name) {
  const Family& family = family_of(config);
  const TensorView* found = checkpoint.find(name);
  return found == nullptr && name == head_tensor(family) ? checkpoint.find(other_head_tensor(family)) : found;
}

Dtype stored_dtype(const Checkpoint& checkpoint, const ModelConfig& config) {
  const Dtype dtype = checkpoint.find(embedding_tensor(config))->dtype;
  return is_encoded(dtype) ? Dtype::kFloat32 : dtype;
}

void require_finite(const Checkpoint& checkpoint, const ModelConfig& config, const std::string& name) {
  const TensorView* tensor = find_weight(checkpoint, config, name);
  require_finite(*tensor, checkpoint.folder().string());
  checkpoint.release(tensor->bytes);  // they come back when they are used
}

ModelConfig check_checkpoint(const Checkpoint& checkpoint, const ModelConfig& stated, const Warn& warn) {
  ModelConfig config = stated;
  if (config.tied_embeddings && has_own_head(checkpoint, config)) {
    config.tied_embeddings = false;
    if (warn)
      warn(checkpoint.folder().string() +
           ": config.json ties the head to the embedding (tie_word_embeddings), but the "
           "weights hold a head of their own, which is used");
  }
  const Family& family = family_of(config);
  std::vector<std::string> missing, misshapen, extra;
  std::set<std::string> known = {head_tensor(family), other_head_tensor(family)};
  for (const ModelTensor& expected : tensors_of(config)) {
    known.insert(expected.name);
    const TensorView* tensor = find_weight(checkpoint, config, expected.name);
    if (tensor == nullptr) {
      missing.push_back(expected.name);
    } else if (tensor->shape != expected.shape) {
      misshapen.push_back(expected.name + " " + shape_text(tensor->shape) + " instead of " +
                          shape_text(expected.shape));
    } else if (!is_weight_dtype(tensor->dtype) && !is_encoded(tensor->dtype)) {
      throw Error(checkpoint.folder(), ": tensor ", expected.name, " is of type ", dtype_name(tensor->dtype),
                  "; weights must be float32, float16 or bfloat16");
    }
  }
  if (!missing.empty())
    throw Error(checkpoint.folder(), ": the weights lack ", listed(missing, 8),
                "; the folder is incomplete or config.json is another model's");
  if (!misshapen.empty())
    throw Error(checkpoint.folder(), ": wrong shape: ", listed(misshapen, 8), "; config.json is another model's");

  for (const TensorView& tensor : checkpoint.tensors())
    if (!is_ignored(family, tensor.name) && !known.contains(tensor.name)) extra.push_back(tensor.name);
  if (!extra.empty() && warn)
    warn("the weights in " + checkpoint.folder().string() +
         " hold tensors that this model does not use: " + listed(extra, 8));
  return config;
}

}  // namespace aacft
