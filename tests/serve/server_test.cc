#include "aacft/serve/server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <sstream>
#include <thread>

#include "aacft/base/error.h"
#include "aacft/base/sanitizers.h"
#include "aacft/base/system.h"
#include "serve/board_support.h"

namespace aacft {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr double kLong = 60;  // seconds; where a test that passes waits for much less

struct Serving : ServiceFixture {
  ServerOptions server_options{.port = 0};
  std::unique_ptr<Server> server;
  std::thread thread;
  int port = 0;

  void listen() {
    start();
    server = std::make_unique<Server>(*service, server_options);
    port = server->port();
    thread = std::thread([this] { server->run(); });
  }

  void stop(milliseconds wait) {
    server->stop(wait);
    thread.join();
  }

  ~Serving() {
    if (thread.joinable()) stop(milliseconds(0));
  }

  httplib::Client client() const {
    httplib::Client client("127.0.0.1", port);
    client.set_read_timeout(60);
    client.set_connection_timeout(60);
    return client;
  }
};

// A connection on which anything can be said.
class Raw {
 public:
  explicit Raw(int port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
      ADD_FAILURE() << "no connection";
    const timeval limit{static_cast<time_t>(kLong), 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  Raw(const Raw&) = delete;
  ~Raw() { close(); }

  void close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }

  bool send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t count = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }

  // Up to the end of the connection, or until it holds `mark`.
  std::string receive(const std::string& mark = "") {
    std::string text;
    char buffer[4096];
    while (mark.empty() || text.find(mark) == text.npos) {
      const ssize_t count = ::recv(socket_, buffer, sizeof buffer, 0);
      if (count <= 0) break;
      text.append(buffer, static_cast<std::size_t>(count));
    }
    return text;
  }

