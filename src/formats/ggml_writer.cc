// The encoder is compiled without contraction, as block_encoding.cc.
#include "aacft/formats/ggml_writer.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>

#include "aacft/formats/block_encoding.h"

namespace aacft {
namespace {

constexpr std::uint32_t kPlainMagic = 0x67676d66, kAlignedMagic = 0x67676a74, kVersion = 1;
constexpr std::uint64_t kAlignment = 32;
constexpr std::int64_t kBlock = 32;

template <typename T>
std::string number_bytes(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

// Both the numbers of tensors' types and those of whole files.
std::uint32_t type_number(Dtype dtype) {
  return dtype == Dtype::kFloat32 ? 0 : dtype == Dtype::kFloat16 ? 1 : dtype == Dtype::kQ4_0 ? 2 : 8;
}
std::uint32_t file_type(Dtype dtype) { return dtype == Dtype::kQ8_0 ? 7 : type_number(dtype); }

std::uint64_t bytes_of(const TensorSpec& tensor) {
  std::uint64_t numel = 1;
  for (const std::int64_t size : tensor.shape) numel *= static_cast<std::uint64_t>(size);
  return numel / static_cast<std::uint64_t>(block_numel(tensor.dtype)) * ggml_block_bytes(tensor.dtype);
}

// Whole numbers nearest to the values over the scale, ties away from 0, and the scale.
float encode_block(const float* in, float levels, bool signed_extreme, int* whole) {
  float extreme = 0;
  for (std::int64_t i = 0; i < kBlock; ++i)
    if (std::fabs(in[i]) > std::fabs(extreme)) extreme = in[i];
  const float scale = (signed_extreme ? extreme : std::fabs(extreme)) / levels, inverse = scale != 0 ? 1 / scale : 0;
  const bool usable = std::isfinite(inverse);
  for (std::int64_t i = 0; i < kBlock; ++i) whole[i] = usable ? static_cast<int>(std::round(in[i] * inverse)) : 0;
  return scale;
}

}  // namespace

bool ggml_can_hold(Dtype dtype) {
  return dtype == Dtype::kFloat32 || dtype == Dtype::kFloat16 || dtype == Dtype::kQ4_0 || dtype == Dtype::kQ8_0;
}

std::size_t ggml_block_bytes(Dtype dtype) {
  return dtype == Dtype::kQ4_0 ? 4 + kBlock / 2 : dtype == Dtype::kQ8_0 ? 4 + kBlock : block_bytes(dtype);
}

bool ggml_encode(Dtype dtype, const float* in, std::int64_t count, std::byte* out) {
  if (!ggml_can_hold(dtype)) throw std::logic_error("ggml_encode: not a type of these files");
  if (!is_encoded(dtype)) return encode(dtype, in, count, out);
  if (count % kBlock != 0) throw std::logic_error("ggml_encode: only whole blocks");
  if (!std::all_of(in, in + count, [](float value) { return std::isfinite(value); })) return false;
  for (; count > 0; count -= kBlock, in += kBlock, out += ggml_block_bytes(dtype)) {
    int whole[kBlock];
    const bool four = dtype == Dtype::kQ4_0;
    const float scale = four ? encode_block(in, -8, true, whole) : encode_block(in, 127, false, whole);
    std::memcpy(out, &scale, sizeof scale);
    const auto level = [&](std::int64_t i) { return std::min(15, whole[i] + 8); };
    for (std::int64_t i = 0; i < (four ? kBlock / 2 : kBlock); ++i)
      out[4 + i] = static_cast<std::byte>(four ? level(2 * i) | level(2 * i + 1) << 4 : whole[i]);
  }
  return true;
}

GgmlWriter::GgmlWriter(const fs::path& path, const GgmlModel& model, std::vector<TensorSpec> tensors)
    : file_(path), tensors_(std::move(tensors)) {
  Dtype matrices = Dtype::kFloat32;
  for (const TensorSpec& tensor : tensors_) {
    if (tensor.shape.size() < 1 || tensor.shape.size() > 2 || !ggml_can_hold(tensor.dtype) ||
        tensor.shape.back() % block_numel(tensor.dtype) != 0)
      throw std::logic_error("GgmlWriter: " + tensor.name + " cannot be in such a file");
    if (tensor.shape.size() == 2) matrices = tensor.dtype;
  }
  aligned_ = is_encoded(matrices);
  std::string header = number_bytes(aligned_ ? kAlignedMagic : kPlainMagic) + number_bytes(kVersion) +
                       number_bytes(static_cast<std::int32_t>(model.tokens.size()));
  for (const std::int32_t size : {model.context, model.hidden, model.heads, model.layers, model.rotary_dims,
                                  static_cast<std::int32_t>(model.parallel_residual)})
    header += number_bytes(size);
  header += number_bytes(file_type(matrices));
  for (const std::string& token : model.tokens) header += number_bytes(static_cast<std::int32_t>(token.size())) + token;
  put(header);
  begin_tensor();
}

void GgmlWriter::put(std::string_view bytes) {
  file_.write(bytes);
  place_ += bytes.size();
}

void GgmlWriter::begin_tensor() {
  if (next_ == tensors_.size()) return;
  const TensorSpec& tensor = tensors_[next_++];
  std::string header = number_bytes(static_cast<std::int32_t>(tensor.shape.size())) +
                       number_bytes(static_cast<std::int32_t>(tensor.name.size())) +
                       number_bytes(type_number(tensor.dtype));
  for (auto size = tensor.shape.rbegin(); size != tensor.shape.rend(); ++size)
    header += number_bytes(static_cast<std::int32_t>(*size));
  header += tensor.name;
  const std::uint64_t end = place_ + header.size();
  if (aligned_) header.resize(header.size() + (kAlignment - end % kAlignment) % kAlignment);
  put(header);
  left_ = bytes_of(tensor);
}

void GgmlWriter::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    if (left_ == 0) throw std::logic_error("GgmlWriter: more bytes than the tensors have");
    const std::size_t here = std::min<std::uint64_t>(left_, bytes.size());
    file_.write(bytes.first(here));
    place_ += here;
    left_ -= here;
    bytes = bytes.subspan(here);
    if (left_ == 0) begin_tensor();
  }
}

void GgmlWriter::commit() {
  if (left_ != 0) throw std::logic_error("GgmlWriter: bytes are missing");
  file_.commit();
}

}  // namespace aacft
