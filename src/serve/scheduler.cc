#include "aacft/serve/scheduler.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <list>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "aacft/base/error.h"
#include "aacft/base/system.h"
#include "aacft/serve/http.h"

namespace aacft {

using std::chrono::milliseconds;

// Shared by who asked and the loop. `mutex` guards the events; all else is the loop's, under the loop's mutex.
struct Answers::State {
  std::weak_ptr<Scheduler::Loop> loop;
  std::string client;
  std::size_t asked = 0;
  std::vector<std::uint64_t> under_way;  // the answerer's ids
  bool cancelled = false;

  std::mutex mutex;
  std::condition_variable came;
  std::deque<Event> events;

  void send(Event event) {
    const std::lock_guard lock(mutex);
    // Pieces that nobody has taken yet are one.
    if (!event.ended && !events.empty() && events.back().index == event.index && !events.back().ended) {
      events.back().piece += event.piece;
    } else {
      events.push_back(std::move(event));
    }
    came.notify_one();
  }

  void fail(std::size_t index, const std::string& message) {
    Generation failed;
    failed.stop_reason = "error";
    failed.error = message;
    send({index, "", std::move(failed)});
  }
};

class Scheduler::Loop : public std::enable_shared_from_this<Scheduler::Loop> {
 public:
  Loop(Answerer& answerer, const SchedulerOptions& options, Metrics& metrics)
      : answerer_(answerer), options_(options), metrics_(metrics) {}

  void start() {
    thread_ = std::thread([this] { run(); });
  }

  void enqueue(const std::shared_ptr<Answers::State>& state, std::vector<Request> requests, bool first) {
    const std::lock_guard lock(mutex_);
    if (ending_) throw HttpError(503, "the server is about to end", "", "ending");
    std::deque<Unit>& own = waiting_[state->client];
    std::size_t own_count = 0;
    for (const Unit& unit : own) own_count += unit.requests.size();
    const std::size_t count = requests.size();
    if (count_ + count > options_.most_waiting || own_count + count > options_.most_of_client) {
      if (own.empty()) waiting_.erase(state->client);
      throw HttpError(429, "too many answers are waited for; ask again in a while", "", "queue_full");
    }
    Unit unit{state, state->asked, std::move(requests), wall_seconds()};
    state->asked += count;
    count_ += count;
    if (std::find(turns_.begin(), turns_.end(), state->client) == turns_.end()) turns_.push_back(state->client);
    if (first) {
      own.push_front(std::move(unit));
    } else {
      own.push_back(std::move(unit));
    }
    metrics_.set_queue(count_, active_);
    wake_.notify_one();
  }

  void cancel(const std::shared_ptr<Answers::State>& state) {
    const std::lock_guard lock(mutex_);
    state->cancelled = true;
    drop_waiting([&](const Unit& unit) { return unit.state == state; }, "");
    if (!state->under_way.empty()) cancelled_.push_back(state);
    wake_.notify_one();
  }

  void end(milliseconds wait) {
    std::unique_lock lock(mutex_);
    ending_ = true;
    idle_.wait_for(lock, wait, [&] { return count_ == 0 && active_ == 0; });
    stopped_ = true;
    wake_.notify_one();
    lock.unlock();
    const std::lock_guard joining(join_mutex_);
    if (thread_.joinable()) thread_.join();
  }

