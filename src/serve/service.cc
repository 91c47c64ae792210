#include "aacft/serve/service.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "aacft/base/system.h"
#include "aacft/base/text.h"
#include "serve/json_body.h"
#include "serve/page_files.h"

namespace aacft {

using nlohmann::json;

namespace {

constexpr const char* kPolicy =
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
constexpr std::string_view kCookie = "aacft-token=";

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

// "127.0.0.1:8080" -> "127.0.0.1"; "[::1]:8080" -> "[::1]".
std::string without_port(const std::string& host) {
  if (host.starts_with("[")) return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

// An address cannot be made to mean another machine, as a name can (DNS rebinding).
bool is_address(const std::string& host) {
  if (host.starts_with("[")) return host.ends_with("]") && host.find_first_not_of("[]:.0123456789abcdef") == host.npos;
  return !host.empty() && host.find_first_not_of(".0123456789") == host.npos;
}

// Takes as long for every text, lest the time tell how much of it is right.
bool same_secret(std::string_view given, std::string_view secret) {
  unsigned differs = given.size() != secret.size();
  for (std::size_t i = 0; i < given.size(); ++i)
    differs |= static_cast<unsigned char>(given[i]) ^ static_cast<unsigned char>(secret[i % secret.size()]);
  return differs == 0;
}

std::string cookie_of(const HttpRequest& request) {
  std::string_view cookies = request.header("cookie");
  while (!cookies.empty()) {
    const std::size_t end = std::min(cookies.find(';'), cookies.size());
    const std::string_view cookie = trimmed(cookies.substr(0, end));
    if (cookie.starts_with(kCookie)) return std::string(cookie.substr(kCookie.size()));
    cookies.remove_prefix(std::min(end + 1, cookies.size()));
  }
  return "";
}

// What can stand in a cookie.
std::string hexadecimal(std::string_view bytes) {
  std::string text;
  for (const unsigned char c : bytes) text += {"0123456789abcdef"[c >> 4], "0123456789abcdef"[c & 15]};
  return text;
}

const char* type_of_file(std::string_view name) {
  static constexpr std::pair<std::string_view, const char*> kTypes[] = {{".html", "text/html; charset=utf-8"},
                                                                        {".js", "text/javascript; charset=utf-8"},
                                                                        {".css", "text/css; charset=utf-8"},
                                                                        {".svg", "image/svg+xml"},
                                                                        {".png", "image/png"},
                                                                        {".webmanifest", "application/manifest+json"},
                                                                        {".json", "application/json"},
                                                                        {".ico", "image/x-icon"}};
  for (const auto& [ending, type] : kTypes)
    if (name.ends_with(ending)) return type;
  return "application/octet-stream";
}

bool is_below(const std::string& path, std::string_view folder) {
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

// For metrics, whose names must be few whatever is asked for.
std::string route_name(const std::string& path) {
  static constexpr std::string_view kRoutes[] = {
      "/api/settings", "/api/voices",     "/api/board",           "/api/draft",      "/api/say",   "/api/speak",
      "/api/pick",     "/api/picks",      "/api/forget",          "/api/login",      "/v1/models", "/health",
      "/metrics",      "/v1/completions", "/v1/chat/completions", "/v1/audio/speech"};
  if (std::find(std::begin(kRoutes), std::end(kRoutes), path) != std::end(kRoutes)) return path;
  if (is_below(path, "/api/pictures")) return "/api/pictures";
  if (is_below(path, "/v1/models")) return "/v1/models";
  return is_below(path, "/api") || is_below(path, "/v1") ? "other" : "page";
}

[[noreturn]] void nothing_there(const HttpRequest& request) {
  throw HttpError(404, "there is nothing at " + in_quotes(request.path) + "; docs/serve.md lists what there is");
}

void allow(const HttpRequest& request, const char* method) {
  if (request.method != method) throw HttpError(405, request.path + " answers " + method + " alone");
}

}  // namespace

Service::Service(ServiceParts parts, const ServiceOptions& options) : parts_(std::move(parts)), options_(options) {
  if (parts_.model) scheduler_ = std::make_unique<Scheduler>(*parts_.model->answerer, options_.scheduler, metrics_);
  const ServedModel* model = parts_.model ? &*parts_.model : nullptr;
  board_ = std::make_unique<BoardApi>(
      BoardParts{&parts_.view, &*parts_.lexicon, model, scheduler_.get(), parts_.speech.get(), parts_.picks.get()},
      options_.say);
  if (model != nullptr) open_ai_ = std::make_unique<OpenAi>(*model, *scheduler_, options_.open_ai);
}

Service::~Service() = default;

void Service::end(std::chrono::milliseconds wait) {
  ending_ = true;
  if (scheduler_) scheduler_->end(wait);
}

HttpResponse Service::answer(const HttpRequest& request) {
  const double start = wall_seconds();
  HttpResponse response;
  try {
    response = route(request);
  } catch (const HttpError& error) {
    response = error_response(error);
  } catch (const Error& error) {
    response = error_response(HttpError(400, error.what()));
  } catch (const std::exception& error) {
    response = error_response(HttpError(500, std::string("the server failed: ") + error.what()));
  }
  const auto set = [&](const char* name, const char* value) {
    const bool there = std::any_of(response.headers.begin(), response.headers.end(),
                                   [&](const auto& header) { return header.first == name; });
    if (!there) response.headers.emplace_back(name, value);
  };
  set("Content-Security-Policy", kPolicy);
  set("X-Content-Type-Options", "nosniff");
  set("X-Frame-Options", "DENY");
  set("Referrer-Policy", "no-referrer");
  set("Cross-Origin-Opener-Policy", "same-origin");
  set("Cross-Origin-Resource-Policy", "same-origin");
  set("Cache-Control", "no-store");
  metrics_.count_request(route_name(request.path), response.status);
  if (options_.log)
    options_.log(presentable(request.client + " " + request.method + " " + request.path + " " +
                             std::to_string(response.status) + " " +
                             std::to_string(static_cast<int>(1000 * (wall_seconds() - start))) + " ms" +
                             (options_.log_text && !request.body.empty() ? " " + request.body : "")));
  return response;
}

HttpResponse Service::route(const HttpRequest& request) {
  check_origin(request);
  if (request.method != "GET" && request.method != "HEAD" && request.method != "POST")
    throw HttpError(405, "only GET and POST are answered");
  if (request.method == "POST" && lower(request.header("content-type")).find("application/json") != 0)
    throw HttpError(415, "a POST must have Content-Type: application/json");
  const HttpRequest* asked = &request;
  HttpRequest as_get;
  if (request.method == "HEAD") {
    as_get = request;
    as_get.method = "GET";
    asked = &as_get;
  }
  if (asked->path == "/health") return allow(*asked, "GET"), health();
  if (asked->path == "/api/login") return allow(*asked, "POST"), login(*asked);
  const bool guarded = is_below(asked->path, "/api") || is_below(asked->path, "/v1") || asked->path == "/metrics";
  if (!guarded) return page(*asked);
  check_token(*asked);
  if (asked->path == "/metrics") {
    allow(*asked, "GET");
    return {.type = "text/plain; version=0.0.4; charset=utf-8", .body = metrics_.text()};
  }
  if (ending_ && asked->method == "POST") throw HttpError(503, "the server is about to end", "", "ending");
  return is_below(asked->path, "/api") ? api(*asked) : open_ai(*asked);
}

HttpResponse Service::api(const HttpRequest& request) {
  const std::string& path = request.path;
  const auto get = [&] { allow(request, "GET"); };
  const auto post = [&] { allow(request, "POST"); };
  if (path == "/api/settings") return get(), board_->settings();
  if (path == "/api/voices") return get(), board_->voices();
  if (path == "/api/board") return get(), board_->board();
  if (path.starts_with("/api/pictures/")) return get(), board_->picture(path.substr(14));
  if (path == "/api/picks") return get(), board_->picks();
  if (path == "/api/draft") return post(), board_->draft(request);
  if (path == "/api/say") return post(), board_->say(request);
  if (path == "/api/speak") return post(), board_->speak(request);
  if (path == "/api/pick") return post(), board_->pick(request);
  if (path == "/api/forget") return post(), board_->forget(request);
  nothing_there(request);
}

HttpResponse Service::open_ai(const HttpRequest& request) {
  const std::string& path = request.path;
  if (path == "/v1/audio/speech") return allow(request, "POST"), speech(request);
  const bool known = path == "/v1/models" || path.starts_with("/v1/models/") || path == "/v1/completions" ||
                     path == "/v1/chat/completions";
  if (!known) nothing_there(request);
  if (!open_ai_) throw HttpError(503, "the server has no model: start it with --model", "", "no_model");
  if (path == "/v1/completions") return allow(request, "POST"), open_ai_->completions(request);
  if (path == "/v1/chat/completions") return allow(request, "POST"), open_ai_->chat_completions(request);
  allow(request, "GET");
  return path == "/v1/models" ? open_ai_->models() : open_ai_->model(path.substr(11));
}

HttpResponse Service::health() const {
  HttpResponse response{.status = ending_ ? 503 : 200};
  response.body = json_text({{"status", ending_ ? "ending" : "ok"}});
  return response;
}

HttpResponse Service::login(const HttpRequest& request) const {
  JsonBody body(request);
  const std::string token = body.text("token", 1000).value_or("");
  body.refuse_rest();
  if (!options_.token.empty() && !same_secret(token, options_.token)) throw HttpError(401, "the token is wrong");
  HttpResponse response{.status = 204};
  if (!options_.token.empty())
    response.headers.emplace_back("Set-Cookie", std::string(kCookie) + hexadecimal(options_.token) +
                                                    "; Path=/; HttpOnly; SameSite=Strict; Max-Age=31536000");
  return response;
}

HttpResponse Service::page(const HttpRequest& request) const {
  allow(request, "GET");
  const std::string name = request.path == "/" ? "index.html" : request.path.substr(1);
  const auto files = page_files();
  const auto file =
      std::find_if(files.begin(), files.end(), [&](const PageFile& candidate) { return candidate.name == name; });
  if (file == files.end()) nothing_there(request);
  HttpResponse response{.type = type_of_file(file->name)};
  response.headers = {{"ETag", std::string(file->tag)}, {"Cache-Control", "no-cache"}};
  if (request.header("if-none-match") == file->tag) {
    response.status = 304;
  } else {
    response.body = file->bytes;
  }
  return response;
}

// As OpenAI's; what it tells about a model and a voice of theirs means nothing here.
HttpResponse Service::speech(const HttpRequest& request) const {
  if (!parts_.speech)
    throw HttpError(501, "the server has no voice: start it with --speak-command, or install espeak-ng", "input",
                    "no_speech");
  JsonBody body(request);
  const std::string text = one_line(body.text("input", 16384).value_or(""));
  const std::string format = body.text("response_format", 20).value_or("wav");
  body.ignore({"model", "voice", "instructions"});
  body.refuse("speed", {1});
  body.refuse("stream_format", {"audio"});
  body.refuse_rest();
  if (text.empty()) throw HttpError(400, "\"input\" is empty", "input");
  if (format != "wav") throw HttpError(400, "\"response_format\" must be \"wav\"", "response_format");
  return {.type = "audio/wav", .body = parts_.speech->wav(text, request.present)};
}

void Service::check_origin(const HttpRequest& request) const {
  const std::string host = lower(request.header("host")), name = without_port(host);
  const bool own = name == "localhost" || name.ends_with(".localhost") || is_address(name) ||
                   std::find(options_.hosts.begin(), options_.hosts.end(), name) != options_.hosts.end();
  if (!own)
    throw HttpError(403, "this server is not called " + in_quotes(name) + "; start it with --allow-host for that name",
                    "", "unknown_host");
  const std::string origin = lower(request.header("origin"));
  if (!origin.empty() && origin != "http://" + host && origin != "https://" + host)
    throw HttpError(403, "pages of other sites may not ask this server", "", "other_origin");
  const std::string& site = request.header("sec-fetch-site");
  const bool navigates = request.method == "GET" && request.header("sec-fetch-mode") == "navigate" &&
                         !is_below(request.path, "/api") && !is_below(request.path, "/v1");
  if (!site.empty() && site != "same-origin" && site != "none" && !navigates)
    throw HttpError(403, "pages of other sites may not ask this server", "", "other_origin");
}

void Service::check_token(const HttpRequest& request) const {
  if (options_.token.empty()) return;
  const std::string& header = request.header("authorization");
  if (lower(header.substr(0, 7)) == "bearer " && same_secret(header.substr(7), options_.token)) return;
  if (same_secret(cookie_of(request), hexadecimal(options_.token))) return;
  throw HttpError(401, "a token is needed: Authorization: Bearer TOKEN, with the one that the server was started with",
                  "", "invalid_api_key");
}

}  // namespace aacft
