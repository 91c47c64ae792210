// What a server is sent: a request's head, and bodies for every address that takes one.
#include <memory>
#include <nlohmann/json.hpp>

#include "aacft/serve/service.h"
#include "fuzz/target.h"
#include "serve/fake_answerer.h"
#include "serve/request_head.h"

namespace aacft::fuzz {
namespace {

struct Fixture {
  FakeAnswerer answerer;
  ByteTokenizer tokenizer;
  std::unique_ptr<Service> service;

  Fixture() {
    ServiceParts parts;
    parts.lexicon =
        Lexicon::parse("word\ttype\tforms\nI\tNOUN\tpronoun,person\nwant\tVERB\t\ntea\tNOUN\tmass\n", "words.tsv", {});
    parts.view.pages = {{.name = "page", .rows = 1, .columns = 1}};
    ServedModel model;
    model.answerer = &answerer;
    model.tokenizer = &tokenizer;
    model.name = "base";
    model.voices = {"anna"};
    parts.model = std::move(model);
    answerer.reply = [](const Request&) { return std::string("yes"); };
    parts.picks = std::make_unique<PickLog>(scratch() / "picks.jsonl");
    service = std::make_unique<Service>(std::move(parts), ServiceOptions{});
  }
};

void post(Service& service, const char* path, std::string_view body) {
  HttpResponse response = service.answer({.method = "POST",
                                          .path = path,
                                          .headers = {{"host", "localhost"}, {"content-type", "application/json"}},
                                          .body = std::string(body),
                                          .client = "fuzz"});
  require(response.status < 500 || response.status == 501, "no body makes the server fail");
  std::string streamed;
  if (response.stream)
    response.stream([&](std::string_view piece) {
      streamed += piece;
      return streamed.size() < 1'000'000;
    });
  require(response.status == 200 || response.status == 204 || nlohmann::json::accept(response.body),
          "an error is JSON");
}

}  // namespace

void run(std::string_view input) {
  static Fixture fixture;
  try {
    const RequestHead head = parse_request_head(input, 1000);
    require(head.body_bytes <= 1000 && head.path.starts_with("/"), "a head keeps to its limits");
    require(head.path.find('\0') == head.path.npos && head.path.find('\n') == head.path.npos, "a path is a line");
  } catch (const Error&) {}
  static const char* paths[] = {"/api/draft", "/api/say",        "/api/pick",           "/api/forget",
                                "/api/login", "/v1/completions", "/v1/chat/completions"};
  for (const char* path : paths) post(*fixture.service, path, input);
}

}  // namespace aacft::fuzz
