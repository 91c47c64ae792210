// Rows, their masks and their tokens.
#include "aacft/data/rows.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/base/text.h"
#include "aacft/data/samples.h"
#include "formats/support.h"
#include "support/paths.h"

namespace aacft::testing {
namespace {

using nlohmann::json;

// ---- text and spans ----

const DataOptions kWhole;
const DataOptions kMasked{.mask_prompt = true};

std::vector<std::string> counted_parts(const json& row, const DataOptions& options = kMasked) {
  const RowText text = row_text(row, options);
  std::vector<std::string> parts;
  for (const auto& [begin, end] : text.spans) parts.push_back(text.text.substr(begin, end - begin));
  return parts;
}

using Parts = std::vector<std::string>;

TEST(RowText, Text) {
  const json row = {{"text", "<human>: hi\n<bot>: hello\n"}};
  EXPECT_EQ(row_text(row, kWhole).text, "<human>: hi\n<bot>: hello\n");
  EXPECT_EQ(counted_parts(row, kWhole), Parts{"<human>: hi\n<bot>: hello\n"});
  EXPECT_EQ(counted_parts(row), Parts{" hello\n"});
}

TEST(RowText, SeveralTurns) {
  const json row = {{"text", "<human>: a\n<bot>: b\n<human>: c\n<bot>: d <bot>: e\n<human>: f"}};
  EXPECT_EQ(counted_parts(row), (Parts{" b\n", " d <bot>: e\n"}));
}

TEST(RowText, AMarkerOfOnesOwn) {
  DataOptions options = kMasked;
  options.response_marker = "### Answer:\n";
  EXPECT_EQ(counted_parts({{"text", "Q\n### Answer:\nyes\n"}}, options), Parts{"yes\n"});
  expect_error([&] { row_text({{"text", "<bot>: x"}}, options); }, {"### Answer:"});
}

TEST(RowText, PromptAndCompletion) {
  const json row = {{"prompt", "one <bot>:"}, {"completion", " two"}, {"text", "not this"}};
  EXPECT_EQ(row_text(row, kWhole).text, "one <bot>: two");
  EXPECT_EQ(counted_parts(row, kWhole), Parts{"one <bot>: two"});
  EXPECT_EQ(counted_parts(row), Parts{" two"});
}

TEST(RowText, Messages) {
  const auto message = [](const char* role, const char* content) { return json{{"role", role}, {"content", content}}; };
  const json row = {{"messages",
                     {message("system", "Be brief."), message("user", "a"), message("assistant", "b"),
                      message("human", "c"), message("bot", "d")}}};
  EXPECT_EQ(row_text(row, kWhole).text, "Be brief.\n<human>: a\n<bot>: b\n<human>: c\n<bot>: d\n");
  EXPECT_EQ(counted_parts(row), (Parts{" b\n", " d\n"}));
  // An answer that quotes a marker stays one answer.
  EXPECT_EQ(counted_parts({{"messages", {message("user", "a"), message("assistant", "x <human>: y")}}}),
            Parts{" x <human>: y\n"});
  expect_error([&] { row_text({{"messages", {message("tool", "a")}}}, kWhole); }, {"role \"tool\""});
  expect_error([&] { row_text({{"messages", {message("user", "a")}}}, kMasked); }, {"assistant"});
  EXPECT_EQ(row_text({{"messages", {message("user", "a")}}}, kWhole).text, "<human>: a\n");
  expect_error([] { row_text({{"messages", json::array()}}, kWhole); }, {"at least one"});
  expect_error([] { row_text({{"messages", "hi"}}, kWhole); }, {"list"});
  expect_error([] { row_text({{"messages", {{{"role", "user"}}}}}, kWhole); }, {"\"content\""});
}

TEST(RowText, SaysWhatIsMissing) {
  expect_error([] { row_text({{"output", "x"}}, kWhole); }, {"\"text\"", "\"prompt\"", "\"messages\""});
  expect_error([] { row_text({{"prompt", "x"}}, kWhole); }, {"\"completion\""});
  expect_error([] { row_text({{"text", 5}}, kWhole); }, {"\"text\" must be a string"});
  expect_error(
      [] {
        row_text({{"prompt", "x"}, {"completion", nullptr}}, kWhole);
      },
      {"\"completion\" must be a string"});
  expect_error([] { row_text({{"text", ""}}, kWhole); }, {"empty"});
  expect_error([] { row_text({{"text", "no marker"}}, kMasked); }, {"<bot>:"});
}

// ---- chat styles ----

json said(const char* role, const std::string& content) { return {{"role", role}, {"content", content}}; }

DataOptions in_style(const char* name, bool pairs = false, bool mask = true) {
  DataOptions options{.mask_prompt = mask, .chat_pairs = pairs};
  options.chat_style = chat_style(name, {"<s>", "<|endoftext|>"});
  return options;
}

TEST(ChatRows, MessagesAreSpelledInTheStyle) {
  const json row = {{"messages", {said("system", "Be brief."), said("human", "a"), said("bot", "b")}}};
  const DataOptions chatml = in_style("chatml");
  const std::string prompt =
      "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\n";
  EXPECT_EQ(row_text(row, chatml).text, prompt + "b<|im_end|>\n");
  EXPECT_TRUE(row_text(row, chatml).ended);
  EXPECT_EQ(counted_parts(row, chatml), Parts{"b<|im_end|>"});
  EXPECT_EQ(counted_parts(row, in_style("chatml", false, false)), Parts{prompt + "b<|im_end|>\n"});
  EXPECT_EQ(prompt_of(row, chatml), prompt);
  EXPECT_EQ(asked_of(row, chatml), (std::vector<Message>{{"system", "Be brief."}, {"user", "a"}}));
  EXPECT_FALSE(row_text(row, {}).ended);
  expect_error([&] { row_text(row, in_style("raw")); }, {"raw", "--chat-style"});
  expect_error(
      [&] {
        row_text({{"messages", {said("bot", "b"), said("bot", "b")}}}, in_style("llama2"));
      },
      {"take turns"});
}

TEST(ChatRows, PairsAreTurnsWhereAStyleIsAskedFor) {
  const json row = {{"prompt", "I want tea"}, {"completion", "Tea, my love!"}};
  EXPECT_EQ(row_text(row, in_style("llama3")).text, "I want teaTea, my love!");
  EXPECT_FALSE(row_text(row, in_style("llama3")).ended);
  const DataOptions pairs = in_style("zephyr", true);
  const std::string prompt = "<|user|>\nI want tea<|endoftext|>\n<|assistant|>\n";
  EXPECT_EQ(row_text(row, pairs).text, prompt + "Tea, my love!<|endoftext|>\n");
  EXPECT_EQ(counted_parts(row, pairs), Parts{"Tea, my love!<|endoftext|>"});
  EXPECT_EQ(prompt_of(row, pairs), prompt);
  EXPECT_EQ(prompt_of({{"prompt", "I want tea"}}, pairs), prompt);
  EXPECT_EQ(row_text(row, in_style("openchatkit", true)).text, "<human>: I want tea\n<bot>: Tea, my love!\n");
  expect_error([&] { row_text({{"prompt", "x"}}, pairs); }, {"\"completion\""});
}

TEST(ChatRows, TextStaysAsItIs) {
  const json marked = {{"prompt", "<human>: a\n<bot>:"}, {"completion", " b\n"}};
  for (const char* style : {"chatml", "openchatkit", "raw"}) {
    const DataOptions options = in_style(style, true);
    EXPECT_EQ(row_text(marked, options).text, "<human>: a\n<bot>: b\n");
    EXPECT_EQ(counted_parts(marked, options), Parts{" b\n"});
    EXPECT_EQ(prompt_of(marked, options), "<human>: a\n<bot>:");
    EXPECT_EQ(counted_parts({{"text", "<human>: a\n<bot>: b\n"}}, options), Parts{" b\n"});
    EXPECT_EQ(prompt_of({{"text", "<human>: a\n<bot>: b\n"}}, options), "<human>: a\n<bot>:");
    EXPECT_TRUE(messages_of(marked, options).empty());
  }
  EXPECT_EQ(row_text({{"prompt", "a"}, {"completion", "b"}}, in_style("raw", true)).text, "ab");
}

TEST(ChatRows, ARowHasTheSystemTextOfItsPrompt) {
  // The template says it in the last message, where that is the user's, and loses it where an answer follows.
  const json row = {{"messages", {said("system", "s"), said("user", "a"), said("assistant", "b")}}};
  const DataOptions mistral = in_style("mistral");
  EXPECT_EQ(prompt_of(row, mistral), "<s>[INST] s\n\na[/INST]");
  EXPECT_EQ(row_text(row, mistral).text, "<s>[INST] s\n\na[/INST] b<|endoftext|>");
}

TEST(ChatRows, ARowOfTheAssistantAlone) {
  const json row = {{"messages", {said("assistant", "b")}}};
  EXPECT_EQ(prompt_of(row), "<bot>:");
  EXPECT_EQ(prompt_of(row, in_style("chatml")), "<|im_start|>assistant\n");
  expect_error([&] { prompt_of(row, in_style("mistral")); }, {"at least one message"});
}

// ---- samples ----

class Samples : public ::testing::Test {
 protected:
  std::vector<Sample> load(const std::string& content, const DataOptions& options = kWhole,
                           std::optional<std::int32_t> eos = 0) {
    write_text(file_, content);
    warnings_.clear();
    return load_samples(file_, *tokenizer_, options, eos, 160,
                        [&](const std::string& text) { warnings_.push_back(text); });
  }
  Sample one(const json& row, const DataOptions& options = kWhole, std::optional<std::int32_t> eos = 0) {
    return load(row.dump(), options, eos).at(0);
  }
  // The text of the tokens that count.
  std::string counted(const Sample& sample) const {
    std::vector<std::int32_t> ids;
    for (std::size_t i = 0; i < sample.ids.size(); ++i)
      if (sample.counts[i]) ids.push_back(sample.ids[i]);
    return tokenizer_->decode(ids);
  }
  std::string where(int line) const { return file_.string() + ":" + std::to_string(line) + ": "; }

