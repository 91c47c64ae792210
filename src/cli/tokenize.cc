#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/tokenizer/tokenizer.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/terminal.h"

namespace aacft::cli {
namespace {

struct TokenizeCommand {
  std::filesystem::path model, file;
  std::vector<std::string> texts;
  bool json_output = false;

  explicit TokenizeCommand(CLI::App& command) {
    command.add_option("text", texts, "texts; standard input otherwise");
    command
        .add_option("--model", model,
                    "model folder, GGUF file, or a tokenizer file: tokenizer.json or a SentencePiece .model")
        ->type_name("PATH");
    command.add_option("--file,-f", file, "a file to tokenize")->type_name("PATH");
    command.add_flag("--json", json_output, "one object a text: ids, pieces");
  }

  void run() {
    if (model.empty()) throw UsageError("--model is missing: a model folder or a tokenizer file");
    if (!file.empty()) texts.push_back(read_text(file));
    if (texts.empty()) texts.push_back(standard_input());
    const auto tokenizer = std::filesystem::is_directory(model) ? load_tokenizer(model) : load_tokenizer_file(model);
    for (const std::string& text : texts) {
      const auto ids = with_beginning(*tokenizer, tokenizer->encode(text));
      std::vector<std::string> pieces;
      for (const std::int32_t id : ids) pieces.push_back(tokenizer->piece(id));
      if (json_output) {
        std::cout << nlohmann::json{{"ids", ids}, {"pieces", pieces}}.dump(-1, ' ', false,
                                                                           nlohmann::json::error_handler_t::replace)
                  << "\n";
        continue;
      }
      for (std::size_t i = 0; i < ids.size(); ++i) std::cout << ids[i] << "\t" << pieces[i] << "\n";
    }
  }
};

}  // namespace

void add_tokenize(CLI::App& app) {
  CLI::App* command = app.add_subcommand("tokenize", "Show the tokens of a text: ids and pieces");
  auto tokenize_command = std::make_shared<TokenizeCommand>(*command);
  command->callback([tokenize_command] { tokenize_command->run(); });
}

}  // namespace aacft::cli
