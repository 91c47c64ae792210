// A model folder: an index, and shards of either kind.
#include "aacft/formats/checkpoint.h"

#include "fuzz/folder.h"

void aacft::fuzz::run(std::string_view input) {
  const Checkpoint checkpoint(write_folder(input));
  require_sound(checkpoint.tensors(), (checkpoint.tensors().size() + 1) * (input.size() + (std::size_t{8} << 20)));
  for (const TensorView& tensor : checkpoint.tensors())
    require(checkpoint.find(tensor.name) == &tensor, "each tensor is found by its name");
}
