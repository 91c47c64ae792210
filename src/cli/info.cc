#include <spdlog/fmt/fmt.h>

#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <torch/version.h>

#include "aacft/base/error.h"
#include "aacft/base/system.h"
#include "aacft/base/text.h"
#include "aacft/base/threads.h"
#include "aacft/formats/checkpoint.h"
#include "aacft/model/gpt_neox.h"
#include "cli/commands.h"
#include "cli/options.h"

namespace aacft::cli {
namespace {

using nlohmann::json;

json machine_info() {
  return {{"kind", "machine"},
          {"aacft", AACFT_VERSION},
          {"libtorch", TORCH_VERSION},
          {"cpu", cpu_model()},
          {"instruction_sets", cpu_features()},
          {"cores", available_cores()},
          {"memory_bytes", total_memory_bytes()},
          {"available_memory_bytes", available_memory_bytes()}};
}

json checkpoint_info(const std::filesystem::path& folder) {
  const ModelConfig c = read_model_config(folder);
  const Checkpoint checkpoint(folder);
  check_checkpoint(checkpoint, c, false, warn);
  std::uint64_t bytes = 0;
  std::map<std::string, std::size_t> types;
  for (const auto& [name, shape] : expected_tensors(c)) {
    const TensorView* tensor = find_weight(checkpoint, name);
    bytes += tensor->bytes.size();
    ++types[std::string(dtype_name(tensor->dtype))];
  }
  return {{"kind", "checkpoint"},
          {"folder", folder.string()},
          {"layout", checkpoint.layout()},
          {"parameters", c.num_parameters()},
          {"weight_bytes", bytes},
          {"tensors_by_type", types},
          {"layers", c.num_layers},
          {"hidden_size", c.hidden_size},
          {"intermediate_size", c.intermediate_size},
          {"heads", c.num_heads},
          {"vocab_size", c.vocab_size},
          {"context", c.max_positions},
          {"rotary_pct", c.rotary_pct},
          {"rotary_base", c.rotary_base},
          {"residual", c.parallel_residual ? "parallel" : "sequential"},
          {"attention_bias", c.attention_bias},
          {"tied_embeddings", c.tied_embeddings},
          {"eos_token_id", c.eos_token_id ? json(*c.eos_token_id) : json(nullptr)}};
}

json adapter_info(const std::filesystem::path& folder) {
  const Adapter adapter = Adapter::load(folder, warn);
  const LoraConfig& c = adapter.config();
  return {{"kind", "adapter"},
          {"folder", folder.string()},
          {"rank", c.rank},
          {"alpha", c.alpha},
          {"dropout", c.dropout},
          {"variant", c.dora ? (c.rslora ? "DoRA, rsLoRA" : "DoRA") : c.rslora ? "rsLoRA" : "LoRA"},
          {"target_modules", c.target_pattern.empty() ? json(c.target_modules) : json(c.target_pattern)},
          {"adapted_modules", adapter.modules().size()},
          {"parameters", adapter.num_parameters()},
          {"bytes_fp32", 4 * adapter.num_parameters()},
          {"base_model", c.base_model}};
}

std::string plain(const std::string& key, const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_unsigned() && key.find("bytes") != std::string::npos) return human_bytes(value.get<std::uint64_t>());
  return value.dump();
}

struct InfoCommand {
  std::filesystem::path path;
  bool json_output = false;

  explicit InfoCommand(CLI::App& command) {
    command.add_option("path", path, "a model or adapter folder; this machine otherwise");
    command.add_flag("--json", json_output, "as one object");
  }

  void run() const {
    if (!path.empty() && !std::filesystem::is_directory(path)) throw Error("no folder ", path);
    const json info = path.empty() ? machine_info()
                      : std::filesystem::exists(path / "adapter_config.json") ? adapter_info(path) : checkpoint_info(path);
    if (json_output) {
      std::cout << info.dump() << "\n";
      return;
    }
    for (const auto& [key, value] : info.items()) std::cout << fmt::format("{:<24}{}\n", key, plain(key, value));
  }
};

}  // namespace

void add_info(CLI::App& app) {
  CLI::App* command = app.add_subcommand("info", "Describe a checkpoint, an adapter or this machine");
  auto info_command = std::make_shared<InfoCommand>(*command);
  command->callback([info_command] { info_command->run(); });
}

}  // namespace aacft::cli
