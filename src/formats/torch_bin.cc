#include "aacft/formats/torch_bin.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "aacft/base/error.h"
#include "aacft/base/utf8.h"
#include "bytes.h"
#include "pickle.h"
#include "zip.h"

namespace aacft {
namespace {

using Kind = PickleValue::Kind;

constexpr std::string_view kRebuildTensor = "torch._utils._rebuild_tensor_v2";
constexpr std::string_view kRebuildParameter = "torch._utils._rebuild_parameter";

constexpr std::pair<std::string_view, Dtype> kStorageTypes[] = {
    {"torch.FloatStorage", Dtype::kFloat32},     {"torch.HalfStorage", Dtype::kFloat16},
    {"torch.BFloat16Storage", Dtype::kBFloat16}, {"torch.DoubleStorage", Dtype::kFloat64},
    {"torch.LongStorage", Dtype::kInt64},        {"torch.IntStorage", Dtype::kInt32},
    {"torch.ShortStorage", Dtype::kInt16},       {"torch.CharStorage", Dtype::kInt8},
    {"torch.ByteStorage", Dtype::kUint8},        {"torch.BoolStorage", Dtype::kBool},
};

std::vector<std::string_view> known_globals() {
  std::vector<std::string_view> names = {kRebuildTensor, kRebuildParameter, "collections.OrderedDict", "torch.Size"};
  for (const auto& [name, dtype] : kStorageTypes) names.push_back(name);
  return names;
}

constexpr std::size_t kMaxRank = 64;  // torch's own limit

// A piece of the file that tensors look into. `bytes` falls short of `numel` where the file does.
struct Storage {
  Dtype dtype;
  std::int64_t numel;
  Bytes bytes;
};
using Storages = std::unordered_map<std::string_view, Storage>;

[[noreturn]] void malformed() { throw Error("the pickle inside does not describe tensors the way torch.save does"); }

// The items of a tuple that must have at least so many.
const std::vector<const PickleValue*>& tuple(const PickleValue* value, std::size_t least) {
  if (value->kind != Kind::kTuple || value->items.size() < least) malformed();
  return value->items;
}

std::int64_t integer(const PickleValue* value) {
  if (value->kind != Kind::kInteger) malformed();
  return value->integer;
}

std::string_view text(const PickleValue* value) {
  if (value->kind != Kind::kText) malformed();
  return value->text;
}

std::vector<std::int64_t> integers(const PickleValue* value) {
  std::vector<std::int64_t> numbers;
  if (value->items.size() > kMaxRank) malformed();
  for (const PickleValue* item : tuple(value, 0)) numbers.push_back(integer(item));
  return numbers;
}

// Every storage that the pickle mentions, ("storage", type, key, location, numel[, None]), still without its
// bytes.
Storages declared_storages(const Pickle& pickle) {
  Storages storages;
  for (const PickleValue* persistent : pickle.persistent()) {
    const auto& id = tuple(persistent->argument, 5);
    const auto type = std::find_if(std::begin(kStorageTypes), std::end(kStorageTypes),
                                   [&](auto& known) { return known.first == id[1]->text; });
    if (text(id[0]) != "storage" || id[1]->kind != Kind::kGlobal || type == std::end(kStorageTypes)) malformed();
    if (id.size() > 5 && id[5]->kind != Kind::kNone)
      throw Error("storages that view other storages are not supported; save the file again with a newer torch");
    const Storage storage{type->second, integer(id[4]), {}};
    const auto [known, fresh] = storages.emplace(text(id[2]), storage);
    if (storage.numel < 0 || known->second.dtype != storage.dtype || known->second.numel != storage.numel)
      throw Error("storage ", in_quotes(text(id[2]), '\''), " is declared in two ways");
  }
  return storages;
}

// A strided view in row-major order. All indices have been checked.
std::vector<std::byte> row_major(const std::byte* source, const std::vector<std::int64_t>& shape,
                                 const std::vector<std::int64_t>& stride, std::size_t numel, std::size_t element) {
  std::vector<std::byte> copy(numel * element);
  std::vector<std::int64_t> index(shape.size(), 0);
  const std::size_t inner = shape.size() - 1;
  std::int64_t at = 0;  // in elements, at the start of the innermost row
  for (std::byte* target = copy.data();;) {
    for (std::int64_t i = 0; i < shape[inner]; ++i, target += element)
      std::memcpy(target, source + static_cast<std::size_t>(at + i * stride[inner]) * element, element);
    std::size_t d = inner;
    while (d-- > 0) {
      at += stride[d];
      if (++index[d] < shape[d]) break;
      at -= shape[d] * stride[d];
      index[d] = 0;
    }
    if (d == static_cast<std::size_t>(-1)) return copy;
  }
}

class Tensors {
 public:
  Tensors(const Storages& storages, std::vector<std::vector<std::byte>>& copies, std::size_t copy_limit)
      : storages_(storages), copies_(copies), copies_left_(copy_limit) {}