 private:
  struct Unit {
    std::shared_ptr<Answers::State> state;
    std::size_t first = 0;  // index of the first request
    std::vector<Request> requests;
    double asked = 0;  // when
  };

  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      wake_.wait(lock, [&] { return stopped_ || active_ > 0 || count_ > 0 || !cancelled_.empty(); });
      if (stopped_) return stop(lock);
      std::vector<std::uint64_t> gone = take_cancelled();
      std::vector<Unit> units = take_turns();
      metrics_.set_queue(count_, active_);
      lock.unlock();
      for (const std::uint64_t id : gone) answerer_.cancel(id);
      for (Unit& unit : units) submit(unit);
      step();
      lock.lock();
      if (active_ == 0 && count_ == 0) idle_.notify_all();
    }
  }

  // The rest of this class's functions up to fail_all() are called with the mutex held.

  std::vector<std::uint64_t> take_cancelled() {
    std::vector<std::uint64_t> ids;
    for (const auto& state : std::exchange(cancelled_, {}))
      for (const std::uint64_t id : std::exchange(state->under_way, {})) {
        ids.push_back(id);
        states_.erase(id);
        --active_;
        metrics_.count_cancelled();
      }
    return ids;
  }

  // Whose turn it is goes first; where that does not fit, all wait, lest many small asks starve a large one.
  std::vector<Unit> take_turns() {
    std::vector<Unit> units;
    while (!turns_.empty()) {
      const std::string client = turns_.front();
      std::deque<Unit>& own = waiting_.at(client);
      const std::size_t count = own.front().requests.size();
      if (active_ > 0 && active_ + count > options_.slots) break;
      active_ += count;
      count_ -= count;
      units.push_back(std::move(own.front()));
      own.pop_front();
      turns_.pop_front();
      if (own.empty()) {
        waiting_.erase(client);
      } else {
        turns_.push_back(client);
      }
    }
    return units;
  }

  template <typename Which>
  void drop_waiting(const Which& which, const std::string& message) {
    for (auto own = waiting_.begin(); own != waiting_.end();) {
      std::erase_if(own->second, [&](Unit& unit) {
        if (!which(unit)) return false;
        count_ -= unit.requests.size();
        for (std::size_t i = 0; !message.empty() && i < unit.requests.size(); ++i)
          unit.state->fail(unit.first + i, message);
        return true;
      });
      if (own->second.empty()) {
        std::erase(turns_, own->first);
        own = waiting_.erase(own);
      } else {
        ++own;
      }
    }
    metrics_.set_queue(count_, active_);
  }

  void stop(std::unique_lock<std::mutex>& lock) {
    const std::string message = "the server ended before the answer did";
    drop_waiting([](const Unit&) { return true; }, message);
    lock.unlock();
    fail_all(message);
    lock.lock();
    idle_.notify_all();
  }

  // Those below are called by the loop's thread without the mutex.

  void submit(Unit& unit) {
    const std::shared_ptr<Answers::State>& state = unit.state;
    for (std::size_t i = 0; i < unit.requests.size(); ++i) {
      const std::size_t index = unit.first + i;
      Request& request = unit.requests[i];
      const double asked = unit.asked, taken_up = wall_seconds();
      const auto id = std::make_shared<std::uint64_t>();
      request.text = [this, state, index, asked, said = false](const std::string& piece) mutable {
        if (!std::exchange(said, true)) metrics_.count_first_token(wall_seconds() - asked);
        state->send({index, piece, {}});
      };
      request.done = [this, state, index, taken_up, id](const Generation& generation) {
        metrics_.count_answer(static_cast<std::int64_t>(generation.prompt_ids.size()), generation.reused,
                              static_cast<std::int64_t>(generation.new_ids.size()), wall_seconds() - taken_up);
        forget(*state, *id);
        state->send({index, "", generation});
      };
      try {
        *id = answerer_.submit(std::move(request));
        const std::lock_guard lock(mutex_);
        state->under_way.push_back(*id);
        states_[*id] = {state, index};
        if (state->cancelled) cancelled_.push_back(state);
      } catch (const std::exception& error) {
        {
          const std::lock_guard lock(mutex_);
          --active_;
        }
        state->fail(index, error.what());
      }
    }
  }

  void forget(Answers::State& state, std::uint64_t id) {
    const std::lock_guard lock(mutex_);
    if (states_.erase(id) == 0) return;
    std::erase(state.under_way, id);
    --active_;
    metrics_.set_queue(count_, active_);
  }

  void step() {
    {
      const std::lock_guard lock(mutex_);
      if (active_ == 0) return;
    }
    try {
      answerer_.step();
    } catch (const std::exception& error) {
      fail_all(std::string("the model could not go on: ") + error.what());
    }
  }

  void fail_all(const std::string& message) {
    std::unique_lock lock(mutex_);
    const auto failed = std::exchange(states_, {});
    active_ -= failed.size();
    for (const auto& [id, whose] : failed) std::erase(whose.first->under_way, id);
    lock.unlock();
    for (const auto& [id, whose] : failed) {
      answerer_.cancel(id);
      whose.first->fail(whose.second, message);
    }
  }

  Answerer& answerer_;
  const SchedulerOptions options_;
  Metrics& metrics_;
  std::thread thread_;
  std::mutex join_mutex_;

  std::mutex mutex_;
  std::condition_variable wake_, idle_;
  std::map<std::string, std::deque<Unit>> waiting_;  // by client; none is empty
  std::deque<std::string> turns_;                    // clients in waiting_
  std::size_t count_ = 0, active_ = 0;               // requests that wait, and that were taken up
  std::map<std::uint64_t, std::pair<std::shared_ptr<Answers::State>, std::size_t>> states_;  // of those under way
  std::vector<std::shared_ptr<Answers::State>> cancelled_;
  bool ending_ = false, stopped_ = false;
};

Answers::~Answers() {
  if (const auto loop = state_->loop.lock()) loop->cancel(state_);
}

std::optional<Answers::Event> Answers::next(milliseconds wait) {
  std::unique_lock lock(state_->mutex);
  if (!state_->came.wait_for(lock, wait, [&] { return !state_->events.empty(); })) return {};
  Event event = std::move(state_->events.front());
  state_->events.pop_front();
  if (event.ended) --open_;
  return event;
}

std::size_t Answers::add(Request request) {
  const auto loop = state_->loop.lock();
  if (!loop) throw HttpError(503, "the server is about to end", "", "ending");
  std::vector<Request> requests;
  requests.push_back(std::move(request));
  loop->enqueue(state_, std::move(requests), true);
  ++open_;
  return state_->asked - 1;
}

Scheduler::Scheduler(Answerer& answerer, const SchedulerOptions& options, Metrics& metrics)
    : loop_(std::make_shared<Loop>(answerer, options, metrics)) {
  loop_->start();
}

Scheduler::~Scheduler() { loop_->end(milliseconds(0)); }

std::unique_ptr<Answers> Scheduler::ask(std::vector<Request> requests, const std::string& client) {
  const auto state = std::make_shared<Answers::State>();
  state->loop = loop_;
  state->client = client;
  const std::size_t count = requests.size();
  loop_->enqueue(state, std::move(requests), false);
  return std::unique_ptr<Answers>(new Answers(state, count));
}

void Scheduler::end(milliseconds wait) { loop_->end(wait); }

}  // namespace aacft
