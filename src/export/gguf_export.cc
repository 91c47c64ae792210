#include "aacft/export/gguf_export.h"

#include <torch/types.h>

#include <algorithm>
#include <set>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/base/system.h"
#include "aacft/base/text.h"
#include "aacft/base/threads.h"
#include "aacft/data/chat_template.h"
#include "aacft/export/tensor_stream.h"
#include "aacft/formats/block_encoding.h"
#include "aacft/formats/ggml_writer.h"
#include "aacft/formats/gguf_writer.h"
#include "aacft/model/adapter.h"
#include "aacft/model/gguf_model.h"
#include "aacft/model/model_tensors.h"
#include "aacft/model/ops.h"
#include "aacft/tokenizer/bpe.h"
#include "aacft/tokenizer/gguf_vocabulary.h"
#include "compare_models.h"

namespace aacft {
namespace {

using Format = ExportOptions::Format;

constexpr std::uint64_t kCheckedBytes = 1'000'000'000;

// What an export reads: the base's tensors and the adapter over them.
class Source {
 public:
  Source(const ExportOptions& options, const Warn& warn)
      : options_(options),
        config_(read_model_config(options.model)),
        checkpoint_(open_checkpoint(options.model, config_)) {
    config_ = check_checkpoint(checkpoint_, config_, warn);
    if (options.adapter.empty()) return;
    adapter_.emplace(Adapter::load(options.adapter, warn));
    check_adapter_fits(*adapter_, checkpoint_, config_, options.adapter);
  }

  const ModelConfig& config() const { return config_; }
  std::optional<Adapter>& adapter() { return adapter_; }
  const Checkpoint& checkpoint() const { return checkpoint_; }
  const TensorView& stored(const std::string& tensor) const { return *find_weight(checkpoint_, config_, tensor); }
  bool adapted(const std::string& tensor) const { return module_of(adapter_, tensor) != nullptr; }

  RowSource rows() const {
    return [this](const std::string& tensor, std::int64_t first, std::int64_t count, float* out) {
      const TensorView& view = stored(tensor);
      read_checkpoint_rows(checkpoint_, view, first, count, out);
      if (const LoraModule* module = module_of(adapter_, tensor)) merge_rows(*module, first, count, view.shape[1], out);
    };
  }

  // Bytes that can go as they are: of the same type and, in a GGUF file, in the same order.
  bool unchanged(const std::string& tensor, Dtype dtype, const RowOrder& order) const {
    if (adapted(tensor)) return false;
    const TensorView& view = stored(tensor);
    const bool same_order = (view.order.as_counted() && order.as_counted()) ||
                            (view.order.a == order.a && view.order.b == order.b && view.order.inner == order.inner);
    return view.dtype == dtype && same_order;
  }

  // Error where weights of few bits would get another encoding.
  void require_enough_bits(const std::vector<GgufTensor>& tensors, const Warn& warn) const {
    std::set<std::string_view> few;
    for (const GgufTensor& tensor : tensors) {
      if (tensor.source.empty() || !is_encoded(tensor.dtype)) continue;
      const Dtype dtype = stored(tensor.source).dtype;
      if (is_encoded(dtype) && dtype != Dtype::kQ8_0 && !unchanged(tensor.source, tensor.dtype, tensor.order))
        few.insert(dtype_name(dtype));
    }
    if (few.empty()) return;
    std::string names;
    for (const std::string_view name : few) names += (names.empty() ? "" : ", ") + std::string(name);
    const std::string what = options_.model.string() + " holds weights in " + names +
                             ": what these have lost is not won back, and to encode them again loses more";
    if (!options_.requantize)
      throw Error(what, "; take the model in 16 bits or in Q8_0, or say --requantize to do it all the same");
    if (warn) warn(what);
  }

 private:
  static void merge_rows(const LoraModule& module, std::int64_t first, std::int64_t count, std::int64_t width,
                         float* values) {
    constexpr std::int64_t kBlock = 64;
    parallel_for(static_cast<std::size_t>((count + kBlock - 1) / kBlock), [&](std::size_t block) {
      const at::NoGradGuard no_grad;
      const std::int64_t begin = static_cast<std::int64_t>(block) * kBlock, size = std::min(kBlock, count - begin);
      const torch::Tensor rows = torch::from_blob(values + begin * width, {size, width}, torch::kFloat32);
      rows.copy_(merged_rows(rows.clone(), module, first + begin));
    });
  }