  // Nothing for a value that is no tensor.
  std::optional<TensorView> read(std::string_view name, const PickleValue* value) {
    if (value->kind == Kind::kCall && value->text == kRebuildParameter) value = tuple(value->argument, 1)[0];
    if (value->kind != Kind::kCall || value->text != kRebuildTensor) return std::nullopt;
    // (storage, offset, size, stride, requires_grad, hooks[, metadata])
    const auto& parts = tuple(value->argument, 4);
    if (parts[0]->kind != Kind::kPersistent) malformed();
    if (parts.size() > 6 && !parts[6]->items.empty()) throw Error("conjugated or negated views are not supported");
    const std::string_view key = text(tuple(parts[0]->argument, 5)[2]);
    const Storage& storage = storages_.at(key);
    const std::int64_t offset = integer(parts[1]);
    TensorView view{std::string(name), storage.dtype, integers(parts[2]), {}};
    std::vector<std::int64_t> stride = integers(parts[3]);
    if (offset < 0 || stride.size() != view.shape.size()) malformed();

    std::int64_t numel = 1, last = offset, reach;  // `last`: the furthest element it touches
    bool contiguous = true;
    for (std::size_t d = stride.size(); d-- > 0;) {
      contiguous = contiguous && (stride[d] == numel || view.shape[d] == 1);
      if (view.shape[d] < 0 || stride[d] < 0 || __builtin_mul_overflow(numel, view.shape[d], &numel) ||
          __builtin_mul_overflow(std::max<std::int64_t>(view.shape[d] - 1, 0), stride[d], &reach) ||
          __builtin_add_overflow(last, reach, &last))
        throw Error("its shape ", shape_text(view.shape), " and strides ", shape_text(stride), " are not possible");
      if (view.shape[d] == 1) stride[d] = 0;  // never taken, so it may be any number
    }
    if (numel == 0) return view;
    if (last >= storage.numel)
      throw Error("its shape ", shape_text(view.shape), " and strides ", shape_text(stride), " reach element ", last,
                  " of a storage of ", storage.numel);
    const std::size_t element = dtype_size(storage.dtype);
    if (storage.bytes.size() / element < static_cast<std::size_t>(storage.numel))
      throw Error("its storage ", in_quotes(key, '\''), " is missing or cut short; copy or download the file again");
    const Bytes from = storage.bytes.subspan(static_cast<std::size_t>(offset) * element);
    const auto count = static_cast<std::size_t>(numel);
    if (contiguous) {
      view.bytes = from.first(count * element);
    } else {
      if (count > copies_left_ / element) throw Error("it expands a smaller storage; save it with .contiguous()");
      copies_left_ -= count * element;
      view.bytes = copies_.emplace_back(row_major(from.data(), view.shape, stride, count, element));
    }
    return view;
  }

