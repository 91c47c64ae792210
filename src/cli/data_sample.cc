#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/base/system.h"
#include "aacft/boards/open_board.h"
#include "aacft/boards/sampler.h"
#include "cli/commands.h"
#include "cli/lexicon.h"
#include "cli/options.h"
#include "cli/terminal.h"

namespace aacft::cli {
namespace {

enum class Generator { kPhilox, kJava48 };

struct DataSampleCommand {
  std::int64_t count = 50;
  std::int64_t seed = 20230608;
  std::filesystem::path lexicon, board, output;
  Generator generator = Generator::kPhilox;
  IconSamplerOptions options;
  bool offensive = false;

  explicit DataSampleCommand(CLI::App& command) {
    Options declared(command);
    declared.add("--count,-n", count, "samples to make");
    declared.add("--seed", seed, "the same seed gives the same samples");
    declared.add("--lexicon", lexicon, "table of words; data/icons.tsv, which comes with the program, otherwise");
    declared.add("--board", board,
                 "a board to tap on: .json, or Open Board Format (.obf, .obz); data/board.json otherwise");
    declared.add_choice("--generator", generator, {{"philox", Generator::kPhilox}, {"java48", Generator::kJava48}},
                        "java48: java.util.Random, which repeats the talk's draws");
    declared.add("--mean-length", options.mean_length,
                 "icons a sample, of the Poisson distribution that lengths are drawn from (never 0)");
    declared.add("--offensive", offensive, "with the words that the lexicon flags as offensive");
    declared.add("--output,-o", output, "JSON Lines; standard output otherwise");
  }

  void run() const {
    if (count < 1) throw UsageError("--count must be positive");
    const Lexicon words = lexicon_in(lexicon);
    const IconSampler sampler(read_any_board(board.empty() ? data_file("board.json") : board, words, offensive, warn),
                              options);
    std::optional<OutputFile> file;
    if (!output.empty()) file.emplace(output);
    JavaRandom java(seed);
    std::string lines;
    for (std::int64_t i = 0; i < count; ++i) {
      CounterDraws counter(static_cast<std::uint64_t>(seed), static_cast<std::uint64_t>(i));
      Draws& draws = generator == Generator::kJava48 ? static_cast<Draws&>(java) : counter;
      lines += nlohmann::json{{"text", prompt_of_icons(sampler.sample(draws))}}.dump() + "\n";
      if (lines.size() < 1 << 16 && i + 1 < count) continue;
      if (file) file->write(lines);
      else std::cout << lines;
      lines.clear();
      if (!std::cout) return;  // told in main
    }
    if (file) file->commit();
  }
};

}  // namespace

void add_data_sample(CLI::App& data) {
  CLI::App* command =
      data.add_subcommand("sample", "Sample icons as a person would tap them, and write them as prompts");
  auto sample_command = std::make_shared<DataSampleCommand>(*command);
  command->callback([sample_command] { sample_command->run(); });
}

}  // namespace aacft::cli
