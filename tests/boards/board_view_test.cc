#include "aacft/boards/board_view.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "aacft/base/error.h"
#include "source_dir.h"

namespace aacft {
namespace {

using nlohmann::json;

const Lexicon& lexicon() {
  static const Lexicon ours = Lexicon::read(AACFT_SOURCE_DIR "/data/icons.tsv", {});
  return ours;
}

const Board& own_board() {
  static const Board board = read_board(AACFT_SOURCE_DIR "/data/board.json", lexicon());
  return board;
}

constexpr const char* kPng = "\x89PNG\r\n\x1A\nrest";

json obf(const std::string& id, const json& buttons, const std::vector<std::vector<json>>& order) {
  return {{"format", "open-board-0.1"},
          {"id", id},
          {"name", id},
          {"locale", "en"},
          {"buttons", buttons},
          {"images", json::array()},
          {"sounds", json::array()},
          {"grid", {{"rows", order.size()}, {"columns", order[0].size()}, {"order", order}}}};
}

// A root with a word, two ways on, and a board two steps away.
OpenBoards some_boards() {
  OpenBoards boards{.root = "root.obf"};
  boards.boards["root.obf"] =
      obf("root", json::parse(R"x([{"id": 1, "label": "want", "image_id": "i1", "background_color": "rgb(255, 0, 10)"
},
                          {"id": 2, "label": "food", "load_board": {"path": "food.obf"}, "border_color": "#ABC"},
                          {"id": 3, "label": "gone", "load_board": {"path": "nowhere.obf"}},
                          {"id": 4, "label": "clear", "action": ":clear"},
                          {"id": 5, "label": "hid", "hidden": true},
                          {"id": 6, "label": "I", "vocalization": "as for me"}])x"),
          {{1, 2, nullptr}, {3, 4, 6}, {5, nullptr, nullptr}});
  boards.boards["root.obf"]["images"] = json::parse(R"([{"id": "i1", "path": "images/w.png"}])");
  boards.boards["food.obf"] = obf("food", json::parse(R"([{"id": "a", "label": "<b>apple</b>", "image_id": "d"},
                          {"id": "b", "label": "back", "load_board": {"id": "root"}},
                          {"id": "c", "label": "more", "load_board": {"path": "more.obf"}}])"),
                                  {{"a", "b", "c"}});
  boards.boards["food.obf"]["images"] =
      json::parse(R"([{"id": "d", "data": "data:image/png;base64,iVBORw0KGgpyZXN0"}])");
  boards.boards["more.obf"] = obf("more", json::parse(R"([{"id": "x", "label": "zorblax"}])"), {{"x"}});
  boards.files["images/w.png"] = kPng;
  return boards;
}

const Tile& tile(const BoardView& view, std::size_t page, const std::string& label) {
  for (const Tile& tile : view.pages.at(page).tiles)
    if (tile.label == label) return tile;
  throw std::runtime_error("no tile " + label);
}

TEST(BoardView, ShowsOurBoardWithAPageForEachCategory) {
  const BoardView view = view_of(own_board(), lexicon());
  EXPECT_EQ(view.top, own_board().pages.size());
  std::size_t categories = 0;
  for (std::size_t i = 0; i < view.top; ++i) {
    EXPECT_EQ(view.pages[i].tiles.size(), own_board().pages[i].slots.size());
    for (const Slot& slot : own_board().pages[i].slots) categories += slot.category;
  }
  EXPECT_EQ(view.pages.size(), view.top + categories);
  const Tile& verbs = tile(view, 0, "verbs");
  EXPECT_EQ(verbs.colour, "verb");
  const ViewPage& list = view.pages.at(verbs.link.value());
  EXPECT_TRUE(list.list);
  EXPECT_EQ(list.name, "verbs");
  std::set<std::pair<std::size_t, std::size_t>> places;
  for (const Tile& word : list.tiles) {
    EXPECT_TRUE(places.emplace(word.row, word.column).second);
    EXPECT_LT(word.row, list.rows);
    EXPECT_LT(word.column, list.columns);
    EXPECT_EQ(word.icon.value().type, IconType::kVerb);
  }
}

