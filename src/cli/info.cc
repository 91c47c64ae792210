#include <spdlog/fmt/fmt.h>

#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "aacft/base/error.h"
#include "aacft/base/system.h"
#include "aacft/base/text.h"
#include "aacft/base/threads.h"
#include "aacft/model/describe.h"
#include "aacft/model/gguf_model.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/terminal.h"

namespace aacft::cli {
namespace {

using nlohmann::json;

json machine_info() {
  return {{"kind", "machine"},
          {"aacft", AACFT_VERSION},
          {"libtorch", libtorch_version()},
          {"cpu", cpu_model()},
          {"instruction_sets", cpu_features()},
          {"cores", available_cores()},
          {"memory_bytes", total_memory_bytes()},
          {"available_memory_bytes", available_memory_bytes()}};
}

std::string plain(const std::string& key, const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_unsigned() && key.find("bytes") != std::string::npos)
    return human_bytes(value.get<std::uint64_t>());
  return value.dump();
}

struct InfoCommand {
  std::filesystem::path path;
  bool json_output = false;

  explicit InfoCommand(CLI::App& command) {
    command.add_option("path,--model", path, "a model or adapter folder, or a GGUF file; this machine otherwise")
        ->type_name("PATH");
    command.add_flag("--json", json_output, "as one object");
  }

  void run() const {
    if (!path.empty() && !std::filesystem::is_directory(path) && !is_gguf(path))
      throw Error("no folder or GGUF file ", path);
    const json info = path.empty()                                            ? machine_info()
                      : std::filesystem::exists(path / "adapter_config.json") ? describe_adapter(path, warn)
                                                                              : describe_checkpoint(path, warn);
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
