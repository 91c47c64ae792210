#include <spdlog/fmt/fmt.h>

#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/base/system.h"
#include "aacft/data/rows.h"
#include "aacft/formats/json.h"
#include "aacft/realise/icon_words.h"
#include "aacft/realise/realiser.h"
#include "cli/commands.h"
#include "cli/lexicon.h"
#include "cli/options.h"
#include "cli/terminal.h"

namespace aacft::cli {
namespace {

// What follows the prompt in a row; "" where it has no answer.
std::string answer_of(const nlohmann::json& row, const std::string& row_prompt) {
  const bool prompt_alone = row.contains("prompt") && !row.contains("completion");
  const std::string text = prompt_alone ? row_prompt : row_text(row, {}).text;
  return text.starts_with(row_prompt) ? text.substr(row_prompt.size()) : "";
}

struct DataDraftCommand {
  std::filesystem::path data, lexicon_file, output;
  std::string prompt, icons;
  bool plain = false, into_prompt = false, skip_bad_rows = false;

  explicit DataDraftCommand(CLI::App& command) {
    Options declared(command);
    declared.add("--data,-d", data,
                 "JSON Lines with icon prompts, as data sample writes; - is standard input; answers that rows have are "
                 "replaced (but with --into-prompt)");
    declared.add("--prompt", prompt, "one icon prompt instead of a file");
    declared.add("--icons", icons,
                 "icons as words instead: \"I past eat apple\"; _ holds words together, word/TYPE tells a type");
    declared.add("--lexicon", lexicon_file, "table of words (TSV, or the talk's); our own otherwise");
    declared.add("--output,-o", output,
                 "file for the rows {\"text\"} with a drafted answer, ready for train; standard output otherwise");
    declared.add("--plain", plain, "only the sentences, one a line");
    declared.add("--into-prompt", into_prompt,
                 "put the sentence into the prompt, for a model that learns style alone; rows keep their answers");
    declared.add("--skip-bad-rows", skip_bad_rows,
                 "leave out rows without an icon prompt, and say which, instead of stopping");
  }

  void run() const {
    const int sources = !data.empty() + !prompt.empty() + !icons.empty();
    if (sources != 1)
      throw UsageError(sources == 0 ? "nothing to draft" : "one source at a time",
                       ": give --data FILE, --prompt TEXT or --icons WORDS");
    if (plain && into_prompt) throw UsageError("--plain and --into-prompt exclude each other");
    const Lexicon lexicon = lexicon_in(lexicon_file);
    std::string lines;
    if (!data.empty()) {
      lines = drafted_file(lexicon);
    } else {
      lines = line(prompt.empty() ? icons_given(lexicon) : icons_of_prompt(prompt), lexicon,
                   prompt.empty() ? "" : prompt_of({{"text", prompt}}), "");
    }
    if (output.empty()) {
      std::cout << lines;
    } else {
      write_output(output, lines);
    }
  }

  std::vector<Icon> icons_given(const Lexicon& lexicon) const {
    std::vector<std::string> unknown;
    std::vector<Icon> given = icons_of_words(icons, lexicon, &unknown);
    for (const std::string& word : unknown)
      warn("the lexicon has no \"" + word + "\": taken for a noun; write " + word +
           "/VERB, or another type, if it is none");
    return given;
  }

  std::string line(const std::vector<Icon>& row_icons, const Lexicon& lexicon, const std::string& row_prompt,
                   const std::string& answer) const {
    const std::string sentence = realise(row_icons, lexicon);
    if (plain) return sentence + "\n";
    const std::string asked = row_prompt.empty() ? prompt_of_icons(row_icons) : row_prompt;
    if (!into_prompt) return nlohmann::json{{"text", asked + " " + sentence + "\n"}}.dump() + "\n";
    const std::string told = prompt_with_draft(asked, sentence);
    return (answer.empty() ? nlohmann::json{{"prompt", told}} : nlohmann::json{{"text", told + answer}}).dump() + "\n";
  }

  std::string drafted_file(const Lexicon& lexicon) const {
    std::string lines;
    std::size_t rows = 0, bad_rows = 0;
    const std::string name = data == "-" ? "standard input" : data.string();
    const auto bad = [&](std::size_t number, const std::string& reason) {
      const std::string message = fmt::format("{}:{}: {}", name, number, reason);
      if (!skip_bad_rows) throw Error(message);
      warn(message + "; left out");
      ++bad_rows;
    };
    read_json_lines(
        data == "-" ? standard_input() : read_text(data),
        [&](std::size_t number, const nlohmann::json& row) {
          try {
            const std::string row_prompt = prompt_of(row);
            lines += line(icons_of_prompt(row_prompt), lexicon, row_prompt, answer_of(row, row_prompt));
            ++rows;
          } catch (const Error& error) {
            bad(number, error.what());
          }
        },
        bad);
    if (rows == 0) throw Error(name, " has no rows to draft", bad_rows > 0 ? ": all were left out" : "");
    return lines;
  }
};

}  // namespace

void add_data_draft(CLI::App& data) {
  CLI::App* command = data.add_subcommand("draft", "Write plain English sentences for icons, by rule");
  auto draft_command = std::make_shared<DataDraftCommand>(*command);
  command->callback([draft_command] { draft_command->run(); });
}

}  // namespace aacft::cli
