#include "aacft/serve/pick_log.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>
#include <thread>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "serve/board_support.h"

namespace aacft {
namespace {

Pick pick_of(const std::string& said) {
  Pick pick;
  pick.prompt = "<human>: x\n<bot>:";
  pick.icons = {{"tea", IconType::kNoun, "tea.png"}};
  pick.said = said;
  pick.source = "draft";
  return pick;
}

TEST(PickLog, IsItsOwnersAlone) {
  const TemporaryFolder folder;
  PickLog log(folder / "picks.jsonl");
  log.add(pick_of("Tea!"));
  struct stat facts {};
  ASSERT_EQ(::stat(log.file().c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
  const std::string second = log.add(pick_of("Coffee!"));
  EXPECT_EQ(log.forget(second), 1u);
  ASSERT_EQ(::stat(log.file().c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
}

TEST(PickLog, KeepsLinesThatAreNotItsOwn) {
  const TemporaryFolder folder;
  PickLog log(folder / "picks.jsonl");
  const std::string before = "{\"text\": \"by hand\"}\nno row\n";
  std::ofstream(log.file()) << before;
  const std::string id = log.add(pick_of("Tea!"));
  ASSERT_EQ(log.newest(10).size(), 1u);
  EXPECT_EQ(log.newest(10)[0].said, "Tea!");
  EXPECT_EQ(log.forget(id), 1u);
  EXPECT_EQ(read_file(log.file()), before);
}

// As on a full disk: what fits of a row is taken back.
TEST(PickLog, LeavesTheFileWholeWhereTheDiskIsFull) {
  const TemporaryFolder folder;
  PickLog log(folder / "picks.jsonl");
  log.add(pick_of("Tea!"));
  const std::string before = read_file(log.file());
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit old{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
  rlimit full = old;
  full.rlim_cur = before.size() + 20;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &full), 0);
  EXPECT_THROW(log.add(pick_of("Coffee!")), Error);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &old), 0);
  EXPECT_EQ(read_file(log.file()), before);
  log.add(pick_of("Coffee!"));
  EXPECT_EQ(log.newest(10).size(), 2u);
}

TEST(PickLog, TakesPicksOfSeveralThreads) {
  const TemporaryFolder folder;
  PickLog log(folder / "picks.jsonl");
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      for (int k = 0; k < 5; ++k) log.forget(log.add(pick_of("gone"))), log.add(pick_of("kept"));
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(log.newest(1000).size(), 40u);
}

}  // namespace
}  // namespace aacft
