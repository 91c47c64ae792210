#include "aacft/formats/gguf.h"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <utility>

#include "aacft/base/error.h"
#include "aacft/base/text.h"
#include "aacft/base/utf8.h"
#include "bytes.h"
#include "gguf_types.h"

namespace aacft {
namespace {

constexpr std::int64_t kMostElements = std::int64_t{1} << 59;  // whose bytes 64 bits can hold, and no file has

// Reads the header from its beginning to its end.
class Header {
 public:
  explicit Header(Bytes file) : file_(file) {}

  Bytes take(std::uint64_t size) {
    if (size > file_.size() - at_)
      throw Error("the file is damaged or cut short in its header (", size, " bytes wanted at byte ", at_, " of ",
                  file_.size(), "); copy or download it again");
    at_ += size;
    return file_.subspan(at_ - size, size);
  }

  template <typename T>
  T number() {
    return load<T>(take(sizeof(T)), 0);
  }

  std::string_view string() { return as_text(take(number<std::uint64_t>())); }

  std::uint64_t position() const { return at_; }

 private:
  Bytes file_;
  std::size_t at_ = 0;
};

// What stands before the keys: magic, version, number of tensors and of keys.
std::pair<std::uint64_t, std::uint64_t> read_preamble(Header& header) {
  const std::string_view magic = as_text(header.take(kGgufMagic.size()));
  for (const std::string_view older : {"lmgg", "fmgg", "tjgg", "algg"})
    if (magic == older)
      throw Error("a file of ggml from before GGUF; convert the model again with a llama.cpp of today");
  if (magic != kGgufMagic)
    throw Error("not a GGUF file: it begins with ", in_quotes(magic), " instead of ", in_quotes(kGgufMagic));
  const auto version = header.number<std::uint32_t>();
  if ((version & 0xFFFF) == 0 && version != 0)
    throw Error(
        "a big-endian file; only little-endian ones are supported: convert it with gguf_convert_endian.py, which comes "
        "with llama.cpp");
  if (version < 2)
    throw Error("version ", version, " of GGUF is too old; convert the model again with a llama.cpp of today");
  if (version > kGgufVersion) throw Error("version ", version, " of GGUF is not supported, only 2 and 3 are");
  const auto tensors = header.number<std::uint64_t>(), keys = header.number<std::uint64_t>();
  return {tensors, keys};
}

void check_flags(Bytes bytes) {
  for (const std::byte flag : bytes)
    if (flag > std::byte{1}) throw Error("a flag must be 0 or 1, not ", static_cast<int>(flag));
}

// The value after its key and type.
GgufValue read_value(Header& header, std::string_view key, GgufType type) {
  GgufValue value{key, type, type, 1, {}};
  if (type == GgufType::kString) {
    value.bytes = std::as_bytes(std::span(header.string()));
    return value;
  }
  if (type == GgufType::kArray) {
    value.element = GgufType{header.number<std::uint32_t>()};
    value.count = header.number<std::uint64_t>();
    if (value.element == GgufType::kArray) throw Error("arrays of arrays are not supported");
  }
  if (value.element == GgufType::kString) {
    Header strings = header;
    for (std::uint64_t i = 0; i < value.count; ++i) strings.string();
    value.bytes = header.take(strings.position() - header.position());
    return value;
  }
  const std::size_t size = gguf_value_size(value.element);
  std::uint64_t bytes = 0;
  if (size == 0) throw Error("its type ", static_cast<std::uint32_t>(value.element), " is not known");
  if (__builtin_mul_overflow(value.count, size, &bytes)) throw Error("no array has ", value.count, " elements");
  value.bytes = header.take(bytes);
  if (value.element == GgufType::kBool) check_flags(value.bytes);
  return value;
}

// Nothing is reserved by counts that a header says: each value proves itself by its bytes.
std::vector<GgufValue> read_values(Header& header, std::uint64_t count) {
  std::vector<GgufValue> values;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string_view key = header.string();
    try {
      if (!valid_utf8(key)) throw Error("it is not valid UTF-8");
      values.push_back(read_value(header, key, GgufType{header.number<std::uint32_t>()}));
    } catch (const Error& error) {
      throw Error("key ", in_quotes(key, '\''), ": ", error.what());
    }
  }
  return values;
}

struct TensorInfo {
  TensorView tensor;         // without its bytes
  std::uint64_t offset = 0;  // from the beginning of the data
};

Dtype supported_dtype(std::uint32_t number) {
  const GgufTensorType* type = gguf_tensor_type(number);
  if (type == nullptr)
    throw Error("its type ", number, " is not known; the file is damaged or newer than this program");
  if (!type->dtype)
    throw Error(
        "its type ", number, " (", type->name,
        ") is not supported; take the model in F32, F16, BF16, Q8_0, IQ4_NL or one of Q2_K to Q6_K and Q4_0 to Q5_1");
  return *type->dtype;
}

void read_shape(Header& header, TensorView& tensor) {
  const auto dims = header.number<std::uint32_t>();
  if (dims < 1 || dims > 4) throw Error("it has ", dims, " dimensions, where 1 to 4 are possible");
  std::int64_t numel = 1;
  bool possible = true;
  for (std::uint32_t i = 0; i < dims; ++i) {
    const auto extent = header.number<std::uint64_t>();
    possible = possible && extent > 0 && extent <= static_cast<std::uint64_t>(kMostElements) &&
               !__builtin_mul_overflow(numel, static_cast<std::int64_t>(extent), &numel);
    tensor.shape.insert(tensor.shape.begin(), static_cast<std::int64_t>(extent));  // the innermost comes first
  }
  if (!possible || numel > kMostElements) throw Error("its shape ", shape_text(tensor.shape), " is not possible");
}

TensorInfo read_tensor_info(Header& header) {
  TensorInfo info;
  const std::string_view name = header.string();
  try {
    if (!valid_utf8(name)) throw Error("its name is not valid UTF-8");
    info.tensor.name = name;
    read_shape(header, info.tensor);
    info.tensor.dtype = supported_dtype(header.number<std::uint32_t>());
    info.offset = header.number<std::uint64_t>();
    if (const std::int64_t block = block_numel(info.tensor.dtype); info.tensor.shape.back() % block != 0)
      throw Error("rows of ", info.tensor.shape.back(), " elements are not whole blocks of ", block, ", as ",
                  dtype_name(info.tensor.dtype), " has them");
  } catch (const Error& error) {
    throw Error("tensor ", in_quotes(name, '\''), ": ", error.what());
  }
  return info;
}

std::uint64_t alignment(const GgufMetadata& metadata) {
  const std::int64_t bytes = metadata.integer(kGgufAlignmentKey, kGgufAlignment);
  if (bytes <= 0 || !std::has_single_bit(static_cast<std::uint64_t>(bytes)))
    throw Error(metadata.where(), ": the key \"", kGgufAlignmentKey, "\" must be a power of two, not ", bytes,
                "; the file is damaged");
  return static_cast<std::uint64_t>(bytes);
}

void place(TensorInfo& info, Bytes data, std::uint64_t alignment) {
  TensorView& tensor = info.tensor;
  const std::uint64_t size = dtype_bytes(tensor.dtype, tensor.numel());
  if (info.offset % alignment != 0)
    throw Error("tensor ", in_quotes(tensor.name, '\''), ": its data begin at byte ", info.offset,
                ", which is no multiple of the alignment ", alignment, "; the file is damaged");
  if (info.offset > data.size() || size > data.size() - info.offset)
    throw Error("tensor ", in_quotes(tensor.name, '\''), ": ", size, " bytes at byte ", info.offset,
                " are more than the ", data.size(), " bytes of data: the file is cut short, copy or download it again");
  tensor.bytes = data.subspan(info.offset, size);
}

void refuse_overlaps(const std::vector<TensorView>& tensors) {
  std::vector<const TensorView*> by_place;
  for (const TensorView& tensor : tensors) by_place.push_back(&tensor);
  std::sort(by_place.begin(), by_place.end(),
            [](const TensorView* a, const TensorView* b) { return a->bytes.data() < b->bytes.data(); });
  for (std::size_t i = 1; i < by_place.size(); ++i)
    if (by_place[i - 1]->bytes.data() + by_place[i - 1]->bytes.size() > by_place[i]->bytes.data())
      throw Error("tensors ", in_quotes(by_place[i - 1]->name, '\''), " and ", in_quotes(by_place[i]->name, '\''),
                  " overlap; the file is damaged");
}

struct Part {
  MemoryMap map;
  GgufMetadata metadata;
  std::vector<TensorView> tensors;
};

// What `read` returns, or its Error with the file's name before it.
template <typename Read>
auto naming(const fs::path& path, const Read& read) {
  try {
    return read();
  } catch (const Error& error) {
    throw Error(path.string(), ": ", error.what());
  }
}

Part open_part(const fs::path& path) {
  MemoryMap map(path);
  const Bytes file = map.bytes();
  refuse_git_lfs_pointer(as_text(file), path.string());
  Header header(file);
  std::vector<TensorInfo> infos;
  GgufMetadata metadata(path.string(), naming(path, [&] {
                          const auto [tensor_count, key_count] = read_preamble(header);
                          std::vector<GgufValue> values = read_values(header, key_count);
                          for (std::uint64_t i = 0; i < tensor_count; ++i) infos.push_back(read_tensor_info(header));
                          return values;
                        }));
  const std::uint64_t aligned = alignment(metadata);
  const std::uint64_t start = (header.position() + aligned - 1) & ~(aligned - 1);
  const Bytes data = start < file.size() ? file.subspan(start) : Bytes{};
  auto tensors = naming(path, [&] {
    std::vector<TensorView> placed;
    for (TensorInfo& info : infos) {
      place(info, data, aligned);
      placed.push_back(std::move(info.tensor));
    }
    refuse_overlaps(placed);
    return placed;
  });
  return {std::move(map), std::move(metadata), std::move(tensors)};
}

}  // namespace

