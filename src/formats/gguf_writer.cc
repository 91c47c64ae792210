#include "aacft/formats/gguf_writer.h"

#include <algorithm>
#include <cstdio>
#include <limits>
#include <stdexcept>

#include "aacft/base/error.h"
#include "gguf_types.h"

namespace aacft {
namespace {

template <typename T>
std::string number_bytes(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

std::string string_bytes(std::string_view text) { return number_bytes<std::uint64_t>(text.size()) + std::string(text); }

template <typename T>
std::string_view values_bytes(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

std::uint64_t padded(std::uint64_t bytes) { return (bytes + kGgufAlignment - 1) / kGgufAlignment * kGgufAlignment; }

std::uint64_t bytes_of(const TensorSpec& tensor) {
  std::int64_t numel = 1;
  for (const std::int64_t size : tensor.shape) numel *= size;
  if (numel <= 0 || tensor.shape.empty() || tensor.shape.size() > 4 ||
      tensor.shape.back() % block_numel(tensor.dtype) != 0)
    throw std::logic_error("GgufWriter: no tensor of GGUF has the shape " + shape_text(tensor.shape));
  return dtype_bytes(tensor.dtype, numel);
}

std::uint32_t type_number(Dtype dtype) {
  for (const GgufTensorType& type : kGgufTensorTypes)
    if (type.dtype == dtype) return type.number;
  throw std::logic_error("GgufWriter: GGUF has no type " + std::string(dtype_name(dtype)));
}

std::string header_bytes(const GgufKeys& keys, const std::vector<TensorSpec>& tensors) {
  std::string header = std::string(kGgufMagic) + number_bytes(kGgufVersion) +
                       number_bytes<std::uint64_t>(tensors.size()) + number_bytes<std::uint64_t>(keys.size()) +
                       keys.bytes();
  std::uint64_t offset = 0;
  for (const TensorSpec& tensor : tensors) {
    header += string_bytes(tensor.name) + number_bytes(static_cast<std::uint32_t>(tensor.shape.size()));
    for (auto size = tensor.shape.rbegin(); size != tensor.shape.rend(); ++size)
      header += number_bytes(static_cast<std::uint64_t>(*size));
    header += number_bytes(type_number(tensor.dtype)) + number_bytes(offset);
    offset += padded(bytes_of(tensor));
  }
  header.resize(padded(header.size()));
  return header;
}

}  // namespace

// ---- the keys ----

GgufKeys::GgufKeys(const GgufMetadata& metadata) {
  for (const GgufValue& value : metadata.values())
    if (value.key != kGgufAlignmentKey && !value.key.starts_with(kGgufSplitPrefix)) set(value);
}

void GgufKeys::put(std::string_view key, std::string value) {
  const auto known =
      std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) { return entry.key == key; });
  if (known == entries_.end()) entries_.push_back({std::string(key), std::move(value)});
  else known->value = std::move(value);
}

void GgufKeys::put_array(std::string_view key, GgufType element, std::size_t count, std::string_view values) {
  put(key, number_bytes(GgufType::kArray) + number_bytes(element) + number_bytes<std::uint64_t>(count) +
               std::string(values));
}

void GgufKeys::text(std::string_view key, std::string_view value) {
  put(key, number_bytes(GgufType::kString) + string_bytes(value));
}

void GgufKeys::count(std::string_view key, std::uint32_t value) {
  put(key, number_bytes(GgufType::kUint32) + number_bytes(value));
}

void GgufKeys::number(std::string_view key, float value) {
  put(key, number_bytes(GgufType::kFloat32) + number_bytes(value));
}

void GgufKeys::flag(std::string_view key, bool value) {
  put(key, number_bytes(GgufType::kBool) + number_bytes(static_cast<std::uint8_t>(value)));
}

void GgufKeys::strings(std::string_view key, const std::vector<std::string>& values) {
  std::string bytes;
  for (const std::string& value : values) bytes += string_bytes(value);
  put_array(key, GgufType::kString, values.size(), bytes);
}

void GgufKeys::integers(std::string_view key, const std::vector<std::int32_t>& values) {
  put_array(key, GgufType::kInt32, values.size(), values_bytes(values));
}

void GgufKeys::floats(std::string_view key, const std::vector<float>& values) {
  put_array(key, GgufType::kFloat32, values.size(), values_bytes(values));
}

void GgufKeys::set(const GgufValue& value) {
  const std::string_view bytes(reinterpret_cast<const char*>(value.bytes.data()), value.bytes.size());
  if (value.type == GgufType::kArray) put_array(value.key, value.element, value.count, bytes);
  else if (value.type == GgufType::kString) text(value.key, bytes);
  else put(value.key, number_bytes(value.type) + std::string(bytes));
}

std::string GgufKeys::bytes() const {
  std::string bytes;
  for (const Entry& entry : entries_) bytes += string_bytes(entry.key) + entry.value;
  return bytes;
}

// ---- the files ----

struct GgufWriter::Part {
  fs::path path;
  std::string header;
  std::vector<std::uint64_t> tensor_bytes;
  std::unique_ptr<AtomicFile> file;  // once its first byte has come
};

GgufWriter::GgufWriter(const fs::path& path, const GgufKeys& keys, std::vector<TensorSpec> tensors,
                       std::uint64_t most_bytes) {
  std::vector<std::vector<TensorSpec>> filled(1);
  std::uint64_t bytes = 0;
  const std::size_t all = tensors.size();
  for (TensorSpec& tensor : tensors) {
    const std::uint64_t here = padded(bytes_of(tensor));
    if (most_bytes > 0 && !filled.back().empty() && bytes + here > most_bytes) filled.emplace_back(), bytes = 0;
    bytes += here;
    filled.back().push_back(std::move(tensor));
  }
  if (filled.size() > std::numeric_limits<std::uint16_t>::max())
    throw Error(path.string(), ": ", filled.size(), " parts are more than GGUF can number; allow larger ones");
  const fs::path stem = path.extension() == ".gguf" ? fs::path(path).replace_extension() : path;
  for (std::size_t i = 0; i < filled.size(); ++i) {
    Part part;
    part.path = filled.size() == 1 ? path : fs::path(stem.string() + gguf_part_ending(i, filled.size()));
    GgufKeys own = i == 0 ? keys : GgufKeys();
    if (filled.size() > 1) {
      own.put(kGgufSplitNumber, number_bytes(GgufType::kUint16) + number_bytes(static_cast<std::uint16_t>(i)));
      own.put(kGgufSplitCount,
              number_bytes(GgufType::kUint16) + number_bytes(static_cast<std::uint16_t>(filled.size())));
      own.put(kGgufSplitTensors, number_bytes(GgufType::kInt32) + number_bytes(static_cast<std::int32_t>(all)));
    }
    part.header = header_bytes(own, filled[i]);
    total_ += part.header.size();
    for (const TensorSpec& tensor : filled[i]) {
      part.tensor_bytes.push_back(bytes_of(tensor));
      total_ += padded(part.tensor_bytes.back());
    }
    parts_.push_back(std::move(part));
  }
  left_ = all > 0 ? parts_[0].tensor_bytes[0] : 0;
}

GgufWriter::~GgufWriter() = default;

void GgufWriter::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    if (left_ == 0) throw std::logic_error("GgufWriter: more bytes than the tensors have");
    Part& part = parts_[part_];
    if (part.file == nullptr) {
      part.file = std::make_unique<AtomicFile>(part.path);
      part.file->write(part.header);
    }
    const std::size_t here = std::min<std::uint64_t>(left_, bytes.size());
    part.file->write(bytes.first(here));
    bytes = bytes.subspan(here);
    left_ -= here;
    if (left_ == 0) finish_tensor();
  }
}

void GgufWriter::finish_tensor() {
  Part& part = parts_[part_];
  const std::uint64_t size = part.tensor_bytes[tensor_];
  part.file->write(std::string(padded(size) - size, '\0'));
  if (++tensor_ == part.tensor_bytes.size()) ++part_, tensor_ = 0;
  left_ = part_ < parts_.size() ? parts_[part_].tensor_bytes[tensor_] : 0;
}

void GgufWriter::commit() {
  if (left_ != 0) throw std::logic_error("GgufWriter: bytes are missing");
  if (parts_[0].file == nullptr) {  // keys alone
    parts_[0].file = std::make_unique<AtomicFile>(parts_[0].path);
    parts_[0].file->write(parts_[0].header);
  }
  for (std::size_t i = parts_.size(); i-- > 0;) parts_[i].file->commit();
}

std::vector<fs::path> GgufWriter::paths() const {
  std::vector<fs::path> paths;
  for (const Part& part : parts_) paths.push_back(part.path);
  return paths;
}

}  // namespace aacft