  const ExportOptions& options_;
  ModelConfig config_;
  Checkpoint checkpoint_;
  std::optional<Adapter> adapter_;
};

std::string model_name(const std::filesystem::path& path) {
  const std::filesystem::path whole = std::filesystem::absolute(path).lexically_normal();
  return (whole.has_filename() ? whole : whole.parent_path()).stem().string();
}

const Bpe& require_bpe(const Tokenizer& tokenizer, const std::filesystem::path& folder) {
  if (const auto* bpe = dynamic_cast<const Bpe*>(&tokenizer)) return *bpe;
  throw Error(folder.string(),
              ": the tokenizer is a SentencePiece model, which cannot be exported yet; make a "
              "tokenizer.json of it, in Python: AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER)");
}

// All that stands before the tensors. What a GGUF base says stays as it says it.
GgufKeys keys_of(const ExportOptions& options, const ModelConfig& config) {
  if (is_gguf(options.model)) {
    GgufKeys keys(GgufFile(options.model).metadata());
    add_gguf_file_type(options.type, keys);
    return keys;
  }
  GgufKeys keys;
  add_gguf_config(config, model_name(options.adapter.empty() ? options.model : options.output), keys);
  const auto tokenizer = load_tokenizer(options.model);
  const GgufVocabulary vocabulary =
      gguf_vocabulary(require_bpe(*tokenizer, options.model), read_special_tokens(options.model, *tokenizer),
                      static_cast<std::size_t>(config.vocab_size), options.model.string());
  add_gguf_vocabulary(vocabulary, read_chat_template(options.model).text, keys);
  add_gguf_file_type(options.type, keys);
  return keys;
}

void report_progress(const WriteEvents& events, std::size_t done, std::size_t total, const std::string& tensor) {
  if (events.progress) events.progress(done, total, tensor);
}

std::span<const std::byte> as_bytes_of(const std::vector<float>& values) { return std::as_bytes(std::span(values)); }

void write_gguf(const ExportOptions& options, Source& source, const WriteEvents& events, ExportReport& report) {
  const std::vector<GgufTensor> tensors = gguf_tensors(source.config(), options.type);
  source.require_enough_bits(tensors, events.warning);
  std::vector<TensorSpec> specs;
  for (const GgufTensor& tensor : tensors) specs.push_back({tensor.name, tensor.dtype, tensor.shape});
  GgufWriter writer(options.output, keys_of(options, source.config()), specs, options.most_bytes);
  const auto sink = [&](std::span<const std::byte> bytes) { writer.write(bytes); };
  const RowSource rows = source.rows();
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const GgufTensor& tensor = tensors[i];
    report_progress(events, i, tensors.size(), tensor.name);
    if (tensor.source.empty()) {
      sink(as_bytes_of(tensor.values));
    } else if (source.unchanged(tensor.source, tensor.dtype, tensor.order)) {
      require_finite(source.checkpoint(), source.config(), tensor.source);
      sink(source.stored(tensor.source).bytes);
      source.checkpoint().release(source.stored(tensor.source).bytes);
    } else {
      stream_tensor({tensor.source, tensor.dtype, tensor.shape, tensor.order, block_bytes(tensor.dtype)}, rows, encode,
                    sink);
    }
    report.merged_tensors += !tensor.source.empty() && source.adapted(tensor.source);
  }
  writer.commit();
  report.files = writer.paths();
  report.bytes = writer.total_bytes();
  report.tensors = tensors.size();
}

// ---- the adapter alone ----

// llama.cpp multiplies each module's product by alpha over its rank; what a module has otherwise goes into its B.
void write_gguf_lora(const ExportOptions& options, Source& source, const WriteEvents& events, ExportReport& report) {
  if (!source.adapter()) throw Error("there is no adapter to export; name one with --adapter");
  const auto& modules = source.adapter()->modules();
  const std::vector<AdapterTarget> targets = adapter_targets(source.config());
  const Dtype dtype = options.type == GgufFileType::kF16 ? Dtype::kFloat16 : Dtype::kFloat32;
  const auto rank_of = [](const LoraModule& module) { return static_cast<double>(module.a.value.size(0)); };
  // 0 would mean that nothing is multiplied.
  const double alpha = modules[0]->scale != 0 ? modules[0]->scale * rank_of(*modules[0]) : 1;
  GgufKeys keys;
  keys.text("general.architecture", gguf_architecture(source.config()));
  keys.text("general.type", "adapter");
  keys.text("general.name", model_name(options.adapter));
  keys.text("adapter.type", "lora");
  keys.number("adapter.lora.alpha", static_cast<float>(alpha));
  add_gguf_file_type(options.type, keys);
  std::vector<TensorSpec> specs;
  std::vector<TensorPlace> places;
  for (const auto& module : modules) {
    if (module->dora())
      throw Error("the adapter in ", options.adapter, " is a DoRA, which llama.cpp cannot put over a base; export it ",
                  "folded in, with --format gguf");
    const auto target =
        std::find_if(targets.begin(), targets.end(), [&](const auto& t) { return t.name == module->name; });
    places.push_back(
        {TensorPlace::Module::kLinear, target->layer, static_cast<std::size_t>(target->role), target->part});
    const std::string name = gguf_module(source.config(), places.back()) + ".weight";
    specs.push_back({name + ".lora_a", dtype, module->a.value.sizes().vec()});
    specs.push_back({name + ".lora_b", dtype, module->b.value.sizes().vec()});
  }
  GgufWriter writer(options.output, keys, specs);
  for (std::size_t i = 0; i < modules.size(); ++i) {
    report_progress(events, i, modules.size(), specs[2 * i].name);
    const torch::Tensor a = modules[i]->a.value.contiguous();
    const torch::Tensor b = (modules[i]->b.value * (modules[i]->scale * rank_of(*modules[i]) / alpha)).contiguous();
    const auto stream = [&](const torch::Tensor& value, const TensorSpec& spec, const RowOrder& order) {
      const float* values = value.data_ptr<float>();
      stream_tensor(
          {spec.name, dtype, spec.shape, order, block_bytes(dtype)},
          [&](const std::string&, std::int64_t first, std::int64_t count, float* out) {
            std::copy_n(values + first * spec.shape[1], count * spec.shape[1], out);
          },
          encode, [&](std::span<const std::byte> bytes) { writer.write(bytes); });
    };
    stream(a, specs[2 * i], {});
    stream(b, specs[2 * i + 1], gguf_row_order(source.config(), places[i]));
  }
  writer.commit();
  report.files = writer.paths();
  report.bytes = writer.total_bytes();
  report.tensors = specs.size();
}

// ---- redpajama.cpp ----

Dtype ggml_dtype(GgufFileType type) {
  switch (type) {
    case GgufFileType::kF32: return Dtype::kFloat32;
    case GgufFileType::kF16: return Dtype::kFloat16;
    case GgufFileType::kQ4_0: return Dtype::kQ4_0;
    case GgufFileType::kQ8_0: return Dtype::kQ8_0;
    default: throw UsageError("--type of a ggml file must be F32, F16, Q4_0 or Q8_0");
  }
}

void write_ggml(const ExportOptions& options, Source& source, const WriteEvents& events, ExportReport& report) {
  const ModelConfig& c = source.config();
  if (&family_of(c) != &gpt_neox_family())
    throw Error(options.model.string(),
                ": redpajama.cpp runs GPT-NeoX models alone; this one is for llama.cpp, with --format gguf");
  if (!c.qkv_bias)
    throw Error(options.model.string(), ": redpajama.cpp wants biases of attention, which this model lacks");
  const auto tokenizer = load_tokenizer(options.model);
  const Bpe& bpe = require_bpe(*tokenizer, options.model);
  GgmlModel model{static_cast<std::int32_t>(c.context()),
                  static_cast<std::int32_t>(c.hidden_size),
                  static_cast<std::int32_t>(c.num_heads),
                  static_cast<std::int32_t>(c.num_layers),
                  static_cast<std::int32_t>(c.rotary_dims()),
                  c.parallel_residual,
                  {}};
  for (std::int64_t id = 0; id < c.vocab_size; ++id)
    model.tokens.emplace_back(bpe.kind(static_cast<std::int32_t>(id)) == Bpe::Kind::kUnused
                                  ? ""
                                  : std::string(bpe.bytes(static_cast<std::int32_t>(id))));
  const Dtype matrices = ggml_dtype(options.type);
  std::vector<TensorSpec> specs;
  std::vector<std::string> sources;
  for (const ModelTensor& tensor : tensors_of(c)) {
    specs.push_back({tensor.name, tensor.shape.size() == 2 ? matrices : Dtype::kFloat32, tensor.shape});
    sources.push_back(tensor.name);
  }
  if (c.tied_embeddings) {
    specs.push_back({std::string(gpt_neox_family().head) + ".weight", matrices, specs[0].shape});
    sources.push_back(sources[0]);
  }
  for (const TensorSpec& spec : specs)
    if (spec.shape.back() % block_numel(spec.dtype) != 0)
      throw Error("tensor ", spec.name, " has rows of ", spec.shape.back(),
                  " elements, which are no blocks of 32; take --type F16");
  std::vector<GgufTensor> tensors;
  for (std::size_t i = 0; i < specs.size(); ++i)
    tensors.push_back({specs[i].name, specs[i].dtype, specs[i].shape, {}, sources[i], {}});
  source.require_enough_bits(tensors, events.warning);
  GgmlWriter writer(options.output, model, specs);
  const RowSource rows = source.rows();
  for (std::size_t i = 0; i < specs.size(); ++i) {
    report_progress(events, i, specs.size(), specs[i].name);
    stream_tensor({sources[i], specs[i].dtype, specs[i].shape, {}, ggml_block_bytes(specs[i].dtype)}, rows, ggml_encode,
                  [&](std::span<const std::byte> bytes) { writer.write(bytes); });
    report.merged_tensors += source.adapted(sources[i]);
  }
  writer.commit();
  report.files = {options.output};
  report.bytes = std::filesystem::file_size(options.output);
  report.tensors = specs.size();
}

void check_options(const ExportOptions& options) {
  if (std::filesystem::exists(options.output)) throw Error(options.output, " exists already; choose a new --output");
  if (options.format == Format::kGguf && options.output.extension() != ".gguf")
    throw UsageError("--output must end in .gguf, by which readers know it; not ", options.output.string());
  if (options.format == Format::kGgufLora && options.type != GgufFileType::kF32 && options.type != GgufFileType::kF16)
    throw UsageError("--type of an adapter must be F32 or F16");
  if (options.format != Format::kGguf && options.most_bytes > 0)
    throw UsageError("--max-size is for --format gguf; the other formats have no parts");
}

}  // namespace

