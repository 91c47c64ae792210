#include <spdlog/fmt/fmt.h>

#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/sheets/sheet.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/terminal.h"

namespace aacft::cli {
namespace {

constexpr std::size_t kShown = 10;  // findings of a kind, unless all are asked for

std::string counted(std::size_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

std::string json_line(const nlohmann::ordered_json& object) { return object.dump() + "\n"; }

struct DataCollectCommand {
  std::vector<std::filesystem::path> sheets;
  std::filesystem::path output, original_file, notes_file;
  CollectOptions options;
  bool all = false;

  explicit DataCollectCommand(CLI::App& command) {
    Options declared(command);
    command.add_option("sheets", sheets, "what came back: .xlsx, .ods or .csv; several are merged")->type_name("SHEET");
    declared.add("--output,-o", output,
                 "file for the rows, JSON Lines of {\"text\"}; with a \"note\" where the writer left one");
    declared.add("--original", original_file,
                 "rows that the sheets were made of: prompts are compared with them, and what no sheet has is told");
    declared.add("--notes", notes_file, "file for all notes, JSON Lines; rows have none then");
    declared.add_choice<MissingRewrite>(
        "--missing", options.missing,
        {{"skip", MissingRewrite::kSkip}, {"error", MissingRewrite::kError}, {"draft", MissingRewrite::kDraft}},
        "items without a rewrite: leave them out, stop, or take the draft");
    declared.add_choice<Conflict>(
        "--conflicts", options.conflicts,
        {{"error", Conflict::kError},
         {"both", Conflict::kBoth},
         {"first", Conflict::kFirst},
         {"last", Conflict::kLast}},
        "different rewrites of one item: stop, keep each as a row, or one of them, in the order of the sheets");
    declared.add("--straight-quotes", options.straight_quotes,
                 "' and \" for the curly ones that office programs make of them");
    declared.add("--all", all, "every warning, not only the first ten of a kind");
  }

  void run() const {
    if (sheets.empty()) throw UsageError("no sheets given: aacft data collect SHEET... --output FILE");
    if (output.empty()) throw UsageError("--output is missing: the file for the rows");
    if (notes_file == output) throw UsageError("--output and --notes name the same file");
    std::vector<SheetFile> files;
    for (const std::filesystem::path& path : sheets)
      files.push_back({path.string(), read_spreadsheet(read_input(path), path.string(), warn)});
    std::vector<SheetItem> original;
    if (!original_file.empty()) original = items_of_rows(read_text(original_file), original_file.string());
    OutputFile file(output);
    std::optional<OutputFile> notes;
    if (!notes_file.empty()) notes.emplace(notes_file);
    const Collected collected = collect_sheets(files, original_file.empty() ? nullptr : &original, options);
    report(collected);
    if (collected.failed()) {
      const auto errors = static_cast<std::size_t>(std::count_if(collected.findings.begin(), collected.findings.end(),
                                                                 [](const SheetFinding& f) { return f.error; }));
      throw Error(counted(errors, "error"), " in the sheets; nothing was written");
    }
    write(collected, file, notes);
  }

  void report(const Collected& collected) const {
    std::map<SheetProblem, std::size_t> counts, left;
    for (const SheetFinding& finding : collected.findings) {
      if (!finding.error && ++counts[finding.problem] > kShown && !all) {
        ++left[finding.problem];
        continue;
      }
      std::cerr << fmt::format("{}: {}: {}: {}\n", finding.error ? "error" : "warning", finding.where,
                               name_of(finding.problem), finding.message);
    }
    for (const auto& [problem, count] : left)
      std::cerr << fmt::format("warning: {} more of \"{}\"; --all shows them\n", count, name_of(problem));
  }

  void write(const Collected& collected, OutputFile& file, std::optional<OutputFile>& notes) const {
    std::string rows, note_lines;
    for (const CollectedRow& row : collected.rows) {
      nlohmann::ordered_json object = {{"text", row.text()}};
      if (notes_file.empty() && !row.note.empty()) object["note"] = row.note;
      rows += json_line(object);
    }
    for (const CollectedRow& row : collected.notes) {
      note_lines += json_line({{"number", row.number},
                               {"icons", readable_icons(row.prompt, nullptr)},
                               {"note", row.note},
                               {"where", row.where}});
      if (notes_file.empty() && row.rewrite.empty()) std::cerr << fmt::format("note: {}: {}\n", row.where, row.note);
    }
    if (notes) {
      notes->write(note_lines);
      notes->commit();
    }
    file.write(rows);
    file.commit();
    std::cerr << fmt::format("{} from {}: {} of {} rewritten", counted(collected.rows.size(), "row"),
                             counted(sheets.size(), "sheet"), collected.rewritten,
                             collected.rewritten + collected.missing.size());
    if (!collected.notes.empty()) std::cerr << ", " << counted(collected.notes.size(), "note");
    std::cerr << fmt::format("; {} written\n", output.string());
  }
};

}  // namespace

void add_data_collect(CLI::App& data) {
  CLI::App* command = data.add_subcommand("collect", "Read writers' sheets back into rows, and check them");
  auto collect_command = std::make_shared<DataCollectCommand>(*command);
  command->callback([collect_command] { collect_command->run(); });
}

}  // namespace aacft::cli
