#include "aacft/tasks/comparison.h"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/base/system.h"
#include "aacft/data/turns.h"
#include "aacft/evaluate/evaluate.h"
#include "aacft/formats/json.h"
#include "aacft/realise/coverage.h"
#include "aacft/realise/realiser.h"
#include "aacft/runtime/loaded_model.h"
#include "aacft/unicode/characters.h"

namespace aacft {
namespace {

using nlohmann::json;

std::string stripped(std::string text) {
  text.erase(0, leading_space(text));
  text.resize(text.size() - trailing_space(text));
  return text;
}

// What follows the prompt; nothing where the row has no answer.
std::optional<std::string> completion_of(const json& row, DataOptions options) {
  if (const std::vector<Message> messages = messages_of(row, options); !messages.empty()) {
    if (messages.back().role != "assistant") return std::nullopt;
    return messages.back().content;
  }
  options.mask_prompt = false;
  const std::string text = row_text(row, options).text, prompt = prompt_of(row, options);
  if (!text.starts_with(prompt) || text.size() == prompt.size()) return std::nullopt;
  return text.substr(prompt.size());
}

std::vector<ComparedRow> rows_with_references(const ComparisonOptions& options, const Warn& warn) {
  std::vector<ComparedRow> rows;
  const auto bad = [&](std::size_t line, const std::string& reason) {
    const std::string message = options.data.string() + ":" + std::to_string(line) + ": " + reason;
    if (!options.rows.skip_bad_rows) throw Error(message);
    warn(message + "; left out");
  };
  read_json_lines(
      read_text(options.data),
      [&](std::size_t line, const json& row) {
        try {
          const std::string reference = stripped(completion_of(row, options.rows).value_or(""));
          if (reference.empty()) throw Error("no reference: the row has no answer after its prompt");
          const std::string prompt = prompt_of(row, options.rows);
          rows.push_back({line, prompt, reference, icons_if_any(prompt)});
        } catch (const Error& error) {
          bad(line, error.what());
        }
      },
      bad);
  if (rows.empty()) throw Error(options.data.string(), ": no rows with a reference");
  return rows;
}

// {"prompt", "text"} as generate --data writes it, {"text"} with or without a prompt before "<bot>:", or a row of data.
std::string answer_of(const json& row, const ComparedRow& asked, const DataOptions& options) {
  if (row.contains("prompt") || row.contains("messages") ||
      (row.contains("text") && prompt_of(row, options) != row.at("text"))) {
    if (prompt_of(row, options) != asked.prompt)
      throw Error("another prompt than that of the row to compare with (line ", asked.line, " of the data)");
    if (!row.contains("text") || !row.contains("prompt")) return completion_of(row, options).value_or("");
  }
  if (!row.contains("text") || !row.at("text").is_string()) throw Error("the row has no \"text\", the answer");
  return row.at("text");
}

std::vector<std::string> answers_in_file(const std::filesystem::path& file, const std::vector<ComparedRow>& rows,
                                         const DataOptions& options) {
  std::vector<std::string> answers;
  const auto refuse = [&](std::size_t line, const std::string& reason) {
    throw Error(file.string(), ":", line, ": ", reason);
  };
  std::size_t lines = 0;
  read_json_lines(
      read_text(file),
      [&](std::size_t line, const json& row) {
        if (lines++ >= rows.size()) return;
        try {
          answers.push_back(answer_of(row, rows[answers.size()], options));
        } catch (const Error& error) {
          refuse(line, error.what());
        }
      },
      refuse);
  if (lines != rows.size())
    throw Error(file.string(), " has ", lines, " answers for ", rows.size(),
                " rows; one for each is needed, in the same order");
  return answers;
}

// Where references are one line, what follows an answer's first line is no part of it.
std::string answer_text(const std::string& text, bool one_line) {
  return stripped(one_line ? text.substr(0, text.find('\n')) : text);
}

// What a system is called, and where its answers come from.
struct Source {
  enum Kind { kRules, kModel, kBest, kFile } kind;  // kBest: of the candidates of the model before it
  std::string name;
  std::filesystem::path path;  // of the adapter, empty for the model alone; of the file
};

// By row. `best` is the same as `greedy` unless there are candidates.
struct ModelAnswers {
  std::vector<std::string> greedy, best;
  std::vector<std::size_t> rule_drafts;
};

// Nothing where a stop was requested.
std::optional<ModelAnswers> answers_of_model(const LoadedModel& model, const Source& source,
                                             const ComparisonOptions& options, const Comparison& comparison,
                                             bool one_line, const ComparisonEvents& events) {
  GenerateOptions generation = options.generation;
  generation.stop = {std::string(kHuman)};
  end_as_in(options.rows.chat_style, model.tokenizer(), generation);
  if (one_line) generation.stop.push_back("\n");
  std::vector<CandidatePrompt> prompts;
  for (const ComparedRow& row : comparison.rows) prompts.push_back({row.prompt, row.icons});
  ModelAnswers answers;
  const auto progress = [&] {
    if (events.progress) events.progress(source.name, answers.best.size(), prompts.size());
  };
  CandidateEvents each;
  each.stop_requested = events.stop_requested;
  each.done = [&](std::size_t row, const std::vector<GeneratedCandidate>& candidates) {
    const auto greedy = std::find_if(candidates.begin(), candidates.end(), [](const Candidate& candidate) {
      return candidate.source == CandidateSource::kGreedy;
    });
    answers.greedy.push_back(greedy->text);
    answers.best.push_back(candidates[0].text);
    if (candidates[0].source == CandidateSource::kRules) answers.rule_drafts.push_back(row);
    progress();
  };
  progress();
  generate_candidates(model, source.path.string(), prompts, generation, options.candidates,
                      comparison.lexicon ? &*comparison.lexicon : nullptr, each);
  if (events.stop_requested && events.stop_requested()) return std::nullopt;
  return answers;
}

// Adds the losses of the references by the lines that they stand in.
void add_losses(ComparedSystem& system, const std::vector<ComparedRow>& rows, const EvaluateReport& report) {
  auto loss = report.rows.begin();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    while (loss != report.rows.end() && loss->line < rows[i].line) ++loss;
    if (loss == report.rows.end() || loss->line != rows[i].line) continue;
    system.counts[i].tokens = loss->tokens;
    system.counts[i].nll = loss->loss * static_cast<double>(loss->tokens);
  }
}

void count_answers(ComparedSystem& system, const std::vector<ComparedRow>& rows) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    AnswerCounts counts = count_answer(system.answers[i], rows[i].reference);
    system.icons_used.push_back(icons_used(rows[i].icons, system.answers[i]));
    counts.icons = static_cast<std::int64_t>(rows[i].icons.size());
    counts.icons_used = std::count(system.icons_used[i].begin(), system.icons_used[i].end(), true);
    counts.rows_with_icons = counts.icons > 0;
    counts.complete = counts.icons > 0 && counts.icons_used == counts.icons;
    system.counts.push_back(counts);
  }
}

