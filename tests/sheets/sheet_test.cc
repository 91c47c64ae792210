// Writers' sheets, there and back.
#include "aacft/sheets/sheet.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/boards/icon.h"
#include "support/goldens.h"
#include "support/paths.h"

namespace aacft {

void PrintTo(const SheetItem& item, std::ostream* out) {
  *out << item.number << " [" << item.prompt << "] [" << item.draft << "] [" << item.note << "]";
}

}  // namespace aacft

namespace aacft::testing {
namespace {

using Rows = std::vector<std::vector<std::string>>;

std::string prompt_with(const std::vector<std::pair<std::string, IconType>>& words) {
  std::vector<Icon> icons;
  for (const auto& [word, type] : words) icons.push_back({word, type, "p.png"});
  return prompt_of_icons(icons);
}

// Three items: the first two are alike but for their drafts.
std::vector<SheetItem> three() {
  const std::string run = prompt_with({{"I", IconType::kNoun}, {"run", IconType::kVerb}});
  return {{1, run, "I run.", ""},
          {2, run, "I am running.", ""},
          {3, prompt_with({{"dog", IconType::kNoun}, {"big", IconType::kAdjective}}), "The dog is big.", ""}};
}

// The sheet as a writer has it: rows[0] are the headers; rows[i][3] is the rewrite of item i.
enum Column { kNumber, kIcons, kDraft, kRewrite, kNote, kPrompt, kCheck };

struct Written {
  Rows rows;

  explicit Written(const std::vector<SheetItem>& items, const std::vector<std::string>& rewrites = {}) {
    const Table table = sheet_of(items, nullptr, "");
    rows.emplace_back();
    for (const TableColumn& column : table.columns) rows[0].push_back(column.header);
    rows.insert(rows.end(), table.rows.begin(), table.rows.end());
    for (std::size_t i = 0; i < rewrites.size(); ++i) rows[i + 1][kRewrite] = rewrites[i];
  }
  std::string& at(std::size_t row, Column column) { return rows[row - 1][column]; }  // row as the program counts