 private:
  const Storages& storages_;
  std::vector<std::vector<std::byte>>& copies_;
  std::size_t copies_left_;
};

const PickleValue* lookup(const PickleValue& dict, std::string_view key) {
  for (std::size_t i = 0; i + 1 < dict.items.size(); i += 2)
    if (dict.items[i]->kind == Kind::kText && dict.items[i]->text == key) return dict.items[i + 1];
  return nullptr;
}

std::vector<TensorView> read_state_dict(const Pickle& pickle, const Storages& storages, std::size_t file_size,
                                        std::vector<std::vector<std::byte>>& copies) {
  const PickleValue* dict = &pickle.top();
  if (!dict->is_dict()) throw Error("it holds no state dict");
  if (const PickleValue* inner = lookup(*dict, "state_dict"); inner != nullptr && inner->is_dict()) dict = inner;

  // A view may legally repeat elements; copies of more than the file holds would be an attack or a mistake.
  Tensors reader(storages, copies, std::max<std::size_t>(file_size, std::size_t{1} << 20));
  std::vector<TensorView> tensors;
  std::unordered_set<std::string_view> names;
  for (std::size_t i = 0; i + 1 < dict->items.size(); i += 2) {
    if (dict->items[i]->kind != Kind::kText) continue;
    const std::string_view name = dict->items[i]->text;
    try {
      auto tensor = reader.read(name, dict->items[i + 1]);
      if (!tensor) continue;
      if (!valid_utf8(name)) throw Error("its name is not valid UTF-8");
      if (!names.insert(name).second) throw Error("its name occurs twice");
      tensors.push_back(std::move(*tensor));
    } catch (const Error& error) {
      throw Error("tensor ", in_quotes(name, '\''), ": ", error.what());
    }
  }
  if (tensors.empty() && !dict->items.empty())
    throw Error("it holds no tensors at its top level, which starts with the key ",
                in_quotes(dict->items[0]->text, '\''), "; save the model's state dict itself");
  return tensors;
}

std::vector<TensorView> read_zip(Bytes file, std::vector<std::vector<std::byte>>& copies) {
  constexpr std::string_view kPickleName = "data.pkl";
  const auto entries = read_zip_directory(file);
  // Every name starts with the same folder, which torch calls after the file or "archive".
  std::string prefix;
  for (const auto& [name, bytes] : entries)
    if (name.ends_with(kPickleName) && name.find('/') == name.size() - kPickleName.size() - 1)
      prefix = name.substr(0, name.size() - kPickleName.size());
  const auto entry = [&](std::string_view name) {
    const auto found = entries.find(prefix + std::string(name));
    return found != entries.end() ? std::optional(found->second) : std::nullopt;
  };
  auto pickled = entry(kPickleName);
  if (!pickled) throw Error("a zip without data.pkl; it was not written by torch.save");
  if (const auto order = entry("byteorder"); order && as_text(*order) != "little")
    throw Error("its byte order is ", in_quotes(as_text(*order), '\''), "; only little-endian files are supported");

  const Pickle pickle(*pickled, known_globals());
  Storages storages = declared_storages(pickle);
  for (auto& [key, storage] : storages) storage.bytes = entry("data/" + std::string(key)).value_or(Bytes{});
  return read_state_dict(pickle, storages, file.size(), copies);
}

// Five pickles one after the other (magic number, protocol, facts of the system, the object, keys of the
// storages), then for each key its number of elements and its bytes.
std::vector<TensorView> read_legacy(Bytes file, std::vector<std::vector<std::byte>>& copies) {
  constexpr std::string_view kMagic = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
  Bytes rest = file;
  if (const Pickle magic(rest, {}); magic.top().text != kMagic)
    throw Error("a pickle without torch's magic number; it was not written by torch.save");
  if (const Pickle protocol(rest, {}); integer(&protocol.top()) != 1001)
    throw Error("version ", protocol.top().integer, " of the format is not supported");
  const Pickle system(rest, {});
  const PickleValue* little = lookup(system.top(), "little_endian");
  if (little == nullptr || little->integer == 0) throw Error("only little-endian files are supported");

  const Pickle pickle(rest, known_globals());
  Storages storages = declared_storages(pickle);
  const Pickle keys(rest, {});
  if (keys.top().kind != Kind::kList) malformed();
  for (const PickleValue* key : keys.top().items) {
    const auto storage = storages.find(text(key));
    if (storage == storages.end()) malformed();
    if (rest.size() < sizeof(std::int64_t)) break;  // the tensor that is cut short will say so
    if (load<std::int64_t>(rest, 0) != storage->second.numel)
      throw Error("storage ", in_quotes(storage->first, '\''), " does not have the size that the pickle says");
    rest = rest.subspan(sizeof(std::int64_t));
    const std::size_t element = dtype_size(storage->second.dtype);
    const auto numel = std::min(static_cast<std::size_t>(storage->second.numel), rest.size() / element);
    storage->second.bytes = rest.first(numel * element);
    rest = rest.subspan(numel * element);
  }
  return read_state_dict(pickle, storages, file.size(), copies);
}

}  // namespace

TorchBinFile::TorchBinFile(const fs::path& path) : map_(path) {
  const Bytes file = map_.bytes();
  refuse_git_lfs_pointer(as_text(file), path.string());
  try {
    if (as_text(file).starts_with("PK")) {
      tensors_ = read_zip(file, copies_);
    } else if (as_text(file).starts_with('\x80')) {
      tensors_ = read_legacy(file, copies_);
    } else {
      throw Error("neither a zip nor a pickle; it was not written by torch.save");
    }
  } catch (const Error& error) {
    throw Error(path, ": ", error.what());
  }
}

}  // namespace aacft
