#include <unistd.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "aacft/base/error.h"
#include "aacft/base/threads.h"
#include "aacft/base/utf8.h"
#include "aacft/chat/chat_session.h"
#include "aacft/generate/engine.h"
#include "aacft/model/config.h"
#include "aacft/runtime/loaded_model.h"
#include "cli/adapter_options.h"
#include "cli/commands.h"
#include "cli/console.h"
#include "cli/defaults.h"
#include "cli/model_options.h"
#include "cli/options.h"
#include "cli/row_options.h"
#include "cli/sampling_options.h"
#include "cli/signals.h"
#include "cli/terminal.h"

namespace aacft::cli {
namespace {

// Drawn as OpenChatKit's bot draws; a person can stop an answer that is too long.
AnswerOptions answers_of_a_chat() {
  AnswerOptions options;
  options.sampling.temperature = 0.6;
  options.sampling.top_k = 40;
  options.max_new_tokens = 512;
  return options;
}

struct ChatCommand {
  AnswerOptions answer = answers_of_a_chat();
  std::filesystem::path model, history;
  std::vector<std::string> adapters;
  std::string voice, chat_style, system;
  bool stats = false;
  int thread_count = 0;
  ModelFlags model_flags;
  CLI::Option *voice_option = nullptr, *system_option = nullptr;

  explicit ChatCommand(CLI::App& command) {
    Options declared(command);
    declared.group("Model");
    declared.add("--model", model,
                 "model folder or GGUF file; otherwise AACFT_MODEL, the adapter's base, or a small one");
    add_named_adapters(declared, adapters);
    voice_option =
        declared.add("--voice", voice, "the adapter that speaks at first, - for none; otherwise the first one");
    declared.add("--threads", thread_count, "0: all cores");
    model_flags.add_to(declared);
    declared.group("Conversation");
    add_chat_style(declared, chat_style);
    system_option = declared.add("--system", system, "who the model is to be; otherwise as its chat style has it");
    declared.add("--stats", stats, "say after each answer which tokens were computed, and how fast");
    declared.add("--history", history,
                 "keep the lines typed at a terminal in this file, to have them again; otherwise nothing is kept");
    declared.group("Generation");
    add_answer_options(declared, answer);
  }

  void run() {
    cli::check(answer);
    if (!valid_utf8(system)) throw UsageError("--system must be text in UTF-8");
    const std::vector<NamedAdapter> named = choose_model();
    if (voice_option->count() == 0) voice = named.empty() ? "-" : named.front().name;
    DataOptions rows;
    resolve_chat_style(rows, chat_style, model);
    if (!rows.chat_style.problem.empty()) throw UsageError(rows.chat_style.problem);
    set_threads(thread_count);
    LoadedModel loaded(model, model_flags.resolved(), warn);
    std::vector<std::string> voices;
    for (const NamedAdapter& adapter : named) {
      loaded.attach(adapter.name, adapter.folder, warn);
      voices.push_back(adapter.name);
    }
    EngineOptions keeping;
    keeping.kept_positions = loaded.config().context();
    Engine engine(loaded, keeping);
    const ChatModel spoken_to{engine, loaded.tokenizer(), loaded.config().context(), voices};
    ChatOptions options{rows.chat_style, answer, voice_named(spoken_to, voice), {}, stats};
    if (system_option->count() > 0) options.system = system;
    end_at_closed_output();
    const std::unique_ptr<Console> console = open_console(history);
    if (::isatty(STDIN_FILENO) == 1) console->note("(" + model.string() + "; /help says what can be typed)");
    ChatSession(spoken_to, options, *console).run();
    if (stop_requested()) end_stopped();
  }

  // The adapters, and those that are there where none was named.
  std::vector<NamedAdapter> choose_model() {
    std::vector<NamedAdapter> named = named_adapters(adapters);
    std::filesystem::path adapter = named.empty() ? std::filesystem::path() : named.front().folder;
    choose_model_and_adapter(model, adapter);
    if (named.empty() && !adapter.empty()) named.push_back(adapter_in(adapter));
    return named;
  }
};

}  // namespace

void add_chat(CLI::App& app) {
  CLI::App* command = app.add_subcommand("chat", "Talk to a model, or to a model and adapters");
  auto chat_command = std::make_shared<ChatCommand>(*command);
  command->callback([chat_command] { chat_command->run(); });
}

}  // namespace aacft::cli
