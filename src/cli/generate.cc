#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/base/threads.h"
#include "aacft/data/exemplars.h"
#include "aacft/data/rows.h"
#include "aacft/formats/json.h"
#include "aacft/generate/generator.h"
#include "aacft/model/config.h"
#include "aacft/model/config_keys.h"
#include "aacft/realise/icon_words.h"
#include "aacft/runtime/loaded_model.h"
#include "aacft/tasks/candidates.h"
#include "aacft/tokenizer/tokenizer.h"
#include "cli/candidate_options.h"
#include "cli/commands.h"
#include "cli/defaults.h"
#include "cli/lexicon.h"
#include "cli/model_options.h"
#include "cli/options.h"
#include "cli/row_options.h"
#include "cli/sampling_options.h"
#include "cli/signals.h"
#include "cli/terminal.h"

namespace aacft::cli {
namespace {

using nlohmann::json;

// Files end in a newline that the prompt does not mean.
std::string without_last_newline(std::string text) {
  if (!text.empty() && text.back() == '\n') text.pop_back();
  if (!text.empty() && text.back() == '\r') text.pop_back();
  return text;
}

struct GenerateCommand {
  GenerateOptions options;
  CandidateOptions candidates;
  std::filesystem::path model, adapter, prompt_file, data, output, exemplars, lexicon_file;
  std::vector<std::string> prompts;
  std::string chat_style;
  DataOptions rows;                         // how prompts are spelled
  std::vector<std::vector<Message>> asked;  // of prompts that are conversations; else empty ones
  std::int64_t shots = 3;
  std::uint64_t exemplar_seed = 0;
  bool json_output = false, no_stop = false, no_cache = false;
  int thread_count = 0;
  ModelFlags model_flags;
  Options declared;
  CLI::Option* exemplar_options[2] = {};  // those that need --exemplars

  explicit GenerateCommand(CLI::App& command) : declared(command) {
    declared.group("Model");
    declared.add("--model", model,
                 "model folder or GGUF file; otherwise AACFT_MODEL, the adapter's base, or a small one");
    declared.add("--adapter,--adapter-path", adapter,
                 "adapter folder to use with it, as it is; run, where there is one and no --model");
    declared.add("--threads", thread_count, "0: all cores");
    model_flags.add_to(declared);
    declared.group("Prompts (else standard input)");
    declared.add("--prompt,-p", prompts, "a prompt; may be repeated")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->allow_extra_args(false);
    declared.add("--prompt-file,-f", prompt_file, "file that holds one prompt");
    declared.add("--data", data,
                 "JSON Lines of {\"prompt\"}, {\"text\"} (up to its last \"<bot>:\") or {\"messages\"}; - "
                 "for standard input");
    add_chat_style(declared, chat_style);
    declared.group("Exemplars (few-shot prompting)");
    declared.add("--exemplars", exemplars,
                 "JSON Lines of rows with answers, which show the model what is wanted; a prompt's own row "
                 "is passed over");
    exemplar_options[0] = declared.add("--shots", shots, "exemplars in front of each prompt");
    exemplar_options[1] = declared.add("--exemplar-seed", exemplar_seed,
                                       "0: the first rows of --exemplars, in their order; else rows drawn by "
                                       "this seed, the same for all prompts");
    declared.group("Candidates (for prompts of icons)");
    add_candidate_options(declared, candidates);
    declared.add("--lexicon", lexicon_file, "table of words for the rules; our own otherwise");
    declared.group("Output");
    declared.add("--output,-o", output, "file for the results of --data; standard output otherwise");
    declared.add("--json", json_output,
                 "one object a prompt: prompt (without exemplars), prompt_ids (with them), new_ids, text, stop_reason; "
                 "with candidates: source, icons left out, all candidates");
    declared.group("Generation");
    add_answer_options(declared, options);
    declared.add("--no-stop", no_stop, "no stop texts at all");
    declared.add("--no-cache", no_cache, "compute everything again for each token (slow; for comparison)");
    declared.add("--batch-size", options.batch_size, "prompts under way at a time");
  }

