// generate --exemplars, and data restyle. The model has random weights: what it says is of no use, which is to be
// noticed.
#include <set>

#include "support.h"

namespace aacft::testing {
namespace {

using nlohmann::json;

class Exemplars : public CommandTest {
 protected:
  const std::string shots_ = input("shots.jsonl",
                                   "{\"text\": \"<human>: a\\n<bot>: one\\n\"}\n{\"text\": \"<human>: b\\n<bot>: "
                                   "two\\n\"}\n{\"text\": \"<human>: c\\n<bot>: three\\n\"}\n");

  json ids_of(const std::string& text) const {
    return json_lines(succeeds({"tokenize", "--model", seq, "--json", text}).out).at(0).at("ids");
  }
  json answer(const Arguments& more) const { return json_lines(succeeds(generate({"--json"}) + more).out).at(0); }
};

TEST_F(Exemplars, StandBeforeThePrompt) {
  const std::string prompt = "<human>: x\n<bot>:", whole = "<human>: a\n<bot>: one\n<human>: b\n<bot>: two\n" + prompt;
  const json shown = answer({"--prompt", prompt, "--exemplars", shots_, "--shots", "2"});
  EXPECT_EQ(shown.at("prompt"), prompt);
  EXPECT_EQ(shown.at("prompt_ids"), ids_of(whole));
  EXPECT_EQ(shown.at("text"), answer({"--prompt", whole}).at("text"));
  EXPECT_EQ(answer({"--prompt", prompt, "--exemplars", shots_}).at("prompt_ids"),
            ids_of("<human>: a\n<bot>: one\n<human>: b\n<bot>: two\n<human>: c\n<bot>: three\n" + prompt));
  // A row's own answer is not shown.
  EXPECT_EQ(answer({"--data", shots_, "--exemplars", shots_, "--shots", "1"}).at("prompt_ids"),
            ids_of("<human>: b\n<bot>: two\n<human>: a\n<bot>:"));
  const auto drawn = [&](const char* seed) {
    return answer({"--prompt", prompt, "--exemplars", shots_, "--shots", "1", "--exemplar-seed", seed})
        .at("prompt_ids");
  };
  EXPECT_EQ(drawn("5"), drawn("5"));
  std::set<json> different;
  for (const char* seed : {"1", "2", "3", "4", "5", "6", "7", "8"}) different.insert(drawn(seed));
  EXPECT_GT(different.size(), 1u);
}

// Earlier turns of one conversation, with one beginning, whether the style was named or is the model's own.
TEST_F(Exemplars, AreTurnsWhereTheModelHoldsConversations) {
  const std::filesystem::path chat = work / "chat";
  std::filesystem::copy(seq, chat);
  write_text(chat / "chat_template.jinja",
             "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + "
             "'<|im_end|>\\n' }}"
             "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}");
  const auto row = [](const char* user, const char* assistant) {
    return json{{"messages",
                 {{{"role", "system"}, {"content", "Be kind."}},
                  {{"role", "user"}, {"content", user}},
                  {{"role", "assistant"}, {"content", assistant}}}}}
               .dump() +
           "\n";
  };
  const std::string file = input("chats.jsonl", row("a", "one") + row("b", "two"));
  const auto asked = [&](const Arguments& more) {
    return json_lines(succeeds(Arguments{"generate", "--model", chat.string(), "--json", "--max-new-tokens", "2",
                                         "--data", file, "--exemplars", file, "--shots", "1"} +
                               more)
                          .out)
        .at(1);
  };
  const json ids = ids_of(
      "<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\none<|im_end|>\n"
      "<|im_start|>user\nb<|im_end|>\n<|im_start|>assistant\n");
  EXPECT_EQ(asked({}).at("prompt_ids"), ids);
  EXPECT_EQ(asked({"--chat-style", "chatml"}).at("prompt_ids"), ids);
}

TEST_F(Exemplars, Misuse) {
  expect_message(run(generate({"--prompt", "x", "--shots", "2"})), 2, {"--exemplars"});
  expect_message(run(generate({"--prompt", "x", "--exemplar-seed", "2"})), 2, {"--exemplars"});
  expect_message(run(generate({"--prompt", "x", "--exemplars", shots_, "--shots", "0"})), 2, {"--shots"});
  expect_message(run(generate({"--prompt", "x", "--exemplars", shots_, "--shots", "4"})), 1, {"4 exemplars", "only 3"});
  expect_message(run(generate({"--prompt", "x", "--exemplars", "none.jsonl"})), 1, {"none.jsonl"});
  expect_message(run(generate({"--prompt", "x", "--exemplars", input("bad.jsonl", "{\"text\": \"no answer\"}")})), 1,
                 {"bad.jsonl:1", "no answer"});
  expect_message(run(generate({"--prompt", "x", "--exemplars", shots_, "--max-new-tokens", "150"})), 1,
                 {"prompt 1", "150 are for the answer", "context is 160"});
}

class Restyle : public CommandTest {
 protected:
  const std::string rows_ = input(
      "rows.jsonl",
      "{\"text\": \"<human>: \\n* { I ; NOUN ; i.png }  \\n* { tea ; NOUN ; tea.png } \\n<bot>: I want tea\\n\"}\n"
      "{\"text\": \"<human>: \\n* { hello ; NOUN ; hello.png } \\n<bot>: Hello\\n\"}\n"
      "{\"text\": \"<human>: \\n* { you ; NOUN ; you.png } \\n<bot>: It is you\\n\"}\n");
  const std::string pairs_ = input("pairs.jsonl",
                                   "{\"prompt\": \"I am late\", \"completion\": \"Sorry, late again\"}\n{\"prompt\": "
                                   "\"Hello\", \"completion\": \"Hiya\"}\n");

