// A GGUF file as a base model: its configuration, and every weight in the order of rows that the family has.
#include "aacft/model/gguf_model.h"

#include "aacft/formats/block_encoding.h"
#include "aacft/model/family.h"
#include "aacft/model/model_tensors.h"
#include "fuzz/folder.h"

void aacft::fuzz::run(std::string_view input) {
  const auto path = write("a.gguf", input);
  const ModelConfig stated = read_model_config(path);
  const Checkpoint checkpoint = open_checkpoint(path, stated);
  const ModelConfig config = check_checkpoint(checkpoint, stated, {});
  for (const ModelTensor& tensor : tensors_of(config)) {
    const TensorView& view = *find_weight(checkpoint, config, tensor.name);
    const std::int64_t rows = view.shape[0], width = view.numel() / rows;
    std::vector<float> row(static_cast<std::size_t>(width));
    for (std::int64_t i = 0; i < rows; ++i) {
      const std::int64_t place = view.order.place_of(i);
      require(place >= 0 && place < rows, "a row rests in the tensor");
      read_rows(view, i, 1, row.data());
    }
  }
}
