// The pickle inside a torch file. A zip around it would break with every byte that comes or goes, so it is made here,
// with two storages of 64 and 8 bytes.
#include <cstring>

#include "aacft/formats/torch_bin.h"
#include "fuzz/target.h"

namespace aacft::fuzz {
namespace {

template <typename T>
void put(std::string& into, T value) {
  into.append(reinterpret_cast<const char*>(&value), sizeof value);
}

std::string zip_of(const std::vector<std::pair<std::string_view, std::string_view>>& entries) {
  std::string file, directory;
  for (const auto& [name, bytes] : entries) {
    const auto at = static_cast<std::uint32_t>(file.size()), size = static_cast<std::uint32_t>(bytes.size());
    const auto name_size = static_cast<std::uint16_t>(name.size());
    file.append("PK\3\4").append(22, '\0');
    put(file, name_size);
    file.append(2, '\0').append(name).append(bytes);
    directory.append("PK\1\2").append(16, '\0');
    put(directory, size);
    put(directory, size);
    put(directory, name_size);
    directory.append(12, '\0');
    put(directory, at);
    directory.append(name);
  }
  const auto directory_at = static_cast<std::uint32_t>(file.size());
  file.append(directory).append("PK\5\6").append(4, '\0');
  put(file, static_cast<std::uint16_t>(entries.size()));
  put(file, static_cast<std::uint16_t>(entries.size()));
  put(file, static_cast<std::uint32_t>(directory.size()));
  put(file, directory_at);
  return file.append(2, '\0');
}

}  // namespace

void run(std::string_view input) {
  static const std::string storage(64, '\x3F');
  const std::string file =
      zip_of({{"a/data.pkl", input}, {"a/data/0", storage}, {"a/data/1", std::string_view(storage).substr(0, 8)}});
  const TorchBinFile read(write("pytorch_model.bin", file));
  require_sound(read.tensors(), (read.tensors().size() + 1) * (std::size_t{1} << 20));
}

}  // namespace aacft::fuzz
