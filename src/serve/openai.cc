#include "aacft/serve/openai.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>

#include "aacft/base/text.h"
#include "serve/following.h"
#include "serve/json_body.h"

namespace aacft {

using nlohmann::json;

namespace {

constexpr std::size_t kMostText = std::size_t{1} << 20;

std::int64_t seconds_since_1970() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string new_id(const char* prefix) {
  static std::atomic<std::uint64_t> count = std::random_device()();
  return prefix + std::to_string(seconds_since_1970()) + "-" + std::to_string(++count);
}

std::uint64_t any_seed() {
  std::random_device device;
  return static_cast<std::uint64_t>(device()) << 32 | device();
}

const char* finish_reason(const Generation& generation) {
  return generation.stop_reason == "eos" || generation.stop_reason == "stop" ? "stop" : "length";
}

json model_json(const std::string& id) {
  return {{"id", id}, {"object", "model"}, {"created", 0}, {"owned_by", "aacft"}};
}

// A message's content: a text, or parts of which only texts are taken.
std::string content_text(const json& message) {
  const auto refuse = [] {
    throw HttpError(400, "a message's \"content\" must be a string, or a list of {\"type\": \"text\", \"text\"}",
                    "messages", "invalid_value");
  };
  if (!message.contains("content")) refuse();
  const json& content = message.at("content");
  if (content.is_string()) return content.get<std::string>();
  if (!content.is_array()) refuse();
  std::string text;
  for (const json& part : content) {
    if (!part.is_object() || !part.contains("text") || !part.at("text").is_string() ||
        part.value("type", json()) != json("text"))
      refuse();
    text += part.at("text").get<std::string>();
  }
  return text;
}

std::vector<Message> messages_in(const json* list) {
  if (list == nullptr || !list->is_array() || list->empty())
    throw HttpError(400, "\"messages\" must be a list with at least one message", "messages", "invalid_value");
  std::vector<Message> messages;
  for (const json& message : *list) {
    if (!message.is_object() || !message.contains("role") || !message.at("role").is_string())
      throw HttpError(400, "a message needs \"role\" and \"content\"", "messages", "invalid_value");
    std::string role = message.at("role").get<std::string>();
    if (role == "developer") role = "system";
    messages.push_back({std::move(role), content_text(message)});
  }
  return messages;
}

}  // namespace

// A request for completions, of one kind or the other.
class OpenAi::Call {
 public:
  Call(const OpenAi& api, const HttpRequest& request, bool chat)
      : api_(api), request_(request), chat_(chat), created_(seconds_since_1970()) {
    JsonBody body(request);
    read_model(body);
    read_options(body);
    std::vector<std::vector<std::int32_t>> prompts = chat ? chat_prompt(body) : prompts_in(body);
    // What every client sends and changes nothing here, and what would change the answer if it were heeded.
    body.ignore({"user", "metadata", "store", "service_tier", "prompt_cache_key", "safety_identifier"});
    for (const char* name : {"logprobs", "echo"}) body.refuse(name, {false});
    for (const char* name : {"top_logprobs", "frequency_penalty", "presence_penalty"}) body.refuse(name, {0});
    body.refuse("best_of", {1});
    body.refuse("logit_bias", {json::object()});
    body.refuse("response_format", {{{"type", "text"}}});
    for (const char* name : {"tools", "functions"}) body.refuse(name, {json::array()});
    for (const char* name : {"tool_choice", "function_call"}) body.refuse(name, {"none", "auto"});
    body.refuse("modalities", {json::array({"text"})});
    for (const char* name : {"suffix", "audio", "prediction", "parallel_tool_calls", "reasoning_effort", "verbosity"})
      body.refuse(name, {"", false});
    body.refuse_rest();
    submit(prompts);
  }

  HttpResponse response(const std::shared_ptr<Call>& self) {
    if (stream_)
      return {.type = "text/event-stream", .stream = [self](const HttpWrite& write) { self->write_stream(write); }};
    HttpResponse response;
    response.body = json_text(whole_answer());
    return response;
  }

 private:
  struct Choice {
    std::string text, reason;
    bool ended = false;
  };

  void read_model(JsonBody& body) {
    const std::string name = body.text("model", 1000).value_or(api_.model_.name);
    const auto& voices = api_.model_.voices;
    if (name != api_.model_.name) {
      if (std::find(voices.begin(), voices.end(), name) == voices.end()) throw unknown_model(api_.model_, name);
      voice_ = name;
    }
    model_name_ = name;
  }

