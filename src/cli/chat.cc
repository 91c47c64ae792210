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
#include "aacft/chat/icon_session.h"
#include "aacft/generate/engine.h"
#include "aacft/model/config.h"
#include "aacft/runtime/loaded_model.h"
#include "cli/adapter_options.h"
#include "cli/commands.h"
#include "cli/console.h"
#include "cli/defaults.h"
#include "cli/lexicon.h"
#include "cli/model_options.h"
#include "cli/options.h"
#include "cli/row_options.h"
#include "cli/sampling_options.h"
#include "cli/signals.h"
#include "cli/speaking.h"
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

constexpr std::int64_t kTokensOfASentence = 60;  // at most, where it was not said

struct ChatCommand {
  AnswerOptions answer = answers_of_a_chat();
  std::filesystem::path model, history, lexicon_file;
  std::vector<std::string> adapters;
  std::string voice, chat_style, system, speak_command, play_command;
  bool stats = false, icons = false, into_prompt = false, speak = false;
  std::int64_t candidates = 3;
  int thread_count = 0;
  ModelFlags model_flags;
  const CLI::App& given;

  explicit ChatCommand(CLI::App& command) : given(command) {
    Options declared(command);
    declared.group("Model");
    declared.add("--model", model,
                 "model folder or GGUF file; otherwise AACFT_MODEL, the adapter's base, or a small one");
    add_named_adapters(declared, adapters);
    declared.add("--voice", voice, "the adapter that speaks at first, - for none; otherwise the first one");
    declared.add("--threads", thread_count, "0: all cores");
    model_flags.add_to(declared);
    declared.group("Conversation");
    add_chat_style(declared, chat_style);
    declared.add("--system", system, "who the model is to be; otherwise as its chat style has it");
    declared.add("--stats", stats, "say after each answer which tokens were computed, and how fast");
    declared.add("--history", history,
                 "keep the lines typed at a terminal in this file, to have them again; otherwise nothing is kept");
    declared.group("Icons");
    declared.add(
        "--icons", icons,
        "type icons as words (\"I want tea\") and choose a sentence by its number: the one that the rules make, or "
        "one of the model's");
    declared.add("--candidates", candidates, "sentences of the model to choose from, the first one greedy");
    declared.add("--into-prompt", into_prompt,
                 "the adapters learned from rows whose prompts hold the rules' sentence (data draft --into-prompt)");
    declared.add("--lexicon", lexicon_file, "table of words for the rules; our own otherwise");
    declared.add("--speak", speak, "speak what was chosen");
    declared.add("--speak-command", speak_command,
                 "program for --speak that gets a text on standard input and writes a WAV to standard output, as in "
                 "serve; otherwise espeak-ng");
    declared.add("--play-command", play_command,
                 "command for --speak that gets that WAV on standard input and plays it; otherwise aplay or paplay");
    declared.group("Generation");
    add_answer_options(declared, answer);
  }

  void run() {
    check();
    const std::vector<NamedAdapter> named = choose_model();
    DataOptions rows;
    resolve_chat_style(rows, chat_style, model);
    if (!icons && !rows.chat_style.problem.empty()) throw UsageError(rows.chat_style.problem);
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
    voice = given.count("--voice") > 0 ? voice_named(spoken_to, voice) : voices.empty() ? "" : voices.front();
    end_at_closed_output();
    talk(spoken_to, rows.chat_style);
    if (stop_requested()) end_stopped();
  }

  void check() const {
    cli::check(answer);
    if (!valid_utf8(system)) throw UsageError("--system must be text in UTF-8");
    if (candidates < 1 || candidates > 64) throw UsageError("--candidates must be from 1 to 64");
    for (const char* option : {"--candidates", "--into-prompt", "--lexicon", "--speak"})
      if (!icons && given.count(option) > 0) throw UsageError(option, " goes with --icons");
    for (const char* option : {"--speak-command", "--play-command"})
      if (!speak && given.count(option) > 0) throw UsageError(option, " goes with --speak");
    for (const char* option : {"--system", "--stats"})
      if (icons && given.count(option) > 0) throw UsageError(option, " does not go with --icons");
  }

  void talk(const ChatModel& spoken_to, const ChatStyle& style) {
    std::optional<Speaker> speaker;
    if (speak) speaker.emplace(speak_command, play_command);
    std::optional<Lexicon> lexicon;
    if (icons) lexicon = lexicon_in(lexicon_file);
    const std::unique_ptr<Console> console = open_console(history);
    if (::isatty(STDIN_FILENO) == 1) console->note("(" + model.string() + "; /help says what can be typed)");
    if (icons) {
      if (given.count("--max-new-tokens") == 0) answer.max_new_tokens = kTokensOfASentence;
      IconOptions options{style, into_prompt, static_cast<std::size_t>(candidates), answer, voice, {}};
      if (speaker) options.speak = [&](const std::string& sentence) { speaker->say(sentence); };
      IconSession(spoken_to, *lexicon, options, *console).run();
    } else {
      ChatOptions options{style, answer, voice, {}, stats};
      if (given.count("--system") > 0) options.system = system;
      ChatSession(spoken_to, options, *console).run();
    }
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
