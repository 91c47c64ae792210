#include "aacft/data/chat_style.h"

#include <algorithm>
#include <tuple>

#include "aacft/base/error.h"
#include "aacft/base/text.h"
#include "aacft/base/utf8.h"
#include "aacft/data/turns.h"

namespace aacft {
namespace {

// ---- the styles ----

ChatStyle openchatkit(const ChatTokens&) {
  ChatStyle style;
  style.family = "openchatkit";
  style.system_end = "\n";
  style.user = std::string(kHumanTurn) + " ", style.user_end = "\n";
  style.assistant = kBotTurn;
  style.say_before = " ", style.say_after = "\n";
  style.stop = kHuman;
  return style;
}

ChatStyle chatml(const ChatTokens&) {
  ChatStyle style;
  style.family = "chatml";
  style.system = "<|im_start|>system\n", style.user = "<|im_start|>user\n", style.assistant = "<|im_start|>assistant\n";
  style.system_end = style.user_end = "<|im_end|>\n";
  style.end = style.stop = "<|im_end|>";
  style.gap = "\n";
  return style;
}

ChatStyle smollm2(const ChatTokens& tokens) {
  ChatStyle style = chatml(tokens);
  style.default_system = "You are a helpful AI assistant named SmolLM, trained by Hugging Face";
  return style;
}

ChatStyle qwen25(const ChatTokens& tokens) {
  ChatStyle style = chatml(tokens);
  style.default_system = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant.";
  return style;
}

ChatStyle qwen3(const ChatTokens& tokens) {
  ChatStyle style = chatml(tokens);
  style.thinks = true;
  return style;
}

ChatStyle llama3(const ChatTokens& tokens) {
  ChatStyle style;
  style.family = "llama3";
  style.begin = tokens.bos.empty() ? "<|begin_of_text|>" : tokens.bos;
  const auto header = [](const char* role) {
    return std::string("<|start_header_id|>").append(role).append("<|end_header_id|>\n\n");
  };
  style.system = header("system"), style.user = header("user"), style.assistant = header("assistant");
  style.system_end = style.user_end = style.end = style.stop = "<|eot_id|>";
  style.trims_asked = style.trims_answers = true;
  return style;
}

// 3.2's template asks for today's date where there is a clock; the same data must give the same tokens tomorrow, so it
// is the date that it has for want of one.
ChatStyle llama31(const ChatTokens& tokens) {
  ChatStyle style = llama3(tokens);
  style.system_note = "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n";
  style.default_system = "";
  return style;
}

// What the styles with [INST] share.
ChatStyle instructions(const char* family, const ChatTokens& tokens) {
  ChatStyle style;
  style.family = family;
  style.begin = tokens.bos.empty() ? "<s>" : tokens.bos;
  style.end = style.stop = tokens.eos.empty() ? "</s>" : tokens.eos;
  style.system_place = SystemPlace::kFirstUser;
  style.alternates = true;
  return style;
}

ChatStyle llama2(const ChatTokens& tokens) {
  ChatStyle style = instructions("llama2", tokens);
  style.user = std::exchange(style.begin, "") + "[INST] ", style.user_end = " [/INST]";
  style.system = "<<SYS>>\n", style.system_end = "\n<</SYS>>\n\n";
  style.say_before = style.say_after = " ";
  style.trims_asked = style.trims_answers = true;
  return style;
}

ChatStyle mistral(const ChatTokens& tokens) {
  ChatStyle style = instructions("mistral", tokens);
  style.system_end = "\n\n";
  style.user = "[INST] ", style.user_end = "[/INST]";
  style.say_before = " ";
  style.trims_answers = true;
  style.system_place = SystemPlace::kLastMessage;
  return style;
}

// Of Mixtral and of Mistral before its tokenizer's version 1.
ChatStyle mistral_v0(const ChatTokens& tokens) {
  ChatStyle style = instructions("mistral", tokens);
  style.user = "[INST] ", style.user_end = " [/INST]";
  style.system_place = SystemPlace::kNowhere;
  return style;
}

ChatStyle mistral_v1(const ChatTokens& tokens) {
  ChatStyle style = instructions("mistral", tokens);
  style.system_end = "\n\n";
  style.user = " [INST] ", style.user_end = " [/INST]";
  style.say_before = " ";
  return style;
}

ChatStyle mistral_v3_tekken(const ChatTokens& tokens) {
  ChatStyle style = instructions("mistral", tokens);
  style.system_end = "\n\n";
  style.user = "[INST]", style.user_end = "[/INST]";
  style.system_place = SystemPlace::kLastMessage;
  return style;
}

ChatStyle zephyr(const ChatTokens& tokens) {
  ChatStyle style;
  style.family = "zephyr";
  style.system = "<|system|>\n", style.user = "<|user|>\n", style.assistant = "<|assistant|>\n";
  style.end = style.stop = tokens.eos.empty() ? "</s>" : tokens.eos;
  style.gap = "\n";
  style.system_end = style.user_end = style.end + style.gap;
  return style;
}

ChatStyle raw_text(const ChatTokens&) {
  ChatStyle style;
  style.family = "raw";
  style.problem =
      "the chat style \"raw\" has no turns, so messages cannot be spelled in it; --chat-style names another";
  return style;
}

struct Named {
  const char* name;
  ChatStyle (*make)(const ChatTokens&);
};
constexpr Named kStyles[] = {
    {"openchatkit", openchatkit},
    {"chatml", chatml},
    {"llama3", llama3},
    {"llama2", llama2},
    {"mistral", mistral},
    {"zephyr", zephyr},
    {"raw", raw_text},
    {"smollm2", smollm2},
    {"qwen2.5", qwen25},
    {"qwen3", qwen3},
    {"llama3.1", llama31},
    {"mistral-v0", mistral_v0},
    {"mistral-v1", mistral_v1},
    {"mistral-v3-tekken", mistral_v3_tekken},
};

// ---- spelling ----

constexpr std::string_view kThink = "<think>", kThought = "</think>";

// What Python takes for white space: templates trim by it.
bool is_python_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

std::string_view stripped(std::string_view text) {
  std::size_t begin = text.size(), end = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t from = at;
    if (is_python_space(next_code_point(text, at))) continue;
    begin = std::min(begin, from), end = at;
  }
  return begin < end ? text.substr(begin, end - begin) : std::string_view();
}

std::string_view without_newlines(std::string_view text, bool at_end = false) {
  text.remove_prefix(std::min(text.find_first_not_of('\n'), text.size()));
  if (at_end) text = text.substr(0, text.find_last_not_of('\n') + 1);
  return text;
}

// What a message of a model that thinks says: thoughts, and the answer.
std::pair<std::string_view, std::string_view> thoughts_and_answer(std::string_view content) {
  const std::size_t first = content.find(kThought);
  if (first == content.npos) return {{}, content};
  std::string_view thoughts = content.substr(0, first);
  if (const std::size_t at = thoughts.rfind(kThink); at != thoughts.npos) thoughts.remove_prefix(at + kThink.size());
  return {without_newlines(thoughts, true),
          without_newlines(content.substr(content.rfind(kThought) + kThought.size()))};
}

class Rendering {
 public:
  Rendering(const std::vector<Message>& messages, const ChatStyle& style, bool ask)
      : messages_(messages), style_(style) {
    if (!style.problem.empty()) throw Error(style.problem);
    if (messages.empty() && (!ask || style.alternates)) throw Error("a conversation needs at least one message");
    first_ = !messages.empty() && messages.front().role == "system" ? 1 : 0;
    for (std::size_t i = 0; i < messages.size(); ++i)
      if (messages[i].role == "user") last_user_ = i;
    check();
  }

