// Several systems side by side. The loss alone is tested with the smaller commands.
#include <sys/inotify.h>

#include <cmath>
#include <map>
#include <regex>

#include "support.h"

namespace aacft::testing {
namespace {

using nlohmann::json;

class Eval : public CommandTest {
 protected:
  const std::string tea =
      "<human>: Simulate an AAC communicator given the following icon input: \n* { I ; NOUN ; me.png }  \n* { want ; "
      "VERB ; want.png }  \n* { tea ; NOUN ; tea.png } \n<bot>:";
  const std::string dog =
      "<human>: Simulate an AAC communicator given the following icon input: \n* { dog ; NOUN ; dog.png }  \n* { past "
      "; TENSE_PAST ; past.png }  \n* { eat ; VERB ; eat.png } \n<bot>:";
  const std::string data = input(
      "held-out.jsonl", json{{"text", tea + " I'd love some tea\n"}}.dump() + "\n\n" +
                            json{{"prompt", dog}, {"completion", " The dog ate it <all> & more\n"}}.dump() + "\n");

  std::string answers(const std::string& name, const std::vector<std::string>& texts) const {
    std::string lines;
    for (const std::string& text : texts) lines += json{{"text", text}}.dump() + "\n";
    return input(name + ".jsonl", lines);
  }

  // The golden rows and their prompts, few enough for a test.
  std::string few_rows() const {
    std::string text;
    for (const std::string& line : lines_of(read_text(rows))) {
      text += line + "\n";
      if (std::count(text.begin(), text.end(), '\n') == 6) break;
    }
    return input("few.jsonl", text);
  }

  json compared(const Arguments& arguments) const {
    return json_lines(succeeds(Arguments{"eval", "--json"} + arguments).out).back();
  }

  static double value(const json& report, std::size_t system, const std::string& metric) {
    return report.at("systems").at(system).at("metrics").at(metric).at("value");
  }
};

TEST_F(Eval, FilesOfAnswersAreScoredAgainstTheReferences) {
  const auto good = answers("good", {" I'd love some tea\n", "the dog ate it all and more"}),
             poor = answers("poor", {"I want", "xyz"});
  const json report = compared({"--data", data, "--system", "good=" + good, "--system", poor, "--samples", "200"});
  EXPECT_EQ(report.at("rows"), 2);
  EXPECT_EQ(report.at("systems")[0].at("name"), "good");
  EXPECT_EQ(report.at("systems")[1].at("name"), "poor");
  EXPECT_EQ(value(report, 0, "exact"), 50);
  EXPECT_EQ(value(report, 0, "loose"), 50);
  EXPECT_EQ(value(report, 0, "icons_used"), 100);
  EXPECT_EQ(value(report, 0, "complete"), 100);
  EXPECT_EQ(value(report, 1, "complete"), 0);
  EXPECT_NEAR(value(report, 1, "icons_used"), 100.0 * 2 / 6, 1e-9);
  EXPECT_EQ(value(report, 1, "exact"), 0);
  const json& chrf = report.at("systems")[1].at("metrics").at("chrf");
  EXPECT_LT(chrf.at("difference"), 0);
  EXPECT_LE(chrf.at("difference_low"), chrf.at("difference"));
  EXPECT_GE(chrf.at("difference_high"), chrf.at("difference"));
  EXPECT_FALSE(report.at("systems")[0].at("metrics").at("chrf").contains("difference"));
  EXPECT_FALSE(report.at("systems")[0].at("metrics").contains("perplexity"));
  EXPECT_EQ(report, compared({"--data", data, "--system", "good=" + good, "--system", poor, "--samples", "200"}));
  EXPECT_FALSE(compared({"--data", data, "--system", good, "--samples", "0"})
                   .at("systems")[0]
                   .at("metrics")
                   .at("chrf")
                   .contains("low"));
}

TEST_F(Eval, ReferencesThemselvesScoreHundred) {
  const json report = compared({"--data", data, "--system", "same=" + data});
  for (const char* metric : {"chrf", "bleu", "exact", "loose"})
    EXPECT_NEAR(value(report, 0, metric), 100, 1e-9) << metric;
  EXPECT_EQ(value(report, 0, "length_ratio"), 1);
}

TEST_F(Eval, RulesNeedNoModel) {
  const Result result = succeeds({"eval", "--data", data, "--baseline", "rules", "--by-row", "--json"});
  const auto lines = json_lines(result.out);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0].at("line"), 1);
  EXPECT_EQ(lines[1].at("line"), 3);
  EXPECT_EQ(lines[1].at("reference"), "The dog ate it <all> & more");
  EXPECT_FALSE(lines[0].at("answers").at("rules").at("text").get<std::string>().empty());
  EXPECT_EQ(lines[0].at("answers").at("rules").at("left_out"), json::array());
  EXPECT_EQ(lines.back().at("systems")[0].at("name"), "rules");
}

