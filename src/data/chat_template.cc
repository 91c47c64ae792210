#include "aacft/data/chat_template.h"

#include <array>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/base/text.h"
#include "aacft/formats/json.h"
#include "aacft/tokenizer/gguf_vocabulary.h"
#include "squeezed_template.h"

namespace aacft {
namespace {

using nlohmann::json;

// A token as tokenizer_config.json writes it: its text, or an object with "content".
std::string token_text(const json& config, const char* key) {
  if (!config.contains(key)) return {};
  const json& token = config.at(key);
  if (token.is_string()) return token.get<std::string>();
  if (token.is_object() && token.contains("content") && token.at("content").is_string())
    return token.at("content").get<std::string>();
  return {};
}

std::string template_text(const json& config, const std::string& where) {
  if (!config.contains("chat_template") || config.at("chat_template").is_null()) return {};
  const json& value = config.at("chat_template");
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) throw Error(where, ": \"chat_template\" must be a text or a list of named texts");
  for (const json& item : value)
    if (item.is_object() && item.value("name", json()) == "default" && item.value("template", json()).is_string())
      return item.at("template").get<std::string>();
  throw Error(where, ": no \"chat_template\" is named \"default\"");
}

ChatTemplate template_in(const GgufMetadata& metadata, const std::filesystem::path& file) {
  const GgufVocabulary vocabulary = read_gguf_vocabulary(metadata);
  const auto token = [&](std::optional<std::int32_t> id) {
    return id ? vocabulary.tokens[static_cast<std::size_t>(*id)] : std::string();
  };
  return {metadata.text("tokenizer.chat_template", ""),
          {token(vocabulary.special.bos), token(vocabulary.special.eos)},
          file.string()};
}

// ---- recognition ----

// Patterns are written with ' for a quotation mark.
class Marks {
 public:
  explicit Marks(std::string_view text) : text_(squeezed_template(text)) {}

  bool has(std::string_view pattern) const { return text_.find(quoted_pattern(pattern)) != std::string::npos; }

  // The rest of the first constant text that begins so and ends in `end`, and with it its tag.
  std::optional<std::string> constant(std::string_view beginning, std::string_view end) const {
    const std::string from = quoted_pattern(beginning), to = std::string(end) + kTemplateQuote;
    for (std::size_t at = text_.find(from); at != std::string::npos; at = text_.find(from, at + 1)) {
      const std::size_t begin = at + from.size(), quote = text_.find(kTemplateQuote, begin);
      if (quote == std::string::npos) return {};
      const std::string_view rest = std::string_view(text_).substr(begin, quote + 1 - begin);
      const std::string_view behind = std::string_view(text_).substr(quote + 1);
      if (rest.ends_with(to) && (behind.starts_with("}}") || behind.starts_with("%}")))
        return std::string(rest.substr(0, rest.size() - to.size()));
    }
    return {};
  }

  std::size_t count(std::string_view pattern) const {
    const std::string wanted = quoted_pattern(pattern);
    std::size_t found = 0;
    for (std::size_t at = text_.find(wanted); at != std::string::npos; at = text_.find(wanted, at + 1)) ++found;
    return found;
  }

 private:
  static std::string quoted_pattern(std::string_view pattern) {
    std::string result(pattern);
    for (char& c : result)
      if (c == '\'') c = kTemplateQuote;
    return result;
  }