TEST(BoardView, ShowsOtherProgramsBoardsAsTheyAre) {
  std::string warnings;
  const BoardView view =
      view_of(some_boards(), "b.obz", lexicon(), [&](const std::string& text) { warnings += text + "\n"; });
  ASSERT_EQ(view.pages.size(), 3u);
  EXPECT_EQ(view.top, 1u);
  const Tile& want = tile(view, 0, "want");
  EXPECT_EQ(want.icon, (Icon{"want", IconType::kVerb, "want.png"}));
  EXPECT_EQ(want.background, "#ff000a");
  EXPECT_EQ(view.pictures.at(want.picture).type, "image/png");
  EXPECT_EQ(view.pictures.at(want.picture).bytes, kPng);
  EXPECT_EQ(tile(view, 0, "food").link, 1u);
  EXPECT_EQ(tile(view, 0, "food").border, "#aabbcc");
  EXPECT_EQ(tile(view, 0, "clear").action, ":clear");
  EXPECT_EQ(tile(view, 0, "I").say, "as for me");
  EXPECT_EQ(tile(view, 0, "I").row, 1u);
  EXPECT_EQ(tile(view, 0, "I").column, 2u);
  EXPECT_THROW(tile(view, 0, "hid"), std::runtime_error);
  EXPECT_THROW(tile(view, 0, "gone"), std::runtime_error);
  const Tile& apple = tile(view, 1, "<b>apple</b>");  // a label is text, whatever it looks like
  EXPECT_EQ(view.pictures.at(apple.picture).bytes, kPng);
  EXPECT_EQ(tile(view, 1, "back").link, 0u);
  EXPECT_EQ(tile(view, 1, "more").link, 2u);
  EXPECT_EQ(tile(view, 2, "zorblax").icon.value().type, IconType::kNoun);
  EXPECT_NE(warnings.find("1 buttons that lead to boards not in the file"), std::string::npos) << warnings;
}

// A picture is what its bytes say.
TEST(BoardView, ShowsNoFilesThatAreNoPictures) {
  OpenBoards boards = some_boards();
  boards.files["images/w.png"] = "<html><script>alert(1)</script>";
  EXPECT_EQ(tile(view_of(boards, "b.obz", lexicon(), {}), 0, "want").picture, "");
  boards.boards["root.obf"]["images"][0]["path"] = "../../etc/passwd";
  EXPECT_EQ(tile(view_of(boards, "b.obz", lexicon(), {}), 0, "want").picture, "");
  boards.files["images/s"] = "<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'/>";
  boards.boards["root.obf"]["images"][0]["path"] = "images/s";
  const BoardView view = view_of(boards, "b.obz", lexicon(), {});
  EXPECT_EQ(view.pictures.at(tile(view, 0, "want").picture).type, "image/svg+xml");
}

TEST(BoardView, NeedsAWord) {
  OpenBoards boards{.root = "root.obf"};
  boards.boards["root.obf"] = obf("root", json::parse(R"([{"id": 1, "label": "x", "action": ":clear"}])"), {{1}});
  EXPECT_THROW(view_of(boards, "b.obz", lexicon(), {}), Error);
}

// What one of our boards is in the format of others looks as it did, but that its pictures are images.
TEST(BoardView, OfAnExportedBoardHasTheSameWords) {
  const BoardView ours = view_of(own_board(), lexicon());
  const BoardView theirs = view_of(open_boards_of(own_board(), lexicon()), "b.obz", lexicon(), {});
  const auto words_of = [](const BoardView& view) {
    std::multiset<std::string> words;
    for (const ViewPage& page : view.pages)
      for (const Tile& tile : page.tiles)
        if (tile.icon) words.insert(tile.icon->word + "/" + std::string(name_of(tile.icon->type)) + "/" + tile.colour);
    return words;
  };
  EXPECT_EQ(words_of(theirs), words_of(ours));
  const auto clitics_of = [](const BoardView& view) {
    std::multiset<std::string> pairs;
    for (const auto& [pronoun, clitic] : view.clitics) pairs.insert(pronoun.picture + "/" + clitic.word);
    return pairs;
  };
  EXPECT_EQ(clitics_of(theirs), clitics_of(ours));
}

TEST(BoardView, PronounsBehindASubjectAreClitics) {
  const BoardView view = view_of(own_board(), lexicon());
  const Icon i{"I", IconType::kNoun, "me.png"}, you{"you", IconType::kNoun, "you.png"},
      like{"like", IconType::kVerb, "like.png"}, dot{"dot", IconType::kDot, "dot.png"};
  const auto words = [&](const std::vector<Icon>& icons) {
    std::string text;
    for (const Icon& icon : with_clitics(icons, view))
      text += icon.word + (icon.type == IconType::kCliticPronoun ? "* " : " ");
    return text;
  };
  EXPECT_EQ(words({you, like, i}), "you like me* ");
  EXPECT_EQ(words({like, i}), "like I ");
  EXPECT_EQ(words({i, like, you, dot, i, like, you}), "I like you* dot me* like you* ");  // as the sampler has it
}

}  // namespace
}  // namespace aacft