std::string folder_name(std::filesystem::path path) {
  path = path.lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  return path.filename().string();
}

std::vector<Source> sources_of(const ComparisonOptions& options) {
  std::vector<Source> sources;
  for (const std::string& baseline : options.baselines) {
    if (baseline != "rules" && baseline != "base")
      throw UsageError("--baseline \"", baseline, "\" is not known; there are rules and base");
    if (baseline == "base" && options.model.empty()) throw UsageError("--baseline base needs --model");
    sources.push_back({baseline == "rules" ? Source::kRules : Source::kModel, baseline, {}});
  }
  if (!options.adapters.empty() && options.model.empty())
    throw UsageError("--adapter needs --model, the folder of its base");
  for (const std::string& adapter : options.adapters) {
    const auto same = [&](const std::string& other) { return folder_name(other) == folder_name(adapter); };
    const bool unique = std::count_if(options.adapters.begin(), options.adapters.end(), same) == 1;
    sources.push_back({Source::kModel, unique ? folder_name(adapter) : adapter, adapter});
  }
  for (const std::string& system : options.systems) {
    const std::size_t equals = system.find('=');
    const std::filesystem::path file = equals == system.npos ? system : system.substr(equals + 1);
    sources.push_back({Source::kFile, equals == system.npos ? file.stem().string() : system.substr(0, equals), file});
  }
  const bool answered_by_model =
      std::any_of(sources.begin(), sources.end(), [](const Source& source) { return source.kind == Source::kModel; });
  if (!options.model.empty() && !answered_by_model) sources.insert(sources.begin(), {Source::kModel, "base", {}});
  if (options.candidates.count > 1 || options.candidates.all_icons)
    for (std::size_t i = 0; i < sources.size(); ++i)
      if (sources[i].kind == Source::kModel) {
        const Source best{Source::kBest, sources[i].name + " best of " + std::to_string(options.candidates.count),
                          sources[i].path};
        sources.insert(sources.begin() + static_cast<std::ptrdiff_t>(++i), best);
      }
  std::set<std::string> names;
  for (const Source& source : sources)
    if (!names.insert(source.name).second)
      throw UsageError("two systems are called \"", source.name,
                       "\"; name one with --system NAME=FILE, or give another folder");
  if (sources.empty()) throw UsageError("nothing to compare: --model, --baseline rules or --system is needed");
  return sources;
}

// A warning that every system would repeat is given once.
Warn once(const Warn& warn) {
  return [warn, seen = std::make_shared<std::set<std::string>>()](const std::string& message) {
    if (warn && seen->insert(message).second) warn(message);
  };
}

std::optional<Lexicon> lexicon_for(const ComparisonOptions& options, const Comparison& comparison, const Warn& warn) {
  const auto has_icons = [](const ComparedRow& row) { return !row.icons.empty(); };
  if (!std::any_of(comparison.rows.begin(), comparison.rows.end(), has_icons)) return std::nullopt;
  std::filesystem::path file = options.lexicon;
  try {
    if (file.empty()) file = data_file("icons.tsv");
  } catch (const Error&) {
    if (std::find(options.baselines.begin(), options.baselines.end(), "rules") != options.baselines.end()) throw;
    return std::nullopt;
  }
  return Lexicon::read(file, warn);
}