  std::string text_;
};

std::optional<ChatStyle> recognise_chatml(const Marks& marks, const ChatTokens& tokens) {
  for (const char* other : {"<|im_sep|>", "<|im_middle|>", "strftime_now", "eos_token", "content|trim"})
    if (marks.has(other)) return {};
  const bool any_role = marks.has("'<|im_start|>'+role+'\n'+content+'<|im_end|>\n'");
  const bool each_role = marks.has("'<|im_start|>user\n'+content+'<|im_end|>\n'") &&
                         marks.has("'<|im_start|>assistant\n'+content+'<|im_end|>\n'");
  // Qwen 1.5 leaves out the end of what is said last, unless it is to be answered.
  const bool open_end = marks.has("'<|im_start|>'+role+'\n'+content}}{%if(loop.lastandadd_generation_prompt)") &&
                        marks.has("{{'<|im_end|>\n'}}");
  if (!(any_role || each_role || open_end) || !marks.has("{{'<|im_start|>assistant\n")) return {};
  ChatStyle style = chat_style("chatml", tokens);
  // A system turn that is given, one that is put in its place, one before tools: all else would be news.
  style.default_system = marks.constant("{{'<|im_start|>system\n", "<|im_end|>\n");
  const std::size_t given = marks.count("{{'<|im_start|>system\n'+messages[0]"),
                    tools = marks.count("{%iftools%}{{'<|im_start|>system\n'}}");
  if (marks.count("<|im_start|>system\n") != given + tools + (style.default_system ? 1 : 0)) return {};
  if (marks.has("{{bos_token}}")) style.begin = tokens.bos;
  if (marks.has("<think>")) {
    style.thinks = true;
    if (!marks.has("{%ifloop.lastor(notloop.lastandreasoning_content)%}") ||
        !marks.has("<think>\n'+reasoning_content.strip('\n')+'\n</think>\n\n'+content.lstrip('\n')"))
      return {};
  } else if (marks.has("content.strip()")) {
    return {};
  }
  return style;
}

std::optional<ChatStyle> recognise_llama3(const Marks& marks, const ChatTokens& tokens) {
  if (!marks.has("'<|start_header_id|>'+role+'<|end_header_id|>\n\n'+content|trim+'<|eot_id|>'")) return {};
  ChatStyle style = chat_style("llama3", tokens);
  if (!marks.has("bos_token")) style.begin.clear();
  if (!marks.has("<|start_header_id|>system")) return style;
  const auto knowledge = marks.constant("{{'Cutting Knowledge Date: ", "\n");
  const auto today = marks.constant("{%setdate_string='", "");
  if (!knowledge || !today || !marks.has("{{'Today Date: '+date_string+'\n\n'}}") ||
      !marks.has("{{'<|start_header_id|>system<|end_header_id|>\n\n'}}") || !marks.has("{{system_message}}"))
    return {};
  style.default_system = "";
  style.system_note = "Cutting Knowledge Date: " + *knowledge + "\nToday Date: " + *today + "\n\n";
  return style;
}

std::optional<ChatStyle> recognise_llama2(const Marks& marks, const ChatTokens& tokens) {
  const bool known = marks.has("'[INST] '+content.strip()+' [/INST]'") &&
                     marks.has("{{' '+content.strip()+' '+eos_token}}") &&
                     marks.has("'<<SYS>>\n'+system_message+'\n<</SYS>>\n\n'+content");
  if (!known || marks.has("true==true")) return {};  // the latter has a default system text
  ChatStyle style = chat_style("llama2", tokens);
  if (marks.has("{{bos_token+'[INST] '")) return style;
  if (!marks.has("{{bos_token}}")) return {};
  style.begin = tokens.bos.empty() ? "<s>" : tokens.bos;
  style.user = "[INST] ";
  return style;
}

std::optional<ChatStyle> recognise_mistral(const Marks& marks, const ChatTokens& tokens) {
  ChatStyle style = chat_style("mistral", tokens);
  struct Spaces {
    const char *before, *after;
  };
  constexpr std::array<Spaces, 4> kAsked = {
      {{" [INST] ", " [/INST]"}, {"[INST] ", " [/INST]"}, {"[INST] ", "[/INST]"}, {"[INST]", "[/INST]"}}};
  const Spaces* asked = nullptr;
  for (const Spaces& spaces : kAsked)
    if (marks.has(std::string("{{'") + spaces.before + "'+content+'" + spaces.after + "'}}")) asked = &spaces;
  if (asked == nullptr || !marks.has("{{bos_token}}")) return {};
  style.user = asked->before, style.user_end = asked->after;

  style.trims_answers = marks.has("content|trim+eos_token}}");
  const std::string content = style.trims_answers ? "content|trim" : "content";
  style.say_before = marks.has("{{' '+" + content + "+eos_token") ? " " : "";
  if (style.say_before.empty() && !marks.has("{{" + content + "+eos_token")) return {};
  style.gap = marks.has("+eos_token+' '}}") ? " " : "";
  style.alternates = marks.has("(role=='user')!=(");

  if (marks.has("[SYSTEM_PROMPT]")) {
    const bool plain = marks.has("{{'[SYSTEM_PROMPT] '+content+'[/SYSTEM_PROMPT]'}}");
    if (!plain || marks.has("default_system")) return {};
    style.system_place = SystemPlace::kTurn;
    style.system = "[SYSTEM_PROMPT] ", style.system_end = "[/SYSTEM_PROMPT]";
  } else if (!marks.has("system_message")) {
    style.system_place = SystemPlace::kNowhere;
    style.system_end.clear();
  } else if (!marks.has("{{'" + style.user + "'+system_message+'\n\n'+content+'" + style.user_end + "'}}")) {
    return {};
  } else if (marks.has("{%ifloop.firstandsystem_messageisdefined%}")) {
    style.system_place = SystemPlace::kFirstUser;
  } else if (marks.has("{%ifloop.lastandsystem_messageisdefined%}")) {
    style.system_place = SystemPlace::kLastMessage;
  } else if (marks.has("{%if(message==user_messages[-1])andsystem_messageisdefined%}")) {
    style.system_place = SystemPlace::kLastUser;
  } else {
    return {};
  }
  return style;
}

std::optional<ChatStyle> recognise_zephyr(const Marks& marks, const ChatTokens& tokens) {
  const auto all = [&](const std::string& end, const std::string& ask) {
    for (const char* role : {"system", "user", "assistant"})
      if (!marks.has(std::string("{{'<|") + role + "|>\n'+content+eos_token" + end)) return false;
    return marks.has("{{'<|assistant|>" + ask);
  };
  if (!all("}}\n", "'}}\n") && !all("+'\n'}}", "\n'}}")) return {};
  return chat_style("zephyr", tokens);
}

std::optional<ChatStyle> recognise(const Marks& marks, const ChatTokens& tokens) {
  if (marks.has("<|im_start|>")) return recognise_chatml(marks, tokens);
  if (marks.has("<|start_header_id|>")) return recognise_llama3(marks, tokens);
  if (marks.has("<<SYS>>")) return recognise_llama2(marks, tokens);
  if (marks.has("[INST]")) return recognise_mistral(marks, tokens);
  if (marks.has("<|user|>")) return recognise_zephyr(marks, tokens);
  if (marks.has("'<human>: '+content+'\n'") && marks.has("'<bot>:'")) return openchatkit_style();
  return {};
}

}  // namespace

