#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <unordered_map>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/base/threads.h"
#include "aacft/base/utf8.h"
#include "aacft/data/restyle.h"
#include "aacft/data/turns.h"
#include "aacft/generate/generator.h"
#include "aacft/model/config.h"
#include "aacft/runtime/loaded_model.h"
#include "aacft/sheets/sheet.h"
#include "aacft/tokenizer/tokenizer.h"
#include "cli/commands.h"
#include "cli/model_options.h"
#include "cli/options.h"
#include "cli/signals.h"

namespace aacft::cli {
namespace {

std::vector<SheetItem> items_of(const std::vector<PlainRow>& rows, const std::vector<Restyled>& restyled) {
  std::vector<SheetItem> items;
  for (std::size_t i = 0; i < rows.size(); ++i)
    items.push_back({i + 1, rows[i].prompt, restyled[i].sentence,
                     restyled[i].problem.empty() ? "plain: " + rows[i].plain : "as it was: " + restyled[i].problem});
  return items;
}

std::string rows_of(const std::vector<SheetItem>& items) {
  std::string lines;
  for (const SheetItem& item : items)
    lines += nlohmann::json{{"text", item.prompt + " " + item.draft + "\n"}, {"note", item.note}}.dump() + "\n";
  return lines;
}

struct RestyleCommand {
  GenerateOptions options;
  std::filesystem::path model, adapter, data, exemplars, plain, output, lexicon_file;
  std::string instruction = "Say it in the same style:", title;
  std::int64_t shots = 5;
  std::uint64_t exemplar_seed = 0;
  int thread_count = 0;
  bool overwrite = false;
  ModelFlags model_flags;

  explicit RestyleCommand(CLI::App& command) {
    Options declared(command);
    declared.add("--model", model, "model folder");
    declared.add("--adapter,--adapter-path", adapter, "adapter folder to use with it, as it is");
    declared.add("--threads", thread_count, "0: all cores");
    model_flags.add_to(declared);
    declared.add("--data", data, "rows whose answers are to be restyled");
    declared.add("--exemplars", exemplars,
                 "what shows the style: {\"prompt\": plain, \"completion\": restyled}, or rows of --data with their "
                 "answers rewritten");
    declared.add("--plain", plain, "rows with the plain answers of --exemplars, where --data does not hold them");
    declared.add("--shots", shots, "exemplars shown with each sentence");
    declared.add("--exemplar-seed", exemplar_seed,
                 "0: the first exemplars, in their order; else some drawn by this seed");
    declared.add("--instruction", instruction, "what stands before each sentence");
    declared.add("--output,-o", output, "a sheet to correct (.xlsx, .csv), or rows (.jsonl)");
    declared.add("--lexicon", lexicon_file, "table of words, for the sheet's emoji");
    declared.add("--title", title, "what the sheet is for");
    declared.add("--overwrite", overwrite, "even if the output is there already");
    declared.add("--max-new-tokens,--max-tokens", options.max_new_tokens, "tokens at most in a sentence");
    declared.add("--temperature,--temp", options.sampling.temperature, "0: greedy");
    declared.add("--seed", options.sampling.seed, "of the random choices");
    declared.add("--batch-size", options.batch_size, "sentences under way at a time");
  }

  void check() const {
    if (model.empty() || data.empty() || exemplars.empty() || output.empty())
      throw UsageError("--model, --data, --exemplars and --output are all needed");
    const std::string kind = output.extension().string();
    if (kind != ".xlsx" && kind != ".csv" && kind != ".jsonl")
      throw UsageError("--output must end in .xlsx, .csv or .jsonl");
    if (std::filesystem::exists(output) && !overwrite)
      throw Error(output, " is there already; choose another name, or --overwrite");
    if (shots < 1) throw UsageError("--shots must be 1 or more");
    if (options.max_new_tokens < 1) throw UsageError("--max-new-tokens must be 1 or more");
    if (options.batch_size < 1) throw UsageError("--batch-size must be 1 or more");
    if (options.sampling.temperature < 0) throw UsageError("--temperature must not be negative");
    if (!valid_utf8(instruction) || instruction.find('\n') != instruction.npos)
      throw UsageError("--instruction must be one line of text in UTF-8");
  }

  void run() {
    check();
    const std::vector<PlainRow> rows = read_plain_rows(read_input(data), data.string());
    const std::filesystem::path& plain_file = plain.empty() ? data : plain;
    const auto pairs = read_style_pairs(read_input(exemplars), exemplars.string(),
                                        plain.empty() ? rows : read_plain_rows(read_input(plain), plain.string()),
                                        plain_file.string());
    { const OutputFile can_be_written(output); }  // better known before the model has worked for hours
    const std::vector<Restyled> restyled = restyle(rows, pairs);
    write(items_of(rows, restyled));
    const auto unchanged = static_cast<std::size_t>(
        std::count_if(restyled.begin(), restyled.end(), [](const Restyled& r) { return !r.problem.empty(); }));
    std::cerr << fmt::format("{}: {} sentences, {} as they were, for the model's answer was of no use; next: {}\n",
                             output.string(), rows.size(), unchanged, next());
  }

  // Each sentence as in the exemplars where it is one of them, else as the model says it.
  std::vector<Restyled> restyle(const std::vector<PlainRow>& rows, const std::vector<StylePair>& pairs) {
    std::unordered_map<std::string, std::string> known;
    for (const StylePair& pair : pairs) known.try_emplace(pair.plain, pair.styled);
    std::vector<Exemplar> shown = restyle_exemplars(instruction, pairs);
    reorder(shown, exemplar_seed);
    std::vector<Restyled> restyled(rows.size());
    std::vector<std::size_t> asked;  // rows
    std::vector<std::string> prompts, texts;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (const auto at = known.find(rows[i].plain); at != known.end()) {
        restyled[i] = {at->second, ""};
        continue;
      }
      asked.push_back(i);
      prompts.push_back(restyle_prompt(instruction, rows[i].plain));
      texts.push_back(few_shot_prompt(shown, shots, prompts.back()));
    }
    if (asked.empty()) return restyled;
    check_room(prompts, texts, *load_tokenizer(model), options.max_new_tokens, read_model_config(model).max_positions);
    options.stop = {std::string(kHuman), "\n"};  // a sentence is one line
    set_threads(thread_count);
    LoadedModel loaded(model, model_flags.resolved(), warn);
    if (!adapter.empty()) loaded.attach(adapter, adapter, warn);
    const bool progress = ::isatty(STDERR_FILENO) == 1;
    GenerateEvents events;
    catch_stop_signals();
    events.stop_requested = stop_requested;
    events.done = [&](std::size_t index, const Generation& generation) {
      const std::size_t row = asked[index];
      restyled[row] = checked_answer(generation.text, rows[row].plain, pairs);
      if (progress)
        std::cerr << fmt::format("\r{} of {} sentences{}", index + 1, asked.size(),
                                 index + 1 == asked.size() ? "\n" : "")
                  << std::flush;
    };
    generate(loaded, adapter, texts, options, events);
    if (stop_requested()) {
      std::cerr << "aacft: stopped; " << output.string() << " was not written\n";
      end_stopped();
    }
    return restyled;
  }

  void write(const std::vector<SheetItem>& items) const {
    const std::string kind = output.extension().string();
    if (kind == ".jsonl") return write_output(output, rows_of(items));
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
