#include "aacft/serve/service.h"

#include <gtest/gtest.h>

#include "serve/board_support.h"
#include "serve/page_files.h"

namespace aacft {
namespace {

using nlohmann::json;
using Headers = std::map<std::string, std::string>;

int status_of(ServiceFixture& f, const Headers& headers, const std::string& path = "/api/settings",
              const std::string& method = "GET") {
  HttpRequest request{.method = method, .path = path, .headers = headers};
  if (method == "POST") request.body = R"({"icons": [{"word": "tea"}]})";
  return f.ask(request).status;
}

std::string header_of(const HttpResponse& response, const std::string& name) {
  for (const auto& [key, value] : response.headers)
    if (key == name) return value;
  return "";
}

TEST(Service, AnswersToItsOwnNamesAlone) {
  ServiceFixture f;
  f.options.hosts = {"board.example"};
  for (const char* host : {"localhost", "localhost:8080", "LOCALHOST", "127.0.0.1:8080", "[::1]:8080", "192.168.1.7:80",
                           "board.example:8080", "board.localhost"})
    EXPECT_EQ(status_of(f, {{"host", host}}), 200) << host;
  for (const char* host :
       {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example:8080", "", "[evil]", "1.2.3.4x"})
    for (const char* path : {"/api/settings", "/", "/health", "/v1/models"})
      EXPECT_EQ(status_of(f, {{"host", host}}, path), 403) << host << path;
}

TEST(Service, AnswersNoOtherSite) {
  ServiceFixture f;
  const auto with = [&](const Headers& more, const std::string& path = "/api/settings",
                        const std::string& method = "GET") {
    Headers headers = more;
    headers.emplace("host", "localhost:8080");
    return status_of(f, headers, path, method);
  };
  EXPECT_EQ(with({{"origin", "http://localhost:8080"}}), 200);
  EXPECT_EQ(with({{"origin", "http://localhost:8080"}, {"sec-fetch-site", "same-origin"}}, "/api/draft", "POST"), 200);
  EXPECT_EQ(with({{"sec-fetch-site", "none"}}), 200);
  for (const char* origin : {"http://evil.example", "null", "http://localhost:8081", "http://localhost",
                             "http://localhost:8080.evil.example"}) {
    EXPECT_EQ(with({{"origin", origin}}), 403) << origin;
    EXPECT_EQ(with({{"origin", origin}}, "/api/draft", "POST"), 403) << origin;
    EXPECT_EQ(with({{"origin", origin}}, "/v1/completions", "POST"), 403) << origin;
  }
  EXPECT_EQ(with({{"sec-fetch-site", "cross-site"}}), 403);
  EXPECT_EQ(with({{"sec-fetch-site", "same-site"}}, "/api/draft", "POST"), 403);
  EXPECT_EQ(with({{"sec-fetch-site", "cross-site"}, {"sec-fetch-mode", "navigate"}}, "/api/board"), 403);
  EXPECT_NE(with({{"sec-fetch-site", "cross-site"}, {"sec-fetch-mode", "navigate"}}, "/"), 403);  // a link to the board
}

TEST(Service, TakesJsonAlone) {
  ServiceFixture f;
  const auto type = [&](const std::string& value) {
    return status_of(f, {{"content-type", value}}, "/api/draft", "POST");
  };
  EXPECT_EQ(type("application/json; charset=utf-8"), 200);
  // Those that a form of another site can send without being asked first.
  for (const char* value : {"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""})
    EXPECT_EQ(type(value), 415) << value;
}

TEST(Service, NeedsTheTokenForAllButThePage) {
  ServiceFixture f;
  f.options.token = "s3cret";
  EXPECT_EQ(status_of(f, {}, "/health"), 200);
  for (const char* path : {"/api/settings", "/api/board", "/v1/models", "/metrics", "/api/pictures/0", "/api/no"}) {
    EXPECT_EQ(status_of(f, {}, path), 401) << path;
    EXPECT_EQ(status_of(f, {{"authorization", "Bearer s3cre"}}, path), 401) << path;
    EXPECT_EQ(status_of(f, {{"authorization", "Bearer s3crets3cret"}}, path), 401) << path;
    EXPECT_EQ(status_of(f, {{"authorization", "Basic s3cret"}}, path), 401) << path;
    EXPECT_EQ(status_of(f, {{"cookie", "aacft-token="}}, path), 401) << path;
    EXPECT_NE(status_of(f, {{"authorization", "bearer s3cret"}}, path), 401) << path;
  }
  EXPECT_EQ(f.post("/api/login", {{"token", "wrong"}}).status, 401);
  const HttpResponse login = f.post("/api/login", {{"token", "s3cret"}});
  EXPECT_EQ(login.status, 204);
  const std::string cookie = header_of(login, "Set-Cookie");
  EXPECT_NE(cookie.find("HttpOnly; SameSite=Strict"), cookie.npos);
  EXPECT_EQ(cookie.find("s3cret"), cookie.npos);
  EXPECT_EQ(status_of(f, {{"cookie", "a=b; " + cookie.substr(0, cookie.find(';')) + "; c=d"}}), 200);
}

TEST(Service, TellsBrowsersToBeCareful) {
  ServiceFixture f;
  for (const char* path : {"/", "/api/settings", "/health", "/no/such/thing"}) {
    const HttpResponse response = f.get(path);
    const std::string policy = header_of(response, "Content-Security-Policy");
    EXPECT_EQ(policy.find("unsafe"), policy.npos);
    EXPECT_NE(policy.find("default-src 'self'"), policy.npos);
    EXPECT_NE(policy.find("frame-ancestors 'none'"), policy.npos);
    EXPECT_EQ(header_of(response, "X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(header_of(response, "Cross-Origin-Resource-Policy"), "same-origin");
  }
}

TEST(Service, ShowsPicturesOfABoardWithoutTheirScripts) {
  ServiceFixture f;
  f.parts.view.pictures["images/a.svg"] = {"image/svg+xml", "<svg onload='alert(1)'/>"};
  f.parts.view.pages[0].tiles[0].picture = "images/a.svg";
  const std::string path = json_of(f.get("/api/board"))["pages"][0]["slots"][0]["picture"];
  const HttpResponse picture = f.get(path);
  EXPECT_EQ(picture.type, "image/svg+xml");
  EXPECT_EQ(picture.body, "<svg onload='alert(1)'/>");
  EXPECT_EQ(header_of(picture, "Content-Security-Policy"), "default-src 'none'; style-src 'unsafe-inline'; sandbox");
  for (const char* number : {"1", "-1", "", "0x0", "../../etc/passwd", "99999999999999999999999"})
    EXPECT_EQ(f.get("/api/pictures/" + std::string(number)).status, 404) << number;
}

TEST(Service, ServesThePageAndNothingBesides) {
  ServiceFixture f;
  for (const PageFile& file : page_files()) {
    const HttpResponse response = f.get(file.name == "index.html" ? "/" : "/" + std::string(file.name));
    EXPECT_EQ(response.status, 200) << file.name;
    EXPECT_EQ(response.body, file.bytes);
    EXPECT_NE(response.type, "application/octet-stream") << file.name;
    HttpRequest again{.method = "GET", .path = "/" + std::string(file.name)};
    again.headers["if-none-match"] = header_of(response, "ETag");
    EXPECT_EQ(f.ask(again).status, 304);
  }
  for (const char* path : {"/../etc/passwd", "/..", "//", "/etc/passwd", "/.git/config", "/index.html/",
                           "/page/index.html", "/api", "/api/", "/v1", "/apiary", "/%2e%2e/etc/passwd"})
    EXPECT_EQ(refusal(f.get(path)), "404") << path;
}

TEST(Service, RefusesOtherMethods) {
  ServiceFixture f;
  for (const char* method : {"PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "BREW"})
    EXPECT_EQ(refusal(f.ask({.method = method, .path = "/api/settings"})), "405") << method;
  EXPECT_EQ(refusal(f.get("/api/say")), "405");
  EXPECT_EQ(refusal(f.post("/api/board", json::object())), "405");
  EXPECT_EQ(refusal(f.post("/", json::object())), "405");
  EXPECT_EQ(f.ask({.method = "HEAD", .path = "/api/settings"}).status, 200);
}

// Whatever the body is, the answer is an error of the right shape.
TEST(Service, RefusesBodiesThatAreNoJsonObject) {
  ServiceFixture f;
  std::string deep(100'000, '['), nested;
  for (int i = 0; i < 300; ++i) nested += "{\"a\":";
  for (const std::string& body :
       {std::string(), std::string("null"), std::string("[]"), std::string("5"), std::string("{"), deep, nested,
        std::string("{\"icons\": [], \"icons\": []}"), std::string("{\"icons\": \"\xFF\xFE\"}"),
        std::string("{\"icons\": \"\\ud800\"}"), std::string("{\"a\": 1e999}"), std::string("\0{}", 3),
        std::string("{} {}"), std::string("\xEF\xBB\xBF[]")})
    for (const char* path : {"/api/say", "/api/draft", "/v1/completions", "/v1/chat/completions", "/api/login"})
      EXPECT_EQ(f.ask({.method = "POST", .path = path, .body = body}).status, 400) << path << " " << body.substr(0, 50);
  EXPECT_EQ(f.answerer.submitted, 0);
}

TEST(Service, TellsItsHealthAndNumbers) {
  ServiceFixture f;
  EXPECT_EQ(json_of(f.get("/health")), json({{"status", "ok"}}));
  f.get("/no/such/thing");
  f.get("/api/pictures/77");
  const HttpResponse metrics = f.get("/metrics");
  EXPECT_EQ(metrics.type, "text/plain; version=0.0.4; charset=utf-8");
  for (const char* line : {"aacft_http_requests_total{route=\"/health\",status=\"200\"} 1",
                           "aacft_http_requests_total{route=\"page\",status=\"404\"} 1",
                           "aacft_http_requests_total{route=\"/api/pictures\",status=\"404\"} 1",
                           "aacft_token_seconds_bucket{le=\"+Inf\"} 0"})
    EXPECT_NE(metrics.body.find("\n" + std::string(line) + "\n"), std::string::npos) << line << "\n" << metrics.body;
  EXPECT_NE(metrics.body.find("\nprocess_resident_memory_bytes "), std::string::npos);
  f.service->end(std::chrono::milliseconds(0));
  EXPECT_EQ(f.get("/health").status, 503);
  EXPECT_EQ(refusal(f.post("/api/draft", {{"icons", {{{"word", "tea"}}}}})), "503");
}

TEST(Service, LogsWhatIsSaidOnlyWhenAsked) {
  for (const bool text : {false, true}) {
    ServiceFixture f;
    std::string log;
    f.options.log = [&](const std::string& line) { log += line + "\n"; };
    f.options.log_text = text;
    f.post("/api/draft", {{"icons", {{{"word", "secret\x1B[2J"}}}}});
    EXPECT_NE(log.find("POST /api/draft"), log.npos);
    EXPECT_EQ(log.find("secret") != log.npos, text);
    EXPECT_EQ(log.find('\x1B'), log.npos);
  }
}

}  // namespace
}  // namespace aacft