  void read_prompts() {
    const int sources = !prompts.empty() + !prompt_file.empty() + !data.empty();
    if (sources > 1) throw UsageError("--prompt, --prompt-file and --data exclude each other");
    for (const std::string& prompt : prompts)
      if (prompt.empty()) throw Error("--prompt is empty; give a text to continue");
    if (!prompts.empty()) return;
    if (!data.empty()) {
      const std::string name = data == "-" ? "standard input" : data.string();
      const auto refuse = [&](std::size_t line, const std::string& reason) {
        throw Error(name, ":", line, ": ", reason);
      };
      read_json_lines(
          data == "-" ? standard_input() : read_text(data),
          [&](std::size_t line, const json& row) {
            try {
              prompts.push_back(prompt_of(row, rows));
              asked.push_back(asked_of(row, rows));
              if (prompts.back().empty()) throw Error("the prompt is empty");
            } catch (const Error& error) {
              refuse(line, error.what());
            }
          },
          refuse);
      if (prompts.empty()) throw Error(name, ": the file has no rows; one JSON object a line is expected");
      return;
    }
    if (prompt_file.empty() && ::isatty(STDIN_FILENO) == 1) return ask();
    const std::string text = without_last_newline(prompt_file.empty() ? standard_input() : read_text(prompt_file));
    if (text.empty())
      throw Error(prompt_file.empty() ? "the prompt on standard input" : prompt_file.string(), " is empty");
    prompts = {text};
  }

  // Prompts that were typed are what a user says, where a chat style was asked for.
  void spell_as_turns() {
    asked.resize(prompts.size());
    if (!rows.chat_pairs) return;
    for (std::size_t i = 0; i < prompts.size(); ++i) {
      const json row = {{"prompt", prompts[i]}};
      asked[i] = asked_of(row, rows);
      prompts[i] = prompt_of(row, rows);
    }
  }

  // On a terminal: a prompt as it is, or icons as words.
  void ask() {
    std::cerr << "Icons (\"I want tea\") or a prompt: " << std::flush;
    std::string line;
    if (!std::getline(std::cin, line) || line.empty()) throw Error("nothing was asked");
    const bool is_prompt = holds_marker(line) || line.find("* {") != line.npos || line.find("<|") != line.npos;
    prompts = {is_prompt ? line : prompt_of_icons(icons_of_words(line, lexicon_in(lexicon_file), nullptr))};
  }

  void check() const {
    const auto need = [](bool good, const char* message) {
      if (!good) throw UsageError(message);
    };
    cli::check(options);
    need(options.batch_size >= 1, "--batch-size must be 1 or more");
    need(output.empty() || !data.empty(), "--output goes with --data");
    for (const CLI::Option* option : exemplar_options)
      need(!exemplars.empty() || option->count() == 0, "--shots and --exemplar-seed go with --exemplars");
    cli::check(candidates);
    need(shots >= 1, "--shots must be 1 or more");
  }

  // What the model is given: the prompts, behind exemplars where there are some.
  std::vector<std::string> inputs() const {
    if (exemplars.empty()) return prompts;
    std::vector<Exemplar> shown = read_exemplars(read_text(exemplars), exemplars.string(), rows);
    reorder(shown, exemplar_seed);
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < prompts.size(); ++i)
      texts.push_back(asked[i].empty() ? few_shot_prompt(shown, shots, prompts[i])
                                       : few_shot_prompt(shown, shots, asked[i], rows.chat_style));
    check_room(prompts, texts, *load_tokenizer(model), options.max_new_tokens, read_model_config(model).context());
    return texts;
  }

  void run() {
    check();
    choose_model_and_adapter(model, adapter);
    data = data_or_own(data);
    resolve_chat_style(rows, chat_style, model);
    read_prompts();
    if (data.empty()) spell_as_turns();
    const std::vector<std::string> texts = inputs();
    options.use_cache = !no_cache;
    set_threads(thread_count);
    LoadedModel loaded(model, model_flags.resolved(), warn);
    if (!adapter.empty()) loaded.attach(adapter, adapter, warn);
    warn_of_generation_config(model, warn);
    end_as_in(rows.chat_style, loaded.tokenizer(), options);
    if (no_stop) options.stop.clear();

    std::optional<OutputFile> file;
    if (!output.empty()) file.emplace(output);
    const auto write = [&](const std::string& text) {
      if (file) return file->write(text);
      std::cout << text;
      flush_output();
    };
    end_at_closed_output();
    catch_stop_signals();
    if (candidates.count > 1 || candidates.all_icons) {
      answer_with_candidates(loaded, texts, write);
    } else {
      answer(loaded, texts, write);
    }
    if (stop_requested()) {
      if (file) std::cerr << "aacft: stopped; " << output.string() << " was not written\n";
      end_stopped();
    }
    if (file) file->commit();
  }

