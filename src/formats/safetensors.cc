#include "aacft/formats/safetensors.h"

#include <algorithm>
#include <stdexcept>
#include <unordered_set>
#include <utility>

#include "aacft/base/error.h"
#include "aacft/base/utf8.h"
#include "aacft/formats/json.h"
#include "bytes.h"

namespace aacft {
namespace {

using nlohmann::json;

// The same limit as the reference implementation's.
constexpr std::uint64_t kMaxHeader = 100'000'000;
constexpr const char* kMetadata = "__metadata__";

constexpr std::pair<std::string_view, Dtype> kCodes[] = {
    {"F32", Dtype::kFloat32}, {"F16", Dtype::kFloat16}, {"BF16", Dtype::kBFloat16}, {"F64", Dtype::kFloat64},
    {"I64", Dtype::kInt64},   {"I32", Dtype::kInt32},   {"I16", Dtype::kInt16},     {"I8", Dtype::kInt8},
    {"U8", Dtype::kUint8},    {"BOOL", Dtype::kBool},
};

std::string_view code_of(Dtype dtype) {
  return std::find_if(std::begin(kCodes), std::end(kCodes), [&](auto& code) { return code.second == dtype; })->first;
}

std::uint64_t unsigned_number(const json& value, const char* what) {
  if (!value.is_number_unsigned()) throw Error(what, " holds ", value.dump(), " where a count was expected");
  return value.get<std::uint64_t>();
}

// Bytes of a tensor; nothing where that overflows.
std::optional<std::size_t> byte_size(const std::vector<std::int64_t>& shape, Dtype dtype) {
  std::size_t size = dtype_size(dtype);
  for (const std::int64_t extent : shape)
    if (extent < 0 || __builtin_mul_overflow(size, static_cast<std::size_t>(extent), &size)) return std::nullopt;
  return size;
}

TensorView read_entry(const std::string& name, const json& entry, Bytes data) {
  if (!entry.is_object() || entry.size() != 3 || !entry.contains("dtype") || !entry.contains("shape") ||
      !entry.contains("data_offsets"))
    throw Error("its header entry must hold dtype, shape and data_offsets");
  const json &dtype = entry["dtype"], &shape = entry["shape"], &offsets = entry["data_offsets"];
  if (!dtype.is_string() || !shape.is_array() || !offsets.is_array() || offsets.size() != 2)
    throw Error("its dtype must be a string, its shape an array, its data_offsets two numbers");

  const auto code = std::find_if(std::begin(kCodes), std::end(kCodes),
                                 [&](auto& known) { return known.first == dtype.get_ref<const std::string&>(); });
  if (code == std::end(kCodes))
    throw Error("dtype ", in_quotes(dtype.get_ref<const std::string&>(), '\''),
                " is not supported; convert it to F32, F16 or BF16");
  TensorView tensor{name, code->second, {}, {}};
  for (const json& extent : shape) tensor.shape.push_back(static_cast<std::int64_t>(unsigned_number(extent, "shape")));

  const std::uint64_t begin = unsigned_number(offsets[0], "data_offsets"),
                      end = unsigned_number(offsets[1], "data_offsets");
  if (begin > end) throw Error("data_offsets run backwards");
  if (byte_size(tensor.shape, tensor.dtype) != end - begin)
    throw Error("shape ", shape_text(tensor.shape), " of ", dtype_name(tensor.dtype), " does not fill its ",
                end - begin, " bytes");
  if (end > data.size())
    throw Error("its data ends at byte ", end, ", but the file holds only ", data.size(),
                " bytes of data: it is cut short, copy or download it again");
  tensor.bytes = data.subspan(begin, end - begin);
  return tensor;
}

std::string make_header(const std::vector<TensorSpec>& tensors, const std::map<std::string, std::string>& metadata,
                        std::size_t alignment, std::size_t& data_size) {
  std::string header = "{\"__metadata__\":" + json(metadata).dump();
  std::unordered_set<std::string_view> names;
  data_size = 0;
  for (const auto& [name, dtype, shape] : tensors) {
    const auto size = byte_size(shape, dtype);
    if (name == kMetadata || !valid_utf8(name) || !names.insert(name).second)
      throw Error("cannot write the tensor ", in_quotes(name, '\''), ": the name is taken or not valid UTF-8");
    if (!size || __builtin_add_overflow(data_size, *size, &data_size))
      throw Error("cannot write the tensor ", in_quotes(name, '\''), ": its shape ", shape_text(shape),
                  " is not possible");
    header.append(",").append(json(name).dump()).append(R"(:{"dtype":")").append(code_of(dtype));
    header.append(R"(","shape":)").append(json(shape).dump()).append(R"(,"data_offsets":[)");
    header.append(std::to_string(data_size - *size)).append(",").append(std::to_string(data_size)).append("]}");
  }
  header += '}';
  const std::size_t end = (sizeof(std::uint64_t) + header.size() + alignment - 1) / alignment * alignment;
  header.resize(end - sizeof(std::uint64_t), ' ');  // so that the data starts aligned
  return header;
}

}  // namespace

SafetensorsFile::SafetensorsFile(const fs::path& path) : map_(path) {
  const Bytes file = map_.bytes();
  refuse_git_lfs_pointer(as_text(file), path.string());
  try {
    if (file.size() < 8) throw Error("the file is cut short: it has no header; copy or download it again");
    const auto length = load<std::uint64_t>(file, 0);
    if (length > kMaxHeader) throw Error("not a safetensors file: a header of ", length, " bytes is not possible");
    if (length > file.size() - 8)
      throw Error("the file is cut short inside its header (", length, " bytes); copy or download it again");
    const json header = parse_json_object(as_text(file.subspan(8, length)), "the header");
    const Bytes data = file.subspan(8 + length);

    for (const auto& [name, entry] : header.items()) {
      if (name == kMetadata) {
        if (!entry.is_object()) throw Error("__metadata__ must be an object");
        for (const auto& [key, value] : entry.items()) {
          if (!value.is_string()) throw Error("__metadata__ ", in_quotes(key, '\''), " must be a string");
          metadata_[key] = value.get<std::string>();
        }
        continue;
      }
      try {
        tensors_.push_back(read_entry(name, entry, data));
      } catch (const Error& error) {
        throw Error("tensor ", in_quotes(name, '\''), ": ", error.what());
      }
    }

    // The data must be covered without gap or overlap. An empty tensor goes before one that starts where it
    // is.
    std::stable_sort(tensors_.begin(), tensors_.end(), [](const TensorView& a, const TensorView& b) {
      return std::pair(a.bytes.data(), a.bytes.size()) < std::pair(b.bytes.data(), b.bytes.size());
    });
    const std::byte* expected = data.data();
    for (const TensorView& tensor : tensors_) {
      if (tensor.bytes.data() != expected)
        throw Error("tensor ", in_quotes(tensor.name, '\''), ": its data ",
                    tensor.bytes.data() < expected ? "overlaps the tensor before it" : "leaves a gap before it");
      expected += tensor.bytes.size();
    }
    const auto left = data.data() + data.size() - expected;
    if (left != 0) throw Error(left, " bytes at the end belong to no tensor");
  } catch (const Error& error) {
    throw Error(path, ": ", error.what());
  }
}

SafetensorsWriter::SafetensorsWriter(const fs::path& path, const std::vector<TensorSpec>& tensors,
                                     const std::map<std::string, std::string>& metadata, std::size_t alignment)
    : file_(path) {
  const std::string header = make_header(tensors, metadata, alignment, left_);
  const std::uint64_t length = header.size();
  file_.write(std::as_bytes(std::span(&length, 1)));
  file_.write(header);
}

void SafetensorsWriter::write(std::span<const std::byte> bytes) {
  if (bytes.size() > left_) throw std::logic_error("SafetensorsWriter: more bytes than the tensors hold");
  file_.write(bytes);
  left_ -= bytes.size();
}

void SafetensorsWriter::commit() {
  if (left_ != 0) throw std::logic_error("SafetensorsWriter: " + std::to_string(left_) + " bytes are missing");
  file_.commit();
}

void write_safetensors(const fs::path& path, const std::vector<TensorView>& tensors) {
  std::vector<TensorSpec> specs;
  for (const TensorView& tensor : tensors) specs.push_back({tensor.name, tensor.dtype, tensor.shape});
  SafetensorsWriter writer(path, specs);
  for (const TensorView& tensor : tensors) writer.write(tensor.bytes);
  writer.commit();
}

}  // namespace aacft