 private:
  int socket_;
};

std::string post_text(const std::string& path, const std::string& body) {
  return "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

const std::string kSay = R"({"icons": [{"word": "I"}, {"word": "want"}, {"word": "tea"}]})";

template <typename Condition>
void wait_until(const Condition& condition) {
  const double until = wall_seconds() + kLong;
  while (!condition()) {
    ASSERT_LT(wall_seconds(), until);
    std::this_thread::sleep_for(milliseconds(1));
  }
}

TEST(Server, Answers) {
  Serving s;
  s.listen();
  auto client = s.client();
  const auto settings = client.Get("/api/settings");
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->status, 200);
  EXPECT_EQ(settings->get_header_value("Content-Type"), "application/json");
  EXPECT_EQ(settings->get_header_value("X-Frame-Options"), "DENY");
  EXPECT_EQ(json::parse(settings->body)["model"], "base");
  const auto missing = client.Get("/no%20such%20thing?x=y");
  EXPECT_EQ(missing->status, 404);
  EXPECT_NE(missing->body.find("/no such thing"), std::string::npos);
  const auto head = client.Head("/api/settings");
  EXPECT_EQ(head->status, 200);
  EXPECT_EQ(head->body, "");
  const auto draft = client.Post("/api/draft", kSay, "application/json");
  EXPECT_EQ(json::parse(draft->body)["text"], "I want some tea.");
  EXPECT_EQ(client.Post("/api/draft", kSay, "text/plain")->status, 415);
  EXPECT_EQ(client.Put("/api/draft", "", "application/json")->status, 405);
  EXPECT_EQ(client.Options("/api/draft")->status, 405);
}

TEST(Server, HasOnePortForItself) {
  Serving s;
  s.listen();
  ServiceFixture other;
  EXPECT_THROW(Server(other.start(), {.port = s.port}), Error);
}

TEST(Server, StreamsWhatIsKnown) {
  Serving s;
  s.answerer.reply = [](const Request&) { return std::string("My cup of tea!"); };
  std::atomic<bool> closed = true;
  s.answerer.before_step = [&] {
    while (closed) std::this_thread::sleep_for(milliseconds(1));
  };
  s.listen();
  Raw raw(s.port);
  raw.send(post_text("/api/say", kSay));
  EXPECT_NE(raw.receive("draft").find("application/x-ndjson"), std::string::npos);  // while the model cannot say a word
  closed = false;
  const std::string rest = raw.receive();
  EXPECT_NE(rest.find("My cup of tea!"), std::string::npos);
  EXPECT_NE(rest.find("\"done\""), std::string::npos);
}

TEST(Server, TakesLargeBodiesInPieces) {
  Serving s;
  s.listen();
  const std::string body = R"({"prompt": "x", "user": ")" + std::string(500'000, 'y') + "\"}";
  Raw raw(s.port);
  const std::string request = post_text("/v1/completions", body);
  for (std::size_t at = 0; at < request.size(); at += 99'991) {
    raw.send(std::string_view(request).substr(at, 99'991));
    std::this_thread::sleep_for(milliseconds(1));
  }
  EXPECT_NE(raw.receive().find("Answer 0 of th"), std::string::npos);
  auto client = s.client();
  const auto expecting = client.Post("/v1/completions", {{"Expect", "100-continue"}}, body, "application/json");
  EXPECT_EQ(expecting->status, 200);
}

TEST(Server, SendsLargeAnswersWhole) {
  Serving s;
  s.parts.view.pictures["a"] = {"image/png", std::string(20'000'000, 'p')};
  s.listen();
  auto client = s.client();
  EXPECT_EQ(client.Get("/api/pictures/0")->body.size(), 20'000'000u);
  EXPECT_EQ(json::parse(client.Get("/api/board")->body)["first"], 0);
}

TEST(Server, RefusesAndLivesOn) {
  Serving s;
  s.listen();
  const auto answer_to = [&](const std::string& text) {
    Raw raw(s.port);
    raw.send(text);
    return raw.receive();
  };
  EXPECT_TRUE(answer_to("NONSENSE\r\n\r\n").starts_with("HTTP/1.1 400"));
  EXPECT_TRUE(answer_to(std::string("\x16\x03\x01\x02\x00\x01\r\n\r\n", 10)).starts_with("HTTP/1.1 400"));  // TLS
  EXPECT_TRUE(answer_to("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(100'000, 'y')).starts_with("HTTP/1.1 431"));
  EXPECT_TRUE(answer_to(post_text("/api/say", std::string(2'000'000, 'x'))).starts_with("HTTP/1.1 413"));
  EXPECT_TRUE(
      answer_to("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
          .starts_with("HTTP/1.1 411"));
  EXPECT_TRUE(answer_to("GET /api/settings HTTP/1.1\r\nHost: evil.example\r\n\r\n").starts_with("HTTP/1.1 403"));
  EXPECT_EQ(s.client().Get("/health")->status, 200);
}

// One connection carries one request: what follows is not read as another.
TEST(Server, ReadsNoSecondRequest) {
  Serving s;
  s.listen();
  Raw raw(s.port);
  raw.send("GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n" + post_text("/api/say", kSay));
  const std::string answer = raw.receive();
  EXPECT_NE(answer.find("Connection: close"), answer.npos);
  EXPECT_EQ(answer.find("HTTP/1.1", 1), answer.npos);
  EXPECT_EQ(s.answerer.submitted, 0);
}

TEST(Server, DropsClientsThatAreSlowToAsk) {
  Serving s;
  s.server_options.head_seconds = 0.3;
  s.server_options.body_seconds = 0.3;
  s.listen();
  Raw silent(s.port), head(s.port), body(s.port);
  head.send("GET / HTTP/1.1\r\nHost:");
  std::string half = post_text("/api/say", kSay);
  body.send(half.substr(0, half.size() - 5));
  EXPECT_EQ(silent.receive(), "");
  EXPECT_TRUE(head.receive().starts_with("HTTP/1.1 408"));
  body.receive();
  EXPECT_EQ(s.answerer.submitted, 0);
}

TEST(Server, DropsClientsThatAreSlowToListen) {
  Serving s;
  s.server_options.write_seconds = 0.3;
  s.answerer.reply = [](const Request&) { return std::string(10'000'000, 'x'); };
  s.listen();
  Raw raw(s.port);
  raw.send(post_text("/v1/completions", R"({"prompt": "x", "max_tokens": 10000000, "stream": true})"));
  wait_until([&] { return s.answerer.cancelled == 1; });
}

TEST(Server, WhoGoesAwayStopsTheModel) {
  Serving s;
  s.answerer.pause = std::chrono::microseconds(200);
  s.answerer.reply = [](const Request&) { return std::string(10'000'000, 'x'); };
  s.listen();
  for (const char* stream : {"true", "false"}) {
    s.answerer.cancelled = 0;
    Raw raw(s.port);
    raw.send(post_text("/v1/completions",
                       R"({"prompt": "x", "max_tokens": 10000000, "n": 2, "stream": )" + std::string(stream) + "}"));
    wait_until([&] { return s.answerer.under_way == 2; });
    raw.close();
    wait_until([&] { return s.answerer.cancelled == 2; });
  }
  EXPECT_EQ(s.answerer.under_way, 0);
}

TEST(Server, Serves200AtOnce) {
  Serving s;
  s.options.scheduler = {.slots = 8, .most_waiting = 1000, .most_of_client = 1000};
  s.answerer.reply = [](const Request& request) {
    return "to " + std::string(request.prompt_ids.begin(), request.prompt_ids.end());
  };
  s.listen();
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  for (int i = 0; i < 200; ++i)
    threads.emplace_back([&, i] {
      auto client = s.client();
      const std::string prompt = "prompt " + std::to_string(i);
      const auto answer =
          client.Post("/v1/completions", json{{"prompt", prompt}, {"max_tokens", 100}, {"stream", i % 2 == 0}}.dump(),
                      "application/json");
      if (!answer || answer->status != 200) return;
      std::string text;
      if (i % 2 == 1) {
        text = json::parse(answer->body)["choices"][0]["text"];
      } else {
        std::istringstream lines(answer->body);
        for (std::string line; std::getline(lines, line);)
          if (line.starts_with("data: {")) text += json::parse(line.substr(6))["choices"][0]["text"];
      }
      good += text == "to " + prompt;
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 200);
}

// More idle connections than there are threads keep others waiting until they are dropped, but no longer.
TEST(Server, OutlivesIdleConnections) {
  Serving s;
  s.server_options.most_connections = 10;
  s.server_options.head_seconds = 0.5;
  s.listen();
  std::vector<std::unique_ptr<Raw>> idle;
  for (int i = 0; i < 30; ++i) idle.push_back(std::make_unique<Raw>(s.port));
  EXPECT_EQ(s.client().Get("/health")->status, 200);
}

TEST(Server, FinishesWhatIsUnderWayWhenItStops) {
  Serving s;
  s.answerer.pause = milliseconds(5);
  s.listen();
  std::string answer;
  std::thread asking([&] {
    Raw raw(s.port);
    raw.send(post_text("/v1/completions", R"({"prompt": "x", "max_tokens": 100, "stream": true})"));
    answer = raw.receive();
  });
  wait_until([&] { return s.answerer.under_way == 1; });
  s.stop(seconds(60));
  asking.join();
  EXPECT_NE(answer.find("[DONE]"), answer.npos);
}

TEST(Server, StopsInTimeWhateverIsUnderWay) {
  Serving s;
  s.answerer.pause = milliseconds(5);
  s.answerer.reply = [](const Request&) { return std::string(10'000'000, 'x'); };
  s.listen();
  Raw streaming(s.port), waiting(s.port), silent(s.port);
  streaming.send(post_text("/v1/completions", R"({"prompt": "x", "max_tokens": 10000000, "stream": true})"));
  waiting.send(post_text("/v1/completions", R"({"prompt": "x", "max_tokens": 10000000})"));
  wait_until([&] { return s.answerer.under_way == 2; });
  s.stop(milliseconds(100));  // returns, or the test does not end
  EXPECT_NE(streaming.receive().find("the server ended"), std::string::npos);
  EXPECT_TRUE(waiting.receive().starts_with("HTTP/1.1 500"));
  EXPECT_EQ(s.answerer.under_way, 0);
}

TEST(Server, SurvivesDisconnectsOfEveryKind) {
  Serving s;
  s.listen();
  const std::string request = post_text("/api/say", kSay);
  for (std::size_t length = 0; length <= request.size(); length += 7) {
    Raw raw(s.port);
    raw.send(request.substr(0, length));
    raw.close();
  }
  for (int i = 0; i < 20; ++i) {
    Raw raw(s.port);
    raw.send(request);
    raw.receive("draft");
    raw.close();
  }
  EXPECT_EQ(s.client().Post("/api/say", kSay, "application/json")->status, 200);
  wait_until([&] { return s.answerer.under_way == 0; });
}

// scripts/torture asks more often.
TEST(Server, MemoryStaysFlat) {
  if (kAddressSanitizer || kThreadSanitizer) GTEST_SKIP() << "a sanitizer keeps what was freed";
  const char* often = std::getenv("AACFT_TORTURE_REQUESTS");
  const int count = often == nullptr ? 600 : std::atoi(often);
  Serving s;
  s.listen();
  const auto ask = [&](int times) {
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&] {
        for (int k = 0; k < times / 4; ++k) {
          auto client = s.client();
          const auto answer = client.Post(k % 2 == 0 ? "/api/say" : "/v1/completions",
                                          k % 2 == 0 ? kSay : R"({"prompt": "x"})", "application/json");
          EXPECT_TRUE(answer && answer->status == 200);
        }
      });
    for (std::thread& thread : threads) thread.join();
  };
  ask(200);
  const std::uint64_t before = rss_bytes();
  ask(count);
  EXPECT_LT(rss_bytes(), before + 8'000'000);
}

TEST(Server, KnowsLoopback) {
  for (const char* host : {"127.0.0.1", "127.1.2.3", "localhost", "::1"}) EXPECT_TRUE(is_loopback(host)) << host;
  for (const char* host : {"0.0.0.0", "::", "192.168.1.7", "example.org", "localhost.example.org"})
    EXPECT_FALSE(is_loopback(host)) << host;
}

}  // namespace
}  // namespace aacft
