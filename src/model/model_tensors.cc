#include "aacft/model/model_tensors.h"

#include <algorithm>
#include <set>
#include <vector>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/base/text.h"
#include "aacft/model/family.h"

namespace aacft {
namespace {

std::string head_tensor(const Family& family) { return std::string(family.head) + ".weight"; }
std::string other_head_tensor(const Family& family) { return std::string(family.other_head) + ".weight"; }

}  // namespace

const TensorView* find_weight(const Checkpoint& checkpoint, const ModelConfig& config, const std::string& name) {
  const Family& family = family_of(config);
  const TensorView* found = checkpoint.find(name);
  return found == nullptr && name == head_tensor(family) ? checkpoint.find(other_head_tensor(family)) : found;
}

Dtype stored_dtype(const Checkpoint& checkpoint, const ModelConfig& config) {
  return checkpoint.find(embedding_tensor(config))->dtype;
}

void require_finite(const Checkpoint& checkpoint, const ModelConfig& config, const std::string& name) {
  const TensorView* tensor = find_weight(checkpoint, config, name);
  require_finite(*tensor, checkpoint.folder().string());
  release_pages(tensor->bytes);  // they come back when they are used
}

void check_checkpoint(const Checkpoint& checkpoint, const ModelConfig& config, const Warn& warn) {
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
    } else if (!is_weight_dtype(tensor->dtype)) {
      throw Error(checkpoint.folder(), ": tensor ", expected.name, " is of type ", dtype_name(tensor->dtype),
                  "; weights must be float32, float16 or bfloat16");
    }
  }
  if (!missing.empty())
    throw Error(checkpoint.folder(), ": the weights lack ", listed(missing, 8),
                "; the folder is incomplete or config.json is another model's");
  if (!misshapen.empty())
    throw Error(checkpoint.folder(), ": wrong shape: ", listed(misshapen, 8), "; config.json is another model's");

  for (const TensorView& tensor : checkpoint.tensors()) {
    const bool ignored = std::any_of(family.ignored.begin(), family.ignored.end(),
                                     [&](std::string_view ending) { return tensor.name.ends_with(ending); });
    if (!ignored && !known.contains(tensor.name)) extra.push_back(tensor.name);
  }
  if (!extra.empty() && warn)
    warn("the weights in " + checkpoint.folder().string() +
         " hold tensors that this model does not use: " + listed(extra, 8));
}

}  // namespace aacft
