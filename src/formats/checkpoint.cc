#include "aacft/formats/checkpoint.h"

#include <algorithm>
#include <utility>

#include "aacft/base/error.h"
#include "aacft/base/text.h"
#include "aacft/formats/json.h"
#include "aacft/formats/safetensors.h"
#include "aacft/formats/torch_bin.h"
#include "bytes.h"

namespace aacft {
namespace {

struct Layout {
  const char *file, *name;
  bool sharded, torch;
};

constexpr Layout kLayouts[] = {
    {"model.safetensors", "safetensors", false, false},
    {"model.safetensors.index.json", "sharded safetensors", true, false},
    {"pytorch_model.bin", "torch bin", false, true},
    {"pytorch_model.bin.index.json", "sharded torch bin", true, true},
};

const Layout& find_layout(const fs::path& folder) {
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) throw Error("cannot read the model: there is no folder ", folder);
  std::vector<std::string> looked_for;
  for (const Layout& layout : kLayouts) {
    if (fs::exists(folder / layout.file, ignored)) return layout;
    looked_for.emplace_back(layout.file);
  }
  throw Error("no weights in ", folder, ": looked for ", listed(looked_for));
}

// Tensor name and shard, from an index whose shards must lie beside it.
std::vector<std::pair<std::string, std::string>> read_index(const fs::path& path) {
  const nlohmann::json index = read_json_object(path);
  const auto map = index.find("weight_map");
  if (map == index.end() || !map->is_object()) throw Error(path, ": it has no \"weight_map\" object");
  std::vector<std::pair<std::string, std::string>> weights;
  for (const auto& [name, value] : map->items()) {
    const std::string shard = value.is_string() ? value.get<std::string>() : "";
    if (shard.empty() || shard == "." || shard == ".." ||
        shard.find_first_of(std::string_view("/\\\0", 3)) != shard.npos)
      throw Error(path, ": tensor ", in_quotes(name, '\''), " must lie in a file of the same folder, not in ",
                  in_quotes(value.dump(), '\''));
    weights.emplace_back(name, shard);
  }
  return weights;
}

}  // namespace

struct Checkpoint::Files {
  std::vector<SafetensorsFile> safetensors;
  std::vector<TorchBinFile> torch;
  std::vector<GgufFile> gguf;

  const std::vector<TensorView>& open(const fs::path& path, bool is_torch) {
    return is_torch ? torch.emplace_back(path).tensors() : safetensors.emplace_back(path).tensors();
  }
};

Checkpoint::Checkpoint(const fs::path& folder, const std::function<bool(const std::string&)>& unused)
    : folder_(folder), files_(std::make_unique<Files>()) {
  const Layout& layout = find_layout(folder);
  layout_ = layout.name;
  std::vector<std::pair<std::string, std::string>> weights;
  std::vector<std::string> shards = {layout.file};
  if (layout.sharded) {
    weights = read_index(folder / layout.file);
    if (unused) std::erase_if(weights, [&](const auto& weight) { return unused(weight.first); });
    shards.clear();
    for (const auto& [name, shard] : weights) shards.push_back(shard);
    std::sort(shards.begin(), shards.end());
    shards.erase(std::unique(shards.begin(), shards.end()), shards.end());
  }

  std::unordered_map<std::string, std::string> shard_of;
  for (const std::string& shard : shards) {
    std::error_code ignored;
    if (!fs::exists(folder / shard, ignored))
      throw Error(folder / shard, " is missing, but ", layout.file, " names it; copy or download it again");
    for (const TensorView& tensor : files_->open(folder / shard, layout.torch)) {
      const auto [first, fresh] = shard_of.emplace(tensor.name, shard);
      if (!fresh)
        throw Error("tensor ", in_quotes(tensor.name, '\''), " is both in ", folder / first->second, " and in ",
                    folder / shard);
      by_name_.emplace(tensor.name, tensors_.size());
      tensors_.push_back(tensor);
    }
  }
  for (const auto& [name, shard] : weights)
    if (const auto found = shard_of.find(name); found == shard_of.end() || found->second != shard)
      throw Error(folder / shard, ": tensor ", in_quotes(name, '\''), " is not in it, but ", layout.file, " says so");
}

Checkpoint::Checkpoint(GgufFile file, const fs::path& path, const std::function<void(TensorView&)>& rename)
    : folder_(path), layout_(file.parts() == 1 ? "GGUF" : "split GGUF"), files_(std::make_unique<Files>()) {
  files_->gguf.push_back(std::move(file));
  for (TensorView tensor : files_->gguf.back().tensors()) {
    const std::string stored = tensor.name;
    rename(tensor);
    if (tensor.name.empty()) continue;
    if (!by_name_.emplace(tensor.name, tensors_.size()).second)
      throw Error(path, ": tensor ", in_quotes(stored, '\''), " is there under two names");
    tensors_.push_back(tensor);
  }
}

Checkpoint::~Checkpoint() = default;
Checkpoint::Checkpoint(Checkpoint&&) noexcept = default;

void Checkpoint::release(std::span<const std::byte> bytes) const {
  for (const SafetensorsFile& file : files_->safetensors) file.map().release(bytes);
  for (const TorchBinFile& file : files_->torch) file.map().release(bytes);
  for (const GgufFile& file : files_->gguf) file.release(bytes);
}

const TensorView* Checkpoint::find(const std::string& name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &tensors_[found->second];
}

}  // namespace aacft