  ChatText render(bool ask) {
    chat_.text = style_.begin;
    if (style_.system_place == SystemPlace::kTurn && (first_ == 1 || style_.default_system))
      add(style_.system,
          style_.system_note +
              trimmed_if(style_.trims_asked, first_ == 1 ? messages_[0].content : *style_.default_system),
          style_.system_end);
    for (std::size_t i = first_; i < messages_.size(); ++i) {
      if (messages_[i].role == "assistant") {
        add_answer(i);
      } else if (messages_[i].role == "user") {
        add(style_.user, trimmed_if(style_.trims_asked, asked(i)), style_.user_end);
      } else {
        add(style_.system, trimmed_if(style_.trims_asked, messages_[i].content), style_.system_end);
      }
    }
    if (ask) {
      chat_.text += style_.assistant;
      if (style_.thinks) add_thoughts({});
    }
    return std::move(chat_);
  }

 private:
  void check() const {
    for (std::size_t i = 0; i < messages_.size(); ++i) {
      const std::string& role = messages_[i].role;
      const auto refuse = [&](const auto&... why) {
        throw Error("the chat style ", style_.name, " ", why..., ": message ", i + 1, " is \"", role, "\"");
      };
      if (role != "system" && role != "user" && role != "assistant")
        throw Error("the role \"", role, "\" is not known; system, user and assistant are");
      if (role == "system") {
        if (style_.system_place == SystemPlace::kNowhere) refuse("has no place for a system message");
        if (style_.system_place != SystemPlace::kTurn && i > 0) refuse("takes a system message only as the first one");
      } else if (style_.alternates && (role == "user") != ((i - first_) % 2 == 0)) {
        refuse("wants user and assistant to take turns, the user first");
      }
    }
    if (first_ == 1 && !last_user_ && style_.system_place != SystemPlace::kTurn)
      throw Error("the chat style ", style_.name, " says a system message in a user turn, and there is none");
  }

