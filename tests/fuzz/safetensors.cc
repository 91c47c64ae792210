#include "aacft/formats/safetensors.h"

#include <algorithm>

#include "fuzz/target.h"

void aacft::fuzz::run(std::string_view input) {
  const SafetensorsFile file(write("a.safetensors", input));
  require_sound(file.tensors(), input.size());
  write_safetensors(scratch() / "b.safetensors", file.tensors());
  const SafetensorsFile again(scratch() / "b.safetensors");
  require(std::equal(file.tensors().begin(), file.tensors().end(), again.tensors().begin(), again.tensors().end(),
                     [](const TensorView& a, const TensorView& b) {
                       return a.name == b.name && a.dtype == b.dtype && a.shape == b.shape &&
                              std::ranges::equal(a.bytes, b.bytes);
                     }),
          "read(write(x)) == x");
}