  void read_options(JsonBody& body) {
    answer_.stop = body.texts("stop", 16, 1000);
    std::erase(answer_.stop, "");
    SamplingOptions& sampling = answer_.sampling;
    sampling.temperature = body.number("temperature", 0, 2).value_or(1);
    sampling.top_p = body.number("top_p", 0, 1).value_or(1);
    if (sampling.top_p == 0) sampling.temperature = 0;  // the likeliest token alone
    if (sampling.top_p == 0) sampling.top_p = 1;
    sampling.top_k = body.whole("top_k", 0, INT32_MAX).value_or(0);
    sampling.repetition_penalty = body.number("repetition_penalty", 0.01, 100).value_or(1);
    const auto seed = body.whole("seed", INT64_MIN, INT64_MAX);
    sampling.seed = seed ? static_cast<std::uint64_t>(*seed) : any_seed();
    const auto most = body.whole("max_tokens", 1, INT32_MAX);
    const auto most_completion = body.whole("max_completion_tokens", 1, INT32_MAX);
    answer_.max_new_tokens = most_completion ? *most_completion
                             : most          ? *most
                             : chat_         ? api_.options_.chat_tokens
                                             : api_.options_.completion_tokens;
    n_ = static_cast<std::size_t>(body.whole("n", 1, api_.options_.most_choices).value_or(1));
    stream_ = body.flag("stream");
    if (const json* options = body.find("stream_options")) {
      if (!options->is_object()) throw HttpError(400, "\"stream_options\" must be an object", "stream_options");
      JsonBody members(*options);
      with_usage_ = members.flag("include_usage");
      members.ignore({"include_obfuscation"});
      members.refuse_rest();
    }
  }

  std::vector<std::int32_t> encoded(const std::string& text) const {
    const Tokenizer& tokenizer = *api_.model_.tokenizer;
    return with_beginning(tokenizer, tokenizer.encode(text));
  }

  std::vector<std::vector<std::int32_t>> chat_prompt(JsonBody& body) {
    const ChatStyle& style = api_.model_.rows.chat_style;
    const std::vector<Message> messages = messages_in(body.find("messages"));
    std::string text;
    try {
      text = render_chat(messages, style, true).text;
    } catch (const HttpError&) {
      throw;
    } catch (const Error& error) {
      throw HttpError(400, error.what(), "messages", "invalid_value");
    }
    end_as_in(style, *api_.model_.tokenizer, answer_);
    return {encoded(text)};
  }

  // A text, texts, token ids, or lists of them.
  std::vector<std::vector<std::int32_t>> prompts_in(JsonBody& body) {
    const json* prompt = body.find("prompt");
    const auto refuse = [] {
      throw HttpError(400, "\"prompt\" must be a text that is not empty, a list of them, or token ids", "prompt",
                      "invalid_value");
    };
    if (prompt == nullptr) refuse();
    if (prompt->is_array() && !prompt->empty() && prompt->at(0).is_number()) return {token_ids(*prompt)};
    std::vector<std::vector<std::int32_t>> prompts;
    const json list = prompt->is_array() ? *prompt : json::array({*prompt});
    if (list.size() > static_cast<std::size_t>(api_.options_.most_choices)) refuse();
    for (const json& one : list) {
      if (one.is_array()) {
        prompts.push_back(token_ids(one));
      } else if (one.is_string() && !one.get_ref<const std::string&>().empty()) {
        prompts.push_back(encoded(one.get<std::string>()));
      } else {
        refuse();
      }
    }
    if (prompts.empty()) refuse();
    return prompts;
  }

  std::vector<std::int32_t> token_ids(const json& list) const {
    std::vector<std::int32_t> ids;
    for (const json& id : list) {
      if (!id.is_number_unsigned() ||
          id.get<std::uint64_t>() >= static_cast<std::uint64_t>(api_.model_.tokenizer->size()))
        throw HttpError(400, "\"prompt\" holds something that is no token of the model", "prompt", "invalid_value");
      ids.push_back(id.get<std::int32_t>());
    }
    return ids;
  }

  void submit(const std::vector<std::vector<std::int32_t>>& prompts) {
    if (prompts.size() * n_ > static_cast<std::size_t>(api_.options_.most_choices))
      throw HttpError(400, "more than " + std::to_string(api_.options_.most_choices) + " answers at once", "n");
    std::vector<Request> requests;
    for (const auto& ids : prompts) {
      if (ids.empty()) throw HttpError(400, "the prompt is empty", chat_ ? "messages" : "prompt");
      if (static_cast<std::int64_t>(ids.size()) >= api_.model_.context)
        throw HttpError(400,
                        "the prompt has " + std::to_string(ids.size()) + " tokens, but the model's context of " +
                            std::to_string(api_.model_.context) + " must hold it and an answer; shorten it",
                        chat_ ? "messages" : "prompt", "context_length_exceeded");
      prompt_tokens_ += ids.size();
      for (std::size_t i = 0; i < n_; ++i) requests.push_back({"the prompt", ids, voice_, answer_, i, {}, {}});
    }
    choices_.resize(requests.size());
    answers_ = api_.scheduler_.ask(std::move(requests), request_.client);
  }

  void take(const Answers::Event& event) {
    Choice& choice = choices_[event.index];
    choice.text += event.piece;
    if (!event.ended) return;
    if (!event.ended->error.empty()) throw HttpError(500, event.ended->error, "", "model_error");
    choice.text = event.ended->text;
    choice.reason = finish_reason(*event.ended);
    new_tokens_ += event.ended->new_ids.size();
    // What n answers to one prompt share is counted once.
    if (event.index % n_ == 0) reused_ += event.ended->reused;
  }

