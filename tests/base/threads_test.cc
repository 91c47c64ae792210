#include "aacft/base/threads.h"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

namespace aacft {
namespace {

class Threads : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override { set_threads(GetParam()); }
  void TearDown() override { set_threads(available_cores()); }
};

TEST_P(Threads, EachTaskOnce) {
  EXPECT_EQ(threads(), GetParam());
  for (const std::size_t count : {0, 1, 2, 3, 7, 1000}) {
    for (int round = 0; round < 50; ++round) {
      std::vector<std::atomic<int>> done(count);
      parallel_for(count, [&](std::size_t i) { ++done.at(i); });
      for (const auto& times : done) ASSERT_EQ(times, 1);
    }
  }
}

TEST_P(Threads, AllOfThemWork) {
  // Every task waits until there are as many as threads, which only as many threads can bring about.
  std::atomic<int> arrived = 0;
  std::mutex mutex;
  std::set<std::thread::id> ids;
  parallel_for(static_cast<std::size_t>(GetParam()), [&](std::size_t) {
    ++arrived;
    while (arrived < GetParam()) std::this_thread::yield();
    const std::lock_guard lock(mutex);
    ids.insert(std::this_thread::get_id());
  });
  EXPECT_EQ(ids.size(), static_cast<std::size_t>(GetParam()));
  EXPECT_TRUE(ids.contains(std::this_thread::get_id()));  // the caller is one
}

TEST_P(Threads, AnExceptionComesBack) {
  for (int round = 0; round < 50; ++round) {
    std::atomic<int> done = 0;
    try {
      parallel_for(100, [&](std::size_t i) {
        if (i == 5) throw std::runtime_error("five");
        ++done;
      });
      ADD_FAILURE() << "no exception";
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "five");
    }
    // And the threads go on working.
    done = 0;
    parallel_for(100, [&](std::size_t) { ++done; });
    ASSERT_EQ(done, 100);
  }
  EXPECT_THROW(parallel_for(8, [](std::size_t) { throw 1; }), int);  // all at once
}

TEST_P(Threads, NestedCallsStayOnTheirThread) {
  std::atomic<int> done = 0;
  parallel_for(8, [&](std::size_t) {
    const auto outer = std::this_thread::get_id();
    parallel_for(8, [&](std::size_t) {
      EXPECT_EQ(std::this_thread::get_id(), outer);
      parallel_for(2, [&](std::size_t) { ++done; });
    });
  });
  EXPECT_EQ(done, 128);
}

INSTANTIATE_TEST_SUITE_P(Counts, Threads, ::testing::Values(1, 2, 3, 4, 8), ::testing::PrintToStringParamName());

TEST(ThreadCount, ZeroMeansEveryCore) {
  EXPECT_GE(available_cores(), 1);
  set_threads(1);
  EXPECT_EQ(threads(), 1);
  set_threads(0);
  EXPECT_EQ(threads(), available_cores());
}

}  // namespace
}  // namespace aacft
