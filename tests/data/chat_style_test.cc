// Chat styles, by what the templates of real models say.
#include "aacft/data/chat_style.h"

#include "aacft/base/file.h"
#include "data/chat_goldens.h"
#include "formats/support.h"
#include "support/paths.h"

namespace aacft::testing {
namespace {

using nlohmann::json;

json goldens() { return json::parse(read_file(source_dir() / "tests/data/chat-style.json")); }

ChatStyle style_of(const json& model) {
  return chat_style(model.at("style").get<std::string>(),
                    {model.at("bos").get<std::string>(), model.at("eos").get<std::string>()});
}

TEST(ChatStyle, SaysWhatTheModelsTemplatesSay) {
  const json all = goldens();
  ASSERT_GE(all.at("models").size(), 12u);
  for (const json& model : all.at("models")) {
    expect_renders(style_of(model), all.at("cases"), model);
    // Without the model's tokens the style takes those that models of its kind have.
    if (model.at("style") != "smollm2")
      expect_renders(chat_style(model.at("style").get<std::string>()), all.at("cases"), model);
  }
}

TEST(ChatStyle, APromptBeginsTheRowAndTheAnswerIsTheRest) {
  const json all = goldens();
  std::size_t answers = 0;
  for (const std::string& name : chat_style_names()) {
    const ChatStyle style = chat_style(name);
    for (const json& list : all.at("cases")) {
      const std::vector<Message> messages = messages_from(list);
      if (messages.back().role != "assistant") continue;
      ChatText row;
      try {
        row = render_chat(messages, style, false);
      } catch (const Error&) {
        continue;
      }
      SCOPED_TRACE(name + ": " + row.text);
      const auto [begin, end] = row.answers.back();
      EXPECT_EQ(row.text.substr(end), style.gap);
      EXPECT_TRUE(row.text.substr(begin, end - begin).ends_with(style.say_after + style.end));
      const bool asked = messages.size() > 1 && messages[messages.size() - 2].role == "user";
      const bool thoughts = messages.back().content.find("</think>") != std::string::npos;
      const bool loses = style.system_place == SystemPlace::kLastMessage && messages.front().role == "system";
      if ((style.thinks && (!asked || thoughts)) || loses) continue;
      const std::vector<Message> before(messages.begin(), messages.end() - 1);
      EXPECT_EQ(render_chat(before, style, true).text, row.text.substr(0, begin));
      ++answers;
    }
  }
  EXPECT_GT(answers, 100u);
}

TEST(ChatStyle, AnswersAreWhatTheAssistantSays) {
  const std::vector<Message> messages = {
      {"system", "s"}, {"user", "a"}, {"assistant", " b "}, {"user", "c"}, {"assistant", "d"}};
  const auto answers = [&](const char* name) {
    const ChatText chat = render_chat(messages, chat_style(name), false);
    std::vector<std::string> parts;
    for (const auto& [begin, end] : chat.answers) parts.push_back(chat.text.substr(begin, end - begin));
    return parts;
  };
  using Parts = std::vector<std::string>;
  EXPECT_EQ(answers("openchatkit"), (Parts{"  b \n", " d\n"}));
  EXPECT_EQ(answers("chatml"), (Parts{" b <|im_end|>", "d<|im_end|>"}));
  EXPECT_EQ(answers("qwen3"), (Parts{" b <|im_end|>", "d<|im_end|>"}));  // an empty thought is the prompt's
  EXPECT_EQ(answers("llama3.1"), (Parts{"b<|eot_id|>", "d<|eot_id|>"}));
  EXPECT_EQ(answers("llama2"), (Parts{" b </s>", " d </s>"}));
  EXPECT_EQ(answers("mistral"), (Parts{" b</s>", " d</s>"}));
  EXPECT_EQ(answers("mistral-v1"), (Parts{"  b </s>", " d</s>"}));
  EXPECT_EQ(answers("mistral-v3-tekken"), (Parts{" b </s>", "d</s>"}));
  EXPECT_EQ(answers("zephyr"), (Parts{" b </s>", "d</s>"}));
}

TEST(ChatStyle, ThoughtsAreSaid) {
  const ChatText chat =
      render_chat({{"user", "a"}, {"assistant", "<think>\nhm\n</think>\n\nb"}}, chat_style("qwen3"), false);
  ASSERT_EQ(chat.answers.size(), 1u);
  EXPECT_EQ(chat.text.substr(chat.answers[0].first), "<think>\nhm\n</think>\n\nb<|im_end|>\n");
}

TEST(ChatStyle, WhatIsRefusedIsSaid) {
  const Message system{"system", "s"}, user{"user", "u"}, assistant{"assistant", "a"};
  const auto refused = [](const char* name, std::vector<Message> messages, std::initializer_list<std::string> parts) {
    expect_error([&] { render_chat(messages, chat_style(name), false); }, parts);
  };
  refused("mistral", {assistant, user}, {"chat style mistral", "user first", "message 1 is \"assistant\""});
  refused("llama2", {user, user}, {"chat style llama2", "take turns", "message 2 is \"user\""});
  refused("llama2", {system, user, assistant, assistant}, {"message 4 is \"assistant\""});
  refused("llama2", {user, system}, {"only as the first", "message 2 is \"system\""});
  refused("mistral-v0", {system, user}, {"no place for a system message", "message 1"});
  refused("mistral-v1", {system}, {"there is none"});
  refused("chatml", {{"tool", "x"}}, {"role \"tool\"", "system, user and assistant"});
  refused("chatml", {}, {"at least one message"});
  refused("raw", {user}, {"raw", "--chat-style"});
}

TEST(ChatStyle, TheSystemTextStaysWhereTheUserSpokeLast) {
  ChatStyle style = chat_style("mistral");
  style.system_place = SystemPlace::kLastUser;
  EXPECT_EQ(
      render_chat({{"system", "s"}, {"user", "a"}, {"assistant", "b"}, {"user", "c"}, {"assistant", "d"}}, style, false)
          .text,
      "<s>[INST] a[/INST] b</s>[INST] s\n\nc[/INST] d</s>");
}

TEST(ChatStyle, Names) {
  EXPECT_EQ(chat_style("none").name, "raw");
  for (const std::string& name : chat_style_names()) {
    const ChatStyle style = chat_style(name);
    EXPECT_EQ(style.name, name);
    EXPECT_EQ(chat_style(style.family).family, style.family);
  }
  expect_error([] { chat_style("alpaca"); },
               {"\"alpaca\"", "openchatkit, chatml, llama3, llama2, mistral, zephyr, raw"});
  EXPECT_THROW(chat_style(""), UsageError);
}

TEST(ChatStyle, Ends) {
  const auto tokenizer = load_tokenizer(goldens_dir() / "tokenizer");
  EXPECT_EQ(end_tokens(chat_style("zephyr", {"", "<|endoftext|>"}), *tokenizer), std::vector<std::int32_t>{0});
  EXPECT_TRUE(end_tokens(chat_style("chatml"), *tokenizer).empty());
  EXPECT_TRUE(end_tokens(openchatkit_style(), *tokenizer).empty());
  using Texts = std::vector<std::string>;
  EXPECT_EQ(stop_texts(openchatkit_style()), Texts{"<human>"});
  EXPECT_EQ(stop_texts(chat_style("llama3")), Texts{"<|eot_id|>"});
  EXPECT_EQ(stop_texts(chat_style("zephyr", {"<s>", "<|endoftext|>"})), Texts{"<|endoftext|>"});
  EXPECT_TRUE(stop_texts(chat_style("raw")).empty());
}

}  // namespace
}  // namespace aacft::testing
