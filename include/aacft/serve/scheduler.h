// Many threads that ask, and the one that owns what answers.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "aacft/generate/request.h"
#include "aacft/serve/metrics.h"

namespace aacft {

struct SchedulerOptions {
  std::size_t slots = 8;           // answers under way at a time
  std::size_t most_waiting = 512;  // answers that wait for a place, of all clients
  std::size_t most_of_client = 128;
};

// What comes of some requests that were asked together. For one thread; destroying it cancels what is under way.
class Answers {
 public:
  struct Event {
    std::size_t index = 0;            // of the request
    std::string piece;                // text that is certain now
    std::optional<Generation> ended;  // the request's last event; with an error where it failed
  };

  Answers(const Answers&) = delete;
  ~Answers();

  // The next event; nothing where none came in this time.
  std::optional<Event> next(std::chrono::milliseconds wait);
  bool all_ended() const { return open_ == 0; }  // no event will come

  // One more, which goes before what the client has waiting. HttpError as ask().
  std::size_t add(Request request);

 private:
  friend class Scheduler;
  struct State;
  explicit Answers(std::shared_ptr<State> state, std::size_t count) : state_(std::move(state)), open_(count) {}

  std::shared_ptr<State> state_;
  std::size_t open_;  // requests whose last event was not taken
};

// A thread steps the answerer as long as somebody waits. Places go round among the clients; a client's own asks are
// taken up in their order. Requests that are asked together are taken up together, so that what they share is computed
// once; where they are more than there are places, nothing else is under way. Safe to use from several threads.
class Scheduler {
 public:
  // Both must outlive this. The answerer is used by this alone.
  Scheduler(Answerer& answerer, const SchedulerOptions& options, Metrics& metrics);
  Scheduler(const Scheduler&) = delete;
  ~Scheduler();

  // HttpError 429 where too many wait, 503 once it is to end. The requests' callbacks are not used.
  std::unique_ptr<Answers> ask(std::vector<Request> requests, const std::string& client);

  // Takes nothing new, waits that long for what is under way and waiting, and cancels the rest: who waits for it gets
  // an error.
  void end(std::chrono::milliseconds wait);

 private:
  friend class Answers;
  class Loop;
  std::shared_ptr<Loop> loop_;
};

}  // namespace aacft
