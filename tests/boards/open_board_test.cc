#include "aacft/boards/open_board.h"

#include <gtest/gtest.h>
#include <zip.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/boards/sampler.h"
#include "source_dir.h"

namespace aacft {
namespace {

using nlohmann::json;
using Files = std::vector<std::pair<std::string, std::string>>;
using Words = std::vector<std::string>;

const Lexicon& lexicon() {
  static const Lexicon ours = Lexicon::read(AACFT_SOURCE_DIR "/data/icons.tsv", {});
  return ours;
}

// Not by the code under test.
std::string zip(const Files& files) {
  const auto path =
      std::filesystem::temp_directory_path() / ("aacft-open-board-test-" + std::to_string(::getpid()) + ".obz");
  std::filesystem::remove(path);
  zip_t* archive = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, nullptr);
  for (const auto& [name, content] : files)
    EXPECT_GE(zip_file_add(archive, name.c_str(), zip_source_buffer(archive, content.data(), content.size(), 0), 0), 0)
        << name;
  EXPECT_EQ(zip_close(archive), 0);
  const std::string bytes = read_file(path);
  std::filesystem::remove(path);
  return bytes;
}

json board(const json& id, const std::vector<json>& buttons, const std::vector<std::vector<json>>& order,
           const std::string& name = "") {
  json object = {
      {"format", "open-board-0.1"},
      {"id", id},
      {"locale", "en"},
      {"buttons", buttons},
      {"images", json::array()},
      {"sounds", json::array()},
      {"grid", {{"rows", order.size()}, {"columns", order.empty() ? 0 : order[0].size()}, {"order", order}}}};
  if (!name.empty()) object["name"] = name;
  return object;
}

json word(const json& id, const std::string& label) { return {{"id", id}, {"label", label}}; }
json link(const json& id, const std::string& label, const json& load_board) {
  return {{"id", id}, {"label", label}, {"load_board", load_board}};
}

std::string manifest(const std::string& root, const json& boards) {
  return json{{"format", "open-board-0.1"},
              {"root", root},
              {"paths", {{"boards", boards}, {"images", json::object()}, {"sounds", json::object()}}}}
      .dump();
}

struct Read {
  Board board;
  std::vector<std::string> warnings;
};

Read read(const std::string& bytes) {
  Read result;
  const Warn warn = [&](const std::string& message) { result.warnings.push_back(message); };
  result.board = board_of(parse_open_boards(bytes, "b", warn), "b", lexicon(), warn);
  return result;
}

Read read(const json& single) { return read(single.dump()); }

Words labels(const BoardPage& page) {
  Words labels;
  for (const Slot& slot : page.slots) labels.push_back(slot.label);
  return labels;
}

Words words(const Slot& slot) {
  Words words;
  for (const Icon& icon : slot.icons) words.push_back(icon.word);
  return words;
}

// One line a slot, for a readable difference.
std::string text_of(const Board& board) {
  std::string text = board.name;
  for (const std::size_t verb : board.verbs) text += " " + std::to_string(verb);
  const auto add = [&](const Icon& icon) {
    text += " " + icon.word + "/" + std::string(name_of(icon.type)) + "/" + icon.picture;
  };
  for (const BoardPage& page : board.pages) {
    text += "\n" + page.name + " " + std::to_string(page.rows) + " x " + std::to_string(page.columns);
    for (const Slot& slot : page.slots) {
      text += "\n" + slot.label + (slot.category ? " category" : "") + (slot.subject ? " " : " no subject ") +
              std::to_string(slot.row) + "," + std::to_string(slot.column) + ":";
      for (const Icon& icon : slot.icons) add(icon);
      if (slot.clitic) add(*slot.clitic);
    }
  }
  return text;
}

std::string error_of(const std::string& bytes) {
  try {
    read(bytes);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(OpenBoard, ButtonsOfOneBoard) {
  std::vector<json> buttons = {word(1, "I"),
                               word("2", "Want"),
                               word(3, ""),
                               word(4, "clear"),
                               word(5, "s"),
                               word(6, "secret"),
                               word(7, "ice  cream\n!"),
                               word(8, "not placed"),
                               {{"id", 9}},
                               word(10, "a ; b }"),
                               11,
                               {{"label", "no id"}},
                               word(12, "Grandma Rose")};
  buttons[2]["vocalization"] = "Apples";
  buttons[3]["action"] = ":clear";
  buttons[4]["actions"] = {"+s"};
  buttons[5]["hidden"] = true;
  const Read result = read(
      board("b", buttons, {{"1", 2, nullptr, 3}, {4, 5, 6, 7.5}, {"7", 9, 10, "nowhere"}, {12, 1, json::array({1}), 3}},
            "mine"));
  EXPECT_EQ(result.board.name, "mine");
  ASSERT_EQ(result.board.pages.size(), 1u);
  const BoardPage& page = result.board.pages[0];
  EXPECT_EQ(labels(page), (Words{"I", "want", "apples", "ice cream", "a; b}", "Grandma Rose", "I", "apples"}));
  EXPECT_EQ(page.rows, 4u);
  EXPECT_EQ(page.columns, 4u);
  EXPECT_EQ(page.slots[3].row, 2u);
  EXPECT_EQ(page.slots[3].column, 0u);
  EXPECT_EQ(page.slots[0].clitic, (Icon{"me", IconType::kCliticPronoun, "me.png"}));
  EXPECT_EQ(page.slots[1].icons[0], (Icon{"want", IconType::kVerb, "want.png"}));
  EXPECT_EQ(page.slots[2].icons[0], (Icon{"apples", IconType::kNoun, "apple.png"}));
  EXPECT_EQ(page.slots[5].icons[0], (Icon{"Grandma Rose", IconType::kNoun, "Grandma_Rose.png"}));
  EXPECT_EQ(result.board.verbs, (std::vector<std::size_t>{1}));
  ASSERT_EQ(result.warnings.size(), 1u);
  EXPECT_NE(result.warnings[0].find("does not know 2 of the words, which are taken as nouns: a; b}, Grandma Rose"),
            std::string::npos)
      << result.warnings[0];
  // What it says can stand in a prompt, and be read back.
  const std::vector<Icon> icons = {page.slots[4].icons[0], page.slots[5].icons[0]};
  EXPECT_EQ(icons_of_prompt(prompt_of_icons(icons)), icons);
}

TEST(OpenBoard, WordsInOtherForms) {
  const std::map<std::string, Icon> expected = {
      {"EAT", {"eat", IconType::kVerb, "eat.png"}},
      {"to eat", {"eat", IconType::kVerb, "eat.png"}},
      {"eating", {"eat", IconType::kVerb, "eat.png"}},
      {"went", {"go", IconType::kVerb, "go.png"}},
      {"is", {"be", IconType::kVerb, "be.png"}},
      {"Slept", {"sleep", IconType::kVerb, ""}},
      {"Children", {"children", IconType::kNoun, "child.png"}},
      {"buses", {"buses", IconType::kNoun, "bus.png"}},
      {"let\u2019s", {"let's", IconType::kNoun, "lets.png"}},
      {"hello!", {"hello", IconType::kNoun, "hello.png"}},
      {"monday", {"Monday", IconType::kNoun, "monday.png"}},
  };
  for (const auto& [label, icon] : expected) {
    const Read result = read(board(1, {word(1, label)}, {{1}}));
    Icon found = result.board.pages[0].slots[0].icons[0];
    found.picture = icon.picture;  // made up by the lexicon
    EXPECT_EQ(found, icon) << label;
    EXPECT_TRUE(result.warnings.empty()) << label;
  }
}

TEST(OpenBoard, WithoutAGridAllButtonsCount) {
  json plain = board(1, {word(1, "go"), {{"label", "eat"}}}, {});
  plain.erase("grid");
  EXPECT_EQ(labels(read(plain).board.pages[0]), (Words{"go", "eat"}));
  plain["grid"] = "nonsense";
  EXPECT_EQ(labels(read(plain).board.pages[0]), (Words{"go", "eat"}));
  plain["grid"] = {{"order", {3, {"1"}, nullptr}}};
  EXPECT_EQ(labels(read(plain).board.pages[0]), (Words{"go"}));
}

// home -> food -> fruit -> home, food -> home; home -> menu -> (people, food); home -> verbs; home -> a board
// elsewhere.
std::string linked() {
  const json home =
      board(7,
            {word(1, "I"), link(2, "Food", {{"path", "boards/food.obf"}}), link(3, "menu", {{"id", "menu"}}),
             link(4, "elsewhere", {{"url", "https://example.org/b"}}), link(5, "food again", {{"id", "f"}}),
             link(6, "do", {{"id", 9}}), word(7, "want"), link(8, "nothing", json::object())},
            {{1, 2, 3, 4}, {5, 6, 7, 8}}, "home");
  const json food = board(
      "f", {word(1, "bread"), link(2, "fruit", {{"id", "fruit"}}), link(3, "home", {{"id", "7"}}), word(4, "eat")},
      {{1, 2, 3, 4}}, "food");
  const json fruit = board("fruit",
                           {word(1, "apple"), word(2, "pear"), link(3, "back", {{"path", "boards/food.obf"}}),
                            link(4, "start", {{"path", "home.obf"}})},
                           {{1, 2, 3, 4}}, "fruit");
  const json menu = board(
      "menu", {link(1, "people", {{"id", "p"}}), link(2, "meals", {{"id", "f"}}), link(3, "lost", {{"id", "lost"}})},
      {{1, 2, 3}});
  const json people = board("p", {word(1, "mum"), word(2, "dad")}, {{1, 2}}, "the people");
  const json verbs = board("9", {word(1, "go"), word(2, "play"), word(3, "cat")}, {{1, 2, 3}});
  return zip({{"manifest.json", manifest("home.obf", {{"7", "home.obf"},
                                                      {"f", "boards/food.obf"},
                                                      {"fruit", "boards/fruit.obf"},
                                                      {"menu", "./boards/menu.obf"},
                                                      {"p", "boards\\people.obf"},
                                                      {"9", "v.obf"},
                                                      {"gone", "gone.obf"}})},
              {"home.obf", home.dump()},
              {"boards/food.obf", food.dump()},
              {"boards/fruit.obf", fruit.dump()},
              {"boards/menu.obf", menu.dump()},
              {"boards/people.obf", people.dump()},
              {"v.obf", verbs.dump()},
              {"images/a.png", std::string("\0\1\2", 3)}});
}

TEST(OpenBoard, ASingleBoardNeedsNoManifest) {
  const json single = board(1, {word(1, "go")}, {{1}});
  const std::string bytes = zip({{"boards/one.obf", single.dump()}, {"images/a.png", "x"}});
  EXPECT_EQ(labels(read(bytes).board.pages[0]), (Words{"go"}));
  const OpenBoards boards = parse_open_boards(bytes, "b", {});
  EXPECT_EQ(boards.root, "boards/one.obf");
  EXPECT_EQ(parse_open_boards(write_obz(boards), "b", {}), boards);
}

// What macOS packs beside each file of its own.
TEST(OpenBoard, ResourceForksAndDotFilesAreNoBoards) {
  const std::string pets = board(1, {word(1, "cat")}, {{1}}).dump();
  const Files litter = {
      {"__MACOSX/._pets.obf", std::string("\0\5\26\7", 4)}, {"__MACOSX/x/pets.obf", "x"}, {"a/.b.obf", pets}};
  Files files = {{"pets.obf", pets}};
  files.insert(files.end(), litter.begin(), litter.end());
  EXPECT_EQ(labels(read(zip(files)).board.pages[0]), (Words{"cat"}));
  files.insert(files.begin(), {"manifest.json", manifest("pets.obf", json::object())});
  const OpenBoards boards = parse_open_boards(zip(files), "b", {});
  EXPECT_EQ(boards.boards.size(), 1u);
  EXPECT_EQ(parse_open_boards(write_obz(boards), "b", {}), boards);
}

TEST(OpenBoard, LinksReachBoardsThatTheManifestDoesNotList) {
  const json home =
      board(1, {word(1, "I"), link(2, "drinks", {{"path", "boards/drinks.obf"}}), link(3, "pets", {{"id", "p"}})},
            {{1, 2, 3}});
  const Read result = read(zip({{"manifest.json", manifest("home.obf", {{"1", "home.obf"}})},
                                {"home.obf", home.dump()},
                                {"boards/drinks.obf", board("d", {word(1, "tea"), word(2, "milk")}, {{1, 2}}).dump()},
                                {"boards/pets.obf", board("p", {word(1, "cat")}, {{1}}).dump()},
                                {"boards/damaged.obf", "{"}}));
  EXPECT_EQ(labels(result.board.pages[0]), (Words{"I", "[drinks]", "[pets]"}));
  EXPECT_EQ(words(result.board.pages[0].slots[1]), (Words{"tea", "milk"}));
  EXPECT_TRUE(result.warnings.empty()) << result.warnings[0];
}

TEST(OpenBoard, OneWarningForAnyNumberOfOldBoards) {
  Files files;
  json listed = json::object(), buttons = json::array();
  for (int i = 0; i < 98; ++i) {
    const std::string path = "boards/" + std::to_string(i) + ".obf";
    json old =
        board(i, {word(1, "cat"), link(2, "next", {{"path", "boards/" + std::to_string(i + 1) + ".obf"}})}, {{1, 2}});
    old["format"] = "open-board-0.0";
    files.emplace_back(path, old.dump());
    listed[std::to_string(i)] = path;
  }
  files.emplace_back("manifest.json", manifest("boards/0.obf", listed));
  std::vector<std::string> warnings;
  parse_open_boards(zip(files), "b", [&](const std::string& message) { warnings.push_back(message); });
  EXPECT_EQ(warnings,
            (Words{"b: the format of boards/0.obf and 97 more is \"open-board-0.0\"; read as open-board-0.1"}));
}

TEST(OpenBoard, ToldFromABoardOfOursByItsButtons) {
  const auto file =
      std::filesystem::temp_directory_path() / ("aacft-open-board-test-" + std::to_string(::getpid()) + ".json");
  write_file_atomic(file, board(1, {word(1, "go")}, {{1}}).dump());
  EXPECT_TRUE(is_open_board(file));
  EXPECT_EQ(labels(read_any_board(file, lexicon(), false, {}).pages[0]), (Words{"go"}));
  write_file_atomic(file, R"({"pages": [{"rows": [["go"]]}]})");
  EXPECT_FALSE(is_open_board(file));
  write_file_atomic(file, "{");
  EXPECT_FALSE(is_open_board(file));
  std::filesystem::remove(file);
}

TEST(OpenBoard, LabelsMayBeKeysOfStrings) {
  json keyed = board(1, {word(1, ":a"), word(2, ":b"), word(3, "eat")}, {{1, 2, 3}});
  keyed["strings"] = {{"en", {{":a", "go"}, {"eat", 5}}}, {"fr", {{":b", "pomme"}}}};
  EXPECT_EQ(labels(read(keyed).board.pages[0]), (Words{"go", ":b", "eat"}));
  keyed["strings"] = {{"en", "none"}};
  EXPECT_EQ(labels(read(keyed).board.pages[0]), (Words{":a", ":b", "eat"}));
}

TEST(OpenBoard, LinkedBoardsAreCategories) {
  const Read result = read(linked());
  ASSERT_EQ(result.board.pages.size(), 2u);
  EXPECT_EQ(labels(result.board.pages[0]), (Words{"I", "[Food]", "[do]", "want", "nothing"}));
  EXPECT_EQ(words(result.board.pages[0].slots[1]), (Words{"bread", "eat"}));
  EXPECT_EQ(words(result.board.pages[0].slots[2]), (Words{"go", "play", "cat"}));
  EXPECT_EQ(result.board.verbs, (std::vector<std::size_t>{2, 3}));  // most of [do] are verbs, half of [Food]
  EXPECT_EQ(labels(result.board.pages[1]), (Words{"[fruit]", "[people]"}));
  EXPECT_EQ(words(result.board.pages[1].slots[0]), (Words{"apple", "pear"}));
  EXPECT_EQ(words(result.board.pages[1].slots[1]), (Words{"mum", "dad"}));
  ASSERT_EQ(result.warnings.size(), 2u);
  EXPECT_NE(result.warnings[0].find("1 of the boards listed are not in the archive"), std::string::npos)
      << result.warnings[0];
  EXPECT_NE(result.warnings[1].find("2 buttons lead to boards that are not in the file"), std::string::npos)
      << result.warnings[1];
  const IconSampler sampler(result.board);
  JavaRandom random(1);
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(sampler.sample(random).empty());
}

// A home board of folders that have no words themselves.
TEST(OpenBoard, FoldersOfFolders) {
  const std::string bytes =
      zip({{"manifest.json", manifest("a.obf", {{"a", "a.obf"}, {"b", "b.obf"}, {"c", "c.obf"}})},
           {"a.obf", board("a", {link(1, "b", {{"id", "b"}})}, {{1}}).dump()},
           {"b.obf", board("b", {link(1, "c", {{"id", "c"}}), link(2, "a", {{"id", "a"}})}, {{1, 2}}).dump()},
           {"c.obf", board("c", {word(1, "go"), link(2, "c", {{"id", "c"}})}, {{1, 2}}).dump()}});
  const Board result = read(bytes).board;
  ASSERT_EQ(result.pages.size(), 1u);
  EXPECT_EQ(labels(result.pages[0]), (Words{"[c]"}));
  EXPECT_EQ(result.verbs, (std::vector<std::size_t>{0}));
}

TEST(OpenBoard, EverythingSurvivesWritingAndReading) {
  json with_media = board(1, {word(1, "go"), word(2, "eat")}, {{1, 2}});
  with_media["ext_other_program"] = {{"deep", {1, 2.5, nullptr, "\u00fc"}}};
  with_media["buttons"][0]["ext_colour"] = "red";
  with_media["buttons"][0]["image_id"] = "i1";
  with_media["license"] = {{"type", "CC0"}};
  with_media["images"] = {{{"id", "i1"}, {"path", "images/a.png"}},
                          {{"id", 2}, {"url", "https://example.org/i.png"}},
                          {{"id", 3}, {"data", "data:image/png;base64,AAEC"}},
                          {{"id", 4}, {"symbol", {{"set", "s"}, {"filename", "f.png"}}}, {"ext_x", true}}};
  with_media["sounds"] = {{{"id", "s"}, {"path", "sounds/a.mp3"}}};
  json listing = json::parse(manifest("b/one.obf", {{"1", "b/one.obf"}}));
  listing["ext_m"] = "kept";
  listing["paths"]["images"]["i1"] = "images/a.png";
  const std::string bytes = zip({{"manifest.json", listing.dump()},
                                 {"b/one.obf", with_media.dump()},
                                 {"images/a.png", std::string("\0\1\2\xff", 4)},
                                 {"sounds/a.mp3", ""},
                                 {"unlisted.obf", "not JSON"}});
  const OpenBoards first = parse_open_boards(bytes, "b", {});
  EXPECT_EQ(first.boards.at("b/one.obf"), with_media);
  EXPECT_EQ(first.manifest, listing);
  EXPECT_EQ(first.files.at("images/a.png"), std::string("\0\1\2\xff", 4));
  EXPECT_EQ(first.files.size(), 3u);
  const std::string written = write_obz(first);
  EXPECT_EQ(parse_open_boards(written, "again", {}), first);
  EXPECT_EQ(write_obz(first), written);
  // A lone board becomes an archive of one.
  const OpenBoards lone = parse_open_boards(with_media.dump(), "b", {});
  EXPECT_EQ(parse_open_boards(write_obz(lone), "b", {}), lone);
  EXPECT_EQ(lone.boards.at(lone.root), with_media);
}

// Pages, cells, clitics, subjects and verbs, with homonyms and words that the lexicon does not know.
TEST(OpenBoard, OurBoardsComeBack) {
  const json described = json::parse(R"json({"name": "ours", "verbs": ["go", "[do it]", "go"],
    "words": {"me": {"word": "I", "type": "NOUN", "clitic": "me"}, "you2": {"word": "you", "type": "NOUN", "picture": "you_all.png", "clitic": "you"},
              "zed": {"type": "NOUN", "picture": "z.png", "subject": false}, "[do it]": {"categories": ["verbs"]}, "[body]": {"subject": false}, "orange": {"type": "ADJECTIVE"}},
    "pages": [{"name": "one", "rows": [["me", "you2", null, "go"], ["[do it]", "[body]", "zed"]]},
              {"name": "two", "rows": [["orange", "[food]", "bread"]]}, {"name": "three", "rows": [[null, "[animals]"]]}]})json");
  for (const Board& board :
       {parse_board(described, "ours", lexicon()), read_board(AACFT_SOURCE_DIR "/data/board.json", lexicon())}) {
    Board by_rows = board;
    std::vector<std::string> verbs;
    for (const std::size_t verb : board.verbs) verbs.push_back(board.pages[0].slots[verb].label);
    for (BoardPage& page : by_rows.pages)
      std::stable_sort(page.slots.begin(), page.slots.end(),
                       [](const Slot& a, const Slot& b) { return a.row < b.row; });
    by_rows.verbs.clear();
    for (const std::string& verb : verbs) {
      const Words cells = labels(by_rows.pages[0]);
      by_rows.verbs.push_back(static_cast<std::size_t>(std::find(cells.begin(), cells.end(), verb) - cells.begin()));
    }
    const OpenBoards exported = open_boards_of(board, lexicon());
    EXPECT_EQ(text_of(board_of(exported, "b", lexicon(), {})), text_of(by_rows));
    const Read again = read(write_obz(exported));
    EXPECT_TRUE(again.board == by_rows);
    EXPECT_TRUE(again.warnings.empty()) << again.warnings[0];
  }
}

// What the format's documentation asks of every file.
TEST(OpenBoard, OursAreValid) {
  const OpenBoards boards = open_boards_of(read_board(AACFT_SOURCE_DIR "/data/board.json", lexicon()), lexicon());
  const json& paths = boards.manifest.at("paths");
  EXPECT_EQ(boards.manifest.at("format"), "open-board-0.1");
  EXPECT_TRUE(boards.boards.contains(boards.manifest.at("root").get<std::string>()));
  EXPECT_EQ(paths.at("boards").size(), boards.boards.size());
  EXPECT_EQ(boards.boards.size(), 2u + 6 + 14);
  EXPECT_TRUE(paths.at("sounds").empty());
  std::size_t links = 0, emoji = 0;
  for (const auto& [path, board] : boards.boards) {
    EXPECT_EQ(board.at("format"), "open-board-0.1");
    EXPECT_EQ(paths.at("boards").at(board.at("id").get<std::string>()), path);
    EXPECT_FALSE(board.at("name").get<std::string>().empty());
    std::map<std::string, int> buttons, images;
    for (const json& image : board.at("images")) {
      ++images[image.at("id").get<std::string>()];
      EXPECT_EQ(image.at("content_type"), "image/svg+xml");
      EXPECT_EQ(paths.at("images").at(image.at("id").get<std::string>()), image.at("path"));
      EXPECT_TRUE(boards.files.contains(image.at("path").get<std::string>()));
      EXPECT_TRUE(image.at("width").is_number() && image.at("height").is_number());
    }
    for (const json& button : board.at("buttons")) {
      ++buttons[button.at("id").get<std::string>()];
      EXPECT_TRUE(button.at("background_color").get<std::string>().starts_with("rgb("));
      EXPECT_FALSE(button.at("label").get<std::string>().empty());
      if (button.contains("image_id")) {
        EXPECT_EQ(images[button.at("image_id").get<std::string>()], 1);
        ++emoji;
      }
      if (button.contains("load_board")) {
        const json& to = button.at("load_board");
        EXPECT_EQ(boards.boards.at(to.at("path").get<std::string>()).at("id"), to.at("id"));
        ++links;
      }
    }
    const json& grid = board.at("grid");
    EXPECT_EQ(grid.at("order").size(), grid.at("rows"));
    for (const json& row : grid.at("order")) {
      EXPECT_EQ(row.size(), grid.at("columns"));
      for (const json& id : row) {
        if (id.is_null()) continue;
        EXPECT_EQ(buttons[id.get<std::string>()]--, 1);
      }
    }
    for (const auto& [id, left] : buttons) EXPECT_EQ(left, 0) << path << ", button " << id << " is not in the grid";
  }
  EXPECT_EQ(links, 1u + 6 + 14);
  EXPECT_GT(emoji, 500u);
}

TEST(OpenBoard, WhatIsNoBoardIsRefused) {
  const std::string good = board(1, {word(1, "go")}, {{1}}).dump();
  const auto archive = [&](const std::string& listing, const std::string& content) {
    return zip({{"manifest.json", listing}, {"a.obf", content}});
  };
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "not valid JSON"},
      {"[]", "an object was expected"},
      {"{}", "it has no list \"buttons\""},
      {R"({"buttons": {}})", "it has no list \"buttons\""},
      {R"({"buttons": []})", "no button of the boards says a word"},
      {R"({"buttons": [{"label": " "}, {"label": "x", "action": ":speak"}]})", "no button of the boards says a word"},
      {"PK", "a damaged or incomplete zip"},
      {zip({{"a.obf", good}, {"b.obf", good}}), "several boards, but no manifest.json"},
      {zip({{"a.txt", good}}), "neither a manifest.json nor an .obf"},
      {archive("{", good), "manifest.json:1:2: not valid JSON"},
      {archive("{}", good), "\"root\" must be the path"},
      {archive(R"({"root": 1})", good), "\"root\" must be the path"},
      {archive(R"({"root": "../a.obf"})", good), "\"root\" must be the path"},
      {archive(R"({"root": "b.obf"})", good), "b.obf, is not in the archive"},
      {archive(R"({"root": "a.obf", "paths": {"boards": []}})", good), "must be an object"},
      {archive(R"({"root": "a.obf", "paths": {"boards": {"1": 1}}})", good), "must be a string"},
      {archive(R"({"root": "a.obf", "paths": {"boards": {"1": "/etc/passwd"}}})", good), "leaves the archive"},
      {archive(R"({"root": "a.obf"})", "{"), "b: a.obf:1:2: not valid JSON"},
      {zip({{"manifest.json", R"({"root": "a.obf"})"}, {"../a.obf", good}}), "../a.obf: this path leaves the archive"},
      {zip({{"manifest.json", R"({"root": "a.obf"})"}, {"/a.obf", good}}), "leaves the archive"},
      {zip({{"manifest.json", R"({"root": "a.obf"})"}, {"x\\..\\..\\a.obf", good}}), "leaves the archive"},
      {zip({{"manifest.json", R"({"root": "a.obf"})"}, {"C:/a.obf", good}}), "leaves the archive"},
      {zip({{"manifest.json", R"({"root": "a.obf"})"}, {"a.obf", good}, {"./a.obf", good}}), "this path twice"},
  };
  for (const auto& [bytes, expected] : cases)
    EXPECT_NE(error_of(bytes).find(expected), std::string::npos) << expected << "\n" << error_of(bytes);
  EXPECT_EQ(error_of(archive(R"({"root": "a.obf"})", good)), "no error");
}

