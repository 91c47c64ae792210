#include <spdlog/fmt/fmt.h>

#include <iostream>
#include <memory>

#include "aacft/base/error.h"
#include "aacft/base/system.h"
#include "aacft/base/text.h"
#include "aacft/base/threads.h"
#include "aacft/model/family.h"
#include "aacft/model/model_folder.h"
#include "aacft/tokenizer/tokenizer.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/signals.h"

namespace aacft::cli {
namespace {

struct InitCommand {
  std::filesystem::path output, tokenizer;
  std::string shape = "tiny", dtype = "float16";
  std::uint64_t seed = 42;
  // -1: as the shape says.
  std::int64_t vocab_size = -1, hidden_size = -1, intermediate_size = -1, layers = -1, heads = -1, kv_heads = -1,
               head_dim = -1, positions = -1;
  double rotary_pct = -1;
  bool parallel = false, sequential = false, tied = false;

  explicit InitCommand(CLI::App& command) {
    Options declared(command);
    declared.add("--output,-o", output, "folder for the model; must not exist yet");
    declared.add("--shape", shape, shape_names());
    declared.add("--dtype", dtype, "fp32, fp16 or bf16");
    declared.add("--seed", seed, "of the random weights");
    declared.add("--tokenizer", tokenizer,
                 "tokenizer.json or SentencePiece .model to copy; a small one of our own for tiny and tiny-llama");
    for (auto [name, field, help] : std::initializer_list<std::tuple<const char*, std::int64_t*, const char*>>{
             {"--vocab-size", &vocab_size, "tokens"},
             {"--hidden-size", &hidden_size, "width"},
             {"--intermediate-size", &intermediate_size,
              "width inside the MLP, else 4 x --hidden-size where that is given"},
             {"--layers", &layers, "layers"},
             {"--heads", &heads, "attention heads"},
             {"--kv-heads", &kv_heads, "heads of keys and values"},
             {"--head-dim", &head_dim, "width of a head"},
             {"--max-positions", &positions, "context"}})
      command.add_option(name, *field, std::string(help) + " (default: the shape's)")
          ->type_name("N")
          ->check(whole_number(true));
    command.add_option("--rotary-pct", rotary_pct, "share of a head that rotates (default: the shape's)")
        ->type_name("NUMBER")
        ->check(finite_number());
    command.add_flag("--parallel-residual", parallel, "attention and MLP side by side (Pythia)");
    command.add_flag("--sequential-residual", sequential, "one after the other (RedPajama)");
    command.add_flag(
        "--tied-embeddings", tied,
        "one table for the tokens that come in and those that go out: smaller, and quicker to learn to repeat words");
  }

  void run() {
    if (output.empty()) throw UsageError("--output is missing: the folder for the model");
    const auto type = parse_dtype(dtype);
    if (!type || !is_weight_dtype(*type)) throw UsageError("--dtype must be fp32, fp16 or bf16, not ", dtype);
    if (parallel && sequential) throw UsageError("--parallel-residual and --sequential-residual exclude each other");
    ModelConfig c = shape_named(shape);
    if (hidden_size != -1) c.hidden_size = hidden_size, c.intermediate_size = 4 * hidden_size;
    for (auto [value, field] :
         std::initializer_list<std::pair<std::int64_t, std::int64_t*>>{{vocab_size, &c.vocab_size},
                                                                       {intermediate_size, &c.intermediate_size},
                                                                       {layers, &c.num_layers},
                                                                       {heads, &c.num_heads},
                                                                       {kv_heads, &c.num_kv_heads},
                                                                       {head_dim, &c.head_size},
                                                                       {positions, &c.max_positions}})
      if (value != -1) *field = value;
    if (rotary_pct != -1) c.rotary_pct = rotary_pct;
    if (parallel || sequential) c.parallel_residual = parallel;
    if (tied) c.tied_embeddings = true;
    const ModelConfig read = parse_model_config(to_json(c, *type), "the shape");  // the same checks as for a file
    if (read.kv_heads() != c.kv_heads() || read.head_dim() != c.head_dim() || read.rotary_pct != c.rotary_pct ||
        read.parallel_residual != c.parallel_residual)
      throw UsageError("models of type ", c.model_type, " have no ",
                       read.parallel_residual != c.parallel_residual ? "choice of --parallel-residual"
                       : read.rotary_pct != c.rotary_pct             ? "--rotary-pct"
                                                                     : "--kv-heads and --head-dim of their own");

    if (tokenizer.empty() && shape.starts_with("tiny")) tokenizer = data_file("tiny-tokenizer.json");
    if (!tokenizer.empty()) {
      const std::int32_t size = load_tokenizer_file(tokenizer)->size();
      if (size > c.vocab_size)
        throw UsageError("the tokenizer has ", size, " tokens, more than the vocabulary of ", c.vocab_size);
    }
    set_threads(available_cores());
    catch_stop_signals();
    write_random_model(output, c, *type, seed, tokenizer, [] {
      if (stop_requested()) end_stopped();  // what was written goes away on the way out
    });
    std::cout << fmt::format("wrote {}: {} parameters, {} as {}\n", output.string(), c.num_parameters(),
                             human_bytes(static_cast<std::uint64_t>(c.num_parameters()) * dtype_size(*type)), dtype);
    if (tokenizer.empty()) std::cout << "it has no tokenizer yet: copy a tokenizer.json into it, or use --tokenizer\n";
  }
};

}  // namespace

void add_init(CLI::App& app) {
  CLI::App* command = app.add_subcommand("init", "Make a model of a given shape with random weights");
  auto init_command = std::make_shared<InitCommand>(*command);
  command->callback([init_command] { init_command->run(); });
}

}  // namespace aacft::cli
