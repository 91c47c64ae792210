#include <spdlog/fmt/fmt.h>

#include <iostream>
#include <memory>

#include "aacft/base/error.h"
#include "aacft/base/text.h"
#include "aacft/base/threads.h"
#include "aacft/model/config.h"
#include "aacft/model/packed_model.h"
#include "cli/commands.h"
#include "cli/defaults.h"
#include "cli/model_options.h"
#include "cli/options.h"
#include "cli/signals.h"
#include "cli/terminal.h"

namespace aacft::cli {
namespace {

struct PackCommand {
  std::filesystem::path model, output;
  int thread_count = 0;
  ModelFlags model_flags;

  explicit PackCommand(CLI::App& command) {
    Options declared(command);
    declared.add("--model,model", model, "model folder or GGUF file");
    declared.add("--output,-o", output, "folder for the packed model, which must not exist yet");
    declared.add("--threads", thread_count, "0: all cores");
    model_flags.add_to(declared);
  }

  void run() {
    if (model.empty() || output.empty()) throw UsageError("a model and --output are needed");
    set_threads(thread_count);
    catch_stop_signals();
    write_packed_model(model, output, model_flags.resolved(), warn, [] {
      if (stop_requested()) end_stopped();  // what was written goes away on the way out
    });
    const auto bytes = std::filesystem::file_size(output / "packed.safetensors");
    std::cout << fmt::format("wrote {}: {}, which rests in memory as it is\n", output.string(), human_bytes(bytes));
  }
};

}  // namespace

void add_pack(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("pack", "Write a model as it rests in memory, so that programs start at once and share it");
  auto pack_command = std::make_shared<PackCommand>(*command);
  command->callback([pack_command] { pack_command->run(); });
}

}  // namespace aacft::cli