ChatTemplate read_chat_template(const std::filesystem::path& folder) {
  ChatTemplate own;
  if (folder.extension() == ".gguf" && std::filesystem::is_regular_file(folder))
    return template_in(GgufFile(folder).metadata(), folder);
  for (const char* name : {"tokenizer_config.json", "special_tokens_map.json"}) {
    const std::filesystem::path file = folder / name;
    if (!std::filesystem::exists(file)) continue;
    const json config = read_json_object(file);
    if (own.tokens.bos.empty()) own.tokens.bos = token_text(config, "bos_token");
    if (own.tokens.eos.empty()) own.tokens.eos = token_text(config, "eos_token");
    if (!own.text.empty()) continue;
    own.text = template_text(config, file.string());
    own.where = file.string();
  }
  const std::filesystem::path file = folder / "chat_template.jinja";
  if (std::filesystem::exists(file)) own.text = read_text(file), own.where = file.string();
  return own;
}

std::optional<ChatStyle> recognised_style(const ChatTemplate& own) {
  if (own.text.empty()) return {};
  if (std::optional<ChatStyle> style = recognise(Marks(own.text), own.tokens)) return style;
  ChatStyle unknown;
  unknown.name = unknown.family = "unknown";
  unknown.problem =
      (own.where.empty() ? "the model's" : own.where + ": the") +
      " chat template is of no known kind; name one that fits by --chat-style: " + listed(chat_style_names());
  return unknown;
}

ChatStyle choose_chat_style(std::string_view name, const ChatTemplate& own) {
  std::optional<ChatStyle> style = recognised_style(own);
  if (name.empty()) return style ? *std::move(style) : openchatkit_style();
  if (name == "model") {
    if (!style)
      throw UsageError("--chat-style model: the model has no chat template; there are ", listed(chat_style_names()));
    if (!style->problem.empty()) throw UsageError(style->problem);
    return *std::move(style);
  }
  return style && style->family == name ? *std::move(style) : chat_style(name, own.tokens);
}

}  // namespace aacft