  SheetFile file(const std::string& name = "a.xlsx") const {
    Sheet sheet{"Sentences", false, {}, {}};
    for (std::size_t r = 0; r < rows.size(); ++r)
      for (std::size_t c = 0; c < rows[r].size(); ++c)
        if (!rows[r][c].empty()) sheet.cells.push_back({r + 1, c + 1, rows[r][c]});
    return {name, {sheet}};
  }
};

Collected collect(const std::vector<SheetFile>& files, const std::vector<SheetItem>* original = nullptr,
                  const CollectOptions& options = {}) {
  return collect_sheets(files, original, options);
}

// "error a.xlsx, row 2: message" of each finding of a problem.
std::vector<std::string> found(const Collected& collected, SheetProblem problem) {
  std::vector<std::string> all;
  for (const SheetFinding& finding : collected.findings)
    if (finding.problem == problem)
      all.push_back((finding.error ? "error " : "warning ") + finding.where + ": " + finding.message);
  return all;
}

using Found = std::vector<std::string>;

// Exactly one finding of this problem, in which all parts occur.
void expect_one(const Collected& collected, SheetProblem problem, std::initializer_list<std::string> parts) {
  const Found all = found(collected, problem);
  ASSERT_EQ(all.size(), 1u) << name_of(problem) << (all.empty() ? "" : ": " + all[0]);
  for (const std::string& part : parts)
    EXPECT_NE(all[0].find(part), std::string::npos) << part << " is not in: " << all[0];
  EXPECT_EQ(collected.failed(), std::any_of(collected.findings.begin(), collected.findings.end(),
                                            [](const SheetFinding& f) { return f.error; }));
}

std::vector<std::string> rewrites_of(const Collected& collected) {
  std::vector<std::string> all;
  for (const CollectedRow& row : collected.rows) all.push_back(row.rewrite);
  return all;
}

// ---- the law ----

// Words that programs and formats are prone to change.
std::vector<SheetItem> odd_items() {
  const std::vector<std::string> words = {"=1+1",    "+1",     "-5",      "@home",        "007",      "1e5",
                                          "TRUE",    "'tis",   "\"so\"",  "a;b",          "a,b",      " two  spaces ",
                                          "_x0041_", "café",   "crÃ¨me",  "<b>&amp;</b>", "🙂🏽", "tab\there",
                                          "#NAME?",  "\u00A0", "e\u0301", "\u0001",       "\\n",      "x\u2028y"};
  std::vector<SheetItem> items;
  for (const std::string& word : words)
    items.push_back({items.size() + 1, prompt_of_icons({{word, IconType::kNoun, "p;q.png"}}),
                     "Say it (" + std::to_string(items.size()) + ").", ""});
  items.push_back(
      {items.size() + 1, "<human>: Another kind of prompt,\r\nwith \"lines\"\n<bot>:", "-5 degrees", "=note"});
  items.push_back({items.size() + 1, items[0].prompt, "Say it again.", ""});
  return items;
}

void expect_law(const std::vector<SheetItem>& items, const std::string& bytes, const std::string& name) {
  SheetFile file{name, read_spreadsheet(bytes, name, {})};
  Sheet& sheet = file.sheets[0];
  std::vector<SheetCell> rewrites;
  for (const SheetCell& cell : sheet.cells)
    if (cell.row > 1 && cell.column == kDraft + 1) rewrites.push_back({cell.row, kRewrite + 1, cell.text});
  sheet.cells.insert(sheet.cells.end(), rewrites.begin(), rewrites.end());
  const Collected collected = collect({file});
  EXPECT_FALSE(collected.failed());
  ASSERT_EQ(collected.rows.size(), items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    EXPECT_EQ(collected.rows[i].text(), items[i].prompt + " " + items[i].draft + "\n");
    EXPECT_EQ(collected.rows[i].note, items[i].note);
    EXPECT_EQ(collected.rows[i].number, items[i].number);
  }
}

TEST(Sheet, WhatGoesOutComesBack) {
  const auto items = odd_items();
  const Table table = sheet_of(items, nullptr, "For Ada");
  expect_law(items, csv_of(table), "a.csv");
  expect_law(items, xlsx_of(table), "a.xlsx");
}

TEST(Sheet, RowsOfTheData) {
  const auto items = items_of_rows(read_file(source_dir() / "data/aac-504.jsonl"), "aac-504.jsonl");
  EXPECT_EQ(items.size(), 504u);
  expect_law(items, csv_of(sheet_of(items, nullptr, "")), "a.csv");
}

// As LibreOffice saves a sheet of ours that was filled in; tests/goldens/sheets/make_sheets.py typed.
TEST(Sheet, SheetsFromLibreOffice) {
  const auto folder = goldens_dir() / "sheets";
  const auto items = items_of_rows(read_file(folder / "drafts.jsonl"), "drafts.jsonl");
  ASSERT_EQ(items.size(), 7u);
  for (const std::string name : {"sent.xlsx", "libreoffice.xlsx", "libreoffice.ods", "libreoffice.csv",
                                 "libreoffice-semicolon.csv", "libreoffice-tab-utf16.csv", "libreoffice-1252.csv"}) {
    SCOPED_TRACE(name);
    std::string warnings;
    const auto sheets =
        read_spreadsheet(read_file(folder / name), name, [&](const std::string& text) { warnings += text; });
    const bool filled = name != "sent.xlsx", comments = name == "libreoffice.xlsx" || name == "libreoffice.ods",
               emoji = name != "libreoffice-1252.csv";
    EXPECT_EQ(warnings.empty(), emoji) << warnings;
    for (const auto* original : {&items, static_cast<const std::vector<SheetItem>*>(nullptr)}) {
      const Collected collected = collect({{name, sheets}}, original, {.missing = MissingRewrite::kDraft});
      EXPECT_FALSE(collected.failed());
      Found texts = {"I am tired.", "Mum will cook soup.",     "Do you like crème brûlée?",
                     "=1+1 is 2.",  "The dog does not sleep.", "Goodbye.",
                     "Goodbye!"};
      if (filled)
        texts = {"I'm knackered, me",
                 "Mum's cooking us her soup, lovely!",
                 emoji ? "Fancy a crème brûlée? 🍮" : "Fancy a crème brûlée? ?",
                 "=1+1 is 2, everybody knows that",
                 "“That dog’s not asleep”",
                 "Goodbye.",
                 "007"};
      EXPECT_EQ(rewrites_of(collected), texts);
      for (std::size_t i = 0; i < collected.rows.size() && i < items.size(); ++i)
        EXPECT_EQ(collected.rows[i].prompt, items[i].prompt);
      Found notes;
      for (const CollectedRow& row : collected.notes) notes.push_back(std::to_string(row.number) + " " + row.note);
      EXPECT_EQ(notes, !filled    ? Found{}
                       : comments ? (Found{"2 Tomato soup?", "6 comment: Say it to whom?"})
                                  : Found{"2 Tomato soup?"});
    }
  }
}

// ---- rows to items ----

TEST(Sheet, ItemsOfEachKindOfRow) {
  const std::string prompt = prompt_with({{"I", IconType::kNoun}}), quoted = nlohmann::json(prompt).dump(),
                    whole = nlohmann::json(prompt + " It's me.\n").dump();
  const std::string content = "{\"text\":" + whole + "}\n\n{\"text\":" + quoted +
                              ",\"note\":\"hm\"}\n{\"prompt\":" + quoted + "}\n{\"prompt\":" + quoted +
                              ",\"completion\":\" Me.\\n\"}\n{\"prompt\":" + quoted + ",\"text\":\" Only me.\\n\"}\n";
  EXPECT_EQ(items_of_rows(content, "f"), (std::vector<SheetItem>{{1, prompt, "It's me.", ""},
                                                                 {2, prompt, "", "hm"},
                                                                 {3, prompt, "", ""},
                                                                 {4, prompt, "Me.", ""},
                                                                 {5, prompt, "Only me.", ""}}));
  expect_fails([] { items_of_rows("{\"text\":\"a\\n<bot>: b\"}\n{\"text\":\"no marker\"}\n", "f"); },
               {"f:2:", "<bot>:"});
  expect_fails([] { items_of_rows("\n", "f"); }, {"no rows"});
}

TEST(Sheet, ItemsBecomeRowsAndBack) {
  auto items = three();
  items[1].note = "said \"aloud\"";
  EXPECT_EQ(items_of_rows(rows_of_items(items), "f"), items);
}

TEST(Sheet, IconsAreReadable) {
  const Lexicon lexicon({{{"run", IconType::kVerb, "run.png"}, "actions", "🏃", {}, false},
                         {{"I", IconType::kNoun, "i.png"}, "people", "", {}, false}});
  EXPECT_EQ(readable_icons(prompt_with({{"I", IconType::kNoun}, {"run", IconType::kVerb}, {"crÃ¨me", IconType::kNoun}}),
                           &lexicon),
            "I · 🏃 run · crème");
  EXPECT_EQ(readable_icons("<human>: Say  it\n<bot>:", nullptr), "Say  it");
}

TEST(Sheet, OnlyRewriteAndNoteAreTypedIn) {
  std::string typed, hidden;
  for (const TableColumn& column : sheet_of(three(), nullptr, "").columns)
    (column.typed_in ? typed
     : column.hidden ? hidden
                     : typed.append("")) += column.typed_in || column.hidden ? column.header + "; " : "";
  EXPECT_EQ(typed, "Rewrite; Note; ");
  EXPECT_EQ(hidden, "Prompt (do not edit); Check (do not edit); ");
}

// ---- columns ----

TEST(Collect, ColumnsByTheirNames) {
  Written sheet(three(), {"I'll run!", "I'm off.", "Big dog!"});
  for (auto& row : sheet.rows) {
    std::swap(row[kRewrite], row[kCheck]);
    row.insert(row.begin() + 2, "");
  }
  sheet.rows[0][2] = "Mood";
  sheet.rows[2][2] = "cross";
  sheet.rows[0][kDraft + 1] = "DRAFT ";
  sheet.rows[0][0] = "no.";
  sheet.rows.insert(sheet.rows.begin(), {"Sentences for Ada"});
  const Collected collected = collect({sheet.file()});
  EXPECT_FALSE(collected.failed());
  EXPECT_EQ(rewrites_of(collected), (Found{"I'll run!", "I'm off.", "Big dog!"}));
  EXPECT_EQ(collected.rows[1].note, "Mood: cross");
  const Found extra = found(collected, SheetProblem::kExtra);
  ASSERT_EQ(extra.size(), 2u);
  EXPECT_EQ(extra[0], "warning a.xlsx, row 1: above the header, left out: \"Sentences for Ada\"");
  EXPECT_EQ(extra[1], "warning a.xlsx: what stands in the column \"Mood\" is added to the notes");
}

TEST(Collect, ASheetWithoutItsColumnsIsRefused) {
  SheetFile file{"b.csv", {{"", false, {{1, 1, "name"}, {1, 2, "age"}}, {}}}};
  expect_fails([&] { collect({file}); }, {"b.csv", "\"Rewrite\"", "\"name\", \"age\""});
}

TEST(Collect, SheetsOfAWorkbook) {
  SheetFile file = Written(three(), {"", "Off I go.", ""}).file();
  Sheet copy = Written(three(), {"I run and run.", "", ""}).file().sheets[0], hidden = file.sheets[0];
  copy.name = "Copy";
  hidden.name = "Old", hidden.hidden = true;
  file.sheets.insert(file.sheets.begin(),
                     {{"How to", false, {{1, 1, "x"}}, {}}, {"Scratch", false, {{1, 1, "x"}}, {}}, hidden});
  file.sheets.push_back(copy);
  const Collected collected = collect({file});
  EXPECT_EQ(rewrites_of(collected), (Found{"I run and run.", "Off I go."}));
  EXPECT_EQ(collected.rows[0].where, "a.xlsx, sheet \"Copy\", row 2");
  expect_one(collected, SheetProblem::kNotRead, {"\"Old\" is hidden"});
  expect_one(collected, SheetProblem::kExtra, {"\"Scratch\""});
}

// ---- missing ----

TEST(Collect, MissingRewritesAreListed) {
  const Written sheet(three(), {"", "I'm off.", " \u00A0"});
  const Collected skipped = collect({sheet.file()});
  expect_one(skipped, SheetProblem::kMissing, {"warning a.xlsx, rows 2, 4: no rewrite; left out"});
  EXPECT_EQ(rewrites_of(skipped), Found{"I'm off."});
  EXPECT_EQ(skipped.missing, (std::vector<std::size_t>{1, 3}));
  EXPECT_TRUE(collect({sheet.file()}, nullptr, {.missing = MissingRewrite::kError}).failed());
  EXPECT_EQ(rewrites_of(collect({sheet.file()}, nullptr, {.missing = MissingRewrite::kDraft})),
            (Found{"I run.", "I'm off.", "The dog is big."}));
}

TEST(Collect, WhatNoSheetHasIsTold) {
  const auto items = three();
  Written sheet(items, {"Off!", "", ""});
  sheet.rows.resize(2);
  const Collected collected = collect({sheet.file()}, &items);
  expect_one(collected, SheetProblem::kMissing, {"warning no sheet: has the original's rows 2, 3"});
  EXPECT_EQ(rewrites_of(collect({sheet.file()}, &items, {.missing = MissingRewrite::kDraft})),
            (Found{"Off!", "I am running.", "The dog is big."}));
}

TEST(Collect, NoDraftToTake) {
  Written sheet({{1, prompt_with({{"I", IconType::kNoun}}), "", ""}});
  const Collected collected = collect({sheet.file()}, nullptr, {.missing = MissingRewrite::kDraft});
  EXPECT_TRUE(collected.failed());
  EXPECT_EQ(found(collected, SheetProblem::kMissing)[0], "error a.xlsx, row 2: neither rewrite nor draft");
}

// ---- edits ----

TEST(Collect, EditsOfPromptNumberAndCheckAreNoticed) {
  const auto items = three();
  const std::vector<std::pair<std::function<void(Written&)>, std::string>> edits = {
      {[](Written& s) { s.at(3, kPrompt).replace(s.at(3, kPrompt).find("run"), 3, "walk"); },
       "the prompt or the number was changed"},
      {[](Written& s) { s.at(3, kPrompt).pop_back(); }, "no whole text"},
      {[](Written& s) { s.at(3, kNumber) = "7"; }, "the prompt or the number was changed"},
      {[](Written& s) { s.at(3, kNumber) = "two"; }, "the number was changed to \"two\""},
      {[](Written& s) { s.at(3, kCheck) = ""; }, "check word is missing"},
      {[](Written& s) { s.at(3, kCheck)[12] = 'x'; }, "check word was changed"},
      {[](Written& s) { s.at(3, kPrompt) = s.at(4, kPrompt); }, "the prompt or the number was changed"},
  };
  for (const auto& [edit, message] : edits)
    for (const bool with_original : {false, true}) {
      Written sheet(items, {"Off!", "I'm off.", "Big dog!"});
      edit(sheet);
      const Collected collected = collect({sheet.file()}, with_original ? &items : nullptr);
      expect_one(collected, SheetProblem::kEdited, {"error a.xlsx, row 3: ", message, "\"I'm off.\""});
      EXPECT_TRUE(collected.failed());
    }
}

TEST(Collect, WhatProgramsDoToSpaceIsUndone) {
  const auto items = three();
  Written sheet(items, {"Off!", "I'm off.", "Big dog!"});
  for (std::size_t row = 2; row <= 4; ++row) {
    std::string& cell = sheet.at(row, kPrompt);
    cell = items[row - 2].prompt;
    if (row == 2) std::replace(cell.begin(), cell.end(), '\n', ' ');
    for (std::size_t at = 0; row == 3 && (at = cell.find('\n', at)) != cell.npos; at += 2) cell.replace(at, 1, "\r\n");
    for (std::size_t at; row == 4 && (at = cell.find("  ")) != cell.npos;) cell.erase(at, 1);
  }
  // Without its lines, the first is no prompt of icons any more, and needs the original.
  const Collected collected = collect({sheet.file()}, &items);
  EXPECT_FALSE(collected.failed());
  ASSERT_EQ(collected.rows.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(collected.rows[i].prompt, items[i].prompt);
}

TEST(Collect, WithoutACheckTheOriginalDecides) {
  const auto items = three();
  Written sheet(items, {"Off!", "I'm off.", "Big dog!"});
  for (auto& row : sheet.rows) row.resize(kCheck);
  const Collected alone = collect({sheet.file()});
  EXPECT_EQ(rewrites_of(alone).size(), 3u);
  expect_one(alone, SheetProblem::kEdited, {"warning a.xlsx", "no column \"Check\""});
  sheet.at(4, kPrompt).replace(sheet.at(4, kPrompt).find("dog"), 3, "cat");
  const Collected compared = collect({sheet.file()}, &items);
  EXPECT_EQ(
      found(compared, SheetProblem::kEdited)[0],
      "error a.xlsx, row 4: the prompt is not the original's; number 3 was: dog · big; the rewrite is \"Big dog!\"");
  for (auto& row : sheet.rows) row.resize(kPrompt);
  EXPECT_EQ(rewrites_of(collect({sheet.file()}, &items)), (Found{"Off!", "I'm off.", "Big dog!"}));
  EXPECT_TRUE(collect({sheet.file()}).failed());
}

TEST(Collect, ADraftThatWasTypedOverIsNotLost) {
  Written sheet(three(), {"Off!", "", "Big dog!"});
  sheet.at(3, kDraft) = "I'm running, I am!";
  sheet.at(4, kDraft) = "Dog.";
  const Found edited = found(collect({sheet.file()}), SheetProblem::kDraftEdited);
  ASSERT_EQ(edited.size(), 2u);
  EXPECT_TRUE(edited[0].starts_with(
      "error a.xlsx, row 3: the draft was changed to \"I'm running, I am!\", but there is no rewrite"))
      << edited[0];
  EXPECT_EQ(edited[1], "warning a.xlsx, row 4: the draft was changed to \"Dog.\"");
}

TEST(Collect, RowsThatBelongNowhereAreReported) {
  const auto items = three();
  Written sheet(items, {"Off!", "I'm off.", "Big dog!"});
  sheet.rows.push_back({"", "", "", "A new one.", "", "", ""});
  sheet.rows.push_back({"", "", "", "", "Thanks!", "", ""});
  const Collected collected = collect({sheet.file()});
  expect_one(collected, SheetProblem::kUnknown, {"error a.xlsx, row 5", "\"A new one.\""});
  expect_one(collected, SheetProblem::kExtra, {"warning a.xlsx, row 6", "\"Thanks!\""});

  const std::vector<SheetItem> fewer(items.begin(), items.begin() + 2);
  const Collected other = collect({Written(items, {"Off!", "I'm off.", "Big dog!"}).file()}, &fewer);
  expect_one(other, SheetProblem::kUnknown, {"error a.xlsx, row 4", "dog · big", "\"Big dog!\""});
}

// ---- several rows for one item ----

TEST(Collect, PartialSheetsMerge) {
  const auto items = three();
  Written first(items, {"Off!", "", ""}), second(items, {"Off!", "I'm off.", ""}), third(items, {"", "", "Big dog!"});
  first.at(2, kNote) = "sure", second.at(2, kNote) = "quite", third.at(2, kNote) = "sure";
  std::swap(third.rows[1], third.rows[3]);
  const Collected collected = collect({third.file("c"), first.file("a"), second.file("b")});
  EXPECT_EQ(rewrites_of(collected), (Found{"Off!", "I'm off.", "Big dog!"}));
  EXPECT_EQ(collected.rows[0].note, "sure | quite");
  EXPECT_TRUE(found(collected, SheetProblem::kMissing).empty());
  EXPECT_EQ(collected.items, 3u);
}

TEST(Collect, ConflictsNameBoth) {
  const auto items = three();
  const std::vector<SheetFile> files = {Written(items, {"Off!", "", ""}).file("a"),
                                        Written(items, {"I dash.", "I'm off.", ""}).file("b")};
  const Collected collected = collect(files);
  expect_one(collected, SheetProblem::kConflict,
             {"error b, row 2", "\"I dash.\", but a, row 2 has \"Off!\"", "I · run"});
  EXPECT_EQ(rewrites_of(collect(files, nullptr, {.conflicts = Conflict::kBoth})),
            (Found{"Off!", "I dash.", "I'm off."}));
  EXPECT_EQ(rewrites_of(collect(files, nullptr, {.conflicts = Conflict::kFirst})), (Found{"Off!", "I'm off."}));
  EXPECT_EQ(rewrites_of(collect(files, nullptr, {.conflicts = Conflict::kLast})), (Found{"I dash.", "I'm off."}));

  Written copied(items, {"Off!", "I'm off.", "Big dog!"});
  copied.rows.push_back(copied.rows[3]);
  copied.rows[4][kRewrite] = "What a dog!";
  expect_one(collect({copied.file()}), SheetProblem::kConflict, {"error a.xlsx, row 5", "a.xlsx, row 4"});
}

// Two drafts with the same icons are two items in one sheet; in sheets of different drafts they are one.
TEST(Collect, TheSamePromptInDifferentSheets) {
  auto items = three();
  EXPECT_EQ(collect({Written(items, {"Off!", "I'm off.", ""}).file()}).rows.size(), 2u);
  std::vector<SheetItem> others = {{1, items[2].prompt, "A big dog.", ""}, {2, items[0].prompt, "I ran.", ""}};
  const auto files = [&](const std::string& dog) {
    return std::vector<SheetFile>{Written(items, {"Off!", "I'm off.", "Big dog!"}).file("a"),
                                  Written(others, {dog, "Off!"}).file("b")};
  };
  const Collected same = collect(files("Big dog!"));
  EXPECT_FALSE(same.failed());
  EXPECT_EQ(rewrites_of(same), (Found{"Off!", "I'm off.", "Big dog!"}));
  expect_one(collect(files("That dog!")), SheetProblem::kConflict, {"error b, row 2", "a, row 4"});
}

TEST(Collect, RowsComeInTheOrderOfTheOriginal) {
  const auto items = three();
  Written sheet(items, {"one: I run", "two: I run", "three: a big dog"});
  std::reverse(sheet.rows.begin() + 1, sheet.rows.end());
  for (const auto* original : {&items, static_cast<const std::vector<SheetItem>*>(nullptr)})
    EXPECT_EQ(rewrites_of(collect({sheet.file()}, original)), (Found{"one: I run", "two: I run", "three: a big dog"}));
}

// ---- sentences ----

Collected with_rewrite(const std::string& text) {
  return collect({Written(three(), {"Off!", text, "Big dog!"}).file()});
}

TEST(Collect, IconsLeftOut) {
  Written sheet(
      {{1, prompt_with({{"dog", IconType::kNoun}, {"run", IconType::kVerb}, {"dot", IconType::kDot}}), "", ""}},
      {"My dogs ran off"});
  EXPECT_TRUE(found(collect({sheet.file()}), SheetProblem::kLeftOut).empty());
  sheet.at(2, kRewrite) = "My cats ran off";
  expect_one(collect({sheet.file()}), SheetProblem::kLeftOut,
             {"warning a.xlsx, row 2: dog: not in \"My cats ran off\""});
}

TEST(Collect, WrongEncodings) {
  expect_one(with_rewrite("I run to the cafÃ©, it’s fine"), SheetProblem::kEncoding,
             {"error a.xlsx, row 3", "\"I run to the café, it’s fine\""});
  expect_one(with_rewrite("I donâ€™t run"), SheetProblem::kEncoding, {"\"I don’t run\""});
  expect_one(with_rewrite("I run ðŸ™‚"), SheetProblem::kEncoding, {"\"I run 🙂\""});
  expect_one(with_rewrite("I run to the caf\uFFFD"), SheetProblem::kEncoding, {"letters are lost"});
  for (const std::string fine : {"I run to the café’s “CAFÉ”", "Ângela and I run", "I run 🏃‍♀️ – niño"})
    EXPECT_FALSE(with_rewrite(fine).failed()) << fine;
}

// The icons' column is known: where it shows letters or points of another code page, the rewrites do, too.
TEST(Collect, IconsTellAWrongCodePage) {
  const auto with_icons = [](const std::string& icons, const std::string& rewrite) {
    Written sheet(three(), {"Off!", rewrite, "Big dog!"});
    sheet.at(2, kIcons) = icons;
    return collect({sheet.file()});
  };
  for (const std::string icons : {"I ˙ run", "I ú run", "I ? run", "I ÅE run", "I run"})
    expect_one(with_icons(icons, "I run to the cafÇ"), SheetProblem::kEncoding,
               {"error a.xlsx, row 3", "\"I run to the cafÇ\"", "the icons of row 2", icons});
  EXPECT_FALSE(with_icons("I ˙ run", "I run off").failed());  // nothing that could be wrong
  EXPECT_FALSE(with_icons("🙂 I · 🏃 run", "I run to the café").failed());
  EXPECT_FALSE(with_icons("? I · ? run", "I run to the café").failed());
  EXPECT_FALSE(with_icons("me and walk", "I run to the café").failed());  // typed over
}

TEST(Collect, FormulasAndMarkers) {
  for (const std::string shown : {"#NAME?", "Err:508", "#VALUE!"})
    expect_one(with_rewrite(shown), SheetProblem::kFormula, {"error a.xlsx, row 3", shown});
  expect_one(with_rewrite("I run <bot>: and run"), SheetProblem::kMarker, {"error a.xlsx, row 3", "<bot>:"});
  EXPECT_EQ(rewrites_of(with_rewrite("=I run="))[1], "=I run=");
}

TEST(Collect, OddCharactersAreReplacedWithAWord) {
  const Collected collected = with_rewrite(" I\u00A0run,\r\n  fast\u200B\tand\u0007  far \n");
  EXPECT_EQ(rewrites_of(collected)[1], "I run, fast and  far");
  expect_one(collected, SheetProblem::kNormalised,
             {"warning a.xlsx, row 3: a line break, a tab, a no-break space, an invisible character, a control "
              "character in \"I run, fast"});
  EXPECT_TRUE(found(with_rewrite("I run  far. 👩‍🚀"), SheetProblem::kNormalised).empty());
}

TEST(Collect, TheDraftAgain) {
  expect_one(with_rewrite("I am running. "), SheetProblem::kSameAsDraft, {"warning a.xlsx, row 3"});
}

TEST(Collect, CurlyQuotes) {
  const auto with = [](bool straight) {
    return collect({Written(three(), {"“I’m off,” he said", "I'm off.", "‘Big’ dog!"}).file()}, nullptr,
                   {.straight_quotes = straight});
  };
  EXPECT_EQ(rewrites_of(with(false)), (Found{"“I’m off,” he said", "I'm off.", "‘Big’ dog!"}));
  EXPECT_EQ(rewrites_of(with(true)), (Found{"\"I'm off,\" he said", "I'm off.", "'Big' dog!"}));
  for (const bool straight : {false, true})
    expect_one(with(straight), SheetProblem::kQuotes, {"warning a.xlsx, rows 2, 4"});
}

TEST(Collect, CommentsAndNotesOfItemsWithoutARewriteAreKept) {
  Written sheet(three(), {"Off!", "", "Big dog!"});
  sheet.at(3, kNote) = "What is meant?";
  SheetFile file = sheet.file();
  file.sheets[0].comments = {{3, 2, "Who?"}, {9, 9, "Hello"}};
  const Collected collected = collect({file});
  ASSERT_EQ(collected.notes.size(), 1u);
  EXPECT_EQ(collected.notes[0].note, "What is meant? | comment: Who?");
  EXPECT_EQ(collected.notes[0].number, 2u);
  expect_one(collected, SheetProblem::kExtra, {"a.xlsx, row 9", "\"Hello\""});
}

}  // namespace
}  // namespace aacft::testing