std::vector<std::string> answers_of_rules(const Comparison& comparison) {
  std::vector<std::string> answers;
  for (const ComparedRow& row : comparison.rows) {
    const std::string where = comparison.data.string() + ":" + std::to_string(row.line) + ": ";
    if (row.icons.empty()) throw Error(where, "no icons in the prompt, so --baseline rules has nothing to say");
    try {
      answers.push_back(realise(row.icons, *comparison.lexicon));
    } catch (const Error& error) {
      throw Error(where, error.what());
    }
  }
  return answers;
}

GeneralLoss general_loss(const LoadedModel& model, const std::string& adapter, const ComparisonOptions& options,
                         const Warn& warn) {
  const EvaluateReport report = evaluate_general(model, adapter, options.general, options.rows, warn);
  return {report.perplexity, report.tokens};
}

// Where nothing but reading and rules is needed: what is wrong with files shows before the models' hours.
ComparedSystem system_of(const Source& source, const Comparison& comparison, const DataOptions& options) {
  ComparedSystem system;
  system.name = system.source = source.name;
  if (!source.path.empty()) system.source = source.path.string();
  if (source.kind == Source::kFile) {
    if (comparison.data.empty()) throw UsageError("--system needs --data, the rows that it answers");
    system.answers = answers_in_file(source.path, comparison.rows, options);
  }
  if (source.kind == Source::kRules) {
    if (comparison.data.empty()) throw UsageError("--baseline rules needs --data, the rows that it answers");
    system.answers = answers_of_rules(comparison);
  }
  return system;
}

// Of the references, and of the general text.
void measure_losses(ComparedSystem& system, const LoadedModel& model, const Source& source,
                    const ComparisonOptions& options, const std::vector<ComparedRow>& rows, const Warn& warn) {
  DataOptions completions = options.rows;
  completions.mask_prompt = true;
  const std::string adapter = source.path.string();
  if (!options.data.empty()) add_losses(system, rows, evaluate_rows(model, adapter, options.data, completions, warn));
  if (!options.general.empty()) system.general = general_loss(model, adapter, options, warn);
}

}  // namespace

const Score* ComparedSystem::score(Metric metric) const {
  const auto found =
      std::find_if(scores.begin(), scores.end(), [&](const Score& score) { return score.metric == metric; });
  return found == scores.end() ? nullptr : &*found;
}

std::optional<Comparison> compare_systems(const ComparisonOptions& options, const ComparisonEvents& events) {
  const Warn warn = once(events.warn);
  const std::vector<Source> sources = sources_of(options);
  if (!options.general.empty() && options.model.empty()) throw UsageError("--general needs --model");
  Comparison result{options.data, options.general, options.bootstrap.samples, {}, {}, {}, {}};
  if (!options.data.empty()) result.rows = rows_with_references(options, warn);
  result.lexicon = lexicon_for(options, result, warn);
  const bool one_line = std::none_of(result.rows.begin(), result.rows.end(), [](const ComparedRow& row) {
    return row.reference.find('\n') != std::string::npos;
  });

  for (const Source& source : sources) result.systems.push_back(system_of(source, result, options.rows));
  std::vector<std::vector<AnswerCounts>> counts;
  std::optional<LoadedModel> model;
  ModelAnswers answers;  // of the last model
  for (std::size_t i = 0; i < sources.size(); ++i) {
    ComparedSystem& system = result.systems[i];
    const Source& source = sources[i];
    const bool is_model = source.kind == Source::kModel, has_adapter = is_model && !source.path.empty();
    if (is_model && !model) model.emplace(options.model, options.model_options, warn);
    if (has_adapter) model->attach(source.path.string(), source.path, warn);
    if (is_model && !options.data.empty()) {
      auto given = answers_of_model(*model, source, options, result, one_line, events);
      if (!given) return std::nullopt;
      answers = std::move(*given);
      system.answers = answers.greedy;
    }
    if (source.kind == Source::kBest) system.answers = answers.best, system.rule_drafts = answers.rule_drafts;
    for (std::string& answer : system.answers) answer = answer_text(answer, one_line);
    count_answers(system, result.rows);
    if (is_model) measure_losses(system, *model, source, options, result.rows, warn);
    if (is_model && !has_adapter) result.general_before = system.general;
    if (has_adapter) model->detach(source.path.string());
    counts.push_back(system.counts);
  }
  if (!options.general.empty() && !result.general_before)
    result.general_before = general_loss(*model, "", options, warn);
  auto scores = scores_of(counts, options.bootstrap);
  for (std::size_t i = 0; i < scores.size(); ++i) result.systems[i].scores = std::move(scores[i]);
  return result;
}

double general_change(const Comparison& comparison, const ComparedSystem& system) {
  return 100 * (system.general->perplexity / comparison.general_before->perplexity - 1);
}

}  // namespace aacft
