// What was read of a GGUF file, or of its parts, is written, read and written again: the first writing has every key
// and tensor, and the second has the bytes of the first.
#include "aacft/formats/gguf_writer.h"

#include <algorithm>

#include "fuzz/folder.h"

namespace aacft::fuzz {
namespace {

bool same(const GgufValue& a, const GgufValue& b) {
  return a.key == b.key && a.type == b.type && a.element == b.element && a.count == b.count &&
         std::ranges::equal(a.bytes, b.bytes);
}

std::vector<fs::path> write_gguf(const GgufFile& file, const std::string& name, std::uint64_t most_bytes) {
  std::vector<TensorSpec> specs;
  for (const TensorView& tensor : file.tensors()) specs.push_back({tensor.name, tensor.dtype, tensor.shape});
  GgufWriter writer(scratch() / name, GgufKeys(file.metadata()), specs, most_bytes);
  for (const TensorView& tensor : file.tensors()) writer.write(tensor.bytes);
  writer.commit();
  return writer.paths();
}

void require_same(const GgufFile& file, const GgufFile& again) {
  const auto& values = again.metadata().values();
  std::size_t at = 0;
  for (const GgufValue& value : file.metadata().values()) {
    if (value.key == "general.alignment" || value.key.starts_with("split.")) continue;
    require(at < values.size() && same(value, values[at]), "every key is written, in its place");
    ++at;
  }
  require(file.tensors().size() == again.tensors().size(), "every tensor is written");
  for (std::size_t i = 0; i < file.tensors().size(); ++i) {
    const TensorView &a = file.tensors()[i], &b = again.tensors()[i];
    require(a.name == b.name && a.dtype == b.dtype && a.shape == b.shape && std::ranges::equal(a.bytes, b.bytes),
            "a tensor is written as it was");
  }
}

}  // namespace

void run(std::string_view input) {
  const bool parts = input.starts_with("=== ");
  const GgufFile file(parts ? write_folder(input) / "x-00001-of-00002.gguf" : write("a.gguf", input));
  for (const std::uint64_t most_bytes : {0, 100}) {
    const std::vector<fs::path> paths = write_gguf(file, "one.gguf", most_bytes);
    const GgufFile again(paths[0]);
    require_same(file, again);
    const std::vector<fs::path> second = write_gguf(again, "two.gguf", most_bytes);
    require(second.size() == paths.size(), "it has as many parts again");
    for (std::size_t i = 0; i < paths.size(); ++i) {
      require(read_file(paths[i]) == read_file(second[i]), "write(read(x)) == x");
      fs::remove(paths[i]);
      fs::remove(second[i]);
    }
  }
}

}  // namespace aacft::fuzz
