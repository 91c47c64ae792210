#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <memory>
#include <new>
#include <system_error>

#include "aacft/base/error.h"
#include "aacft/base/text.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/terminal.h"

namespace aacft::cli {
namespace {

const CLI::App* command_named(const CLI::App& app, const std::string& name) {
  const auto commands = app.get_subcommands([&](const CLI::App* command) { return command->get_name() == name; });
  return commands.empty() ? nullptr : commands.front();
}

// Options that stand for each other: one on the command line puts the other one of a file aside.
const std::vector<std::pair<std::string, std::string>> kExclusive = {{"--max-steps", "--epochs"},
                                                                     {"--eval-data", "--eval-split"}};

// "--learning_rate" means "--learning-rate".
void use_dashes(std::vector<std::string>& arguments) {
  for (std::string& argument : arguments) {
    if (argument == "--") return;
    const auto end = static_cast<std::ptrdiff_t>(std::min(argument.find('='), argument.size()));
    if (argument.starts_with("--") && argument.find(' ') == argument.npos)
      std::replace(argument.begin(), argument.begin() + end, '_', '-');
  }
}

bool holds_something(const std::filesystem::path& folder) {
  std::error_code none;
  return std::filesystem::directory_iterator(folder, none) != std::filesystem::directory_iterator();
}

// A run that goes on writes into its own folder alone: it may be a stranger's.
void leave_report_elsewhere(std::vector<FileArgument>& arguments, const std::filesystem::path& run) {
  std::erase_if(arguments, [&](const FileArgument& argument) {
    const std::filesystem::path page = argument.argument.substr(argument.argument.find('=') + 1);
    std::error_code ignored;
    if (argument.option != "--report" || !page.has_parent_path() ||
        std::filesystem::equivalent(page.parent_path(), run, ignored))
      return false;
    warn("the run's report lies outside its folder and stays as it is; to have it written, say --report " +
         for_shell(page.string()));
    return true;
  });
}

// "--config FILE" and "--resume DIR" of train stand for the options in a file.
std::vector<FileArgument> from_file(const CLI::App& app, const std::vector<std::string>& arguments) {
  const CLI::App* command = arguments.empty() ? nullptr : command_named(app, arguments.front());
  if (command == nullptr || command->get_option_no_throw("--config") == nullptr) return {};
  const auto value_of = [&](const std::string& name, const std::string& letter) -> std::filesystem::path {
    for (std::size_t i = 1; i < arguments.size(); ++i) {
      const std::string& argument = arguments[i];
      if ((argument == name || (!letter.empty() && argument == letter)) && i + 1 < arguments.size())
        return arguments[i + 1];
      if (argument.starts_with(name + "=")) return argument.substr(name.size() + 1);
      if (!letter.empty() && argument.size() > 2 && argument.starts_with(letter))
        return argument.substr(argument[2] == '=' ? 3 : 2);
    }
    return {};
  };
  if (is_given(*command, "--max-steps", arguments) && is_given(*command, "--epochs", arguments))
    throw UsageError("--max-steps and --epochs exclude each other");
  std::filesystem::path file = value_of("--config", "-c");
  if (const auto run = value_of("--resume", ""); !run.empty()) {
    for (const char* other : {"--config", "--output", "--overwrite"})
      if (is_given(*command, other, arguments))
        throw UsageError("--resume goes on in the run's own folder, with its own options; it does not go with ", other);
    if (!std::filesystem::is_directory(run)) throw Error("nothing to resume: there is no folder ", run);
    file = run / "config.toml";
    if (!std::filesystem::exists(file))
      throw Error("nothing to resume: ", run,
                  !std::filesystem::exists(run / "aacft-run.json") ? " does not hold a run (no config.toml)"
                  : holds_something(run / "checkpoints")
                      ? " has lost its config.toml; put it back, or start again with --overwrite"
                      : " holds a run that was cut short before it began; start it again with its options");
  }
  if (file.empty()) return {};
  std::vector<FileArgument> taken = arguments_of_file(*command, file, arguments, kExclusive);
  if (const auto run = value_of("--resume", ""); !run.empty()) leave_report_elsewhere(taken, run);
  return taken;
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(command->get_name());
  return names;
}

// The command that the arguments name; for one of a group ("data sample") the innermost that they get right, `app` if
// none.
struct NamedCommand {
  const CLI::App* command;
  std::size_t words = 0;  // arguments that make its name
  std::string name;       // "data sample "

