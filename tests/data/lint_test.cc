// Rows with planted faults, and data whose figures are known.
#include "aacft/data/lint.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/base/random.h"
#include "formats/support.h"
#include "support/paths.h"

namespace aacft::testing {
namespace {

using nlohmann::json;
using Lines = std::vector<std::size_t>;

const std::string kHead = "<human>: Simulate an AAC communicator given the following icon input: \n";

std::string icon(const std::string& word) { return "* { " + word + " ; NOUN ; " + word + ".png }"; }

// A row like all others; what it says depends on n.
std::string good_text(int n) {
  static const char* const kThings[] = {"tea",    "milk",  "bread",   "apple",  "train",  "garden",
                                        "doctor", "music", "blanket", "window", "sister", "winter"};
  const std::string first = kThings[n % 12], second = kThings[(n / 12 + n) % 12] + std::to_string(n);
  return kHead + icon(first) + "  \n" + icon(second) + " \n<bot>: My " + first + " is near the " + second + "\n";
}

std::string line_of(const std::string& text) { return json{{"text", text}}.dump() + "\n"; }

std::string good_rows(int count) {
  std::string content;
  for (int i = 0; i < count; ++i) content += line_of(good_text(i));
  return content;
}

LintReport lint_text(const std::string& content, const LintOptions& options = {},
                     const std::optional<std::string>& eval = {}) {
  return lint({"rows.jsonl", content}, eval ? std::optional<LintInput>({"eval.jsonl", *eval}) : std::nullopt, options);
}

std::vector<Finding> of_kind(const LintReport& report, const std::string& kind) {
  std::vector<Finding> found;
  for (const Finding& finding : report.findings)
    if (finding.kind->name == kind) found.push_back(finding);
  return found;
}

std::set<std::string> kinds_of(const LintReport& report) {
  std::set<std::string> kinds;
  for (const Finding& finding : report.findings) kinds.insert(finding.kind->name);
  return kinds;
}

using Kinds = std::set<std::string>;

std::string all_of(const LintReport& report) {
  std::string text;
  for (const Finding& f : report.findings)
    text += std::string(f.kind->name) + " " + std::to_string(f.place.line) + ": " + f.message + "\n";
  return text;
}

// Twenty good rows, and one more on line 21 with a fault: exactly this kind is found, on that line.
Finding planted(const std::string& row, const std::string& kind, const LintOptions& options = {}) {
  const LintReport report = lint_text(good_rows(20) + row + "\n", options);
  EXPECT_EQ(kinds_of(report), Kinds{kind}) << all_of(report);
  const auto found = of_kind(report, kind);
  EXPECT_EQ(found.size(), 1u);
  if (found.empty()) return {};
  EXPECT_EQ(found[0].place.line, 21u);
  return found[0];
}

Finding planted_text(const std::string& text, const std::string& kind, const LintOptions& options = {}) {
  return planted(line_of(text), kind, options);
}

void expect_says(const Finding& finding, std::initializer_list<std::string> parts) {
  for (const std::string& part : parts)
    EXPECT_NE(finding.message.find(part), std::string::npos) << "\"" << part << "\" is not in: " << finding.message;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, text.npos);
  return text.replace(at, from.size(), to);
}

TEST(Lint, GoodRowsHaveNoFindings) {
  const LintReport report = lint_text(good_rows(40));
  EXPECT_EQ(all_of(report), "");
  EXPECT_EQ(report.unit, "words");
  EXPECT_EQ(report.files.at(0).rows, 40u);
  EXPECT_EQ(report.files.at(0).shapes, (std::map<std::string, std::size_t>{{"text", 40}}));
  EXPECT_EQ(report.count(Severity::kError) + report.count(Severity::kWarning) + report.count(Severity::kInfo), 0u);
}

TEST(Lint, LinesThatCannotBeRead) {
  expect_says(planted("{\"text\": \"a", "not-json"), {"column"});
  planted("[1]", "not-json");
  expect_says(planted("{\"text\": \"caf\xE9\"}", "not-utf8"), {"0xE9", "byte 13"});
  expect_says(planted("{\"instruction\": \"a\", \"output\": \"b\"}", "wrong-keys"),
              {"\"text\"", "\"instruction\", \"output\""});
  expect_says(planted("{\"text\": 5}", "wrong-keys"), {"string"});
  planted("{\"text\": \"\"}", "wrong-keys");
  const LintReport report = lint_text("\n\nnonsense\n");
  EXPECT_EQ(kinds_of(report), (Kinds{"no-rows", "not-json"}));
  EXPECT_EQ(of_kind(report, "not-json")[0].place.line, 3u);
  EXPECT_EQ(report.files[0].unreadable, 1u);
  EXPECT_EQ(kinds_of(lint_text("")), Kinds{"no-rows"});
}

TEST(Lint, Keys) {
  expect_says(planted(json{{"text", good_text(99)}, {"id", 1}}.dump(), "unused-keys"), {"\"id\""});
  expect_says(planted(json{{"text", good_text(99)}, {"prompt", "x"}}.dump(), "ambiguous-keys"),
              {"{text}", "\"prompt\""});
}

TEST(Lint, Markers) {
  planted_text(kHead + icon("bus") + " \n<Bot> The bus is late\n", "no-marker");
  planted_text(replaced(good_text(99), "<bot>:", "<bot>: x\n<bot>:"), "several-markers");
  planted_text(kHead + icon("bus") + " \n<bot>:\n", "no-answer");
  planted_text(kHead + icon("bus") + " \n<bot>:", "no-answer");
  planted_text(good_text(99) + "<human>: and now?\n", "unanswered-turn");
  planted_text(replaced(good_text(99), "is near", "is\nnear"), "several-lines");
  // Texts of another sort are not told to have one.
  std::string plain;
  for (int i = 0; i < 30; ++i) plain += line_of("once upon a time number " + std::to_string(i) + " came along");
  EXPECT_EQ(kinds_of(lint_text(plain)), Kinds{"plain-text"});
  LintOptions options;
  options.response_marker = "Answer:";
  std::string own;
  for (int i = 0; i < 30; ++i)
    own += line_of("Question: " + std::to_string(i) + "?\nAnswer: It is " + std::to_string(i * i) + "\n");
  EXPECT_EQ(all_of(lint_text(own, options)), "");
}

TEST(Lint, Endings) {
  std::string text = good_text(99);
  text.pop_back();
  expect_says(planted_text(text, "no-end-marker"), {"no white space", "20 of 21 end in \"\\n\""});
  expect_says(planted_text(text + " \n", "ending"), {"\" \\n\""});
  // Nothing ends in a newline: fine, as long as an end-of-text token is appended.
  std::string bare;
  for (int i = 0; i < 20; ++i) bare += line_of(good_text(i).substr(0, good_text(i).size() - 1));
  EXPECT_EQ(all_of(lint_text(bare)), "");
  LintOptions options;
  options.append_eos = false;
  EXPECT_EQ(kinds_of(lint_text(bare, options)), Kinds{"never-ends"});
  std::string spaced;
  for (int i = 0; i < 20; ++i) spaced += line_of(replaced(good_text(i) + "|", "\n|", " \n"));
  EXPECT_EQ(kinds_of(lint_text(spaced)), Kinds{"trailing-space"});
}

TEST(Lint, Spacing) {
  expect_says(planted_text(replaced(good_text(99), "}  \n", "} \n"), "spacing"),
              {"line 2", "\"* { _ ; _ ; _ } \"", "20 of 21", "\"* { _ ; _ ; _ }  \""});
  expect_says(planted_text(replaced(good_text(99), " \n<bot>", "\n<bot>"), "spacing"), {"line 3"});
  expect_says(planted_text(replaced(good_text(99), "input: \n", "input:\n"), "spacing"), {"line 1", "input:\""});
  expect_says(planted_text(replaced(good_text(99), "* { ", "*{"), "spacing"), {"line 2"});
  expect_says(planted_text(replaced(good_text(99), "<bot>: My", "<bot>:My"), "spacing"),
              {"the answer begins with \"\""});
  planted_text(replaced(good_text(99), "<bot>: My", "<bot>:  My"), "spacing");
  expect_says(planted_text(replaced(good_text(99), " ; NOUN", ""), "odd-prompt"), {"\"* { _ ; _ }  \""});
  planted_text(replaced(good_text(99), "Simulate", "Emulate"), "odd-prompt");
  // Icons of several words are icons.
  EXPECT_EQ(all_of(lint_text(good_rows(20) + line_of(replaced(good_text(99), " ; NOUN", " of the day ; NOUN")))), "");
  // Free texts have no usual spacing.
  std::string chat;
  for (int i = 0; i < 40; ++i)
    chat += line_of("<human>: item " + std::to_string(i) + (i % 3 ? ", please\nthanks; bye" : "\n* more?") +
                    "\n<bot>: Yes, number " + std::to_string(i * 7) + "\n");
  EXPECT_EQ(of_kind(lint_text(chat), "spacing").size() + of_kind(lint_text(chat), "odd-prompt").size(), 0u)
      << all_of(lint_text(chat));
}

TEST(Lint, ShapesAndPromptEnds) {
  std::string rows;
  for (int i = 0; i < 20; ++i) {
    const std::string text = good_text(i);
    const std::size_t at = text.find("<bot>:") + 6;
    rows += json{{"prompt", text.substr(0, at)}, {"completion", text.substr(at)}}.dump() + "\n";
  }
  EXPECT_EQ(all_of(lint_text(rows)), "");
  const LintReport mixed = lint_text(rows + line_of(good_text(50)));
  EXPECT_EQ(kinds_of(mixed), Kinds{"mixed-shapes"});
  EXPECT_EQ(mixed.findings[0].message, "20 of {prompt, completion}, 1 of {text}");

  const std::string text = good_text(99);
  const std::size_t at = text.find("<bot>:") + 6;
  const LintReport spaced =
      lint_text(rows + json{{"prompt", text.substr(0, at) + " "}, {"completion", text.substr(at + 1)}}.dump());
  EXPECT_EQ(kinds_of(spaced), (Kinds{"prompt-end", "spacing"}));
  const LintReport unmarked = lint_text(rows + json{{"prompt", "a question"}, {"completion", " an answer\n"}}.dump());
  EXPECT_EQ(of_kind(unmarked, "no-marker").size(), 1u);
  EXPECT_EQ(kinds_of(lint_text(rows + json{{"prompt", text.substr(0, at)}, {"completion", ""}}.dump())),
            Kinds{"no-answer"});

  // Without any marker, the completion is the answer all the same.
  std::string pairs;
  for (int i = 0; i < 20; ++i)
    pairs += json{{"prompt", "How many are " + std::to_string(i) + "?"},
                  {"completion", " That many: " + std::to_string(i * 7) + "\n"}}
                 .dump() +
             "\n";
  EXPECT_EQ(all_of(lint_text(pairs)), "");
  EXPECT_EQ(kinds_of(lint_text(pairs + json{{"prompt", "And?"}, {"completion", "\n"}}.dump())), Kinds{"no-answer"});

  const json turn = {
      {"messages", {{{"role", "user"}, {"content", "How is tea?"}}, {{"role", "assistant"}, {"content", "Hot"}}}}};
  EXPECT_EQ(all_of(lint_text(turn.dump())), "");
  const json silent = {{"messages", {{{"role", "user"}, {"content", "How is tea?"}}}}};
  EXPECT_EQ(kinds_of(lint_text(silent.dump())), Kinds{"no-answer"});
}

TEST(Lint, Characters) {
  const std::string nbsp = replaced(good_text(99), "is near", "is\u00a0near");
  const Finding found = planted_text(nbsp, "no-break-space");
  EXPECT_EQ(found.byte, nbsp.find("\u00a0"));
  EXPECT_EQ(found.code_points, "U+00A0");
  expect_says(found, {"U+00A0 at byte " + std::to_string(nbsp.find("\u00a0")), "is\"", "no-break space"});
  expect_says(planted_text(replaced(good_text(99), "is near", "is\tnear"), "control-character"), {"U+0009", "tab"});
  expect_says(planted_text(replaced(good_text(99), "is near", std::string("is\0near\r", 8)), "control-character"),
              {"U+0000", "and 1 more"});
  expect_says(planted_text(replaced(good_text(99), "is near", "is\u200b near"), "invisible-character"),
              {"U+200B", "zero-width space"});
  expect_says(planted_text(replaced(good_text(99), "is near", "caf\u00c3\u00a9 near"), "mojibake"),
              {"U+00C3 U+00A9", "\"\u00e9\" (U+00E9)"});
  expect_says(planted_text(replaced(good_text(99), "is near", "it\u00e2\u20ac\u2122s near"), "mojibake"),
              {"U+00E2 U+20AC U+2122", "\"\u2019\""});
  expect_says(planted_text(replaced(good_text(99), "is near", "\u00f0\u0178\u02dc\u20ac near"), "mojibake"),
              {"\"\U0001F600\""});
  expect_says(planted_text(replaced(good_text(99), "is near", "is \u00c2\u00a0near"), "mojibake"),
              {"U+00C2 U+00A0", "U+00A0"});
  expect_says(planted_text(replaced(good_text(99), "is near", "is \u00d0\u00b4\u00d0\u00b0"), "mojibake"),
              {"\"\u0434\""});
  expect_says(planted_text(replaced(good_text(99), "is near", "is \ufffd near"), "mojibake"), {"lost"});
  expect_says(planted_text(replaced(good_text(99), "is near", "is\\nnear"), "escaped-twice"), {"backslash"});
  // Well-formed texts of many sorts: nothing odd.
  for (const char* fine :
       {"caf\u00e9 \u00c0 la carte", "\u00abH\u00d4\u00bb", "\u2018so\u2019 \u2026 \u2013 \u20ac5",
        "\U0001F468\u200d\U0001F469\u200d\U0001F467 \u2764\ufe0f", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "N\u00c3O \u00c9 \u00c2NGULO", "\u65e5\u672c\u3000\u8a9e", "C:\\dir"})
    EXPECT_EQ(all_of(lint_text(good_rows(20) + line_of(replaced(good_text(99), "is near", fine)))), "") << fine;
}

TEST(Lint, Repeats) {
  const LintReport exact = lint_text(good_rows(20) + line_of(good_text(3)) + line_of(good_text(3)));
  ASSERT_EQ(kinds_of(exact), Kinds{"duplicate"}) << all_of(exact);
  ASSERT_EQ(exact.findings.size(), 2u);
  for (const Finding& finding : exact.findings) EXPECT_EQ(finding.other->line, 4u);
  EXPECT_EQ(exact.findings[1].message, "the same as line 4");

  const Finding prompt = planted_text(replaced(good_text(3), "is near", "sits by"), "same-prompt");
  EXPECT_EQ(prompt.other->line, 4u);
  const std::string long_text =
      kHead + icon("apple3") +
      " \n<bot>: one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen\n";
  const LintReport near = lint_text(good_rows(20) + line_of(long_text) +
                                    line_of(replaced(replaced(long_text, "seven", "SEVEN,"), "apple3 ;", "apple4 ;")));
  ASSERT_EQ(kinds_of(near), Kinds{"near-duplicate"}) << all_of(near);
  EXPECT_EQ(near.findings[0].place.line, 22u);
  EXPECT_EQ(near.findings[0].other->line, 21u);
  expect_says(near.findings[0], {"91 % of its words"});  // 21 of 23
}

TEST(Lint, Leaks) {
  const std::string eval = line_of(good_text(30)) + line_of(good_text(5)) +
                           line_of(replaced(good_text(6), "is near", "sits by")) +
                           line_of(replaced(good_text(7), "is near", "IS, near")) +
                           line_of(replaced(replaced(good_text(8), "}  \n", "}   \n"), "My", "my"));
  const LintReport report = lint_text(good_rows(20), {}, eval);
  const auto lines = [&](const char* kind) {
    std::vector<std::pair<std::size_t, std::size_t>> found;
    for (const Finding& finding : of_kind(report, kind)) {
      EXPECT_EQ(finding.place.file, 1u);
      EXPECT_EQ(finding.other->file, 0u);
      found.emplace_back(finding.place.line, finding.other->line);
    }
    return found;
  };
  using Pairs = std::vector<std::pair<std::size_t, std::size_t>>;
  EXPECT_EQ(lines("leak"), (Pairs{{2, 6}}));
  EXPECT_EQ(lines("leak-prompt"), (Pairs{{3, 7}, {4, 8}}));
  EXPECT_EQ(lines("leak-near"), (Pairs{{5, 9}}));
  EXPECT_EQ(kinds_of(report), (Kinds{"leak", "leak-prompt", "leak-near", "spacing"})) << all_of(report);
  expect_says(of_kind(report, "leak")[0], {"rows.jsonl:6"});
  EXPECT_EQ(report.files.at(1).name, "eval.jsonl");
  EXPECT_EQ(report.files.at(1).rows, 5u);
  // A row twice in the evaluation alone is a duplicate there.
  const LintReport twice = lint_text(good_rows(20), {}, line_of(good_text(30)) + line_of(good_text(30)));
  EXPECT_EQ(kinds_of(twice), Kinds{"duplicate"});
}

TEST(Lint, OddLengths) {
  std::string many;
  for (int i = 0; i < 90; ++i) many += " word" + std::to_string(i);
  expect_says(planted_text(replaced(good_text(99), " is near", many), "odd-length"), {"the answer has", "or fewer"});
  planted_text(replaced(good_text(99), good_text(99).substr(good_text(99).find("<bot>: ") + 7), "No\n"), "odd-length");
}

TEST(Lint, LengthsAreWhatTheyAre) {
  const Lengths none = lengths_of({});
  EXPECT_EQ(none.count, 0);
  EXPECT_TRUE(none.bins.empty());
  const Lengths four = lengths_of({4, 1, 2, 40});
  EXPECT_EQ(four.count, 4);
  EXPECT_EQ(four.total, 47);
  EXPECT_EQ(four.min, 1);
  EXPECT_EQ(four.max, 40);
  EXPECT_DOUBLE_EQ(four.mean, 11.75);
  EXPECT_DOUBLE_EQ(four.median, 3);
  EXPECT_EQ(four.p95, 40);
  EXPECT_EQ(four.bin_width, 5);
  EXPECT_EQ(four.bins, (std::vector<std::int64_t>{3, 0, 0, 0, 0, 0, 0, 0, 1}));
  std::vector<std::int64_t> hundred;
  for (int i = 100; i >= 1; --i) hundred.push_back(i);
  EXPECT_EQ(lengths_of(hundred).p95, 95);
  // Every length is in the bin that says so, and 12 are enough.
  const RandomStream random(5, Purpose::kShuffle);
  for (std::uint64_t trial = 0; trial < 300; ++trial) {
    std::vector<std::int64_t> values;
    for (std::uint64_t i = 0; i < 1 + trial % 40; ++i)
      values.push_back(static_cast<std::int64_t>(random.bits(trial * 64 + i) >> (trial % 32)));
    const Lengths lengths = lengths_of(values);
    ASSERT_LE(lengths.bins.size(), 12u);
    std::vector<std::int64_t> counts(lengths.bins.size());
    for (const std::int64_t value : values) {
      ASSERT_GE(value, lengths.bin_from);
      ++counts.at(static_cast<std::size_t>((value - lengths.bin_from) / lengths.bin_width));
    }
    EXPECT_EQ(counts, lengths.bins);
    EXPECT_GT(lengths.bins.front(), 0);
    EXPECT_GT(lengths.bins.back(), 0);
  }
}

TEST(Lint, TokensAndTheContext) {
  const auto tokenizer = load_tokenizer(goldens_dir() / "tokenizer");
  LintOptions options;
  options.tokenizer = tokenizer.get();
  std::int64_t total = 0, longest = 0;
  for (int i = 0; i < 20; ++i) {
    const auto length = static_cast<std::int64_t>(tokenizer->encode(good_text(i)).size());
    total += length, longest = std::max(longest, length);
  }
  const LintReport report = lint_text(good_rows(20), options);
  EXPECT_EQ(report.unit, "tokens");
  EXPECT_EQ(report.files[0].row.total, total);
  EXPECT_EQ(report.files[0].row.max, longest);
  EXPECT_LT(report.files[0].answer.total, total / 2);
  options.context = longest;  // no room for the end of the text
  EXPECT_GE(of_kind(lint_text(good_rows(20), options), "too-long").size(), 1u);
  options.append_eos = false;
  EXPECT_EQ(all_of(lint_text(good_rows(20), options)), "");
  options.append_eos = true, options.context = longest + 1;
  EXPECT_EQ(all_of(lint_text(good_rows(20), options)), "");
}

TEST(Lint, FindingsComeInOrder) {
  const LintReport report = lint_text(line_of(good_text(0)) + good_rows(20) + "nonsense\n" + line_of(good_text(5)) +
                                      line_of(replaced(good_text(40), "is near", "is\u00a0near")));
  ASSERT_GE(report.findings.size(), 4u);
  for (std::size_t i = 1; i < report.findings.size(); ++i) {
    const Finding &a = report.findings[i - 1], &b = report.findings[i];
    EXPECT_LE(a.kind->severity, b.kind->severity);
    if (a.kind == b.kind) {
      EXPECT_LE(a.place.line, b.place.line);
    }
  }
  EXPECT_EQ(report.count(Severity::kError), 1u);
  EXPECT_EQ(report.count(Severity::kError) + report.count(Severity::kWarning) + report.count(Severity::kInfo),
            report.findings.size());
}

TEST(Lint, KindsAreSortedNamedOnceAndDocumented) {
  std::set<std::string> names;
  const std::string page = read_file(source_dir() / "docs/lint.md");
  for (std::size_t i = 0; i < lint_kinds().size(); ++i) {
    EXPECT_TRUE(names.insert(lint_kinds()[i].name).second) << lint_kinds()[i].name;
    EXPECT_NE(page.find("`" + std::string(lint_kinds()[i].name) + "`"), page.npos) << lint_kinds()[i].name;
    if (i > 0) {
      EXPECT_LE(lint_kinds()[i - 1].severity, lint_kinds()[i].severity) << lint_kinds()[i].name;
    }
  }
}

TEST(Lint, ImpossibleOptions) {
  LintOptions options;
  options.similarity = 0;
  expect_error([&] { lint_text("", options); }, {"similarity"});
  options = {};
  options.response_marker = "";
  expect_error([&] { lint_text("", options); }, {"marker"});
}

// Whatever the bytes are, there is a report: cut, flip and mix good rows.
TEST(Lint, DamagedFiles) {
  const std::string good = good_rows(6);
  const RandomStream random(11, Purpose::kShuffle);
  for (std::uint64_t trial = 0; trial < 400; ++trial) {
    std::string content = good.substr(0, random.bits(trial * 8) % good.size());
    for (std::uint64_t i = 1; i < 4 && !content.empty(); ++i)
      content[random.bits(trial * 8 + i) % content.size()] = static_cast<char>(random.bits(trial * 8 + i + 4));
    const LintReport report = lint_text(content, {}, content);
    std::size_t lines = 0;
    for (const Finding& finding : report.findings) lines = std::max(lines, finding.place.line);
    EXPECT_LE(lines, static_cast<std::size_t>(std::count(content.begin(), content.end(), '\n')) + 1);
  }
}

TEST(Lint, OurOwnRows) {
  const LintReport report = lint({"aac-504.jsonl", read_file(source_dir() / "data/aac-504.jsonl")}, {}, {});
  EXPECT_EQ(report.files[0].rows, 504u);
  EXPECT_EQ(report.files[0].row_characters.total, 115523);  // data/README.md
  EXPECT_EQ(kinds_of(report), Kinds{"same-prompt"}) << all_of(report);
  EXPECT_EQ(report.findings.size(), 1u);
}

TEST(Lint, TheRowsOfTheTalk) {
  const auto path = shared_dir() / "data/aac-504.jsonl";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no " << path;
  const auto tokenizer = load_tokenizer_file(shared_dir() / "data/20B_tokenizer.json");
  LintOptions options;
  options.tokenizer = tokenizer.get(), options.context = 204;
  const LintReport report = lint({"aac-504.jsonl", read_file(path)}, {}, options);
  const Lengths& row = report.files[0].row;
  EXPECT_EQ(row.count, 503);
  EXPECT_EQ(row.total, 43936);
  EXPECT_NEAR(row.mean, 87.3, 0.05);
  EXPECT_EQ(row.median, 82);
  EXPECT_EQ(row.min, 36);
  EXPECT_EQ(row.max, 204);
  EXPECT_EQ(of_kind(report, "too-long").size(), 1u);  // with the end of the text
  std::set<std::size_t> repeated;
  for (const Finding& finding : of_kind(report, "duplicate")) repeated.insert(finding.other->line);
  EXPECT_EQ(repeated.size(), 14u);
  const auto garbled = of_kind(report, "mojibake");
  ASSERT_EQ(garbled.size(), 1u);
  EXPECT_EQ(garbled[0].place.line, 145u);
  EXPECT_EQ(garbled[0].code_points, "U+00C2 U+00A0");
  EXPECT_EQ(kinds_of(report), (Kinds{"too-long", "duplicate", "mojibake", "near-duplicate", "same-prompt", "spacing"}))
      << all_of(report);
}

// ---- chat styles ----

LintOptions in_style(const char* name) {
  LintOptions options;
  options.chat_style = chat_style(name, {"<s>", "<|endoftext|>"});
  options.chat_pairs = true;
  return options;
}

std::string chat_row(const std::string& prompt, const std::string& answer) {
  return json{{"messages", {{{"role", "user"}, {"content", prompt}}, {{"role", "assistant"}, {"content", answer}}}}}
             .dump() +
         "\n";
}

std::string chat_rows() {
  std::string content;
  for (int i = 0; i < 40; ++i) {
    const std::string text = good_text(i);  // "...\n<bot>: My tea is near the milk1\n"
    const std::size_t bot = text.find("\n<bot>: ");
    content += chat_row(text.substr(9, bot - 9), text.substr(bot + 8, text.size() - bot - 9));
  }
  return content;
}

TEST(LintChats, GoodRowsHaveNoFindingsInAnyStyle) {
  const auto tokenizer = load_tokenizer_file(goldens_dir() / "tokenizer/tokenizer.json");
  for (const std::string& name : chat_style_names()) {
    if (name == "raw") continue;
    LintOptions options = in_style(name.c_str());
    EXPECT_EQ(all_of(lint_text(chat_rows(), options)), "") << name;
    options.append_eos = name == "openchatkit";  // a style has its own end
    options.tokenizer = tokenizer.get(), options.context = 100000;
    EXPECT_EQ(all_of(lint_text(chat_rows(), options)), "") << name;
  }
}

TEST(LintChats, Faults) {
  const LintOptions options = in_style("chatml");
  const auto fault = [&](const std::string& row, const std::string& kind) {
    const LintReport report = lint_text(chat_rows() + row, options);
    EXPECT_EQ(kinds_of(report), Kinds{kind}) << all_of(report);
    return of_kind(report, kind).empty() ? Finding() : of_kind(report, kind)[0];
  };
  const std::string head = kHead.substr(9), prompt = head + icon("tea") + "  \n" + icon("milk41") + " ";
  fault(chat_row(prompt, "  \n"), "no-answer");
  fault(json{{"messages", {{{"role", "user"}, {"content", prompt}}}}}.dump(), "no-answer");
  expect_says(fault(json{{"messages", {{{"role", "robot"}, {"content", prompt}}}}}.dump(), "wrong-keys"), {"robot"});
  expect_says(
      fault(chat_row(head + "* {tea ; NOUN ; tea.png }  \n" + icon("milk41") + " ", "My tea is near the milk41"),
            "spacing"),
      {"line 2"});
  expect_says(fault(chat_row(prompt, "My tea is near the milk41 \n").substr(0), "ending"), {"no white space"});
  fault(chat_row(prompt, "My tea is\nnear the milk41"), "several-lines");
}

TEST(LintChats, TheEndIsNoPartOfAnAnswer) {
  LintOptions options = in_style("zephyr");
  const auto tokenizer = load_tokenizer_file(goldens_dir() / "tokenizer/tokenizer.json");
  options.tokenizer = tokenizer.get();
  const auto tokens = [&](const std::string& text) {
    return static_cast<std::int64_t>(tokenizer->encode(text).size());
  };
  LintReport report = lint_text(chat_row("I want", "I am happy"), options);
  EXPECT_EQ(report.files[0].answer.total, tokens("I am happy"));
  EXPECT_EQ(report.files[0].answer_characters.total, 10);
  const std::int64_t all = tokens("<|user|>\nI want<|endoftext|>\n<|assistant|>\nI am happy<|endoftext|>\n");
  EXPECT_EQ(report.files[0].row.total, all);
  options.context = all;  // no end of text is appended
  EXPECT_EQ(of_kind(lint_text(chat_row("I want", "I am happy"), options), "too-long").size(), 0u);
  options.context = all - 1;
  EXPECT_EQ(of_kind(lint_text(chat_row("I want", "I am happy"), options), "too-long").size(), 1u);
}

TEST(LintChats, TheTokenizersBeginningTakesRoom) {
  LintOptions options;
  const auto tokenizer = load_tokenizer_file(goldens_dir() / "tokenizer/tokenizer.json");
  tokenizer->surround({1}, {});
  options.tokenizer = tokenizer.get();
  options.context = static_cast<std::int64_t>(tokenizer->encode(good_text(0)).size()) + 1;
  EXPECT_EQ(of_kind(lint_text(line_of(good_text(0)), options), "too-long").size(), 1u);
  ++options.context;
  EXPECT_EQ(of_kind(lint_text(line_of(good_text(0)), options), "too-long").size(), 0u);
}

}  // namespace
}  // namespace aacft::testing
