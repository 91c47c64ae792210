#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <mutex>
#include <thread>

#include "aacft/base/error.h"
#include "aacft/base/system.h"
#include "aacft/base/text.h"
#include "aacft/base/threads.h"
#include "aacft/boards/board.h"
#include "aacft/boards/board_view.h"
#include "aacft/boards/open_board.h"
#include "aacft/data/chat_template.h"
#include "aacft/generate/engine.h"
#include "aacft/model/config.h"
#include "aacft/runtime/loaded_model.h"
#include "aacft/serve/server.h"
#include "cli/adapter_options.h"
#include "cli/commands.h"
#include "cli/defaults.h"
#include "cli/lexicon.h"
#include "cli/model_options.h"
#include "cli/options.h"
#include "cli/row_options.h"
#include "cli/signals.h"
#include "cli/terminal.h"

namespace aacft::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kGrace(5);  // for answers under way, once the server is told to end

// The name of this machine, as others on its network may call it.
std::vector<std::string> own_names() {
  char name[256] = "";
  if (::gethostname(name, sizeof name - 1) != 0 || *name == '\0') return {};
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return {lower, lower + ".local"};
}

fs::path usual_picks() {
  const auto set = [](const char* name) -> fs::path {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
  };
  if (const fs::path data = set("XDG_DATA_HOME"); data.is_absolute()) return data / "aacft" / "picks.jsonl";
  if (const fs::path home = set("HOME"); home.is_absolute()) return home / ".local/share/aacft/picks.jsonl";
  return {};
}

struct ServeCommand {
  fs::path model, board, lexicon, picks;
  std::vector<std::string> adapters, hosts;
  std::string token, speak_command, chat_style;
  ServerOptions server;
  std::uint64_t max_sessions = 8;
  std::int64_t keep = 4096;
  int thread_count = 0;
  bool into_prompt = false, no_token = false, no_picks = false, no_speech = false, log = false, log_text = false;
  ModelFlags model_flags;