ExportReport export_model(const ExportOptions& options, const WriteEvents& events) {
  set_threads(options.threads);
  use_one_thread_per_operation();
  const at::NoGradGuard no_grad;
  const double started = wall_seconds();
  check_options(options);
  ExportReport report;
  Source source(options, events.warning);
  const bool checkable = options.format == Format::kGguf;
  const auto tokenizer = checkable && options.check.value_or(true) ? load_tokenizer(options.model) : nullptr;
  if (tokenizer != nullptr) check_prompts(options.prompts, *tokenizer);
  switch (options.format) {
    case Format::kGguf: write_gguf(options, source, events, report); break;
    case Format::kGgufLora: write_gguf_lora(options, source, events, report); break;
    case Format::kGgml: write_ggml(options, source, events, report); break;
  }
  if (events.written) events.written();
  report.seconds = wall_seconds() - started;
  if (checkable && options.check.value_or(report.bytes < kCheckedBytes)) {
    const ModelDifference difference =
        compare_models(options.model, source.adapter(), report.files[0], *tokenizer, options.prompts, events.warning);
    report.max_logit_difference = difference.max_logit;
    report.mean_kl = difference.mean_kl;
    report.max_kl = difference.max_kl;
    report.check_seconds = wall_seconds() - started - report.seconds;
  }
  report.peak_rss_bytes = peak_rss_bytes();
  return report;
}

}  // namespace aacft
