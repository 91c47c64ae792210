#include "aacft/data/exemplars.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "aacft/base/error.h"
#include "aacft/base/random.h"
#include "aacft/data/rows.h"
#include "aacft/formats/json.h"

namespace aacft {
namespace {

// The first `shots` of them but for those with this prompt.
std::vector<const Exemplar*> chosen(const std::vector<Exemplar>& exemplars, std::int64_t shots,
                                    const std::string& prompt) {
  std::vector<const Exemplar*> taken;
  const auto wanted = static_cast<std::size_t>(shots);
  for (std::size_t i = 0; i < exemplars.size() && taken.size() < wanted; ++i)
    if (exemplars[i].prompt != prompt) taken.push_back(&exemplars[i]);
  if (taken.size() < wanted)
    throw Error(shots, " exemplars are wanted, but there are only ", exemplars.size(),
                taken.size() < exemplars.size() ? ", one of which is the prompt itself" : "",
                "; take fewer, or add rows to their file");
  return taken;
}

}  // namespace

Exemplar exemplar_of(const nlohmann::json& row, std::size_t line, const DataOptions& options) {
  Exemplar exemplar{prompt_of(row, options), row_text(row, options).text, line, messages_of(row, options)};
  const std::string& text = exemplar.text;
  const bool answered = exemplar.messages.empty()
                            ? text.size() > exemplar.prompt.size() && text.starts_with(exemplar.prompt) &&
                                  text.find_first_not_of(" \t\r\n", exemplar.prompt.size()) != text.npos
                            : exemplar.messages.back().role == "assistant" &&
                                  exemplar.messages.back().content.find_first_not_of(" \t\r\n") != text.npos;
  if (!answered) throw Error("the row has no answer to show");
  if (exemplar.messages.empty() && text.find('\n', text.find_last_not_of(" \t\r\n")) == text.npos)
    exemplar.text += '\n';
  return exemplar;
}

std::vector<Exemplar> read_exemplars(const std::string& content, const std::string& name, const DataOptions& options) {
  std::vector<Exemplar> exemplars;
  const auto refuse = [&](std::size_t line, const std::string& reason) { throw Error(name, ":", line, ": ", reason); };
  read_json_lines(
      content,
      [&](std::size_t line, const nlohmann::json& row) {
        try {
          exemplars.push_back(exemplar_of(row, line, options));
        } catch (const Error& error) {
          refuse(line, error.what());
        }
      },
      refuse);
  if (exemplars.empty()) throw Error(name, ": the file has no rows; one JSON object a line is expected");
  return exemplars;
}

void reorder(std::vector<Exemplar>& exemplars, std::uint64_t seed) {
  if (seed == 0) return;
  const RandomStream random(seed, Purpose::kShuffle);
  std::vector<Exemplar> ordered;
  for (std::size_t i = 0; i < exemplars.size(); ++i) ordered.push_back(exemplars[random.permute(i, exemplars.size())]);
  exemplars = std::move(ordered);
}

std::string few_shot_prompt(const std::vector<Exemplar>& exemplars, std::int64_t shots, const std::string& prompt) {
  std::string text;
  for (const Exemplar* exemplar : chosen(exemplars, shots, prompt)) text += exemplar->text;
  return text + prompt;
}

std::string few_shot_prompt(const std::vector<Exemplar>& exemplars, std::int64_t shots,
                            const std::vector<Message>& asked, const ChatStyle& style) {
  std::vector<Message> conversation;
  const auto add = [&](const std::vector<Message>& messages) {
    for (const Message& message : messages)
      if (message.role != "system") conversation.push_back(message);
  };
  const auto shown = chosen(exemplars, shots, render_chat(asked, style, true).text);
  for (const Exemplar* exemplar : shown) {
    if (exemplar->messages.empty())
      throw Error("the exemplar in line ", exemplar->line,
                  " is text as it is, so it cannot be shown as turns of a chat");
    add(exemplar->messages);
  }
  add(asked);
  for (const std::vector<Message>* messages : {&asked, shown.empty() ? &asked : &shown.front()->messages})
    if (!messages->empty() && messages->front().role == "system" && conversation.front().role != "system")
      conversation.insert(conversation.begin(), messages->front());
  return render_chat(conversation, style, true).text;
}

void check_room(const std::vector<std::string>& prompts, const std::vector<std::string>& with_exemplars,
                const Tokenizer& tokenizer, std::int64_t answer_tokens, std::int64_t context) {
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    const auto all = static_cast<std::int64_t>(tokenizer.encode(with_exemplars[i]).size());
    if (all <= context - answer_tokens) continue;
    const auto own = static_cast<std::int64_t>(tokenizer.encode(prompts[i]).size());
    throw Error("prompt ", i + 1, ": its exemplars have ", all - own, " tokens, it has ", own, " and ", answer_tokens,
                " are for the answer, together ", all + answer_tokens, "; the model's context is ", context,
                ": take fewer or shorter exemplars, or leave less for the answer");
  }
}

}  // namespace aacft
