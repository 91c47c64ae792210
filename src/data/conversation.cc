#include "aacft/data/conversation.h"

#include <algorithm>
#include <utility>

#include "aacft/base/error.h"

namespace aacft {
namespace {

// Tokens whose text is enough for a tokenizer to see what a text continues.
constexpr std::ptrdiff_t kSeenBehind = 4;

std::string_view without_around(std::string_view text, std::string_view before, std::string_view after) {
  if (text.starts_with(before)) text.remove_prefix(before.size());
  if (text.ends_with(after)) text.remove_suffix(after.size());
  return text;
}

}  // namespace

Conversation::Conversation(const Tokenizer& tokenizer, ChatStyle style, std::int64_t context, std::int64_t room)
    : tokenizer_(tokenizer), style_(std::move(style)), later_(style_), context_(context), room_(room) {
  if (!style_.problem.empty()) throw Error(style_.problem);
  later_.begin.clear();
  later_.default_system.reset();
}

Conversation::Ids Conversation::first_ids(const std::string& said) const {
  std::vector<Message> messages;
  if (system_) messages.push_back({"system", *system_});
  messages.push_back({"user", said});
  return with_beginning(tokenizer_, tokenizer_.encode(render_chat(messages, style_, true).text));
}

Conversation::Ids Conversation::later_ids(const std::string& said) const {
  return encode_behind(turns_.back().rest + render_chat({{"user", said}}, later_, true).text);
}

// The ids that a text has behind the last turn. Alone, its first word might get a space that begins a text, or lack
// one.
Conversation::Ids Conversation::encode_behind(const std::string& text) const {
  const Turn& last = turns_.back();
  const Ids& before = last.answer_ids.empty() ? last.asked_ids : last.answer_ids;
  const auto seen = std::min<std::ptrdiff_t>(kSeenBehind, static_cast<std::ptrdiff_t>(before.size()));
  const std::string ahead = tokenizer_.decode(std::span(before).last(static_cast<std::size_t>(seen)));
  Ids ids;
  for (const Token& token : tokenizer_.encode_with_offsets(ahead + text)) {
    if (token.begin < ahead.size() && token.end > ahead.size()) return tokenizer_.encode(text);
    if (token.begin >= ahead.size()) ids.push_back(token.id);
  }
  return ids;
}

std::size_t Conversation::ask(const std::string& said) {
  if (!turns_.empty() && !turns_.back().answered) turns_.pop_back();
  const auto alone = static_cast<std::int64_t>(first_ids(said).size());
  if (alone >= context_)
    throw Error("that has ", alone, " tokens, but the model's context of ", context_,
                " must hold it and an answer; say it in fewer words");
  Turn turn;
  turn.said = said;
  turn.asked_ids = turns_.empty() ? first_ids(said) : later_ids(said);
  turns_.push_back(std::move(turn));
  std::int64_t space = context_ - room_;
  std::size_t gone = 0;
  while (turns_.size() > 1 && length() > space) {
    if (gone++ == 0) space = space * 3 / 4;
    turns_.erase(turns_.begin());
    turns_.front().asked_ids = first_ids(turns_.front().said);
  }
  return gone;
}

std::vector<std::int32_t> Conversation::prompt_ids() const {
  Ids ids;
  for (const Turn& turn : turns_) {
    ids.insert(ids.end(), turn.asked_ids.begin(), turn.asked_ids.end());
    ids.insert(ids.end(), turn.answer_ids.begin(), turn.answer_ids.end());
  }
  return ids;
}

std::int64_t Conversation::length() const {
  std::size_t length = 0;
  for (const Turn& turn : turns_) length += turn.asked_ids.size() + turn.answer_ids.size();
  return static_cast<std::int64_t>(length);
}

void Conversation::answer(std::vector<std::int32_t> new_ids, std::string text, bool ended) {
  Turn& turn = turns_.back();
  turn.answered = true;
  const std::vector<std::int32_t> ends = end_tokens(style_, tokenizer_);
  if (ended && !new_ids.empty() && std::find(ends.begin(), ends.end(), new_ids.back()) != ends.end()) {
    turn.rest = style_.gap;
  } else {
    // An end of another kind is no part of the style. Neither is a stop text, which may begin inside a token.
    if (ended && !new_ids.empty()) new_ids.pop_back();
    std::string kept = tokenizer_.decode(new_ids, true);
    for (; !text.starts_with(kept); kept = tokenizer_.decode(new_ids, true)) new_ids.pop_back();
    turn.rest = text.substr(kept.size());
    if (!text.ends_with(style_.say_after)) turn.rest += style_.say_after;
    turn.rest += style_.end + style_.gap;
  }
  turn.answer_ids = std::move(new_ids);
  turn.answer = std::move(text);
}

bool Conversation::undo() {
  if (turns_.empty()) return false;
  turns_.pop_back();
  return true;
}

void Conversation::set_system(std::optional<std::string> text) {
  std::swap(system_, text);
  try {
    const Ids first = first_ids(turns_.empty() ? std::string() : turns_.front().said);
    if (!turns_.empty()) turns_.front().asked_ids = first;
  } catch (const Error&) {
    system_ = std::move(text);
    throw;
  }
}

std::vector<Message> Conversation::messages() const {
  std::vector<Message> messages;
  if (system_) messages.push_back({"system", *system_});
  for (const Turn& turn : turns_) {
    messages.push_back({"user", turn.said});
    if (turn.answered)
      messages.push_back({"assistant", std::string(without_around(turn.answer, style_.say_before, style_.say_after))});
  }
  return messages;
}

std::string Conversation::raw_text() const {
  if (turns_.empty()) return "";
  Ids ids = prompt_ids();
  const Ids rest = encode_behind(turns_.back().rest);
  ids.insert(ids.end(), rest.begin(), rest.end());
  return tokenizer_.decode(ids);
}

}  // namespace aacft