  const TemporaryFolder folder_;
  const fs::path file_ = folder_ / "rows.jsonl";
  const std::unique_ptr<Tokenizer> tokenizer_ = load_tokenizer(goldens_dir() / "tokenizer");
  std::vector<std::string> warnings_;
};

TEST_F(Samples, EveryTokenButTheFirstCounts) {
  DataOptions options;
  options.append_eos = false;
  const Sample sample = one({{"text", "I am happy"}}, options);
  EXPECT_EQ(sample.ids, tokenizer_->encode("I am happy"));
  EXPECT_FALSE(sample.counts[0]);
  EXPECT_EQ(sample.counted(), static_cast<std::int64_t>(sample.ids.size()) - 1);
  EXPECT_EQ(sample.line, 1u);
}

TEST_F(Samples, TheEndOfTextIsAppendedAndCounts) {
  auto ids = tokenizer_->encode("I am happy");
  const Sample without = one({{"text", "I am happy"}}, kWhole, std::nullopt);  // the model names none
  EXPECT_EQ(without.ids, ids);
  ids.push_back(7);
  const Sample with = one({{"text", "I am happy"}}, kWhole, 7);
  EXPECT_EQ(with.ids, ids);
  EXPECT_TRUE(with.counts.back());
  EXPECT_EQ(with.counted(), without.counted() + 1);
  EXPECT_TRUE(one({{"prompt", "a"}, {"completion", "b"}}, kMasked).counts.back());
}

TEST_F(Samples, TheMaskFollowsCharacters) {
  EXPECT_EQ(counted(one({{"text", "<human>: I be happy\n<bot>: I am happy\n"}}, kMasked, std::nullopt)),
            " I am happy\n");
  EXPECT_EQ(counted(one({{"text", "<human>: a\n<bot>: b\n<human>: c\n<bot>: d\n"}}, kMasked, std::nullopt)),
            " b\n d\n");
  EXPECT_EQ(counted(one({{"text", "<human>: \u00e9t\u00e9\n<bot>: \u00e9t\u00e9\n"}}, kMasked, std::nullopt)),
            " \u00e9t\u00e9\n");
  // In decomposed form the text is shorter once normalised; offsets are those of the original.
  EXPECT_EQ(counted(one({{"text", "<human>: e\u0301te\u0301\n<bot>: e\u0301te\u0301\n"}}, kMasked, std::nullopt)),
            " \u00e9t\u00e9\n");
}

TEST_F(Samples, AChatCountsAnswersWithTheirEnds) {
  const json row = {
      {"messages",
       {said("user", "I want"), said("assistant", "I am happy"), said("user", "a"), said("assistant", "b")}}};
  const Sample sample = one(row, in_style("zephyr"), 7);
  EXPECT_EQ(counted(sample), "I am happy<|endoftext|>b<|endoftext|>");
  EXPECT_EQ(sample.ids, tokenizer_->encode(row_text(row, in_style("zephyr")).text));  // the end is there: no other
  ASSERT_FALSE(sample.counts.back());                                                 // the newline behind it
  EXPECT_EQ(sample.ids[sample.ids.size() - 2], 0);
  EXPECT_TRUE(sample.counts[sample.ids.size() - 2]);
  EXPECT_FALSE(std::count(sample.ids.begin(), sample.ids.end(), 7));
}

TEST_F(Samples, NoEndIsPutBehindAnEnd) {
  const auto ids = tokenizer_->encode("I am happy<|endoftext|>");
  ASSERT_EQ(ids.back(), 0);
  EXPECT_EQ(one({{"text", "I am happy<|endoftext|>"}}, kWhole, 0).ids, ids);
  EXPECT_EQ(one({{"text", "I am happy"}}, kWhole, 0).ids, ids);
}

TEST_F(Samples, TheTokenizersBeginningComesOnceAndIsNotLearnt) {
  tokenizer_->surround({1}, {0});
  const Sample sample = one({{"text", "I am happy"}}, kWhole, 0);
  auto ids = tokenizer_->encode("I am happy");
  ids.insert(ids.begin(), 1), ids.push_back(0);
  EXPECT_EQ(sample.ids, ids);
  EXPECT_EQ(sample.counted(), static_cast<std::int64_t>(ids.size()) - 1);
  EXPECT_FALSE(sample.counts[0]);
  EXPECT_EQ(one({{"text", "<|padding|>I am happy"}}, kWhole, 0).ids, ids);
  EXPECT_EQ(one({{"text", "<|padding|>I am happy"}}, kWhole, 0).counts, sample.counts);
  EXPECT_EQ(counted(one({{"text", "a<bot>: I am"}}, kMasked, std::nullopt)), " I am");
  expect_error([&] { one({{"text", "<|padding|>"}}, {.append_eos = false}); }, {"counts"});
  tokenizer_->surround({1, 1}, {});
  EXPECT_EQ(one({{"text", "<|padding|><|padding|>I am"}}, kWhole, std::nullopt).counts,
            (std::vector{false, false, true, true}));
}

// What counts, token by token, with tokenizers in the manner of the real ones.
TEST_F(Samples, ChatsInTheTokensOfTheirModels) {
  struct Case {
    const char *folder, *style, *end;
  };
  const json row = {{"messages",
                     {said("system", "Be brief."), said("user", "I want tea."), said("assistant", "Tea, my love!"),
                      said("user", "\u00e9t\u00e9\n2024"), said("assistant", "Na\u00efve?\n\nYes \U0001F44D")}}};
  for (const auto& [folder, style, end] :
       {Case{"tok-smollm", "smollm2", "<|im_end|>"}, Case{"tok-qwen", "qwen2.5", "<|im_end|>"},
        Case{"tok-qwen", "qwen3", "<|im_end|>"}, Case{"tok-llama3", "llama3.1", "<|eot_id|>"},
        Case{"tok-llama2", "llama2", "</s>"}, Case{"tok-llama2", "mistral", "</s>"},
        Case{"tok-llama2", "zephyr", "</s>"}}) {
    const fs::path file = shared_dir() / "goldens-llama" / folder / "tokenizer.json";
    if (!fs::exists(file)) GTEST_SKIP() << file << " is not there";
    SCOPED_TRACE(std::string(folder) + " " + style);
    const auto tokenizer = load_tokenizer_file(file);
    DataOptions options{.mask_prompt = true};
    options.chat_style = chat_style(style);
    ASSERT_EQ(end_tokens(options.chat_style, *tokenizer).size(), 1u);
    const std::int32_t end_id = end_tokens(options.chat_style, *tokenizer)[0];
    write_text(file_, row.dump());
    const Sample sample = load_samples(file_, *tokenizer, options, end_id, 1000, {}).at(0);
    EXPECT_EQ(sample.ids, with_beginning(*tokenizer, tokenizer->encode(row_text(row, options).text)));
    const auto count_of = [&](const std::string& piece) {
      return std::count(sample.ids.begin(), sample.ids.end(), tokenizer->find(piece).value_or(-1));
    };
    EXPECT_EQ(count_of("<s>"), std::string(folder) != "tok-llama2" ? 0 : std::string(style) == "llama2" ? 2 : 1);
    EXPECT_EQ(count_of("<|begin_of_text|>"), std::string(folder) == "tok-llama3" ? 1 : 0);
    // Each answer is a run of tokens that ends with the end token, and says the answer.
    std::vector<std::string> answers;
    std::vector<std::int32_t> run;
    for (std::size_t i = 0; i < sample.ids.size(); ++i) {
      if (!sample.counts[i]) continue;
      run.push_back(sample.ids[i]);
      if (sample.ids[i] != end_id) continue;
      EXPECT_TRUE(i + 1 == sample.ids.size() || !sample.counts[i + 1]) << "behind the end";
      answers.push_back(std::string(trimmed(tokenizer->decode(run))));
      run.clear();
    }
    EXPECT_TRUE(run.empty());
    const std::string space = std::string(style) == "llama2" ? " " : "";
    EXPECT_EQ(answers, (Parts{"Tea, my love!" + space + end, "Na\u00efve?\n\nYes \U0001F44D" + space + end}));
  }
}

TEST_F(Samples, ATokenAcrossTheBorderBelongsToThePrompt) {
  const std::string text = "<human>: x\n<bot>: yes";
  const std::size_t border = text.find(':', 12);
  const auto tokens = tokenizer_->encode_with_offsets(text);
  ASSERT_TRUE(
      std::any_of(tokens.begin(), tokens.end(), [&](const Token& t) { return t.begin < border && border < t.end; }));
  DataOptions options = kMasked;
  options.response_marker = "<bot>";
  EXPECT_EQ(counted(one({{"text", text}}, options, std::nullopt)), " yes");
  EXPECT_EQ(
      counted(one({{"prompt", text.substr(0, border)}, {"completion", text.substr(border)}}, kMasked, std::nullopt)),
      " yes");
}

TEST_F(Samples, TheSpaceBeforeAWordDoesNotDecide) {
  // The prompt ends with the space that the token of the first word begins with.
  ASSERT_EQ(tokenizer_->encode(" I").size(), 1u);
  EXPECT_EQ(counted(one({{"prompt", "<bot>: "}, {"completion", "I am"}}, kMasked, std::nullopt)), " I am");
  DataOptions options = kMasked;
  options.response_marker = "<bot>: ";
  EXPECT_EQ(counted(one({{"text", "<human>: x\n<bot>: I am"}}, options, std::nullopt)), " I am");
  // A token of nothing but the prompt's spaces is the prompt's.
  EXPECT_EQ(counted(one({{"prompt", "<bot>: "}, {"completion", "\nI"}}, kMasked, std::nullopt)), "\nI");
}

TEST_F(Samples, ARowInWhichNothingCountsIsBad) {
  DataOptions options = kMasked;
  options.append_eos = false;
  expect_error([&] { one({{"text", "<human>: x\n<bot>:"}}, options); }, {"no answer"}, where(1));
  expect_error([&] { one({{"text", "I"}}, options = {.append_eos = false}); }, {"counts"}, where(1));
}

TEST_F(Samples, TooLongARow) {
  std::string text = "I";
  while (tokenizer_->encode(text).size() < 159) text += " I";
  EXPECT_EQ(one({{"text", text}}).ids.size(), 160u);  // with the end of the text, just fits
  text += " I I";
  const json row = {{"text", text}};
  const std::string content = "{\"text\": \"short one\"}\n\n" + row.dump() + "\n";
  expect_error([&] { load(content); }, {"162 tokens", "160"}, where(3));

  DataOptions options;
  options.truncate = true;
  const auto cut = load(content, options);
  EXPECT_EQ(cut.at(1).ids.size(), 160u);
  EXPECT_EQ(cut.at(1).counted(), 159);
  EXPECT_EQ(cut.at(1).line, 3u);
  auto whole = tokenizer_->encode(text);
  whole.resize(160);
  EXPECT_EQ(cut.at(1).ids, whole);

  options = {.max_length = 10};
  expect_error([&] { one(row, options); }, {"162 tokens", "10"}, where(1));
  options = {.max_length = 10, .truncate = true};
  EXPECT_EQ(one(row, options).ids.size(), 10u);
  options.max_length = 1000;  // the model has no more than 160 positions
  EXPECT_EQ(one(row, options).ids.size(), 160u);
  // Nothing of the completion is left.
  options = {.mask_prompt = true, .max_length = 10, .truncate = true};
  expect_error([&] { one({{"text", text + "<bot>: yes"}}, options); }, {"counts"}, where(1));
}

TEST_F(Samples, BadRowsNameFileAndLine) {
  const std::string good = "{\"text\": \"good row\"}\n";
  const std::string six = good + good + "\n" + good + good + good;
  expect_error([&] { load(six + "{\"text\": \"no end\n" + good); }, {"JSON"}, where(7));
  expect_error([&] { load(six + "[1]\n"); }, {"object"}, where(7));
  expect_error([&] { load(six + "{\"txt\": \"a\"}\n"); }, {"neither \"text\""}, where(7));
  expect_error([&] { load(six + "{\"text\": \"\xff\"}\n"); }, {"UTF-8"}, where(7));
  expect_error([&] { load(six + "{\"text\": \"\\ud800\"}\n"); }, {"JSON"}, where(7));
}

TEST_F(Samples, BadRowsMaySkipped) {
  const std::string good = "{\"text\": \"good row\"}\n";
  DataOptions options;
  options.skip_bad_rows = true;
  const auto samples =
      load("nonsense\n" + good + "{\"text\": 1}\n{\"a\": 1}\n" + good + "{\"text\": \"\xc3\"}\n", options);
  ASSERT_EQ(samples.size(), 2u);
  EXPECT_EQ(samples[0].line, 2u);
  EXPECT_EQ(samples[1].line, 5u);
  ASSERT_EQ(warnings_.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i)
    EXPECT_TRUE(warnings_[i].starts_with("skipped " + where(std::vector<int>{1, 3, 4, 6}[i]))) << warnings_[i];
  expect_error([&] { load("nonsense\n{}\n", options); }, {"every row is bad"}, file_.string());
  EXPECT_EQ(warnings_.size(), 2u);
}

// What lint calls an error, training does not take.
TEST_F(Samples, WithoutAnAnswerAreRefused) {
  const json pair = {{"prompt", "one <bot>:"}, {"completion", ""}}, text = {{"text", "<human>: a\n<bot>: \n"}},
             turns = {{"messages", {{{"role", "user"}, {"content", "a"}}, {{"role", "assistant"}, {"content", " "}}}}};
  for (const DataOptions& options : {kWhole, kMasked})
    for (json row : {pair, turns}) {
      expect_error([&] { one(row, options); }, {"the row has no answer"}, where(1));
      if (row.contains("completion")) row["completion"] = " \n";
      expect_error([&] { one(row, options); }, {"the row has no answer"}, where(1));
    }
  expect_error([&] { one(text, kMasked); }, {"the row has no answer"}, where(1));
  EXPECT_NO_THROW(one(text, kWhole));  // any text may be learnt
  DataOptions skip;
  skip.skip_bad_rows = true;
  EXPECT_EQ(load(pair.dump() + "\n{\"text\": \"good row\"}\n", skip).size(), 1u);
}

TEST_F(Samples, EmptyFiles) {
  for (const char* content : {"", "\n", " \r\n\n", "\xEF\xBB\xBF"})
    expect_error([&] { load(content); }, {"no rows"}, file_.string());
  expect_error([&] { load_samples(folder_ / "none.jsonl", *tokenizer_, kWhole, 0, 160, {}); }, {"none.jsonl"});
  expect_error([&] { load_samples(folder_.path(), *tokenizer_, kWhole, 0, 160, {}); }, {folder_.path().string()});
}

TEST_F(Samples, LineEndsAndByteOrderMarks) {
  const auto plain = load("{\"text\": \"one row\"}\n{\"text\": \"two rows\"}\n");
  const auto other = load("\xEF\xBB\xBF{\"text\": \"one row\"}\r\n\r\n{\"text\": \"two rows\"}");
  ASSERT_EQ(other.size(), 2u);
  EXPECT_EQ(other[0].ids, plain[0].ids);
  EXPECT_EQ(other[1].ids, plain[1].ids);
  EXPECT_EQ(other[1].line, 3u);
  EXPECT_EQ(fingerprint(plain), fingerprint(other));
}

TEST_F(Samples, FingerprintsDiffer) {
  std::set<std::uint64_t> seen;
  const auto add = [&](const std::string& content, const DataOptions& options = kWhole) {
    EXPECT_TRUE(seen.insert(fingerprint(load(content, options))).second) << content;
  };
  add("{\"text\": \"<bot>: one\"}\n{\"text\": \"<bot>: two\"}");
  add("{\"text\": \"<bot>: two\"}\n{\"text\": \"<bot>: one\"}");
  add("{\"text\": \"<bot>: one\"}");
  add("{\"text\": \"<bot>: one\"}", kMasked);
  add("{\"text\": \"<bot>: one\"}", {.append_eos = false});
}

}  // namespace
}  // namespace aacft::testing