TEST_F(Eval, AnswersOfModelsAreThoseOfGenerate) {
  const std::string few = few_rows();
  const Arguments model = {"--model", seq, "--compute", "fp32"};
  const auto rows = json_lines(
      succeeds(Arguments{"eval", "--data", few, "--baseline", "base", "--adapter", adapter, "--by-row", "--json"} +
               model)
          .out);
  ASSERT_EQ(rows.size(), 7u);
  for (const auto& [name, arguments] :
       std::vector<std::pair<std::string, Arguments>>{{"base", {}}, {adapter.filename(), {"--adapter", adapter}}}) {
    const auto generated = json_lines(succeeds(Arguments{"generate", "--data", few} + model + arguments).out);
    std::string file;
    for (std::size_t i = 0; i < 6; ++i) file += generated[i].dump() + "\n";
    // The same from a file: the same answers, so the same scores.
    const json again = compared({"--data", few, "--system", "again=" + input("again.jsonl", file)});
    const json& system = rows.back().at("systems")[name == "base" ? 0 : 1];
    EXPECT_EQ(system.at("name"), name);
    for (const char* metric : {"chrf", "bleu", "icons_used", "length_ratio"})
      EXPECT_EQ(again.at("systems")[0].at("metrics").at(metric).at("value"),
                system.at("metrics").at(metric).at("value"))
          << metric;
    // And the perplexity is that of the completions.
    const json loss =
        json_lines(succeeds(Arguments{"eval", "--data", few, "--mask-prompt", "--json"} + model + arguments).out).at(0);
    EXPECT_NEAR(system.at("metrics").at("perplexity").at("value").get<double>(), loss.at("perplexity").get<double>(),
                1e-4 * loss.at("perplexity").get<double>());
  }
}

TEST_F(Eval, GeneralTextShowsWhatAnAdapterChanged) {
  const std::string text =
      input("general.txt", "Once there was a dog. It ate the tea.\n\nThen it slept, and slept again, and so on.\n");
  const Arguments model = {"--model", seq, "--compute", "fp32", "--adapter", adapter};
  const json report = compared(Arguments{"--general", text} + model);
  const double before = report.at("general").at("perplexity"),
               after = report.at("systems")[0].at("general").at("perplexity");
  EXPECT_GT(report.at("general").at("tokens"), 10);
  EXPECT_NE(before, after);
  EXPECT_NEAR(report.at("systems")[0].at("general").at("change_percent").get<double>(), 100 * (after / before - 1),
              1e-9);
  expect_contains(succeeds(Arguments{"eval", "--general", text} + model).out, "general.txt");
  // Rows count as eval --data counts them: completions where all have one.
  const std::string few = few_rows();
  const json masked =
      json_lines(succeeds(Arguments{"eval", "--data", few, "--mask-prompt", "--json"} + model).out).at(0);
  EXPECT_NEAR(
      compared(Arguments{"--general", few} + model).at("systems")[0].at("general").at("perplexity").get<double>(),
      masked.at("perplexity").get<double>(), 1e-9);
  const std::string plain = input("plain.jsonl", "{\"text\": \"Once there was a dog.\"}\n");
  const json whole = json_lines(succeeds(Arguments{"eval", "--data", plain, "--json"} + model).out).at(0);
  EXPECT_NEAR(
      compared(Arguments{"--general", plain} + model).at("systems")[0].at("general").at("perplexity").get<double>(),
      whole.at("perplexity").get<double>(), 1e-9);
}

// How often each file of a folder was opened since.
class Opens {
 public:
  explicit Opens(const fs::path& folder) : fd_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
    EXPECT_GE(::inotify_add_watch(fd_, folder.c_str(), IN_OPEN), 0);
  }
  Opens(const Opens&) = delete;
  ~Opens() { ::close(fd_); }

  std::map<std::string, int> counts() const {
    std::map<std::string, int> counts;
    alignas(inotify_event) char buffer[1 << 16];
    const ssize_t size = ::read(fd_, buffer, sizeof buffer);
    for (ssize_t at = 0; at < size;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
      if (event->len > 0) ++counts[event->name];
      at += static_cast<ssize_t>(sizeof *event + event->len);
    }
    return counts;
  }

 private:
  int fd_;
};

TEST_F(Eval, SeveralAdaptersReadTheBaseOnce) {
  const fs::path base = copy_of("seq");
  const std::string few = few_rows();
  const Opens opens(base);
  succeeds({"eval", "--model", base, "--baseline", "base", "--adapter", adapter, "--adapter",
            goldens_dir() / "adapter-seq-r2-dora", "--data", few, "--general", few, "--max-new-tokens", "2"});
  // The tokenizer and the chat template both ask tokenizer_config.json; what config.json says beside the model is
  // warned of.
  for (const auto& [file, count] : opens.counts())
    EXPECT_EQ(count, file == "tokenizer_config.json" || file == "config.json" ? 2 : 1) << file;
}