std::string gguf_part_ending(std::size_t index, std::size_t count) {
  char ending[64];
  std::snprintf(ending, sizeof ending, "-%05zu-of-%05zu.gguf", index + 1, count);
  return ending;
}

GgufFile::GgufFile(const fs::path& path) : metadata_("", {}) {
  Part part = open_part(path);
  maps_.push_back(std::move(part.map));
  metadata_ = std::move(part.metadata);
  add_tensors(path, std::move(part.tensors));
  open_other_parts(path);
}

void GgufFile::open_other_parts(const fs::path& first) {
  const std::int64_t count = metadata_.integer(kGgufSplitCount, 1), number = metadata_.integer(kGgufSplitNumber, 0);
  if (count <= 1 && number == 0) return;
  if (number < 0 || number >= count || count > 99'999)
    throw Error(first.string(), ": it says that it is part ", number + 1, " of ", count, "; the file is damaged");
  const auto part_ending = [&](std::int64_t part) {
    return gguf_part_ending(static_cast<std::size_t>(part), static_cast<std::size_t>(count));
  };
  const std::string name = first.filename().string(), ending = part_ending(number);
  const bool named = name.ends_with(ending);
  const std::string stem = named ? name.substr(0, name.size() - ending.size()) : "NAME";
  if (number > 0)
    throw Error(first.string(), ": it is part ", number + 1, " of ", count, "; name the first one, ", stem,
                part_ending(0), ", and the others are found beside it");
  if (!named)
    throw Error(first.string(), ": it is the first of ", count, " parts, but its name does not end in ", ending,
                ", by which the others are found; give all parts their names again");

  for (std::int64_t i = 1; i < count; ++i) {
    const fs::path path = first.parent_path() / (stem + part_ending(i));
    std::error_code ignored;
    if (!fs::exists(path, ignored))
      throw Error(path.string(), " is missing, part ", i + 1, " of ", count,
                  " of this model; put all parts into one folder");
    Part part = open_part(path);
    if (part.metadata.integer(kGgufSplitNumber, -1) != i || part.metadata.integer(kGgufSplitCount, -1) != count)
      throw Error(path.string(), ": it is not part ", i + 1, " of ", count,
                  ", as its name says; copy or download it again");
    maps_.push_back(std::move(part.map));
    add_tensors(path, std::move(part.tensors));
  }
  const auto total = static_cast<std::int64_t>(tensors_.size());
  if (const std::int64_t expected = metadata_.integer(kGgufSplitTensors, total); expected != total)
    throw Error(first.string(), ": its ", count, " parts hold ", total, " tensors together, where it says ", expected,
                "; they do not belong together, copy or download them again");
}

void GgufFile::add_tensors(const fs::path& path, std::vector<TensorView> tensors) {
  for (TensorView& tensor : tensors) {
    if (!by_name_.emplace(tensor.name, tensors_.size()).second)
      throw Error(path.string(), ": tensor ", in_quotes(tensor.name, '\''), " occurs twice; the file is damaged");
    tensors_.push_back(std::move(tensor));
  }
}

const TensorView* GgufFile::find(const std::string& name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &tensors_[found->second];
}

void GgufFile::release(std::span<const std::byte> bytes) const {
  for (const MemoryMap& map : maps_) map.release(bytes);
}

}  // namespace aacft
