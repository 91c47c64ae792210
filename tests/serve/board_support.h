// A service over our own board and a model that says what it is told to.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "aacft/boards/board.h"
#include "aacft/boards/board_view.h"
#include "aacft/serve/service.h"
#include "serve/fake_answerer.h"
#include "support/paths.h"

namespace aacft {

inline const Lexicon& own_lexicon() {
  static const Lexicon ours = Lexicon::read(AACFT_SOURCE_DIR "/data/icons.tsv", {});
  return ours;
}

inline const BoardView& own_view() {
  static const BoardView view = view_of(read_board(AACFT_SOURCE_DIR "/data/board.json", own_lexicon()), own_lexicon());
  return view;
}

using testing::TemporaryFolder;

struct ServiceFixture {
  FakeAnswerer answerer;
  ByteTokenizer tokenizer;
  TemporaryFolder folder;
  ServiceOptions options;
  ServiceParts parts;
  std::unique_ptr<Service> service;

  ServiceFixture() {
    parts.view = own_view();
    parts.lexicon = own_lexicon();
    ServedModel model;
    model.answerer = &answerer;
    model.tokenizer = &tokenizer;
    model.context = 1000;
    model.name = "base";
    model.voices = {"anna", "bea"};
    parts.model = std::move(model);
  }

  Service& start() {
    service = std::make_unique<Service>(std::move(parts), options);
    return *service;
  }

  HttpResponse ask(HttpRequest request) {
    if (!service) start();
    request.headers.try_emplace("host", "127.0.0.1:8080");
    if (request.method == "POST") request.headers.try_emplace("content-type", "application/json");
    if (request.client.empty()) request.client = "127.0.0.1";
    HttpResponse response = service->answer(request);
    if (response.stream) {
      response.stream([&](std::string_view piece) {
        response.body += piece;
        return true;
      });
      response.stream = nullptr;
    }
    return response;
  }

  HttpResponse get(const std::string& path) { return ask({.method = "GET", .path = path}); }
  HttpResponse post(const std::string& path, const nlohmann::json& body) {
    return ask({.method = "POST", .path = path, .body = body.dump()});
  }
};

inline nlohmann::json json_of(const HttpResponse& response) {
  auto json = nlohmann::json::parse(response.body, nullptr, false);
  EXPECT_FALSE(json.is_discarded()) << response.body;
  return json;
}

// The status, and what an error is about: "400 temperature".
inline std::string refusal(const HttpResponse& response) {
  const nlohmann::json error = json_of(response).value("error", nlohmann::json::object());
  EXPECT_TRUE(error.contains("message") && error.contains("type")) << response.body;
  const auto param = error.value("param", nlohmann::json());
  return std::to_string(response.status) + (param.is_string() ? " " + param.get<std::string>() : "");
}

}  // namespace aacft