TEST_F(Eval, WritesAPageThatNeedsNothingElse) {
  const auto script = answers("odd", {"<script>alert(1)</script> \"tea\" & cake", ""});
  succeeds({"eval", "--data", data, "--system", "a<b=" + script, "--system", "same=" + data, "--html", "page.html"});
  const std::string page = read_text(work / "page.html");
  EXPECT_TRUE(page.starts_with("<!DOCTYPE html>"));
  for (const char* part : {"prefers-color-scheme: dark", "a&lt;b", "&lt;script&gt;alert(1)&lt;/script&gt;",
                           "The dog ate it &lt;all&gt; &amp; more", "<mark>", "left out: I, want", "id=\"line-3\""})
    expect_contains(page, part);
  for (const char* part : {"<script", "http:", "https:", "src=", "<link", "@import", "url("})
    EXPECT_EQ(page.find(part), page.npos) << part;
  // Every element that opens closes, in order.
  std::vector<std::string> open;
  const std::regex tag("<(/?)([a-z0-9]+)[^>]*>");
  for (std::sregex_iterator at(page.begin(), page.end(), tag), end; at != end; ++at) {
    const std::string name = (*at)[2];
    if (name == "meta") continue;
    if ((*at)[1].length() == 0) {
      open.push_back(name);
    } else {
      ASSERT_FALSE(open.empty()) << name;
      EXPECT_EQ(open.back(), name);
      open.pop_back();
    }
  }
  EXPECT_TRUE(open.empty());
}

TEST_F(Eval, TableIsForPeople) {
  const std::string table = succeeds({"eval", "--data", data, "--system", "same=" + data, "--system",
                                      "poor=" + answers("poor", {"I want", "xyz"})})
                                .out;
  for (const char* part : {"2 sentences", "same", "poor", "chrF", "BLEU", "icons used %", "100.0", "±"})
    expect_contains(table, part);
}

TEST_F(Eval, OneLineReferencesEndAnswersAtALineBreak) {
  const std::string rest =
      answers("rest", {"I'd love some tea\n<human>: and now", "The dog ate it <all> & more\nand more"});
  EXPECT_EQ(value(compared({"--data", data, "--system", rest}), 0, "exact"), 100);
  const std::string lines =
      input("lines.jsonl", json{{"prompt", "p<bot>:"}, {"completion", " one\ntwo"}}.dump() + "\n");
  EXPECT_EQ(value(compared({"--data", lines, "--system", "a=" + answers("two", {"one\ntwo\n"})}), 0, "exact"), 100);
}

TEST_F(Eval, SaysWhatDoesNotFit) {
  const std::string one = answers("one", {"I want tea"});
  expect_message(run({"eval", "--data", data, "--system", one}), 1, {"one.jsonl", "1 answers for 2 rows"});
  const std::string other = input("other.jsonl", json{{"prompt", dog}, {"text", "x"}}.dump() + "\n" +
                                                     json{{"prompt", dog}, {"text", "x"}}.dump() + "\n");
  expect_message(run({"eval", "--data", data, "--system", other}), 1, {"other.jsonl:1: ", "another prompt"});
  expect_message(run({"eval", "--data", data, "--system", input("bad.jsonl", "{\"answer\": \"x\"}\n{}\n")}), 1,
                 {"bad.jsonl:1: ", "\"text\""});
  expect_message(run({"eval", "--data", input("none.jsonl", json{{"text", tea}}.dump() + "\n"), "--system", one}), 1,
                 {"none.jsonl:1: ", "no reference"});
  expect_message(run({"eval", "--data", data, "--baseline", "best"}), 2, {"--baseline", "best", "rules"});
  expect_message(run({"eval", "--baseline", "rules"}), 2, {"--data"});
  expect_message(run({"eval", "--data", data, "--system", "a=" + data, "--system", "a=" + one}), 2, {"\"a\""});
  expect_message(run({"eval", "--data", data, "--system", "a=" + data, "--samples", "-1"}), 2, {"--samples"});
  expect_message(run({"eval", "--data", input("words.jsonl", "{\"prompt\": \"hello<bot>:\", \"completion\": \"x\"}\n"),
                      "--baseline", "rules"}),
                 1, {"words.jsonl:1: ", "no icons"});
  expect_message(run({"eval", "--data", data, "--system", data, "--html", "nowhere/page.html"}), 1, {"nowhere"});
  expect_message(run({"eval", "--model", seq, "--general", input("empty.txt", "")}), 1, {"empty.txt", "no text"});
  EXPECT_TRUE(everything_in(work.path()).empty());
}

}  // namespace
}  // namespace aacft::testing