  explicit ServeCommand(CLI::App& command) {
    Options declared(command);
    const auto repeated = [](CLI::Option* option) {
      option->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)->allow_extra_args(false);
    };
    declared.group("Model (none: the board with rule drafts)");
    declared.add("--model", model, "model folder or GGUF file; otherwise AACFT_MODEL, or the first adapter's base");
    add_named_adapters(declared, adapters);
    declared.add("--into-prompt", into_prompt,
                 "the adapters learned from rows whose prompts hold the rules' draft (data draft --into-prompt)");
    add_chat_style(declared, chat_style);
    declared.add("--threads", thread_count, "0: all cores");
    model_flags.add_to(declared);
    declared.add("--max-sessions", max_sessions, "answers under way at a time; others wait");
    declared.add("--keep", keep, "positions of what was asked that stay computed, for what begins alike");
    declared.group("Board");
    declared.add("--board", board, ".json, .obf or .obz; our own otherwise");
    declared.add("--lexicon", lexicon, "table of words; our own otherwise");
    declared.add("--picks", picks,
                 "file for what was picked, where the person switches that on in the page; otherwise "
                 "~/.local/share/aacft/picks.jsonl");
    declared.add("--no-picks", no_picks, "what was picked is never kept");
    declared.add("--speak-command", speak_command,
                 "program that gets a text on standard input and writes a WAV to standard output; otherwise espeak-ng, "
                 "where it is installed");
    declared.add("--no-speech", no_speech, "the browser's own voices alone");
    declared.group("Server");
    declared.add("--host", server.host, "address to listen at; any but this machine's own needs --token or --no-token");
    declared.add("--port", server.port, "0: any that is free");
    declared.add("--token", token, "what who asks must know; otherwise AACFT_TOKEN");
    declared.add("--no-token", no_token, "whoever can reach this machine may ask");
    repeated(declared.add("--allow-host", hosts,
                          "another name that the server may be called by, as behind a proxy; may be repeated"));
    declared.add("--log", log, "a line for each request on standard error, without what was said");
    declared.add("--log-text", log_text, "the same, with what was said");
  }

  void check() {
    if (const char* known = std::getenv("AACFT_TOKEN"); token.empty() && known != nullptr) token = known;
    if (no_token && !token.empty()) throw UsageError("--token and --no-token exclude each other");
    if (!is_loopback(server.host) && token.empty() && !no_token)
      throw UsageError("others could reach the server at ", server.host,
                       ": give a --token that they must know, or --no-token to let everybody in");
    if (server.port < 0 || server.port > 65535) throw UsageError("--port must be from 0 to 65535");
    if (max_sessions < 1 || max_sessions > 1000) throw UsageError("--max-sessions must be from 1 to 1000");
    if (keep < 0) throw UsageError("--keep must not be negative");
    if (no_picks && !picks.empty()) throw UsageError("--picks and --no-picks exclude each other");
    if (no_speech && !speak_command.empty()) throw UsageError("--speak-command and --no-speech exclude each other");
    for (std::string& name : hosts)
      std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  }

  BoardView board_view(const Lexicon& words) const {
    if (board.empty()) return view_of(read_board(data_file("board.json"), words), words);
    if (is_open_board(board)) return view_of(read_open_boards(board, warn), board.string(), words, warn);
    return view_of(read_board(board, words), words);
  }

  std::unique_ptr<Speech> speech(const std::string& language) const {
    if (no_speech) return nullptr;
    if (!speak_command.empty()) return std::make_unique<Speech>(SpeechOptions{.command = command_words(speak_command)});
    std::vector<std::string> command = usual_speech_command();
    if (command.empty()) return nullptr;
    if (!language.empty() && !language.starts_with("en") &&
        std::all_of(language.begin(), language.end(), [](unsigned char c) { return std::isalnum(c) || c == '-'; }))
      command.insert(command.end(), {"-v", language.substr(0, language.find('-'))});
    return std::make_unique<Speech>(SpeechOptions{.command = std::move(command)});
  }

  ServiceParts parts() const {
    ServiceParts parts;
    parts.lexicon = lexicon_in(lexicon);
    parts.view = board_view(*parts.lexicon);
    parts.speech = speech(parts.view.language);
    const fs::path file = picks.empty() ? usual_picks() : picks;
    if (!no_picks && !file.empty()) parts.picks = std::make_unique<PickLog>(fs::absolute(file));
    return parts;
  }

  ServiceOptions service_options() const {
    ServiceOptions options;
    options.token = token;
    options.hosts = hosts;
    if (!is_loopback(server.host)) {
      for (std::string& name : own_names()) options.hosts.push_back(std::move(name));
      options.hosts.push_back(server.host);
    }
    options.log_text = log_text;
    if (log || log_text)
      options.log = [mutex = std::make_shared<std::mutex>()](const std::string& line) {
        const std::lock_guard lock(*mutex);
        std::cerr << line + "\n";
      };
    options.scheduler.slots = max_sessions;
    return options;
  }

  void run() {
    check();
    const std::vector<NamedAdapter> named = named_adapters(adapters);
    const char* known_model = std::getenv("AACFT_MODEL");
    if (model.empty() && (!named.empty() || (known_model != nullptr && *known_model != '\0')))
      model = default_model(named.empty() ? fs::path() : named[0].folder);
    ServiceParts parts = this->parts();
    if (model.empty()) return serve(std::move(parts));

    set_threads(thread_count);
    ServedModel served;
    resolve_chat_style(served.rows, chat_style, model);
    LoadedModel loaded(model, model_flags.resolved(), warn);
    for (const auto& [name, folder] : named) {
      loaded.attach(name, folder, warn);
      served.voices.push_back(name);
      if (into_prompt) served.drafted.insert(name);
    }
    Engine engine(loaded, {.batch_size = static_cast<std::int64_t>(max_sessions), .kept_positions = keep});
    served.answerer = &engine;
    served.tokenizer = &loaded.tokenizer();
    served.context = loaded.config().context();
    const fs::path whole = fs::absolute(model).lexically_normal();
    served.name = (whole.has_filename() ? whole : whole.parent_path()).stem().string();
    parts.model = std::move(served);
    serve(std::move(parts));
  }

  void serve(ServiceParts parts) const {
    Service service(std::move(parts), service_options());
    Server http(service, server);
    const bool any = server.host == "0.0.0.0" || server.host == "::";
    const bool colons = server.host.find(':') != server.host.npos;
    const std::string host = any ? "localhost" : colons ? "[" + server.host + "]" : server.host;
    const auto address = [&](const std::string& name) {
      return "http://" + name + ":" + std::to_string(http.port()) + "/" + (token.empty() ? "" : "#token=" + token);
    };
    std::cerr << "aacft: open " << address(host);
    for (const std::string& name : any ? own_names() : std::vector<std::string>())
      std::cerr << (name.ends_with(".local") ? " or " : ", elsewhere ") << address(name);
    std::cerr << " (Ctrl-C ends it)\n";
    catch_stop_signals("\naacft: finishing what is under way; once more ends at once\n");
    std::atomic<bool> ended = false;
    std::thread thread([&] {
      http.run();
      ended = true;
    });
    while (!stop_requested() && !ended) std::this_thread::sleep_for(std::chrono::milliseconds(50));
    http.stop(kGrace);
    thread.join();
  }
};

}  // namespace

void add_serve(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("serve", "Show a board in the browser, and answer as a server with OpenAI's interface");
  auto serve_command = std::make_shared<ServeCommand>(*command);
  command->callback([serve_command] { serve_command->run(); });
}

}  // namespace aacft::cli
