#include "aacft/export/merge.h"

#include <torch/types.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/base/system.h"
#include "aacft/base/threads.h"
#include "aacft/formats/block_encoding.h"
#include "aacft/formats/checkpoint_writer.h"
#include "aacft/formats/json.h"
#include "aacft/model/adapter.h"
#include "aacft/model/family.h"
#include "aacft/model/gguf_model.h"
#include "aacft/model/model_folder.h"
#include "aacft/model/model_tensors.h"
#include "aacft/model/ops.h"
#include "aacft/model/tensor_bridge.h"
#include "aacft/tokenizer/tokenizer.h"
#include "compare_models.h"

namespace aacft {
namespace {

using torch::Tensor;

// Elements that are widened at a time; bounds what the merge holds in memory.
constexpr std::int64_t kPiece = 4 << 20;

TensorView piece_of(const TensorView& view, std::int64_t first, std::int64_t count) {
  const std::int64_t row_size = view.shape.size() == 2 ? view.shape[1] : view.shape[0];
  const std::size_t row_bytes = dtype_bytes(view.dtype, row_size);
  return {view.name,
          view.dtype,
          {count, row_size},
          view.bytes.subspan(static_cast<std::size_t>(first) * row_bytes, static_cast<std::size_t>(count) * row_bytes)};
}

// A piece's values, over the file's own bytes where they can be.
Tensor rows_of(const TensorView& view, std::int64_t first, std::int64_t count) {
  if (view.plain()) return resident_tensor(piece_of(view, first, count));
  const bool matrix = view.shape.size() == 2;
  Tensor rows = torch::empty({count, view.shape.back()});
  float* values = rows.data_ptr<float>();
  if (!matrix) {
    read_rows(view, 0, view.numel(), values);
    return rows;
  }
  parallel_for(static_cast<std::size_t>(count), [&](std::size_t row) {
    const auto i = static_cast<std::int64_t>(row);
    read_rows(view, first + i, 1, values + i * view.shape[1]);
  });
  return rows;
}

// Calls body(first row, count) for the rows of a weight, a piece at a time; vectors are one piece.
template <typename Body>
void for_each_piece(const Checkpoint& checkpoint, const TensorView& view, const Body& body) {
  const std::int64_t row_size = view.shape.size() == 2 ? view.shape[1] : view.shape[0];
  const std::int64_t all = view.shape.size() == 2 ? view.shape[0] : 1;
  const std::int64_t rows = std::max<std::int64_t>(1, kPiece / std::max<std::int64_t>(row_size, 1));
  for (std::int64_t first = 0; first < all; first += rows) {
    const std::int64_t count = std::min(rows, all - first);
    body(first, count);
    if (view.order.as_counted()) checkpoint.release(piece_of(view, first, count).bytes);
  }
  checkpoint.release(view.bytes);
}

// Runs body(first, count) for the rows of a piece, in parallel.
template <typename Body>
void for_each_row_block(std::int64_t rows, const Body& body) {
  constexpr std::int64_t kBlock = 64;
  parallel_for(static_cast<std::size_t>((rows + kBlock - 1) / kBlock), [&](std::size_t block) {
    const at::NoGradGuard no_grad;
    const std::int64_t first = static_cast<std::int64_t>(block) * kBlock;
    body(first, std::min(kBlock, rows - first));
  });
}

void require_finite_result(const TensorView& piece, const Checkpoint& checkpoint, const ModelConfig& config) {
  if (!first_non_finite(piece)) return;
  require_finite(checkpoint, config, piece.name);
  throw Error("merging makes values of ", piece.name,
              " that are not finite in the chosen --dtype; the adapter has diverged, or needs bfloat16 or float32");
}

// Any config keys that we do not know are kept; those we do are spelled the way every converter reads.
void write_config(const std::filesystem::path& from, const std::filesystem::path& to, const ModelConfig& config,
                  Dtype dtype) {
  if (is_gguf(from)) return write_model_config(to, config, dtype);
  nlohmann::json object = read_json_object(from / "config.json");
  for (const char* key : {"rope_parameters", "rope_scaling", "rope_theta", "dtype"}) object.erase(key);
  const nlohmann::json activation = object.value("hidden_act", nlohmann::json());
  object.update(to_json(config, dtype));
  if (!activation.is_null()) object["hidden_act"] = activation;
  write_file_atomic(to / "config.json", object.dump(2) + "\n");
  if (const auto generation = from / "generation_config.json"; std::filesystem::exists(generation))
    write_file_atomic(to / "generation_config.json", read_file(generation));
}

}  // namespace

MergeReport merge(const MergeOptions& options, const WriteEvents& events) {
  set_threads(options.threads);
  use_one_thread_per_operation();
  const at::NoGradGuard no_grad;
  const double started = wall_seconds();
  if (std::filesystem::exists(options.output) &&
      (!std::filesystem::is_directory(options.output) || !std::filesystem::is_empty(options.output)))
    throw Error(options.output, " exists already; choose a new --output");
  ModelConfig config = read_model_config(options.model);
  std::optional<Adapter> adapter;
  if (!options.adapter.empty()) adapter.emplace(Adapter::load(options.adapter, events.warning));
  // Before anything is written, so that its absence leaves nothing behind.
  const auto tokenizer = options.check ? load_tokenizer(options.model) : nullptr;
  if (tokenizer != nullptr) check_prompts(options.prompts, *tokenizer);
  MergeReport report;
  AtomicFolder target(options.output);
  {
    const Checkpoint checkpoint = open_checkpoint(options.model, config);
    config = check_checkpoint(checkpoint, config, events.warning);  // values are looked at as they pass
    if (adapter) check_adapter_fits(*adapter, checkpoint, config, options.adapter);
    report.dtype = options.dtype.value_or(stored_dtype(checkpoint, config));

    std::vector<TensorSpec> specs, delta_specs;
    for (const ModelTensor& tensor : tensors_of(config)) {
      specs.push_back({tensor.name, report.dtype, tensor.shape});
      if (module_of(adapter, tensor.name) != nullptr) delta_specs.push_back(specs.back());
    }
    CheckpointWriter writer(target.path(), specs, options.max_shard_bytes);
    std::optional<SafetensorsWriter> deltas;
    if (options.also_delta) deltas.emplace(target.path() / "delta.safetensors", delta_specs);
    const torch::ScalarType type = scalar_type(report.dtype);
    for (std::size_t i = 0; i < specs.size(); ++i) {
      const std::string& name = specs[i].name;
      if (events.progress) events.progress(i, specs.size(), name);
      const LoraModule* module = module_of(adapter, name);
      const TensorView& stored = *find_weight(checkpoint, config, name);
      for_each_piece(checkpoint, stored, [&](std::int64_t first, std::int64_t count) {
        if (module == nullptr && stored.plain() && stored.dtype == report.dtype) {
          TensorView piece = piece_of(stored, first, count);
          piece.name = name;
          require_finite_result(piece, checkpoint, config);
          writer.write(piece.bytes);
          return;
        }
        const Tensor rows = rows_of(stored, first, count);
        Tensor rounded = torch::empty(rows.sizes(), type),
               delta = deltas && module != nullptr ? torch::empty(rows.sizes(), type) : Tensor();
        for_each_row_block(count, [&](std::int64_t begin, std::int64_t size) {
          const Tensor block = rows.narrow(0, begin, size),
                       merged = module == nullptr ? block : merged_rows(block, *module, first + begin);
          rounded.narrow(0, begin, size).copy_(merged);
          if (delta.defined()) delta.narrow(0, begin, size).copy_(merged - block.to(torch::kFloat32));
        });
        require_finite_result(view_of(name, rounded), checkpoint, config);
        writer.write(view_of(name, rounded).bytes);
        if (delta.defined()) deltas->write(view_of(name, delta).bytes);
      });
      report.merged_tensors += module != nullptr;
    }
    writer.commit();
    if (deltas) deltas->commit();
    report.bytes = writer.total_bytes();
    report.tensors = specs.size();
  }
  write_config(options.model, target.path(), config, report.dtype);
  copy_tokenizer(options.model, target.path());
  target.commit();
  if (events.written) events.written();
  report.seconds = wall_seconds() - started;
  if (options.check) {
    const ModelDifference difference =
        compare_models(options.model, adapter, options.output, *tokenizer, options.prompts, events.warning);
    report.max_logit_difference = difference.max_logit;
    report.mean_kl = difference.mean_kl;
    report.check_seconds = wall_seconds() - started - report.seconds;
  }
  report.peak_rss_bytes = peak_rss_bytes();
  return report;
}

}  // namespace aacft
