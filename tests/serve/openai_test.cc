#include "aacft/serve/openai.h"

#include <gtest/gtest.h>

#include "serve/board_support.h"

namespace aacft {
namespace {

using nlohmann::json;

const json kHello = {{"role", "user"}, {"content", "Hello"}};

std::vector<json> events_of(const HttpResponse& response) {
  EXPECT_EQ(response.type, "text/event-stream");
  std::vector<json> events;
  std::string_view left = response.body;
  while (!left.empty()) {
    const std::size_t end = left.find("\n\n");
    EXPECT_NE(end, left.npos);
    EXPECT_TRUE(left.starts_with("data: "));
    const std::string_view data = left.substr(6, end - 6);
    events.push_back(data == "[DONE]" ? json("[DONE]") : json::parse(data));
    left.remove_prefix(end + 2);
  }
  return events;
}

TEST(OpenAi, ListsTheModelAndItsVoices) {
  ServiceFixture f;
  const json list = json_of(f.get("/v1/models"));
  EXPECT_EQ(list["object"], "list");
  ASSERT_EQ(list["data"].size(), 3u);
  EXPECT_EQ(list["data"][0]["id"], "base");
  EXPECT_EQ(list["data"][2]["id"], "bea");
  EXPECT_EQ(list["data"][2]["object"], "model");
  EXPECT_EQ(json_of(f.get("/v1/models/anna"))["id"], "anna");
  EXPECT_EQ(refusal(f.get("/v1/models/nobody")), "404 model");
}

TEST(OpenAi, Completes) {
  ServiceFixture f;
  const HttpResponse response =
      f.post("/v1/completions", {{"model", "anna"}, {"prompt", "Once"}, {"max_tokens", 100}, {"temperature", 0}});
  EXPECT_EQ(response.status, 200) << response.body;
  const json answer = json_of(response);
  EXPECT_EQ(answer["object"], "text_completion");
  EXPECT_EQ(answer["model"], "anna");
  EXPECT_EQ(answer["choices"][0]["text"], "Answer 0 of anna");
  EXPECT_EQ(answer["choices"][0]["finish_reason"], "stop");
  EXPECT_EQ(answer["usage"]["prompt_tokens"], 4);
  EXPECT_EQ(answer["usage"]["completion_tokens"], 16);
  EXPECT_EQ(answer["usage"]["total_tokens"], 20);
}

TEST(OpenAi, TakesSeveralPromptsAndTokenIds) {
  ServiceFixture f;
  f.answerer.reply = [](const Request& request) {
    return std::string(request.prompt_ids.begin(), request.prompt_ids.end()) + "!";
  };
  json answer = json_of(f.post("/v1/completions", {{"prompt", {"one", "two"}}, {"n", 2}}));
  ASSERT_EQ(answer["choices"].size(), 4u);
  EXPECT_EQ(answer["choices"][1]["text"], "one!");
  EXPECT_EQ(answer["choices"][2]["text"], "two!");
  EXPECT_EQ(answer["choices"][3]["index"], 3);
  answer = json_of(f.post("/v1/completions", {{"prompt", {104, 105}}}));
  EXPECT_EQ(answer["choices"][0]["text"], "hi!");
  answer = json_of(f.post("/v1/completions", json::parse(R"({"prompt": [[104, 105], [111]]})")));
  EXPECT_EQ(answer["choices"][1]["text"], "o!");
  EXPECT_EQ(refusal(f.post("/v1/completions", {{"prompt", {256}}})), "400 prompt");
  EXPECT_EQ(refusal(f.post("/v1/completions", {{"prompt", {-1}}})), "400 prompt");
}

TEST(OpenAi, AnswersAsItsOptionsSay) {
  ServiceFixture f;
  AnswerOptions seen;
  f.answerer.reply = [&](const Request& request) {
    seen = request.options;
    return std::string("a b c d e f g h");
  };
  json answer = json_of(f.post("/v1/completions", {{"prompt", "x"},
                                                   {"temperature", 0.5},
                                                   {"top_p", 0.9},
                                                   {"seed", -3},
                                                   {"max_tokens", 5},
                                                   {"stop", {"g", "zzz"}},
                                                   {"top_k", 7}}));
  EXPECT_EQ(answer["choices"][0]["text"], "a b c");
  EXPECT_EQ(answer["choices"][0]["finish_reason"], "length");
  EXPECT_EQ(seen.sampling.temperature, 0.5);
  EXPECT_EQ(seen.sampling.top_p, 0.9);
  EXPECT_EQ(seen.sampling.top_k, 7);
  EXPECT_EQ(seen.sampling.seed, static_cast<std::uint64_t>(-3));
  EXPECT_EQ(seen.stop, (std::vector<std::string>{"g", "zzz"}));
  answer = json_of(f.post("/v1/completions", {{"prompt", "x"}, {"stop", "d"}, {"top_p", 0}}));
  EXPECT_EQ(answer["choices"][0]["text"], "a b c ");
  EXPECT_EQ(answer["choices"][0]["finish_reason"], "stop");
  EXPECT_EQ(seen.sampling.temperature, 0);
  json_of(f.post("/v1/completions", {{"prompt", "x"}}));
  EXPECT_EQ(seen.max_new_tokens, 16);
  EXPECT_EQ(seen.sampling.temperature, 1);
  EXPECT_TRUE(seen.stop.empty());
}

TEST(OpenAi, ChatsInTheModelsStyle) {
  ServiceFixture f;
  const HttpResponse response = f.post(
      "/v1/chat/completions", {{"model", "base"}, {"messages", {kHello}}, {"max_completion_tokens", 10}, {"n", 2}});
  EXPECT_EQ(response.status, 200) << response.body;
  const json answer = json_of(response);
  EXPECT_EQ(answer["object"], "chat.completion");
  EXPECT_EQ(answer["choices"][1]["message"]["role"], "assistant");
  EXPECT_EQ(answer["choices"][1]["message"]["content"], "Answer 1 o");
  EXPECT_EQ(answer["choices"][1]["finish_reason"], "length");
  f.service.reset();
  EXPECT_EQ(f.answerer.order[0], "<human>: Hello\n<bot>:");
}

TEST(OpenAi, TakesContentInParts) {
  ServiceFixture f;
  const json parts = json::parse(
      R"([{"role": "user", "content": [{"type": "text", "text": "He"}, {"type": "text", "text": "llo"}]}])");
  EXPECT_EQ(f.post("/v1/chat/completions", {{"messages", parts}}).status, 200);
  const json picture =
      json::parse(R"([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}])");
  EXPECT_EQ(refusal(f.post("/v1/chat/completions", {{"messages", picture}})), "400 messages");
  f.service.reset();
  EXPECT_EQ(f.answerer.order[0], "<human>: Hello\n<bot>:");
}

TEST(OpenAi, StreamsChat) {
  ServiceFixture f;
  const std::vector<json> events =
      events_of(f.post("/v1/chat/completions", {{"messages", {kHello}}, {"stream", true}, {"n", 2}}));
  std::string texts[2], reasons[2];
  for (const json& event : events) {
    if (event == json("[DONE]")) continue;
    EXPECT_EQ(event["object"], "chat.completion.chunk");
    EXPECT_FALSE(event.contains("usage"));
    const json& choice = event["choices"][0];
    texts[choice["index"].get<int>()] += choice["delta"].value("content", "");
    if (!choice["finish_reason"].is_null()) reasons[choice["index"].get<int>()] += choice["finish_reason"];
  }
  EXPECT_EQ(events[0]["choices"][0]["delta"]["role"], "assistant");
  EXPECT_EQ(texts[0], "Answer 0 of the base");
  EXPECT_EQ(texts[1], "Answer 1 of the base");
  EXPECT_EQ(reasons[0] + reasons[1], "stopstop");
  EXPECT_EQ(events.back(), json("[DONE]"));
}

TEST(OpenAi, StreamsCompletionsWithUsage) {
  ServiceFixture f;
  const std::vector<json> events = events_of(
      f.post("/v1/completions",
             {{"prompt", "x"}, {"max_tokens", 90}, {"stream", true}, {"stream_options", {{"include_usage", true}}}}));
  std::string text;
  for (const json& event : events)
    if (event.is_object() && !event["choices"].empty()) text += event["choices"][0]["text"];
  EXPECT_EQ(text, "Answer 0 of the base");
  const json& last = events[events.size() - 2];
  EXPECT_TRUE(last["choices"].empty());
  EXPECT_EQ(last["usage"]["completion_tokens"], 20);
}

TEST(OpenAi, RefusesByName) {
  ServiceFixture f;
  const auto refused = [&](const std::string& member, const json& value) {
    json body = {{"messages", {kHello}}};
    body[member] = value;
    return refusal(f.post("/v1/chat/completions", body));
  };
  EXPECT_EQ(refused("logprobs", true), "400 logprobs");
  EXPECT_EQ(refused("echo", true), "400 echo");
  EXPECT_EQ(refused("tools", {{{"type", "function"}}}), "400 tools");
  EXPECT_EQ(refused("response_format", {{"type", "json_object"}}), "400 response_format");
  EXPECT_EQ(refused("frequency_penalty", 0.5), "400 frequency_penalty");
  EXPECT_EQ(refused("logit_bias", {{"1", 5}}), "400 logit_bias");
  EXPECT_EQ(refused("no_such_thing", 1), "400 no_such_thing");
  EXPECT_EQ(refused("temperature", 2.5), "400 temperature");
  EXPECT_EQ(refused("temperature", "hot"), "400 temperature");
  EXPECT_EQ(refused("top_p", -1), "400 top_p");
  EXPECT_EQ(refused("n", 0), "400 n");
  EXPECT_EQ(refused("n", 17), "400 n");
  EXPECT_EQ(refused("max_tokens", 0), "400 max_tokens");
  EXPECT_EQ(refused("max_tokens", 1.5), "400 max_tokens");
  EXPECT_EQ(refused("stream", "yes"), "400 stream");
  EXPECT_EQ(refused("model", "gpt-4"), "404 model");
  EXPECT_EQ(refused("messages", json::array()), "400 messages");
  EXPECT_EQ(refused("messages", {{{"role", "wizard"}, {"content", "x"}}}), "400 messages");
  EXPECT_EQ(refused("messages", {{{"role", "user"}, {"content", std::string(1000, 'x')}}}), "400 messages");
  EXPECT_EQ(f.answerer.submitted, 0);
}

TEST(OpenAi, TakesWhatChangesNothing) {
  ServiceFixture f;
  const json body = {{"messages", {kHello}},
                     {"logprobs", false},
                     {"top_logprobs", nullptr},
                     {"presence_penalty", 0.0},
                     {"response_format", {{"type", "text"}}},
                     {"user", "me"},
                     {"tools", json::array()}};
  const HttpResponse response = f.post("/v1/chat/completions", body);
  EXPECT_EQ(response.status, 200) << response.body;
}

TEST(OpenAi, TellsWhatFailedMidway) {
  ServiceFixture f;
  std::atomic<int> steps = 0;
  f.answerer.before_step = [&] {
    if (++steps == 5) throw std::runtime_error("the disk is gone");
  };
  const HttpResponse whole = f.post("/v1/completions", {{"prompt", "x"}});
  EXPECT_EQ(refusal(whole), "500");
  steps = 0;
  const HttpResponse streamed = f.post("/v1/completions", {{"prompt", "x"}, {"stream", true}});
  EXPECT_EQ(streamed.status, 200);
  EXPECT_NE(streamed.body.find("the disk is gone"), std::string::npos);
  EXPECT_EQ(streamed.body.find("[DONE]"), std::string::npos);
}

TEST(OpenAi, NeedsAModel) {
  ServiceFixture f;
  f.parts.model.reset();
  EXPECT_EQ(refusal(f.get("/v1/models")), "503");
  EXPECT_EQ(refusal(f.post("/v1/chat/completions", {{"messages", {kHello}}})), "503");
}

TEST(OpenAi, WhoGoesAwayStopsTheModel) {
  ServiceFixture f;
  f.answerer.pause = std::chrono::milliseconds(1);
  f.answerer.reply = [](const Request&) { return std::string(1'000'000, 'x'); };
  std::atomic<bool> there = true;
  f.answerer.before_step = [&, steps = 0]() mutable {
    if (++steps == 20) there = false;
  };
  for (const bool stream : {false, true}) {
    there = true;
    HttpRequest request{.method = "POST",
                        .path = "/v1/completions",
                        .body = json{{"prompt", "x"}, {"max_tokens", 1'000'000}, {"stream", stream}}.dump()};
    request.headers = {{"host", "localhost"}, {"content-type", "application/json"}};
    request.present = [&] { return !stream && there.load(); };
    HttpResponse response = f.service ? f.service->answer(request) : f.start().answer(request);
    if (stream) {
      int pieces = 0;
      response.stream([&](std::string_view) { return ++pieces < 10; });
    } else {
      EXPECT_EQ(response.status, 499);
    }
  }
  f.service->end(std::chrono::seconds(20));
  EXPECT_EQ(f.answerer.cancelled, 2);
  EXPECT_EQ(f.answerer.ended, 0);
}

}  // namespace
}  // namespace aacft
