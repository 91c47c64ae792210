// Boards: the Open Board Format, alone and zipped, and our own JSON.
#include "aacft/boards/open_board.h"

#include "aacft/boards/sampler.h"
#include "aacft/formats/json.h"
#include "fuzz/target.h"

namespace aacft::fuzz {
namespace {

const Lexicon& lexicon() {
  static const Lexicon words([] {
    std::vector<LexiconEntry> entries;
    for (const char* word : {"go", "eat", "be"})
      entries.push_back(
          {.icon = {word, IconType::kVerb, std::string(word) + ".png"}, .category = "verbs", .emoji = "\u2b50"});
    for (const char* word : {"I", "you", "apple"})
      entries.push_back({.icon = {word, IconType::kNoun, std::string(word) + ".png"}, .category = "nouns"});
    entries.push_back({.icon = {"dot", IconType::kDot, "dot.png"}, .category = "grammar"});
    return entries;
  }());
  return words;
}

void sample(const Board& board) {
  JavaRandom random(1);
  const IconSampler sampler(board);
  for (int i = 0; i < 3; ++i) {
    const std::vector<Icon> icons = sampler.sample(random);
    require(icons_of_prompt(prompt_of_icons(icons)) == icons, "what is sampled can stand in a prompt");
  }
}

}  // namespace

void run(std::string_view input) {
  if (input.starts_with("{")) {
    try {
      const Board board = parse_board(parse_json_object(input, "board.json"), "board.json", lexicon());
      const Board again = board_of(open_boards_of(board, lexicon()), "again", lexicon(), {});
      require(again.num_slots() == board.num_slots() && again.verbs.size() == board.verbs.size(),
              "our boards come back");
      sample(board);
    } catch (const Error&) {}
  }
  const OpenBoards boards = parse_open_boards(input, "input", [](const std::string&) {});
  require(parse_open_boards(write_obz(boards), "again", {}) == boards, "read(write(x)) == x");
  const Board board = board_of(boards, "input", lexicon(), [](const std::string&) {});
  require(board.num_slots() > 0, "a board has slots");
  for (const std::size_t verb : board.verbs)
    require(verb < board.pages[0].slots.size(), "verbs are slots of the first page");
  sample(board);
}

}  // namespace aacft::fuzz