  NamedCommand(const CLI::App& app, const std::vector<std::string>& arguments) : command(&app) {
    while (words < arguments.size()) {
      const CLI::App* next = command_named(*command, arguments[words]);
      if (next == nullptr) return;
      command = next;
      name += arguments[words++] + " ";
    }
  }
};

// CLI11's own message, or a plainer one.
std::string what_is_wrong(const NamedCommand& named, const CLI::ParseError& error,
                          const std::vector<std::string>& arguments) {
  if (const auto names = command_names(*named.command); !names.empty()) {
    if (arguments.size() == named.words)
      return "a command is missing" + (named.words ? " after " + arguments[0] : "") + ": one of " + listed(names);
    const std::string& wrong = arguments[named.words];
    if (wrong.starts_with("-")) return "unknown flag " + wrong + "; a command comes first: one of " + listed(names);
    const std::string nearest = nearest_name(wrong, names);
    return "unknown command " + named.name + wrong +
           (nearest.empty() ? "; there are " + listed(names) : "; did you mean " + nearest + "?");
  }
  if (dynamic_cast<const CLI::ExtrasError*>(&error) == nullptr) return error.what();
  const CLI::App* command = named.command;
  for (std::size_t i = named.words; i < arguments.size() && arguments[i] != "--"; ++i) {
    const std::string flag = arguments[i].substr(0, arguments[i].find('='));
    if (flag.size() < 2 || flag[0] != '-' || command->get_option_no_throw(flag) != nullptr) continue;
    if (flag[1] != '-' && command->get_option_no_throw(flag.substr(0, 2)) != nullptr) continue;  // -r8
    const std::string nearest = nearest_flag(*command, flag);
    return "unknown flag " + flag + (nearest.empty() ? "" : "; did you mean " + nearest + "?");
  }
  return std::string(error.what()) +
         (command->get_name() == "generate" ? "; a prompt follows --prompt, in quotes" : "");
}

int report_usage(const CLI::App& app, const CLI::ParseError& error, const std::vector<std::string>& arguments,
                 const std::vector<FileArgument>& file) {
  if (dynamic_cast<const CLI::RuntimeError*>(&error) != nullptr) return error.get_exit_code();  // end_stopped
  const NamedCommand named(app, arguments);
  std::string message = what_is_wrong(named, error, arguments);
  for (const FileArgument& argument : file)
    if (message.starts_with(argument.option + ":") ||
        message.starts_with("Could not convert: " + argument.option + " ")) {
      message = argument.where + ": " + message;
      break;
    }
  std::cerr << "aacft: " << message << "\nSee: aacft " << named.name << "--help\n";
  return 2;
}

// Where the first option that a message names stands, if that is in a file: "run.toml:3: ".
std::string place_of(const std::string& message, const std::vector<FileArgument>& file) {
  std::size_t first = message.npos;
  std::string place;
  for (const FileArgument& argument : file)
    for (std::size_t at = 0; (at = message.find(argument.option, at)) < first; ++at) {
      const std::size_t end = at + argument.option.size();
      const bool whole =
          end == message.size() || (message[end] != '-' && std::isalnum(static_cast<unsigned char>(message[end])) == 0);
      if (whole) first = at, place = argument.where + ": ";
    }
  return place;
}

// CLI11's help without what only its author needs.
class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override {
    std::string text = CLI::Formatter::make_help(app, std::move(name), mode);
    for (std::size_t at; (at = text.find("\n\n\n")) != text.npos;) text.erase(at, 1);
    while (text.ends_with("\n\n")) text.pop_back();
    return text;
  }
  std::string make_option_name(const CLI::Option* option, bool positional) const override {
    std::string text = CLI::Formatter::make_option_name(option, positional);
    if (const std::size_t at = text.find("{false}"); at != text.npos) text.erase(at, 7);
    return text;
  }
};

// Files opened later must not take the numbers of standard streams that are closed, and get what is printed. In the
// place of each comes one that fails as the closed one would.
void occupy_closed_streams() {
  for (int fd = 0; fd <= 2; ++fd)
    if (::fcntl(fd, F_GETFD) < 0) (void)!::open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
}

int run(int argc, char** argv) {
  occupy_closed_streams();
  std::signal(SIGXFSZ, SIG_IGN);  // a limit on files is an error to report, as a full disk is
  set_up_warnings();

  CLI::App app("Teaches a language model to speak the way one person speaks, by LoRA fine-tuning on CPU cores.",
               "aacft");
  app.set_version_flag("--version", AACFT_VERSION);
  app.require_subcommand(1);
  app.set_help_flag("-h,--help", "this help");
  app.get_option("--version")->description("the version");
  app.formatter(std::make_shared<HelpFormatter>());
  app.get_formatter()->column_width(34);
  add_train(app);
  add_plan(app);
  add_generate(app);
  add_chat(app);
  add_eval(app);
  add_merge(app);
  add_pack(app);
  add_export(app);
  add_report(app);
  add_init(app);
  add_info(app);
  add_tokenize(app);
  add_data(app);
  add_bench(app);
  add_serve(app);

  std::vector<std::string> arguments(argv + 1, argv + argc);
  std::vector<FileArgument> file;
  try {
    use_dashes(arguments);
    file = from_file(app, arguments);
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());  // as CLI11 wants them
    for (auto at = file.rbegin(); at != file.rend(); ++at) reversed.insert(reversed.end() - 1, at->argument);
    try {
      app.parse(std::move(reversed));
    } catch (const CLI::Success& shown) {  // --help, --version
      app.exit(shown);
    }
    flush_output();
    return 0;
  } catch (const CLI::ParseError& error) {
    return report_usage(app, error, arguments, file);
  } catch (const UsageError& error) {
    std::cerr << "aacft: " << place_of(error.what(), file) << error.what() << "\n";
    return error.exit_code();
  } catch (const Error& error) {
    std::cerr << "aacft: " << error.what() << "\n";
    return error.exit_code();
  } catch (const std::filesystem::filesystem_error& error) {
    std::cerr << "aacft: " << presentable(error.path1().string()) << ": " << error.code().message() << "\n";
    return 1;
  } catch (const std::exception& error) {
    // Only the first line: libtorch adds a stack trace.
    std::string text = error.what();
    text = text.substr(0, text.find('\n'));
    if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr || text.find("can't allocate memory") != text.npos) {
      std::cerr << "aacft: out of memory; a smaller --memory-budget or --micro-batch, or --recompute on, needs less\n";
    } else if (const auto* refused = dynamic_cast<const std::system_error*>(&error);
               refused != nullptr && refused->code() == std::errc::resource_unavailable_try_again) {
      std::cerr << "aacft: the system gives no memory for another thread (ulimit -v), or no thread (ulimit -u); fewer "
                   "--threads need less\n";
    } else {
      std::cerr << "aacft: internal error: " << presentable(text) << "\n";
    }
    return 1;
  }
}

}  // namespace

}  // namespace aacft::cli

int main(int argc, char** argv) {
  const int code = aacft::cli::run(argc, argv);
  rlimit addresses{};
  const bool limited = ::getrlimit(RLIMIT_AS, &addresses) == 0 && addresses.rlim_cur != RLIM_INFINITY;
  if (code == 0 && !limited) return 0;
  // Without the libraries' own endings, which may hang where memory has run out.
  std::fflush(nullptr);
  ::_exit(code);
}
