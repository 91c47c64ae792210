// pytorch_model.bin, zip or older.
#include "aacft/formats/torch_bin.h"

#include "fuzz/target.h"

void aacft::fuzz::run(std::string_view input) {
  const TorchBinFile file(write("pytorch_model.bin", input));
  // Views may overlap, each within its storage; copies are limited by the file, or by a megabyte.
  require_sound(file.tensors(), (file.tensors().size() + 1) * (input.size() + (std::size_t{1} << 20)));
}
