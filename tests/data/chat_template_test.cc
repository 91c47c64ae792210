// Templates of models, told by what they write.
#include "aacft/data/chat_template.h"

#include "aacft/base/file.h"
#include "data/chat_goldens.h"
#include "data/squeezed_template.h"
#include "formats/support.h"
#include "support/paths.h"

namespace aacft::testing {
namespace {

using nlohmann::json;

std::string squeezed(std::string_view text) {
  std::string result = squeezed_template(text);
  for (char& c : result)
    if (c == kTemplateQuote) c = '\'';
  return result;
}

TEST(SqueezedTemplate, TextIsWrittenAsJinjaWould) {
  EXPECT_EQ(squeezed("a\n  {% if x %}\n b {{ y }}\n{%- endif -%}\n c"), "a\n{%ifx%} b {{y}}{%endif%}c");
  EXPECT_EQ(squeezed("{% if x %} {% endif %}  {{ y }}  "), "{%ifx%} {%endif%}  {{y}}  ");
  EXPECT_EQ(squeezed("a {#- one {{ x }} -#} b\n{# two #}\nc { d } {"), "ab\nc { d } {");
}

TEST(SqueezedTemplate, TagsLoseSpaceAndTextsTheirEscapes) {
  EXPECT_EQ(squeezed("{{ 'a b' + \"c\\n\" + 'd\\'}}' }}"), "{{'a bc\nd'}}'}}");
  EXPECT_EQ(squeezed("{{- message['content'] + message.role|trim -}}"), "{{content+role|trim}}");
  EXPECT_EQ(squeezed("{{ messages[0]['role'] }}"), "{{messages[0]['role']}}");
  EXPECT_EQ(squeezed("{{ 'open"), "{{'open'}}");
  EXPECT_EQ(squeezed("x{% if"), "x{%if%}");
  EXPECT_EQ(squeezed(""), "");
}

// Templates in the manner of the real ones.
const std::string kChatMl =
    "{% for message in messages %}{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";
const std::string kLlama2 =
    "{% for message in messages %}{% if first %}{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + "
    "message['content'] %}{% endif %}{% if user %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}{% else %}"
    "{{ ' ' + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}";
const std::string kMistral =
    "{{ bos_token }}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('') }}{% endif %}{% if user %}{{ '[INST] ' + message['content'] + '[/INST]' }}{% else %}"
    "{{ ' ' + message['content'] + eos_token }}{% endif %}{% endfor %}";

ChatStyle recognised(const std::string& text, const ChatTokens& tokens = {}) {
  return recognised_style({text, tokens, "file"}).value();
}

TEST(ChatTemplates, Families) {
  EXPECT_EQ(recognised(kChatMl).family, "chatml");
  EXPECT_FALSE(recognised(kChatMl).default_system);
  EXPECT_EQ(
      recognised("{% if not system %}{{ '<|im_start|>system\n It\\'s \\\\o/<|im_end|>\\n' }}{% endif %}" + kChatMl)
          .default_system,
      " It's \\o/");
  EXPECT_EQ(recognised("{{ bos_token }}" + kChatMl, {"<b>", ""}).begin, "<b>");
  EXPECT_EQ(recognised(kLlama2, {"<b>", "<e>"}).user, "<b>[INST] ");
  EXPECT_EQ(recognised(kLlama2, {"<b>", "<e>"}).end, "<e>");
  EXPECT_EQ(recognised(kMistral).family, "mistral");
  EXPECT_EQ(recognised(kMistral).system_place, SystemPlace::kNowhere);
  EXPECT_FALSE(recognised_style({}));
}

TEST(ChatTemplates, WhatIsNotKnownFailsWhoTriesToUseIt) {
  for (const std::string& text : {std::string("{{ messages }}"), std::string("{{ '<start_of_turn>' + message.role }}"),
                                  "{{ strftime_now() }}" + kChatMl, "{{ '<|im_start|>user<|im_sep|>' }}" + kChatMl,
                                  kChatMl + "{{ eos_token }}", "{% if true == true %}{% endif %}" + kLlama2,
                                  std::string("{{ '<|im_start|>' + message.role + message.content + '<|im_end|>' }}"),
                                  std::string("[INST]"), std::string("<|start_header_id|>"), std::string("<|user|>")}) {
    const ChatStyle style = recognised(text);
    expect_error([&] { render_chat({{"user", "x"}}, style, true); }, {"file: ", "--chat-style", "chatml, llama3"});
    expect_error([&] { choose_chat_style("model", {text, {}, "file"}); }, {"--chat-style"});
    EXPECT_EQ(choose_chat_style("zephyr", {text, {}, "file"}).name, "zephyr");
  }
}

TEST(ChatTemplates, TheStyleThatIsChosen) {
  const ChatTemplate none,
      own{"{% if a %}{{ '<|im_start|>system\\nBe.<|im_end|>\\n' }}{% endif %}" + kChatMl, {"", "<e>"}, ""};
  EXPECT_EQ(choose_chat_style("", none).name, "openchatkit");
  EXPECT_EQ(choose_chat_style("", own).default_system, "Be.");
  EXPECT_EQ(choose_chat_style("model", own).default_system, "Be.");
  EXPECT_EQ(choose_chat_style("chatml", own).default_system, "Be.");
  EXPECT_FALSE(choose_chat_style("chatml", none).default_system);
  EXPECT_EQ(choose_chat_style("qwen2.5", own).default_system, chat_style("qwen2.5").default_system);
  EXPECT_EQ(choose_chat_style("zephyr", own).end, "<e>");
  EXPECT_EQ(choose_chat_style("none", own).name, "raw");
  expect_error([&] { choose_chat_style("model", none); }, {"no chat template", "chatml"});
  expect_error([&] { choose_chat_style("chat", own); }, {"\"chat\"", "chatml"});
}

TEST(ChatTemplates, FilesOfAModel) {
  const TemporaryFolder folder;
  EXPECT_TRUE(read_chat_template(folder.path()).text.empty());
  const auto config = [&](const json& value) { write_text(folder / "tokenizer_config.json", value.dump()); };
  config({{"chat_template", "a"}, {"bos_token", nullptr}, {"eos_token", {{"content", "<e>"}, {"lstrip", false}}}});
  EXPECT_EQ(read_chat_template(folder.path()).text, "a");
  EXPECT_EQ(read_chat_template(folder.path()).tokens.eos, "<e>");
  EXPECT_EQ(read_chat_template(folder.path()).tokens.bos, "");
  EXPECT_EQ(read_chat_template(folder.path()).where, (folder / "tokenizer_config.json").string());
  write_text(folder / "special_tokens_map.json", R"({"bos_token": "<b>", "eos_token": "<other>"})");
  EXPECT_EQ(read_chat_template(folder.path()).tokens.bos, "<b>");
  EXPECT_EQ(read_chat_template(folder.path()).tokens.eos, "<e>");
  config({{"chat_template", {{{"name", "tool_use"}, {"template", "t"}}, {{"name", "default"}, {"template", "d"}}}}});
  EXPECT_EQ(read_chat_template(folder.path()).text, "d");
  write_text(folder / "chat_template.jinja", "j\n");
  EXPECT_EQ(read_chat_template(folder.path()).text, "j\n");
  EXPECT_EQ(read_chat_template(folder.path()).where, (folder / "chat_template.jinja").string());
  config({{"chat_template", {{{"name", "tool_use"}, {"template", "t"}}}}});
  expect_error([&] { read_chat_template(folder.path()); }, {"default"}, "tokenizer_config.json");
  config({{"chat_template", 5}});
  expect_error([&] { read_chat_template(folder.path()); }, {"text or a list"}, "tokenizer_config.json");
}

TEST(ChatTemplates, InsideGguf) {
  const auto text = [](const std::string& value) { return little<std::uint64_t>(value.size()) + value; };
  const auto file = [&](const std::vector<std::string>& pairs) {
    std::string bytes =
        "GGUF" + little<std::uint32_t>(3) + little<std::uint64_t>(0) + little<std::uint64_t>(pairs.size());
    for (const std::string& pair : pairs) bytes += pair;
    return bytes + std::string(64, '\0');
  };
  const auto key = [&](const std::string& name, std::uint32_t type, const std::string& value) {
    return text(name) + little(type) + value;
  };
  const std::string tokens =
      key("tokenizer.ggml.tokens", 9, little<std::uint32_t>(8) + little<std::uint64_t>(2) + text("<b>") + text("<e>"));
  const std::string model = key("tokenizer.ggml.model", 8, text("gpt2"));
  const TemporaryFolder folder;
  const fs::path path = folder / "model.gguf";
  write_text(path, file({key("tokenizer.chat_template", 8, text(kMistral)), model, tokens,
                         key("tokenizer.ggml.bos_token_id", 4, little<std::uint32_t>(0)),
                         key("tokenizer.ggml.eos_token_id", 4, little<std::uint32_t>(1))}));
  const ChatTemplate own = read_chat_template(path);
  EXPECT_EQ(own.text, kMistral);
  EXPECT_EQ(choose_chat_style("", own).begin, "<b>");
  EXPECT_EQ(choose_chat_style("", own).end, "<e>");
  write_text(path, file({model, tokens, key("tokenizer.ggml.eos_token_id", 4, little<std::uint32_t>(2))}));
  EXPECT_EQ(read_chat_template(path).text, "");
  EXPECT_EQ(read_chat_template(path).tokens.eos, "");
  EXPECT_EQ(choose_chat_style("", read_chat_template(path)).name, "openchatkit");
}

// Those that tests/interop/chat.py could download; MODELS there must be recognised, the others rightly or not at all.
TEST(ChatTemplates, AllThatCanBeHad) {
  const char* file = ::getenv("AACFT_CHAT_TEMPLATES");
  if (file == nullptr) GTEST_SKIP() << "AACFT_CHAT_TEMPLATES names no file";
  const json all = json::parse(read_file(file));
  for (const json& model : all.at("models")) {
    const ChatStyle style = recognised(model.at("template").get<std::string>(),
                                       {model.at("bos").get<std::string>(), model.at("eos").get<std::string>()});
    const std::string name = model.at("name").get<std::string>();
    if (!style.problem.empty()) {
      EXPECT_EQ(model.at("style"), "") << name << " is not recognised";
      std::printf("%s: not known\n", name.c_str());
      continue;
    }
    expect_renders(style, all.at("cases"), model);
    std::printf("%s is %s\n", name.c_str(), style.family.c_str());
  }
}

}  // namespace
}  // namespace aacft::testing