  // What a user turn says, the system's text included where it belongs there.
  std::string asked(std::size_t i) const {
    std::size_t holder = messages_.size();
    if (first_ == 1 && style_.system_place == SystemPlace::kFirstUser) holder = first_;
    else if (first_ == 1 && style_.system_place == SystemPlace::kLastUser) holder = *last_user_;
    else if (first_ == 1 && style_.system_place == SystemPlace::kLastMessage) holder = messages_.size() - 1;
    if (i != holder) return messages_[i].content;
    return style_.system + messages_[0].content + style_.system_end + messages_[i].content;
  }

  static std::string trimmed_if(bool trims, const std::string& text) {
    return trims ? std::string(stripped(text)) : text;
  }

  void add(const std::string& before, const std::string& content, const std::string& after) {
    chat_.text.append(before).append(content).append(after);
  }

  void add_thoughts(std::string_view thoughts) {
    chat_.text.append(kThink).append("\n").append(thoughts).append("\n").append(kThought).append("\n\n");
  }

  void add_answer(std::size_t i) {
    chat_.text += style_.assistant;
    std::size_t begin = chat_.text.size();
    std::string_view answer = messages_[i].content;
    if (style_.thinks) {
      std::string_view thoughts;
      std::tie(thoughts, answer) = thoughts_and_answer(answer);
      if (last_user_ && i > *last_user_ && (i + 1 == messages_.size() || !thoughts.empty())) {
        add_thoughts(thoughts);
        if (thoughts.empty()) begin = chat_.text.size();
        answer = without_newlines(answer);
      }
    }
    if (style_.trims_answers) answer = stripped(answer);
    chat_.text.append(style_.say_before).append(answer).append(style_.say_after).append(style_.end);
    chat_.answers.emplace_back(begin, chat_.text.size());
    chat_.text += style_.gap;
  }

  const std::vector<Message>& messages_;
  const ChatStyle& style_;
  std::size_t first_ = 0;  // the first message behind the system's, where there is one
  std::optional<std::size_t> last_user_;
  ChatText chat_;
};

}  // namespace

const std::vector<std::string>& chat_style_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const Named& style : kStyles) all.push_back(style.name);
    return all;
  }();
  return names;
}

ChatStyle chat_style(std::string_view name, const ChatTokens& tokens) {
  if (name == "none") name = "raw";
  for (const Named& named : kStyles) {
    if (named.name != name) continue;
    ChatStyle style = named.make(tokens);
    style.name = name;
    return style;
  }
  throw UsageError("the chat style ", in_quotes(name), " is not known; there are ", listed(chat_style_names()));
}

const ChatStyle& openchatkit_style() {
  static const ChatStyle style = chat_style("openchatkit");
  return style;
}

ChatText render_chat(const std::vector<Message>& messages, const ChatStyle& style, bool ask) {
  return Rendering(messages, style, ask).render(ask);
}

std::vector<std::int32_t> end_tokens(const ChatStyle& style, const Tokenizer& tokenizer) {
  if (style.end.empty()) return {};
  const std::optional<std::int32_t> id = tokenizer.find(style.end);
  return id ? std::vector{*id} : std::vector<std::int32_t>();
}

std::vector<std::string> stop_texts(const ChatStyle& style) {
  return style.stop.empty() ? std::vector<std::string>() : std::vector{style.stop};
}

}  // namespace aacft