  Arguments restyle(const Arguments& more = {}) const {
    return Arguments{"data",    "restyle", "--model",          seq, "--data",   rows_,      "--exemplars", pairs_,
                     "--shots", "1",       "--max-new-tokens", "8", "--output", "out.jsonl"} +
           more;
  }
};

TEST_F(Restyle, RowsKeepTheirPromptsAndOrder) {
  const Result result = succeeds(restyle());
  EXPECT_EQ(result.out, "");
  expect_contains(result.err, "out.jsonl: 3 sentences");
  expect_contains(result.err, "aacft data sheet --data out.jsonl");
  const auto out = json_lines(read_text(work / "out.jsonl")), in = json_lines(read_text(rows_));
  ASSERT_EQ(out.size(), 3u);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::string text = out[i].at("text"), original = in[i].at("text");
    const std::string prompt = original.substr(0, original.find("<bot>:") + 6);
    EXPECT_TRUE(text.starts_with(prompt + " ")) << text;
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), std::count(original.begin(), original.end(), '\n'));
    EXPECT_GT(text.size(), prompt.size() + 2);
    EXPECT_TRUE(text.ends_with("\n"));
  }
  expect_contains(out[1].at("text"), "<bot>: Hiya\n");  // as a person wrote it
  EXPECT_EQ(out[1].at("note"), "plain: Hello");
  // What the model says is what it says to the same prompt by hand, or its sentence is the plain one with a note.
  const std::string said =
      json_lines(succeeds(generate({"--json", "--stop", "\n", "--stop", "<human>", "--prompt",
                                    "<human>: Say it in the same style: I am late\n<bot>: Sorry, late again\n<human>: "
                                    "Say it in the same style: I want tea\n<bot>:"}))
                     .out)
          .at(0)
          .at("text");
  const std::string text = out[0].at("text"), note = out[0].at("note");
  if (note.starts_with("plain: ")) {
    EXPECT_NE(text.find("<bot>: " + said.substr(said.find_first_not_of(' '))), text.npos) << text << said;
  } else {
    EXPECT_TRUE(note.starts_with("as it was: ")) << note;
    EXPECT_TRUE(text.ends_with("<bot>: I want tea\n")) << text;
  }
  succeeds({"data", "lint", "--data", "out.jsonl"});
  expect_no_temporaries(work.path());
}

TEST_F(Restyle, RewrittenRowsAreExemplarsToo) {
  const std::string rewritten =
      input("rewritten.jsonl", "{\"text\": \"<human>: \\n* { you ; NOUN ; you.png } \\n<bot>: Oh, you!\\n\"}\n");
  succeeds(restyle({"--exemplars", rewritten}));
  expect_contains(json_lines(read_text(work / "out.jsonl")).at(2).at("text"), "<bot>: Oh, you!\n");
  // Their plain sentences may stand elsewhere.
  const std::string other = input("other.jsonl", "{\"text\": \"<human>: me\\n<bot>: It is me\\n\"}\n"),
                    styled = input("styled.jsonl", "{\"text\": \"<human>: me\\n<bot>: It's only me\\n\"}\n");
  expect_message(run(restyle({"--exemplars", styled, "--overwrite"})), 1, {"styled.jsonl:1", "rows.jsonl"});
  succeeds(restyle({"--exemplars", styled, "--plain", other, "--overwrite"}));
}

TEST_F(Restyle, SheetsComeBack) {
  for (const std::string name : {"sheet.csv", "sheet.xlsx"}) {
    const Result made = succeeds(restyle({"--output", name}));
    expect_contains(made.err, "aacft data collect " + name);
    succeeds({"data", "collect", name, "--missing", "draft", "--output", name + ".jsonl"});
    const auto back = json_lines(read_text(work / (name + ".jsonl")));
    ASSERT_EQ(back.size(), 3u);
    expect_contains(back[1].at("text"), "<bot>: Hiya\n");
  }
}

TEST_F(Restyle, Misuse) {
  expect_message(run({"data", "restyle", "--model", seq}), 2, {"--exemplars"});
  expect_message(run(restyle({"--output", "out.txt"})), 2, {".xlsx", ".jsonl"});
  expect_message(run(restyle({"--shots", "0"})), 2, {"--shots"});
  expect_message(run(restyle({"--shots", "3"})), 1, {"3 exemplars", "only 2"});
  expect_message(run(restyle({"--max-new-tokens", "159"})), 1, {"context is 160"});
  EXPECT_EQ(everything_in(work.path()), std::vector<std::string>());
  write_text(work / "out.jsonl", "mine");
  expect_message(run(restyle()), 1, {"out.jsonl", "--overwrite"});
  EXPECT_EQ(read_text(work / "out.jsonl"), "mine");
}

}  // namespace
}  // namespace aacft::testing
