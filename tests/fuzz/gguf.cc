// A GGUF file, or its two parts, each below a line "=== NAME".
#include "aacft/formats/gguf.h"

#include <algorithm>
#include <cmath>

#include "aacft/formats/block_encoding.h"
#include "fuzz/folder.h"

namespace aacft::fuzz {
namespace {

// What an accessor refuses is an answer too.
template <typename Access>
void ask(const Access& access) {
  try {
    access();
  } catch (const Error&) {}
}

void read_metadata(const GgufMetadata& metadata) {
  for (const GgufValue& value : metadata.values()) {
    const std::string_view key = value.key;
    require(metadata.has(key), "each key is found");
    require(gguf_value_text(value).size() < 500, "a value is shown by a short text");
    ask([&] { metadata.text(key); });
    ask([&] { metadata.integer(key); });
    ask([&] { metadata.number(key); });
    ask([&] { metadata.flag(key); });
    if (value.type != GgufType::kArray) continue;
    ask([&] { require(metadata.strings(key).size() == value.count, "an array has its elements"); });
    ask([&] { require(metadata.integers(key).size() == value.count, "an array has its elements"); });
    ask([&] { require(metadata.floats(key).size() == value.count, "an array has its elements"); });
  }
}

// All values of what was accepted can be read; which of them is the first that is not finite was said rightly.
void read_values(const TensorView& tensor) {
  if (!is_weight_dtype(tensor.dtype) && !is_encoded(tensor.dtype)) return;
  const std::int64_t width = tensor.shape.size() < 2 ? 1 : tensor.shape.back(), rows = tensor.numel() / width;
  const std::int64_t bad = first_non_finite(tensor).value_or(tensor.numel());
  std::vector<float> row(static_cast<std::size_t>(width));
  for (std::int64_t i = 0; i < rows; ++i) {
    read_rows(tensor, i, 1, row.data());
    for (std::int64_t column = 0; column < width; ++column) {
      const std::int64_t at = i * width + column;
      const bool finite = std::isfinite(row[static_cast<std::size_t>(column)]);
      require(at > bad || finite == (at != bad), "the first value that is not finite is the first");
    }
  }
}

}  // namespace

void run(std::string_view input) {
  const bool parts = input.starts_with("=== ");
  const GgufFile file(parts ? write_folder(input) / "x-00001-of-00002.gguf" : write("a.gguf", input));
  require_sound(file.tensors(), input.size());
  read_metadata(file.metadata());
  for (const TensorView& tensor : file.tensors()) {
    require(file.find(tensor.name) == &tensor, "each tensor is found by its name");
    read_values(tensor);
    file.release(tensor.bytes);
  }
}

}  // namespace aacft::fuzz
