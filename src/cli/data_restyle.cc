#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/base/threads.h"
#include "aacft/base/utf8.h"
#include "aacft/sheets/sheet.h"
#include "aacft/tasks/restyle.h"
#include "cli/commands.h"
#include "cli/model_options.h"
#include "cli/options.h"
#include "cli/row_options.h"
#include "cli/signals.h"
#include "cli/terminal.h"

namespace aacft::cli {
namespace {

struct RestyleCommand {
  RestyleOptions options;
  std::filesystem::path data, exemplars, plain, output, lexicon_file;
  std::string title, chat_style;
  int thread_count = 0;
  bool overwrite = false;
  ModelFlags model_flags;

  explicit RestyleCommand(CLI::App& command) {
    Options declared(command);
    declared.add("--model", options.model, "model folder or GGUF file");
    declared.add("--adapter,--adapter-path", options.adapter, "adapter folder to use with it, as it is");
    declared.add("--threads", thread_count, "0: all cores");
    model_flags.add_to(declared);
    declared.add("--data", data, "rows whose answers are to be restyled");
    declared.add("--exemplars", exemplars,
                 "what shows the style: {\"prompt\": plain, \"completion\": restyled}, or rows of --data with their "
                 "answers rewritten");
    declared.add("--plain", plain, "rows with the plain answers of --exemplars, where --data does not hold them");
    declared.add("--shots", options.shots, "exemplars shown with each sentence");
    declared.add("--exemplar-seed", options.exemplar_seed,
                 "0: the first exemplars, in their order; else some drawn by this seed");
    declared.add("--instruction", options.instruction, "what stands before each sentence");
    declared.add("--chat-style", chat_style,
                 "how the model is asked: " + listed(chat_style_names()) +
                     "; without, as its template says, or OpenChatKit's turns where it has none");
    declared.add("--output,-o", output, "a sheet to correct (.xlsx, .csv), or rows (.jsonl)");
    declared.add("--lexicon", lexicon_file, "table of words, for the sheet's emoji");
    declared.add("--title", title, "what the sheet is for");
    declared.add("--overwrite", overwrite, "even if the output is there already");
    declared.add("--max-new-tokens,--max-tokens", options.generation.max_new_tokens, "tokens at most in a sentence");
    declared.add("--temperature,--temp", options.generation.sampling.temperature, "0: greedy");
    declared.add("--seed", options.generation.sampling.seed, "of the random choices");
    declared.add("--batch-size", options.generation.batch_size, "sentences under way at a time");
  }

  void check() const {
    if (options.model.empty() || data.empty() || exemplars.empty() || output.empty())
      throw UsageError("--model, --data, --exemplars and --output are all needed");
    const std::string kind = output.extension().string();
    if (kind != ".xlsx" && kind != ".csv" && kind != ".jsonl")
      throw UsageError("--output must end in .xlsx, .csv or .jsonl");
    if (std::filesystem::exists(output) && !overwrite)
      throw Error(output, " is there already; choose another name, or --overwrite");
    if (options.shots < 1) throw UsageError("--shots must be 1 or more");
    if (options.generation.max_new_tokens < 1) throw UsageError("--max-new-tokens must be 1 or more");
    if (options.generation.batch_size < 1) throw UsageError("--batch-size must be 1 or more");
    if (options.generation.sampling.temperature < 0) throw UsageError("--temperature must not be negative");
    if (!valid_utf8(options.instruction) || options.instruction.find('\n') != options.instruction.npos)
      throw UsageError("--instruction must be one line of text in UTF-8");
  }

  void run() {
    check();
    const std::vector<PlainRow> rows = read_plain_rows(read_text(data), data.string());
    const std::filesystem::path& plain_file = plain.empty() ? data : plain;
    const auto pairs =
        read_style_pairs(read_text(exemplars), exemplars.string(),
                         plain.empty() ? rows : read_plain_rows(read_text(plain), plain.string()), plain_file.string());
    { const OutputFile can_be_written(output); }  // better known before the model has worked for hours
    options.model_options = model_flags.resolved();
    options.chat_style = choose_chat_style(chat_style, read_chat_template(options.model));
    set_threads(thread_count);
    const auto restyled = restyle(rows, pairs, options, events());
    if (!restyled) {
      std::cerr << "aacft: stopped; " << output.string() << " was not written\n";
      end_stopped();
    }
    write(restyled_items(rows, *restyled));
    const auto unchanged =
        std::count_if(restyled->begin(), restyled->end(), [](const Restyled& r) { return !r.problem.empty(); });
    std::cerr << fmt::format("{}: {} sentences, {} as they were, for the model's answer was of no use; next: {}\n",
                             output.string(), rows.size(), unchanged, next());
  }

  static RestyleEvents events() {
    RestyleEvents events;
    events.warn = warn;
    events.stop_requested = stop_requested;
    events.progress = [live = ::isatty(STDERR_FILENO) == 1](std::size_t answered, std::size_t asked) {
      if (answered == 0) return catch_stop_signals();
      if (live)
        std::cerr << fmt::format("\r{} of {} sentences{}", answered, asked, answered == asked ? "\n" : "")
                  << std::flush;
    };
    return events;
  }

  void write(const std::vector<SheetItem>& items) const {
    const std::string kind = output.extension().string();
    if (kind == ".jsonl") return write_output(output, rows_of_items(items));
    std::optional<Lexicon> lexicon;
    if (!lexicon_file.empty()) lexicon = Lexicon::read(lexicon_file, warn);
    const Table table = sheet_of(items, lexicon ? &*lexicon : nullptr, title);
    write_output(output, kind == ".csv" ? csv_of(table) : xlsx_of(table));
  }

  std::string next() const {
    const std::string file = for_shell(output.string());
    if (output.extension() == ".jsonl") return "aacft data sheet --data " + file + " --output sheet.xlsx";
    return "correct it, then: aacft data collect " + file + " --missing draft --output rows.jsonl";
  }
};

}  // namespace

void add_data_restyle(CLI::App& data) {
  CLI::App* command =
      data.add_subcommand("restyle", "Have a model suggest sentences in somebody's style, for a person to correct");
  auto restyle_command = std::make_shared<RestyleCommand>(*command);
  command->callback([restyle_command] { restyle_command->run(); });
}

}  // namespace aacft::cli
