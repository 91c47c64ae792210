#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <new>

#include "aacft/base/error.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/signals.h"

namespace aacft::cli {
namespace {

const CLI::App* command_named(const CLI::App& app, const std::string& name) {
  const auto commands = app.get_subcommands([&](const CLI::App* command) { return command->get_name() == name; });
  return commands.empty() ? nullptr : commands.front();
}

// "--config FILE" and "--resume DIR" of train stand for the options in a file; they go in front of the command line's.
std::vector<std::string> with_config_file(const CLI::App& app, std::vector<std::string> arguments) {
  if (arguments.empty()) return arguments;
  const CLI::App* command = command_named(app, arguments.front());
  if (command == nullptr || command->get_option_no_throw("--config") == nullptr) return arguments;
  const auto value_of = [&](const std::vector<std::string>& names) -> std::filesystem::path {
    for (std::size_t i = 1; i < arguments.size(); ++i)
      for (const std::string& name : names) {
        if (arguments[i] == name && i + 1 < arguments.size()) return arguments[i + 1];
        if (arguments[i].starts_with(name + "=")) return arguments[i].substr(name.size() + 1);
      }
    return {};
  };
  std::filesystem::path file = value_of({"--config", "-c"});
  if (const auto run = value_of({"--resume"}); !run.empty()) {
    if (!file.empty()) throw UsageError("--resume takes the options of the run; it does not go with --config");
    if (!std::filesystem::is_directory(run)) throw Error("nothing to resume: there is no folder ", run);
    file = run / "config.toml";
    if (!std::filesystem::exists(file)) throw Error("nothing to resume: ", run, " does not hold a run (no config.toml)");
  }
  if (file.empty()) return arguments;
  const auto from_file = arguments_of_file(*command, file, arguments);
  arguments.insert(arguments.begin() + 1, from_file.begin(), from_file.end());
  return arguments;
}

// CLI11's own message, and the flag that was probably meant.
int report_usage(const CLI::App& app, const CLI::ParseError& error, const std::vector<std::string>& arguments) {
  if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
  std::string message = error.what();
  const CLI::App* command = arguments.empty() ? nullptr : command_named(app, arguments.front());
  if (command == nullptr) command = &app;
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr)
    for (const std::string& argument : arguments) {
      if (!argument.starts_with("-") || command->get_option_no_throw(argument.substr(0, argument.find('='))) != nullptr) continue;
      message = "unknown flag " + argument.substr(0, argument.find('='));
      if (const std::string nearest = nearest_flag(*command, argument); !nearest.empty()) message += "; did you mean " + nearest + "?";
      break;
    }
  std::cerr << "aacft: " << message << "\nSee: aacft " << (command == &app ? "" : command->get_name() + " ") << "--help\n";
  return 2;
}

int run(int argc, char** argv) {
  auto logger = spdlog::stderr_color_mt("aacft");
  logger->set_pattern("%^%l%$: %v");
  spdlog::set_default_logger(logger);

  CLI::App app("Teaches a GPT-NeoX language model to speak the way one person speaks, by LoRA fine-tuning on CPU cores.", "aacft");
  app.set_version_flag("--version", AACFT_VERSION);
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);
  add_train(app);
  add_generate(app);
  add_merge(app);
  add_init(app);
  add_info(app);
  add_tokenize(app);

  std::vector<std::string> arguments(argv + 1, argv + argc);
  try {
    arguments = with_config_file(app, std::move(arguments));
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());  // as CLI11 wants them
    app.parse(std::move(reversed));
    return stop_signal() != 0 ? 128 + stop_signal() : 0;
  } catch (const CLI::ParseError& error) {
    return report_usage(app, error, arguments);
  } catch (const Error& error) {
    std::cerr << "aacft: " << error.what() << "\n";
    return error.exit_code();
  } catch (const std::bad_alloc&) {
    std::cerr << "aacft: out of memory; a smaller --memory-budget or --micro-batch, or --recompute on, needs less\n";
    return 1;
  } catch (const std::exception& error) {
    // Only the first line: libtorch adds a stack trace.
    const std::string text = error.what();
    std::cerr << "aacft: internal error: " << text.substr(0, text.find('\n')) << "\n";
    return 1;
  }
}

}  // namespace

void warn(const std::string& message) { spdlog::warn("{}", message); }

}  // namespace aacft::cli

int main(int argc, char** argv) { return aacft::cli::run(argc, argv); }