  bool writes_lines() const { return json_output || !data.empty(); }  // an object a line, rather than text

  json generation_json(std::size_t index, const Generation& g) const {
    return {{"prompt", prompts[index]},
            {"prompt_ids", g.prompt_ids},
            {"new_ids", g.new_ids},
            {"text", g.text},
            {"stop_reason", g.stop_reason}};
  }

  void answer(const LoadedModel& loaded, const std::vector<std::string>& texts,
              const std::function<void(const std::string&)>& write) const {
    const bool stream = !writes_lines() && prompts.size() == 1;
    GenerateEvents events;
    events.stop_requested = stop_requested;
    if (stream) events.text = [](std::size_t, const std::string& piece) { std::cout << piece << std::flush; };
    events.done = [&](std::size_t index, const Generation& g) {
      if (!writes_lines()) return write(stream ? "\n" : g.text + "\n");
      write((json_output ? generation_json(index, g) : json{{"prompt", prompts[index]}, {"text", g.text}}).dump() +
            "\n");
    };
    aacft::generate(loaded, adapter, texts, options, events);
  }

  void answer_with_candidates(const LoadedModel& loaded, const std::vector<std::string>& texts,
                              const std::function<void(const std::string&)>& write) const {
    std::optional<Lexicon> lexicon;
    if (candidates.all_icons) lexicon = lexicon_in(lexicon_file);
    std::vector<CandidatePrompt> asked;
    for (std::size_t i = 0; i < prompts.size(); ++i) {
      asked.push_back({texts[i], icons_if_any(prompts[i])});
      if (candidates.all_icons && asked.back().icons.empty())
        throw Error("prompt ", i + 1, " has no icons, which --all-icons is about");
    }
    CandidateEvents events;
    events.stop_requested = stop_requested;
    events.done = [&](std::size_t index, const std::vector<GeneratedCandidate>& best_first) {
      const GeneratedCandidate& best = best_first[0];
      const bool drafted = best.source == CandidateSource::kRules;
      if (drafted && !json_output)
        warn(fmt::format("prompt {}: no candidate says all icons; this is the sentence of the rules", index + 1));
      if (!writes_lines()) return write(best.text + "\n");
      if (!json_output)
        return write(
            json{{"prompt", prompts[index]}, {"text", best.text}, {"source", candidate_source_name(best.source)}}
                .dump() +
            "\n");
      json line = generation_json(index, best.generation);
      line.update(candidate_json(best, asked[index].icons));
      line["candidates"] = json::array();
      for (const Candidate& candidate : best_first)
        line["candidates"].push_back(candidate_json(candidate, asked[index].icons));
      write(line.dump() + "\n");
    };
    generate_candidates(loaded, adapter, asked, options, candidates, lexicon ? &*lexicon : nullptr, events);
  }

  static json candidate_json(const Candidate& candidate, const std::vector<Icon>& icons) {
    json left_out = json::array();
    for (std::size_t i = 0; i < icons.size(); ++i)
      if (!candidate.icons_said[i]) left_out.push_back(icons[i].word);
    json object = {{"text", candidate.text},
                   {"source", candidate_source_name(candidate.source)},
                   {"icons_said", candidate.said()},
                   {"left_out", left_out}};
    if (candidate.source != CandidateSource::kRules) object["likelihood"] = candidate.likelihood;
    return object;
  }
};

}  // namespace

void add_generate(CLI::App& app) {
  CLI::App* command = app.add_subcommand("generate", "Continue prompts with a model, or a model and an adapter");
  auto generate_command = std::make_shared<GenerateCommand>(*command);
  command->callback([generate_command] { generate_command->run(); });
}

}  // namespace aacft::cli