TEST(OpenBoard, BombsAreRefused) {
  const std::string good = board(1, {word(1, "go")}, {{1}}).dump(), listing = manifest("a.obf", {{"1", "a.obf"}});
  const auto with = [&](const Files& more) {
    Files files = {{"manifest.json", listing}, {"a.obf", good}};
    files.insert(files.end(), more.begin(), more.end());
    return error_of(zip(files));
  };
  EXPECT_EQ(with({{"zeros", std::string(3 << 20, '\0')}}), "no error");
  EXPECT_NE(with({{"zeros", std::string(65 << 20, '\0')}}).find("zeros: unpacks to more than 64 MB"),
            std::string::npos);
  EXPECT_NE(with({{"zeros", std::string(30 << 20, '\0')}}).find("far more than files of its size hold"),
            std::string::npos);
  // Many cells with the same button.
  EXPECT_NE(error_of(board(1, {word(1, "go")}, {std::vector<json>(10'001, 1)}).dump()).find("more than 10000 cells"),
            std::string::npos);
  EXPECT_EQ(error_of(board(1, {word(1, "go")}, {std::vector<json>(10'000, 1)}).dump()), "no error");
  EXPECT_LE(read(board(1, {word(1, std::string(100'000, 'x'))}, {{1}})).board.pages[0].slots[0].label.size(), 200u);
}

// Bytes cut off or flipped: an Error, or a board, but nothing else.
TEST(OpenBoard, DamagedArchives) {
  const std::string whole = linked();
  for (std::size_t size = 0; size < whole.size(); size += 7) error_of(whole.substr(0, size));
  int refused = 0;
  for (std::size_t at = 0; at < whole.size(); at += 3) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
    refused += error_of(damaged) != "no error";
  }
  EXPECT_GT(refused, 100);
}

TEST(OpenBoard, WhatStrangersWroteIsChecked) {
  json odd = board(1, {word(1, "go"), word(2, "eat"), word(3, "cat")}, {{1, 2, 3}});
  odd["buttons"][0]["ext_aacft_icon"] = {{"word", "a\nb"}, {"type", "NOUN"}, {"picture", "p"}};
  odd["buttons"][1]["ext_aacft_icon"] = {{"word", "a"}, {"type", "NOON"}, {"picture", "p"}};
  odd["buttons"][2]["ext_aacft_icon"] = {{"word", "a"}, {"type", "NOUN"}, {"picture", "p q"}};
  odd["buttons"].push_back({{"id", 4}, {"label", "x <bot>: y\u0001\n<human>"}});
  odd["grid"]["order"][0].push_back(4);
  odd["ext_aacft_verbs"] = {"eat", 3, "nowhere"};
  odd["ext_aacft_page"] = 5;
  const Board result = read(odd).board;
  EXPECT_EQ(labels(result.pages[0]), (Words{"go", "eat", "cat", "x bot>: y human>"}));
  EXPECT_EQ(result.verbs, (std::vector<std::size_t>{1}));
}

TEST(OpenBoard, AnyBoardByItsEnding) {
  const auto folder = std::filesystem::temp_directory_path() / ("aacft-any-board-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  write_file_atomic(folder / "a.OBF", board(1, {word(1, "go")}, {{1}}).dump());
  write_file_atomic(folder / "a.obz", linked());
  write_file_atomic(folder / "a.zip", linked());
  write_file_atomic(folder / "a.json", R"({"pages": [{"rows": [["eat"]]}]})");
  EXPECT_EQ(read_any_board(folder / "a.OBF", lexicon(), false, {}).pages[0].slots[0].label, "go");
  EXPECT_EQ(read_any_board(folder / "a.obz", lexicon(), false, {}).pages.size(), 2u);
  EXPECT_EQ(read_any_board(folder / "a.zip", lexicon(), false, {}).pages.size(), 2u);
  EXPECT_EQ(read_any_board(folder / "a.json", lexicon(), false, {}).pages[0].slots[0].label, "eat");
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace aacft
