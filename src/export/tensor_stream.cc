#include "aacft/export/tensor_stream.h"

#include <algorithm>
#include <atomic>

#include "aacft/base/error.h"
#include "aacft/base/threads.h"
#include "aacft/formats/block_encoding.h"

namespace aacft {
namespace {

// Elements that are held at a time.
constexpr std::int64_t kPiece = 4 << 20;
// Rows of a task.
constexpr std::int64_t kTask = 16;

template <typename Body>
void for_each_task(std::int64_t rows, std::int64_t task_rows, const Body& body) {
  parallel_for(static_cast<std::size_t>((rows + task_rows - 1) / task_rows), [&](std::size_t task) {
    const std::int64_t first = static_cast<std::int64_t>(task) * task_rows;
    body(first, std::min(task_rows, rows - first));
  });
}

[[noreturn]] void refuse(const StreamedTensor& tensor) {
  throw Error("tensor ", tensor.source, " holds a value that is not finite, or too large for ",
              dtype_name(tensor.dtype),
              "; the weights are damaged or the adapter has diverged, or another --type is needed, as F32 or BF16");
}

}  // namespace

void stream_tensor(const StreamedTensor& tensor, const RowSource& source, Encoder encode,
                   const std::function<void(std::span<const std::byte>)>& sink) {
  const bool vector = tensor.shape.size() < 2;
  const std::int64_t rows = tensor.shape[0], width = vector ? 1 : tensor.shape[1];
  const auto bytes_of = [&](std::int64_t elements) {
    return static_cast<std::size_t>(elements / block_numel(tensor.dtype)) * tensor.block_bytes;
  };
  const bool whole = vector || !tensor.order.as_counted();
  const std::int64_t most = whole ? rows : std::max<std::int64_t>(1, kPiece / width);
  // Which row, as they are counted, rests at a place of the file.
  const RowOrder back{tensor.order.b, tensor.order.a, tensor.order.inner};
  std::vector<float> values(static_cast<std::size_t>(std::min(rows, most) * width));
  std::vector<std::byte> bytes(bytes_of(std::min(rows, most) * width));
  for (std::int64_t first = 0; first < rows; first += most) {
    const std::int64_t count = std::min(most, rows - first);
    source(tensor.source, first, count, values.data());
    std::atomic<bool> fits = true;
    if (vector) {
      std::vector<float> in_order(static_cast<std::size_t>(rows));
      for (std::int64_t i = 0; i < rows; ++i)
        in_order[static_cast<std::size_t>(tensor.order.place_of(i))] = values[static_cast<std::size_t>(i)];
      fits = encode(tensor.dtype, in_order.data(), rows, bytes.data());
    } else {
      for_each_task(count, kTask, [&](std::int64_t begin, std::int64_t size) {
        for (std::int64_t row = begin; row < begin + size; ++row) {
          const float* from = values.data() + (whole ? back.place_of(row) : row) * width;
          if (!encode(tensor.dtype, from, width, bytes.data() + bytes_of(row * width))) fits = false;
        }
      });
    }
    if (!fits) refuse(tensor);
    sink(std::span(bytes).first(bytes_of(count * width)));
  }
}

void read_checkpoint_rows(const Checkpoint& checkpoint, const TensorView& tensor, std::int64_t first,
                          std::int64_t count, float* out) {
  const bool vector = tensor.shape.size() < 2;
  const std::int64_t width = vector ? 1 : tensor.shape[1];
  for_each_task(count, vector ? count : kTask, [&](std::int64_t begin, std::int64_t size) {
    read_rows(tensor, first + begin, size, out + begin * width);
  });
  if (vector || !tensor.order.as_counted()) return checkpoint.release(tensor.bytes);
  const std::size_t row_bytes = dtype_bytes(tensor.dtype, width);
  checkpoint.release(
      tensor.bytes.subspan(static_cast<std::size_t>(first) * row_bytes, static_cast<std::size_t>(count) * row_bytes));
}

}  // namespace aacft
