#include <spdlog/fmt/fmt.h>

#include <filesystem>
#include <iostream>
#include <memory>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/base/system.h"
#include "aacft/sheets/sheet.h"
#include "cli/commands.h"
#include "cli/lexicon.h"
#include "cli/options.h"
#include "cli/terminal.h"

namespace aacft::cli {
namespace {

struct DataSheetCommand {
  std::filesystem::path data, output, lexicon_file;
  std::string title;
  bool overwrite = false;

  explicit DataSheetCommand(CLI::App& command) {
    Options declared(command);
    declared.add("--data", data, "rows with drafts, as data draft writes them; - for standard input");
    declared.add("--output,-o", output, "the sheet: .xlsx (better for writers), or .csv");
    declared.add("--lexicon", lexicon_file, "table of words, for their emoji; data/icons.tsv otherwise");
    declared.add("--title", title, "what the sheet is for: \"Sentences for Ada\"; heads its instructions (.xlsx)");
    declared.add("--overwrite", overwrite, "even if the sheet is there already; whatever was written in it is lost");
  }

  void run() const {
    if (data.empty() || output.empty()) throw UsageError("--data and --output are both needed");
    const std::string kind = output.extension().string();
    if (kind != ".xlsx" && kind != ".csv")
      throw UsageError("--output must end in .xlsx or .csv; data collect reads .ods, too");
    if (std::filesystem::exists(output) && !overwrite)
      throw Error(output, " is there already and may hold somebody's work; choose another name, or --overwrite");
    const std::string name = data == "-" ? "standard input" : data.string();
    const auto items = items_of_rows(data == "-" ? standard_input() : read_text(data), name);
    const Lexicon lexicon = lexicon_in(lexicon_file);
    const Table table = sheet_of(items, &lexicon, title);
    write_output(output, kind == ".csv" ? csv_of(table) : xlsx_of(table));
    std::cerr << fmt::format(
        "{}: {} to rewrite in the column \"Rewrite\"; then: aacft data collect {}{} --output rows.jsonl\n",
        output.string(), items.size() == 1 ? "1 sentence" : fmt::format("{} sentences", items.size()),
        for_shell(output.string()), data == "-" ? "" : " --original " + for_shell(data.string()));
  }
};

}  // namespace

void add_data_sheet(CLI::App& data) {
  CLI::App* command = data.add_subcommand("sheet", "Make a sheet of drafts for a writer to rewrite");
  auto sheet_command = std::make_shared<DataSheetCommand>(*command);
  command->callback([sheet_command] { sheet_command->run(); });
}

}  // namespace aacft::cli
