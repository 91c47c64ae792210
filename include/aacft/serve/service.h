// All that a server answers, whatever carries it: who may ask, what is where, and what is counted.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "aacft/serve/board_api.h"
#include "aacft/serve/openai.h"

namespace aacft {

struct ServiceOptions {
  std::string token;               // needed for /api and /v1; empty: none is
  std::vector<std::string> hosts;  // names that it may be called by, besides localhost and addresses in numbers
  bool log_text = false;           // whether the log holds what was asked
  std::function<void(const std::string& line)> log;  // a line for each request; called from several threads
  SchedulerOptions scheduler;
  SayOptions say;
  OpenAiOptions open_ai;
};

struct ServiceParts {
  BoardView view;
  std::optional<Lexicon> lexicon;  // must be there
  std::optional<ServedModel> model;
  std::unique_ptr<Speech> speech;
  std::unique_ptr<PickLog> picks;
};

// Safe to use from several threads.
class Service {
 public:
  Service(ServiceParts parts, const ServiceOptions& options);
  Service(const Service&) = delete;
  ~Service();

  // The whole answer, with the headers that browsers need to be careful. Throws nothing.
  HttpResponse answer(const HttpRequest& request);

  // From now on /health says so, and nothing new is taken; returns once what is under way has ended, or after that
  // time.
  void end(std::chrono::milliseconds wait);

  Metrics& metrics() { return metrics_; }

 private:
  HttpResponse route(const HttpRequest& request);
  HttpResponse api(const HttpRequest& request);
  HttpResponse open_ai(const HttpRequest& request);
  HttpResponse health() const;
  HttpResponse login(const HttpRequest& request) const;
  HttpResponse page(const HttpRequest& request) const;
  HttpResponse speech(const HttpRequest& request) const;
  void check_origin(const HttpRequest& request) const;
  void check_token(const HttpRequest& request) const;

  const ServiceParts parts_;
  const ServiceOptions options_;
  Metrics metrics_;
  std::unique_ptr<Scheduler> scheduler_;
  std::unique_ptr<BoardApi> board_;
  std::unique_ptr<OpenAi> open_ai_;
  std::atomic<bool> ending_ = false;
};

}  // namespace aacft
