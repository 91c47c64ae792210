#include "aacft/serve/scheduler.h"

#include <gtest/gtest.h>

#include <thread>

#include "aacft/serve/http.h"
#include "serve/fake_answerer.h"

namespace aacft {
namespace {

using std::chrono::milliseconds;
using Texts = std::vector<std::string>;

constexpr milliseconds kLong(20'000);  // where a test that passes waits for much less

Request request_of(const std::string& prompt, std::uint64_t draw = 0) {
  Request request;
  request.prompt_ids.assign(prompt.begin(), prompt.end());
  request.draw = draw;
  request.options.stop.clear();
  return request;
}

std::vector<Request> several(const std::string& prompt, std::size_t count, std::int64_t most = 50) {
  std::vector<Request> requests;
  for (std::size_t i = 0; i < count; ++i) {
    requests.push_back(request_of(prompt, i));
    requests.back().options.max_new_tokens = most;
  }
  return requests;
}

// The texts, as their pieces join, and the errors of those that failed.
Texts all_of(Answers& answers, std::size_t count) {
  Texts texts(count);
  while (!answers.all_ended()) {
    const auto event = answers.next(kLong);
    if (!event) {
      ADD_FAILURE() << "nothing came";
      break;
    }
    if (event->index >= texts.size()) texts.resize(event->index + 1);
    texts[event->index] += event->piece;
    if (!event->ended) continue;
    if (!event->ended->error.empty()) {
      texts[event->index] = "error: " + event->ended->error;
    } else {
      EXPECT_EQ(event->ended->text, texts[event->index]);
    }
  }
  return texts;
}

template <typename Condition>
void wait_until(const Condition& condition) {
  const auto until = std::chrono::steady_clock::now() + kLong;
  while (!condition()) {
    ASSERT_LT(std::chrono::steady_clock::now(), until);
    std::this_thread::sleep_for(milliseconds(1));
  }
}

struct Scheduling {
  FakeAnswerer answerer;
  Metrics metrics;
  std::atomic<bool> closed = false;  // no step is made
  std::unique_ptr<Scheduler> scheduler;

  Scheduler& start(const SchedulerOptions& options = {}) {
    if (!answerer.before_step)
      answerer.before_step = [this] {
        while (closed) std::this_thread::sleep_for(milliseconds(1));
      };
    scheduler = std::make_unique<Scheduler>(answerer, options, metrics);
    return *scheduler;
  }
};

TEST(Scheduler, GivesEachItsOwnAnswer) {
  Scheduling s;
  const auto answers = s.start().ask(several("x", 3), "a");
  EXPECT_EQ(all_of(*answers, 3), (Texts{"Answer 0 of the base", "Answer 1 of the base", "Answer 2 of the base"}));
  EXPECT_FALSE(answers->next(milliseconds(0)).has_value());
}

TEST(Scheduler, ServesManyThreads) {
  Scheduling s;
  s.answerer.reply = [](const Request& request) {
    return "to " + std::string(request.prompt_ids.begin(), request.prompt_ids.end());
  };
  Scheduler& scheduler = s.start({.slots = 4, .most_waiting = 1000, .most_of_client = 1000});
  std::vector<std::thread> threads;
  for (int i = 0; i < 40; ++i)
    threads.emplace_back([&scheduler, i] {
      for (int k = 0; k < 5; ++k) {
        const std::string prompt = std::to_string(i) + "." + std::to_string(k);
        const auto answers = scheduler.ask(several(prompt, 1), std::to_string(i % 7));
        EXPECT_EQ(all_of(*answers, 1), Texts{"to " + prompt});
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(s.answerer.most_under_way, 4);
  EXPECT_EQ(s.answerer.ended, 200);
}

// The first ask holds the only place while the others come.
TEST(Scheduler, PlacesGoRoundAmongClients) {
  Scheduling s;
  s.closed = true;
  Scheduler& scheduler = s.start({.slots = 1});
  std::vector<std::unique_ptr<Answers>> all;
  all.push_back(scheduler.ask(several("first", 1), "greedy"));
  wait_until([&] { return s.answerer.submitted == 1; });
  for (int i = 0; i < 3; ++i) all.push_back(scheduler.ask(several("greedy" + std::to_string(i), 1), "greedy"));
  all.push_back(scheduler.ask(several("modest", 1), "modest"));
  s.closed = false;
  for (const auto& answers : all) all_of(*answers, 1);
  s.scheduler.reset();
  EXPECT_EQ(s.answerer.order, (Texts{"first", "greedy0", "modest", "greedy1", "greedy2"}));
}

TEST(Scheduler, AsksOfSeveralStayTogetherAndDoNotStarve) {
  Scheduling s;
  s.closed = true;
  Scheduler& scheduler = s.start({.slots = 2});
  std::vector<std::unique_ptr<Answers>> all;
  all.push_back(scheduler.ask(several("first", 1), "a"));
  wait_until([&] { return s.answerer.submitted == 1; });
  all.push_back(scheduler.ask(several("three", 3), "b"));
  all.push_back(scheduler.ask(several("small", 1), "c"));
  s.closed = false;
  for (const auto& answers : all) all_of(*answers, 1);
  s.scheduler.reset();
  EXPECT_EQ(s.answerer.order, (Texts{"first", "three", "three", "three", "small"}));
}

TEST(Scheduler, WhoGoesAwayFreesThePlace) {
  Scheduling s;
  s.answerer.pause = std::chrono::microseconds(500);
  s.answerer.reply = [](const Request&) { return std::string(1'000'000, 'x'); };
  Scheduler& scheduler = s.start({.slots = 1});
  auto endless = scheduler.ask(several("endless", 1, 1'000'000), "a");
  ASSERT_TRUE(endless->next(kLong).has_value());
  auto waiting = scheduler.ask(several("waiting", 1), "a");
  auto last = scheduler.ask(several("last", 1), "b");
  waiting.reset();
  endless.reset();
  EXPECT_EQ(all_of(*last, 1)[0].size(), 50u);
  s.scheduler.reset();
  EXPECT_EQ(s.answerer.cancelled, 1);
  EXPECT_EQ(s.answerer.order, (Texts{"endless", "last"}));
}

TEST(Scheduler, OneMoreGoesFirst) {
  Scheduling s;
  s.closed = true;
  Scheduler& scheduler = s.start({.slots = 1});
  const auto answers = scheduler.ask(several("x", 1), "a"), others = scheduler.ask(several("z", 1), "a");
  EXPECT_EQ(answers->add(request_of("y", 7)), 1u);
  s.closed = false;
  EXPECT_EQ(all_of(*answers, 1), (Texts{"Answer 0 of the base", "Answer 7 of the base"}));
  all_of(*others, 1);
  s.scheduler.reset();
  EXPECT_EQ(s.answerer.order.back(), "z");
}

TEST(Scheduler, RefusesMoreThanItIsToHold) {
  Scheduling s;
  s.closed = true;
  Scheduler& scheduler = s.start({.slots = 1, .most_waiting = 3, .most_of_client = 2});
  std::vector<std::unique_ptr<Answers>> all;
  all.push_back(scheduler.ask(several("first", 1), "a"));
  wait_until([&] { return s.answerer.submitted == 1; });
  const auto status = [&](std::size_t count, const std::string& client) {
    try {
      all.push_back(scheduler.ask(several("x", count), client));
      return 200;
    } catch (const HttpError& error) {
      return error.status();
    }
  };
  EXPECT_EQ(status(3, "a"), 429);
  EXPECT_EQ(status(2, "a"), 200);
  EXPECT_EQ(status(1, "a"), 429);
  EXPECT_EQ(status(2, "b"), 429);
  EXPECT_EQ(status(1, "b"), 200);
  EXPECT_EQ(status(1, "c"), 429);
  s.closed = false;
  for (const auto& answers : all) all_of(*answers, 1);
  EXPECT_EQ(status(1, "c"), 200);
  all_of(*all.back(), 1);
}

TEST(Scheduler, TellsWhatFailed) {
  Scheduling s;
  std::atomic<bool> broken = false;
  s.answerer.before_step = [&] {
    if (broken.exchange(false)) throw std::bad_alloc();
  };
  Scheduler& scheduler = s.start();
  auto answers = scheduler.ask(several(std::string(100'001, 'x'), 1), "a");
  EXPECT_EQ(all_of(*answers, 1)[0], "error: the prompt is too long");
  broken = true;
  answers = scheduler.ask(several("x", 2), "a");
  EXPECT_NE(all_of(*answers, 2)[1].find("error: the model could not go on"), std::string::npos);
  answers = scheduler.ask(several("x", 1), "a");
  EXPECT_EQ(all_of(*answers, 1)[0], "Answer 0 of the base");
}

TEST(Scheduler, FinishesWhatIsUnderWayWhenItEnds) {
  Scheduling s;
  s.answerer.pause = milliseconds(1);
  Scheduler& scheduler = s.start({.slots = 1});
  const auto first = scheduler.ask(several("x", 1), "a"), second = scheduler.ask(several("y", 1), "a");
  scheduler.end(kLong);
  EXPECT_EQ(all_of(*first, 1)[0], "Answer 0 of the base");
  EXPECT_EQ(all_of(*second, 1)[0], "Answer 0 of the base");
  EXPECT_THROW(scheduler.ask(several("z", 1), "a"), HttpError);
}

TEST(Scheduler, CancelsWhatTakesTooLongWhenItEnds) {
  Scheduling s;
  s.answerer.pause = milliseconds(20);
  s.answerer.reply = [](const Request&) { return std::string(1'000'000, 'x'); };
  Scheduler& scheduler = s.start({.slots = 1});
  const auto first = scheduler.ask(several("x", 1, 1'000'000), "a"), second = scheduler.ask(several("y", 1), "a");
  scheduler.end(milliseconds(50));
  EXPECT_EQ(all_of(*first, 1)[0], "error: the server ended before the answer did");
  EXPECT_EQ(all_of(*second, 1)[0], "error: the server ended before the answer did");
}

TEST(Scheduler, CountsWhatItDid) {
  Scheduling s;
  const auto answers = s.start().ask(several("four", 2), "a");
  all_of(*answers, 2);
  const std::string text = s.metrics.text();
  for (const char* line : {"aacft_answers_total 2", "aacft_prompt_tokens_total 8", "aacft_new_tokens_total 40",
                           "aacft_first_piece_seconds_count 2", "aacft_answers_active 0"})
    EXPECT_NE(text.find("\n" + std::string(line) + "\n"), std::string::npos) << line << " is not in\n" << text;
}

}  // namespace
}  // namespace aacft
