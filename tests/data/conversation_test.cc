// Conversations as token ids, by what the whole of them is rendered and tokenised to.
#include "aacft/data/conversation.h"

#include <gtest/gtest.h>

#include <memory>

#include "support/goldens.h"
#include "support/paths.h"
#include "tokenizer/llama_json.h"

namespace aacft::testing {
namespace {

using Ids = std::vector<std::int32_t>;

bool begins(const Ids& ids, const Ids& beginning) {
  return ids.size() >= beginning.size() && std::equal(beginning.begin(), beginning.end(), ids.begin());
}

Ids operator+(Ids a, const Ids& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Ids whole(const Tokenizer& tokenizer, const ChatStyle& style, const std::vector<Message>& messages, bool ask) {
  return with_beginning(tokenizer, tokenizer.encode(render_chat(messages, style, ask).text));
}

// What a model says that was trained on such conversations: the ids of the answer in the whole, its end included.
Ids answer_ids(const Tokenizer& tokenizer, const ChatStyle& style, std::vector<Message> messages,
               const std::string& answer) {
  const std::size_t asked = whole(tokenizer, style, messages, true).size();
  messages.push_back({"assistant", answer});
  const ChatText chat = render_chat(messages, style, false);
  const std::string said = chat.text.substr(0, chat.answers.back().second);  // without the gap
  const Ids all = with_beginning(tokenizer, tokenizer.encode(said));
  return {all.begin() + static_cast<std::ptrdiff_t>(asked), all.end()};
}

const std::vector<std::pair<std::string, std::string>> kTalk = {
    {"hello there", "hi"}, {"the cat and 3 d\u00f6gs?", "a hell of a tale\n- and more"}, {"one\n\ntwo", "the end"}};

// Three turns, each answered as the style says.
void expect_grows(const Tokenizer& tokenizer, const ChatStyle& style, const std::optional<std::string>& system) {
  SCOPED_TRACE(style.name + (system ? " with a system text" : ""));
  Conversation conversation(tokenizer, style, 4096, 100);
  conversation.set_system(system);
  std::vector<Message> messages;
  if (system) messages.push_back({"system", *system});
  Ids before;
  for (const auto& [question, reply] : kTalk) {
    EXPECT_EQ(conversation.ask(question), 0u);
    messages.push_back({"user", question});
    const Ids prompt = conversation.prompt_ids();
    EXPECT_TRUE(begins(prompt, before));
    EXPECT_EQ(prompt, whole(tokenizer, style, messages, true));
    EXPECT_EQ(conversation.length(), static_cast<std::int64_t>(prompt.size()));
    const Ids said = answer_ids(tokenizer, style, messages, reply);
    std::string text = tokenizer.decode(said, true);
    const Ids ends = end_tokens(style, tokenizer);
    const bool ended = !ends.empty() && said.back() == ends.front();
    if (!style.end.empty() && !ended && text.ends_with(style.end)) text.resize(text.size() - style.end.size());  // stop
    conversation.answer(said, text, ended);
    before = prompt + (ended ? said : Ids());
    messages.push_back({"assistant", reply});
    EXPECT_EQ(conversation.messages(), messages);
    EXPECT_EQ(conversation.raw_text(), tokenizer.decode(whole(tokenizer, style, messages, false)));
  }
}

std::unique_ptr<Tokenizer> own_tokenizer() { return load_tokenizer(goldens_dir() / "tokenizer"); }

TEST(Conversation, EachPromptIsTheOneBeforeTheAnswerAndNewIds) {
  const auto tokenizer = own_tokenizer();
  for (const char* name : {"openchatkit", "chatml", "smollm2", "llama3.1"}) {
    expect_grows(*tokenizer, chat_style(name), {});
    expect_grows(*tokenizer, chat_style(name), "be kind");
  }
  expect_grows(*tokenizer, chat_style("zephyr", {"", "<|endoftext|>"}), "be kind");
}

TEST(Conversation, TokenizersOfRealModels) {
  const auto shared = [](const char* name) { return shared_dir() / "goldens-llama" / name; };
  if (!std::filesystem::exists(shared("tok-qwen"))) GTEST_SKIP() << "no shared goldens";
  expect_grows(*load_tokenizer(shared("tok-qwen")), chat_style("qwen2.5"), {});
  expect_grows(*load_tokenizer(shared("tok-smollm")), chat_style("smollm2"), "be kind");
  expect_grows(*load_tokenizer(shared("tok-llama3")), chat_style("llama3"), "be kind");
  expect_grows(*load_tokenizer(shared("tok-llama2")), chat_style("llama2"), "be kind");
}

// Where a tokenizer begins texts with a space, what comes later is no beginning.
TEST(Conversation, SpacesThatBeginTextsBeginNoTurn) {
  TemporaryFolder folder;
  for (const char* scheme : {"first", "always"}) {
    nlohmann::json content = llama_json();
    content["normalizer"] = nullptr;
    content["pre_tokenizer"] = metaspace(scheme, false);
    write_text(folder / "tokenizer.json", content.dump());
    const auto tokenizer = load_tokenizer(folder.path());
    for (const char* name : {"llama2", "zephyr", "openchatkit"}) expect_grows(*tokenizer, chat_style(name), {});
  }
}

TEST(Conversation, StopTextsAndForeignEndsAreNoPartOfIt) {
  const auto tokenizer = own_tokenizer();
  const std::vector<Message> messages = {{"user", "one"}, {"assistant", "two"}, {"user", "three"}};
  const Ids expected = whole(*tokenizer, openchatkit_style(), messages, true);
  const auto next = [&](const Ids& ids, const std::string& text, bool ended) {
    Conversation conversation(*tokenizer, openchatkit_style(), 4096, 100);
    conversation.ask("one");
    const Ids prompt = conversation.prompt_ids();
    conversation.answer(ids, text, ended);
    conversation.ask("three");
    EXPECT_TRUE(begins(conversation.prompt_ids(), prompt));
    return conversation.prompt_ids();
  };
  EXPECT_EQ(next(tokenizer->encode(" two\n<human>: and so on"), " two\n", false), expected);
  EXPECT_EQ(next(tokenizer->encode(" two<human>"), " two", false), expected);
  EXPECT_EQ(next(tokenizer->encode(" two") + Ids{0}, " two", true), expected);  // <|endoftext|>
  EXPECT_EQ(next({}, " two", false), expected);                                 // stopped by the user
  EXPECT_EQ(next(tokenizer->encode(" two"), " two", false), expected);          // by the limit
}

TEST(Conversation, UndoResetAndSystem) {
  const auto tokenizer = own_tokenizer();
  const ChatStyle style = chat_style("chatml");
  Conversation conversation(*tokenizer, style, 4096, 100);
  EXPECT_FALSE(conversation.undo());
  EXPECT_EQ(conversation.raw_text(), "");
  conversation.ask("one");
  conversation.answer({}, "two", false);
  const std::string before = conversation.raw_text();
  EXPECT_EQ(before, "<|im_start|>user\none<|im_end|>\n<|im_start|>assistant\ntwo<|im_end|>\n");
  conversation.ask("three");
  EXPECT_EQ(conversation.raw_text(), before + "<|im_start|>user\nthree<|im_end|>\n<|im_start|>assistant\n");
  conversation.ask("four");  // in its place
  conversation.answer({}, "five", false);
  EXPECT_EQ(conversation.turns(), 2u);
  EXPECT_TRUE(conversation.undo());
  EXPECT_EQ(conversation.raw_text(), before);
  conversation.set_system("be kind");
  EXPECT_EQ(conversation.raw_text(), "<|im_start|>system\nbe kind<|im_end|>\n" + before);
  conversation.set_system({});
  EXPECT_EQ(conversation.raw_text(), before);
  conversation.reset();
  EXPECT_EQ(conversation.turns(), 0u);
  EXPECT_TRUE(conversation.messages().empty());

  Conversation strict(*tokenizer, chat_style("mistral-v0"), 4096, 100);
  strict.ask("one");
  const Ids prompt = strict.prompt_ids();
  expect_fails([&] { strict.set_system("be kind"); }, {"mistral-v0", "no place for a system message"});
  EXPECT_EQ(strict.prompt_ids(), prompt);
  strict.ask("two");  // still works
}

TEST(Conversation, TheOldestTurnsGoWhereThereIsNoRoom) {
  const auto tokenizer = own_tokenizer();
  const ChatStyle style = chat_style("chatml");
  constexpr std::int64_t kContext = 400, kRoom = 50;
  Conversation conversation(*tokenizer, style, kContext, kRoom);
  conversation.set_system("be kind");
  std::vector<Message> all = {{"system", "be kind"}};
  std::size_t gone = 0, cuts = 0;
  for (int i = 0; i < 40; ++i) {
    const std::size_t now = conversation.ask("question " + std::to_string(i));
    all.push_back({"user", "question " + std::to_string(i)});
    gone += now, cuts += now > 0;
    all.erase(all.begin() + 1, all.begin() + 1 + 2 * static_cast<std::ptrdiff_t>(now));
    EXPECT_EQ(conversation.messages(), all);
    EXPECT_EQ(conversation.prompt_ids(), whole(*tokenizer, style, all, true));
    EXPECT_LE(conversation.length(), (kContext - kRoom) * (now > 0 ? 3 : 4) / 4);
    conversation.answer({}, "answer", false);
    all.push_back({"assistant", "answer"});
  }
  EXPECT_GT(gone, 20u);
  EXPECT_LT(cuts, gone);  // several at a time
}

TEST(Conversation, WhatDoesNotFitIsNotAsked) {
  const auto tokenizer = own_tokenizer();
  Conversation conversation(*tokenizer, chat_style("openchatkit"), 60, 20);
  conversation.ask("one");
  conversation.answer({}, " two", false);
  const std::string before = conversation.raw_text();
  std::string longer;
  for (int i = 0; i < 100; ++i) longer += "word ";
  expect_fails([&] { conversation.ask(longer); }, {"tokens", "context of 60", "fewer words"});
  EXPECT_EQ(conversation.raw_text(), before);
  EXPECT_THROW(Conversation(*tokenizer, chat_style("raw"), 60, 20), Error);
}

}  // namespace
}  // namespace aacft::testing