  json usage() const {
    return {{"prompt_tokens", prompt_tokens_},
            {"completion_tokens", new_tokens_},
            {"total_tokens", prompt_tokens_ + new_tokens_},
            {"prompt_tokens_details", {{"cached_tokens", reused_}}}};
  }

  json envelope(const char* object) const {
    return {{"id", id_}, {"object", object}, {"created", created_}, {"model", model_name_}};
  }

  json whole_answer() {
    if (!follow(*answers_, request_, api_.options_.most_seconds, [&](const Answers::Event& event) {
          take(event);
          return true;
        }))
      throw HttpError(499, "the client went away");
    json answer = envelope(chat_ ? "chat.completion" : "text_completion");
    answer["choices"] = json::array();
    for (std::size_t i = 0; i < choices_.size(); ++i) {
      json choice = {{"index", i}, {"finish_reason", choices_[i].reason}, {"logprobs", nullptr}};
      if (chat_) {
        choice["message"] = {{"role", "assistant"}, {"content", choices_[i].text}, {"refusal", nullptr}};
      } else {
        choice["text"] = choices_[i].text;
      }
      answer["choices"].push_back(std::move(choice));
    }
    answer["usage"] = usage();
    return answer;
  }

  json chunk(std::size_t index, const std::string& piece, const std::string& reason, bool first = false) const {
    json choice = {{"index", index}, {"finish_reason", reason.empty() ? json() : json(reason)}, {"logprobs", nullptr}};
    if (!chat_) {
      choice["text"] = piece;
    } else if (first) {
      choice["delta"] = {{"role", "assistant"}, {"content", ""}};
    } else {
      choice["delta"] = reason.empty() ? json{{"content", piece}} : json::object();
    }
    json chunk = envelope(chat_ ? "chat.completion.chunk" : "text_completion");
    chunk["choices"] = json::array({std::move(choice)});
    if (with_usage_) chunk["usage"] = nullptr;
    return chunk;
  }

  void write_stream(const HttpWrite& write) {
    const auto send = [&](const std::string& data) { return write("data: " + data + "\n\n"); };
    const auto send_event = [&](const Answers::Event& event) {
      take(event);
      if (!event.piece.empty() && !send(json_text(chunk(event.index, event.piece, "")))) return false;
      return !event.ended || send(json_text(chunk(event.index, "", choices_[event.index].reason)));
    };
    try {
      for (std::size_t i = 0; chat_ && i < choices_.size(); ++i)
        if (!send(json_text(chunk(i, "", "", true)))) return answers_.reset();
      if (!follow(*answers_, request_, api_.options_.most_seconds, send_event)) return answers_.reset();
      if (with_usage_) {
        json last = envelope(chat_ ? "chat.completion.chunk" : "text_completion");
        last["choices"] = json::array();
        last["usage"] = usage();
        send(json_text(last));
      }
      send("[DONE]");
    } catch (const HttpError& error) {
      send(error_json(error));
    } catch (const std::exception& error) {
      send(error_json(HttpError(500, error.what())));
    }
    answers_.reset();
  }

  static HttpError unknown_model(const ServedModel& model, const std::string& name) {
    std::vector<std::string> known = model.voices;
    known.push_back(model.name);
    return {404, "there is no model " + in_quotes(name) + " here, but " + listed(known, 20), "model",
            "model_not_found"};
  }
  friend class OpenAi;

  const OpenAi& api_;
  const HttpRequest request_;
  const bool chat_;
  const std::int64_t created_;
  const std::string id_ = new_id(chat_ ? "chatcmpl-" : "cmpl-");
  std::string voice_, model_name_;
  AnswerOptions answer_;
  std::size_t n_ = 1;
  bool stream_ = false, with_usage_ = false;
  std::vector<Choice> choices_;
  std::size_t prompt_tokens_ = 0, new_tokens_ = 0;
  std::int64_t reused_ = 0;
  std::unique_ptr<Answers> answers_;
};

HttpResponse OpenAi::models() const {
  json list = {{"object", "list"}, {"data", {model_json(model_.name)}}};
  for (const std::string& voice : model_.voices) list["data"].push_back(model_json(voice));
  HttpResponse response;
  response.body = json_text(list);
  return response;
}

HttpResponse OpenAi::model(const std::string& id) const {
  if (id != model_.name && std::find(model_.voices.begin(), model_.voices.end(), id) == model_.voices.end())
    throw Call::unknown_model(model_, id);
  HttpResponse response;
  response.body = json_text(model_json(id));
  return response;
}

HttpResponse OpenAi::completions(const HttpRequest& request) const {
  const auto call = std::make_shared<Call>(*this, request, false);
  return call->response(call);
}

HttpResponse OpenAi::chat_completions(const HttpRequest& request) const {
  const auto call = std::make_shared<Call>(*this, request, true);
  return call->response(call);
}

}  // namespace aacft
