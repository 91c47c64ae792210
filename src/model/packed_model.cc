#include "aacft/model/packed_model.h"

#include <array>
#include <cstring>

#include "aacft/base/error.h"
#include "aacft/formats/block_encoding.h"
#include "aacft/model/model.h"
#include "aacft/model/model_folder.h"
#include "aacft/model/model_tensors.h"
#include "aacft/model/tensor_bridge.h"
#include "aacft/tokenizer/tokenizer.h"

namespace aacft {
namespace {

namespace fs = std::filesystem;
using Module = TensorPlace::Module;

constexpr const char* kFormat = "aacft packed";
constexpr const char* kVersion = "1";  // of the form of PackedWeights, and of this file
constexpr const char* kChecksums = "checksums";
constexpr const char* kHead = "packed.head";
constexpr std::size_t kAlignment = 64;

std::size_t padded(std::size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

std::string linear_name(std::size_t layer, std::size_t role) {
  return "packed." + std::to_string(layer) + "." + std::to_string(role);
}

// Tells any change of a few bits: each eight bytes are mixed in by FNV-1a, the rest byte by byte.
class Checksum {
 public:
  void add(std::span<const std::byte> bytes) {
    std::size_t at = 0;
    for (; at + 8 <= bytes.size(); at += 8) {
      std::uint64_t word;
      std::memcpy(&word, bytes.data() + at, 8);
      mix(word);
    }
    for (; at < bytes.size(); ++at) mix(static_cast<std::uint64_t>(bytes[at]));
  }
  std::int64_t value() const { return static_cast<std::int64_t>(sum_); }

 private:
  void mix(std::uint64_t word) {
    sum_ = (sum_ ^ word) * 0x100000001b3u;
    sum_ ^= sum_ >> 32;  // a multiplication alone carries nothing downwards
  }
  std::uint64_t sum_ = 0xcbf29ce484222325u;
};

std::int64_t checksum_of(std::span<const std::byte> bytes) {
  Checksum sum;
  sum.add(bytes);
  return sum.value();
}

bool rests_packed(const ModelTensor& tensor) {
  return tensor.shape.size() == 2 && (tensor.place.module == Module::kLinear || tensor.place.module == Module::kHead);
}

}  // namespace

PackedModelFile::PackedModelFile(const fs::path& folder) : path_(folder / kPackedFile), file_(path_) {
  const auto& metadata = file_.metadata();
  const auto text = [&](const char* key) {
    const auto found = metadata.find(key);
    return found == metadata.end() ? std::string() : found->second;
  };
  if (text("format") != kFormat) throw Error(path_, " was not written by aacft pack");
  if (text("version") != kVersion)
    throw Error(path_, " is of version ", text("version"), ", and this program knows ", kVersion,
                ": pack the model again");
  const auto weights = parse_weight_type(text("weights")), head = parse_weight_type(text("head"));
  const auto stored = parse_dtype(text("stored"));
  if (!weights || !head || !stored || !is_weight_dtype(*stored))
    throw Error(path_, ": its metadata are damaged: pack the model again");
  weights_ = *weights;
  head_ = *head;
  stored_ = *stored;
}

const TensorView& PackedModelFile::find(const std::string& name) const {
  for (const TensorView& tensor : file_.tensors())
    if (tensor.name == name) return tensor;
  throw Error(path_, " lacks ", name, ", which its config.json asks for");
}

PackedWeights PackedModelFile::packed(const std::string& name, std::int64_t out, std::int64_t in,
                                      WeightType type) const {
  const TensorView& tensor = find(name);
  if (tensor.dtype != Dtype::kUint8 || tensor.bytes.size() != padded(PackedWeights::bytes(out, in, type)) ||
      reinterpret_cast<std::uintptr_t>(tensor.bytes.data()) % kAlignment != 0)
    throw Error(path_, ": ", name, " is not of the size that its config.json asks for");
  return PackedWeights::over(tensor.bytes.data(), out, in, type);
}

PackedWeights PackedModelFile::linear(std::size_t layer, std::size_t role, std::int64_t out, std::int64_t in) const {
  return packed(linear_name(layer, role), out, in, weights_);
}

PackedWeights PackedModelFile::head(std::int64_t out, std::int64_t in) const { return packed(kHead, out, in, head_); }

const TensorView& PackedModelFile::tensor(const std::string& name, const std::vector<std::int64_t>& shape) const {
  const TensorView& tensor = find(name);
  if (tensor.shape != shape || !is_weight_dtype(tensor.dtype))
    throw Error(path_, ": ", name, " is not of the shape that its config.json asks for");
  return tensor;
}

void PackedModelFile::verify() const {
  const TensorView& sums = find(kChecksums);
  const std::size_t count = file_.tensors().size() - 1;
  if (sums.dtype != Dtype::kInt64 || sums.bytes.size() != 8 * count || &sums != &file_.tensors().back())
    throw Error(path_, ": its checksums are damaged: pack the model again");
  for (std::size_t i = 0; i < count; ++i) {
    std::int64_t written;
    std::memcpy(&written, sums.bytes.data() + 8 * i, 8);
    const TensorView& tensor = file_.tensors()[i];
    if (checksum_of(tensor.bytes) != written)
      throw Error(path_, ": ", tensor.name, " is not what was written: the file is damaged; pack the model again");
  }
}

void write_packed_model(const fs::path& from, const fs::path& output, const ModelOptions& options, const Warn& warn,
                        const std::function<void()>& before_tensor) {
  if (PackedModelFile::is_in(from)) throw Error(from, " is packed already");
  if (fs::exists(output)) throw Error(output, " exists already; choose a new name");
  Model model(from, warn, options);
  AtomicFolder target(output);

  std::vector<TensorSpec> specs;
  std::vector<std::function<TensorView()>> values;
  const auto add_packed = [&](const std::string& name, const PackedWeights& weights) {
    specs.push_back({name, Dtype::kUint8, {static_cast<std::int64_t>(padded(weights.bytes()))}});
    values.push_back([&weights] {
      return TensorView{.dtype = Dtype::kUint8, .bytes = {weights.values(), weights.bytes()}};
    });
  };
  for (std::size_t i = 0; i < model.num_layers(); ++i)
    for (std::size_t role = 0; role < kLinearRoles; ++role) {
      const PackedWeights& weights = model.layer(i).linears[role].packed;
      if (!weights.empty()) add_packed(linear_name(i, role), weights);
    }
  add_packed(kHead, model.head().packed);
  std::vector<torch::Tensor> widened;  // of what rests in no plain form
  const std::vector<ModelTensor> tensors = tensors_of(model.config());
  const std::vector<NamedParameter> parameters = model.parameters();
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const ModelTensor& tensor = tensors[i];
    if (rests_packed(tensor)) continue;
    const bool embedding = tensor.place.module == Module::kEmbedding;
    widened.push_back(embedding ? model.embedding_rows() : parameters[i].parameter->value.contiguous());
    const TensorView view = view_of(tensor.name, widened.back());
    specs.push_back({tensor.name, view.dtype, tensor.shape});
    values.push_back([view] { return view; });
  }
  const auto count = static_cast<std::int64_t>(specs.size());
  specs.push_back({kChecksums, Dtype::kInt64, {count}});

  SafetensorsWriter writer(target.path() / kPackedFile, specs,
                           {{"format", kFormat},
                            {"version", kVersion},
                            {"weights", std::string(weight_type_name(model.layer(0).linears[0].packed.type()))},
                            {"head", std::string(weight_type_name(model.head().packed.type()))},
                            {"stored", std::string(dtype_name(model.stored_dtype()))}},
                           kAlignment);
  std::vector<std::int64_t> sums;
  const std::array<std::byte, kAlignment> zeros{};
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (before_tensor) before_tensor();
    const std::span<const std::byte> bytes = values[i]().bytes;
    const bool is_packed = specs[i].dtype == Dtype::kUint8;
    const std::span padding = std::span(zeros).first(is_packed ? padded(bytes.size()) - bytes.size() : 0);
    Checksum sum;
    sum.add(bytes);
    sum.add(padding);
    sums.push_back(sum.value());
    writer.write(bytes);
    writer.write(padding);
  }
  writer.write(std::as_bytes(std::span(sums)));
  writer.commit();
  write_model_config(target.path(), model.config(), model.stored_dtype());
  copy_tokenizer(from, target.path());
  target.commit();
}

}  // namespace aacft
