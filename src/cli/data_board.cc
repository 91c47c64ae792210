#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <set>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/base/system.h"
#include "aacft/base/text.h"
#include "aacft/base/utf8.h"
#include "aacft/boards/open_board.h"
#include "cli/commands.h"
#include "cli/lexicon.h"
#include "cli/options.h"
#include "cli/terminal.h"

namespace aacft::cli {
namespace {

std::string cell_of(const Slot& slot) {
  return slot.category ? fmt::format("{} {}", slot.label, slot.icons.size()) : slot.label;
}

// As it lies before a person; a category with the number of its words.
void print_page(const BoardPage& page) {
  std::cout << "\n" << page.name << "\n";
  std::vector<const Slot*> slots;
  std::vector<std::size_t> widths(page.columns);
  for (const Slot& slot : page.slots) {
    slots.push_back(&slot);
    widths[slot.column] = std::max(widths[slot.column], count_code_points(cell_of(slot)));
  }
  std::stable_sort(slots.begin(), slots.end(), [](const Slot* a, const Slot* b) {
    return std::pair(a->row, a->column) < std::pair(b->row, b->column);
  });
  std::size_t row = 0, column = 0;
  for (const Slot* slot : slots) {
    if (slot->row != row && column > 0) {
      std::cout << "\n";
      column = 0;
    }
    row = slot->row;
    for (; column < slot->column; ++column) std::cout << std::string(widths[column] + 2, ' ');
    const std::string cell = cell_of(*slot);
    std::cout << "  " << cell << std::string(widths[column] - std::min(widths[column], count_code_points(cell)), ' ');
    ++column;
  }
  std::cout << "\n";
}

struct DataBoardCommand {
  std::filesystem::path board, lexicon, output;
  bool offensive = false;

  explicit DataBoardCommand(CLI::App& command) {
    Options declared(command);
    declared.add("--board", board, ".json, .obf or .obz; data/board.json, which comes with the program, otherwise");
    declared.add("--lexicon", lexicon, "table of words; data/icons.tsv otherwise");
    declared.add("--offensive", offensive, "with the words that the lexicon flags as offensive");
    declared.add("--output,-o", output, "an .obz to write it to, for other programs");
  }

  void run() const {
    if (!output.empty() && output.extension() != ".obz") throw UsageError("--output is an .obz file");
    const Lexicon words = lexicon_in(lexicon);
    const std::filesystem::path file = board.empty() ? data_file("board.json") : board;
    const Board read = read_any_board(file, words, offensive, warn);
    if (output.empty()) {
      print(read);
      return;
    }
    const OpenBoards boards = is_open_board(file) ? read_open_boards(file, {}) : open_boards_of(read, words);
    write_output(output, write_obz(boards));
    std::cout << output.string() << ": " << boards.boards.size()
              << (boards.boards.size() == 1 ? " board, " : " boards, ") << boards.files.size() << " other files\n";
  }

  static void print(const Board& read) {
    std::set<std::pair<std::string, IconType>> words;
    for (const BoardPage& page : read.pages)
      for (const Slot& slot : page.slots)
        for (const Icon& icon : slot.icons) words.emplace(icon.word, icon.type);
    std::cout << fmt::format(
        "{}: {} slot{} on {} page{}, {} different words\n", read.name.empty() ? "board" : read.name, read.num_slots(),
        read.num_slots() == 1 ? "" : "s", read.pages.size(), read.pages.size() == 1 ? "" : "s", words.size());
    for (const BoardPage& page : read.pages) print_page(page);
    std::string verbs;
    for (const std::size_t verb : read.verbs) verbs += "  " + read.pages[0].slots[verb].label;
    if (!verbs.empty()) std::cout << "\nMake up for a missing verb\n" << verbs << "\n";
  }
};

}  // namespace

void add_data_board(CLI::App& data) {
  CLI::App* command =
      data.add_subcommand("board", "Show a board as it is sampled, or write it as an .obz for other AAC programs");
  auto board_command = std::make_shared<DataBoardCommand>(*command);
  command->callback([board_command] { board_command->run(); });
}

}  // namespace aacft::cli
