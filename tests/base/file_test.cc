#include "aacft/base/file.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <set>
#include <thread>
#include <utility>

#include "aacft/base/error.h"
#include "support/paths.h"

namespace aacft {
namespace {

using testing::TemporaryFolder;
using testing::write_text;

std::set<std::string> names(const fs::path& folder) {
  std::set<std::string> found;
  for (const auto& entry : fs::directory_iterator(folder)) found.insert(entry.path().filename().string());
  return found;
}

// While it lives, files of this process end at so many bytes.
struct FileSizeLimit {
  rlimit before{};
  explicit FileSizeLimit(rlim_t bytes) {
    ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before);
    const rlimit limit{bytes, before.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before); }
};

void expect_error_naming(const fs::path& path, const std::function<void()>& action) {
  try {
    action();
    ADD_FAILURE() << "no Error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find(path.string()), std::string::npos) << error.what();
  }
}

TEST(AtomicFile, AppearsWithCommit) {
  const TemporaryFolder folder;
  AtomicFile file(folder / "a");
  file.write("one ");
  file.write(std::string_view("\0two", 4));
  EXPECT_FALSE(fs::exists(folder / "a"));
  file.commit();
  EXPECT_EQ(read_file(folder / "a"), std::string("one \0two", 8));
  EXPECT_EQ(names(folder.path()), std::set<std::string>{"a"});
}

TEST(AtomicFile, KeepsTheOldOneUntilThen) {
  const TemporaryFolder folder;
  write_text(folder / "a", "old");
  {
    AtomicFile file(folder / "a");
    file.write("new");
    EXPECT_EQ(read_file(folder / "a"), "old");
  }
  EXPECT_EQ(read_file(folder / "a"), "old");
  EXPECT_EQ(names(folder.path()), std::set<std::string>{"a"});
  write_file_atomic(folder / "a", "new");
  EXPECT_EQ(read_file(folder / "a"), "new");
}

TEST(AtomicFile, ErrorsNameThePath) {
  const TemporaryFolder folder;
  write_text(folder / "file", "x");
  for (const fs::path& path : {folder / "none" / "a", folder / "file" / "a"})
    expect_error_naming(path, [&] { write_file_atomic(path, "x"); });
  // The name is a folder's: noticed at commit, and nothing is left behind.
  write_text(folder / "taken" / "b", "b");
  expect_error_naming(folder / "taken", [&] { write_file_atomic(folder / "taken", "x"); });
  EXPECT_EQ(names(folder.path()), (std::set<std::string>{"file", "taken"}));
  EXPECT_EQ(read_file(folder / "taken" / "b"), "b");
}

TEST(AtomicFile, AFullDiskIsAnError) {
  const TemporaryFolder folder;
  // As on a full disk, a part can be written.
  {
    const FileSizeLimit limit(1000);
    AtomicFile file(folder / "a");
    expect_error_naming(folder / "a", [&] { file.write(std::string(5000, 'x')); });
  }
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(AtomicFolder, AppearsWithCommit) {
  const TemporaryFolder folder;
  {
    AtomicFolder made(folder / "a/");
    write_text(made.path() / "deep/b", "b");
    EXPECT_FALSE(fs::exists(folder / "a"));
    made.commit();
  }
  EXPECT_EQ(read_file(folder / "a/deep/b"), "b");
  EXPECT_EQ(names(folder.path()), std::set<std::string>{"a"});
}

TEST(AtomicFolder, LeavesNothingWithoutIt) {
  const TemporaryFolder folder;
  {
    AtomicFolder made(folder / "a");
    write_text(made.path() / "b", "b");
  }
  EXPECT_TRUE(names(folder.path()).empty());
}

TEST(AtomicFolder, TakesTheNameOfAnEmptyFolderOnly) {
  const TemporaryFolder folder;
  make_folders(folder / "empty");
  AtomicFolder first(folder / "empty");
  write_text(first.path() / "b", "b");
  first.commit();
  EXPECT_EQ(read_file(folder / "empty/b"), "b");
  expect_error_naming(folder / "empty", [&] {
    AtomicFolder second(folder / "empty");
    write_text(second.path() / "c", "c");
    second.commit();
  });
  EXPECT_EQ(names(folder / "empty"), std::set<std::string>{"b"});
  EXPECT_EQ(names(folder.path()), std::set<std::string>{"empty"});
}

TEST(AtomicFolder, StartsEmpty) {
  const TemporaryFolder folder;
  fs::path temporary;
  { temporary = AtomicFolder(folder / "a").path(); }
  write_text(temporary / "stale", "from a process of the same number");
  AtomicFolder made(folder / "a");
  EXPECT_TRUE(fs::is_empty(made.path()));
  write_text(folder / "file", "x");
  expect_error_naming(folder / "file", [&] { AtomicFolder(folder / "file" / "a"); });
}

TEST(AtomicFile, LeftoversOfKilledProcessesGo) {
  const TemporaryFolder folder;
  write_text(folder / "a.aacft-tmp-2000000012", "x");
  write_text(folder / "b.aacft-tmp-2000000012", "x");
  AtomicFile(folder / "a").commit();
  EXPECT_EQ(names(folder.path()), (std::set<std::string>{"a", "b.aacft-tmp-2000000012"}));
}

TEST(AppendFile, WhatWasLeftOverIsWrittenNextTime) {
  const TemporaryFolder folder;
  AppendFile file(folder / "a");
  {
    const FileSizeLimit limit(7);
    file.write("first\n");
    expect_error_naming(folder / "a", [&] { file.write("second\n"); });
    expect_error_naming(folder / "a", [&] { file.write("third\n"); });
  }
  file.write("fourth\n");
  file.sync();
  EXPECT_EQ(read_file(folder / "a"), "first\nsecond\nthird\nfourth\n");
}

TEST(FolderLock, KeepsOthersOutAndEndsWithItsOwner) {
  const TemporaryFolder folder;
  {
    const FolderLock lock(folder.path());
    expect_error_naming(folder.path(), [&] { FolderLock second(folder.path()); });
  }
  const FolderLock again(folder.path());
  expect_error_naming(folder / "none", [&] { FolderLock none(folder / "none"); });
}

TEST(StaleTemporaries, AreRemovedAndNothingElse) {
  const TemporaryFolder folder;
  write_text(folder / "a.aacft-tmp-2000000012", "x");
  write_text(folder / "b.aacft-tmp-2000000034/deep/c", "x");
  write_text(folder / "kept.tmp", "x");
  write_text(folder / "deep/d.aacft-tmp-2000000005", "x");  // only what lies directly inside
  write_text(folder / "e.aacft-tmp-1", "x");                // of a process that is alive
  remove_stale_temporaries(folder.path());
  EXPECT_EQ(names(folder.path()), (std::set<std::string>{"kept.tmp", "deep", "e.aacft-tmp-1"}));
  EXPECT_TRUE(fs::exists(folder / "deep/d.aacft-tmp-2000000005"));
  remove_stale_temporaries(folder / "none");
}

TEST(Folders, AreMade) {
  const TemporaryFolder folder;
  make_folders(folder / "a/b/c");
  make_folders(folder / "a/b/c");
  EXPECT_TRUE(fs::is_directory(folder / "a/b/c"));
  write_text(folder / "file", "x");
  expect_error_naming(folder / "file", [&] { make_folders(folder / "file/a"); });
}

TEST(ReadFile, BytesOrAnError) {
  const TemporaryFolder folder;
  const std::string content("a\0\r\n\xff", 5);
  write_text(folder / "a", content);
  EXPECT_EQ(read_file(folder / "a"), content);
  write_text(folder / "empty", "");
  EXPECT_EQ(read_file(folder / "empty"), "");
  expect_error_naming(folder / "none", [&] { read_file(folder / "none"); });
  expect_error_naming(folder.path(), [&] { read_file(folder.path()); });
}

TEST(ReadFile, APipeUntilItEnds) {
  const TemporaryFolder folder;
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  const std::string content(100000, 'x');
  std::thread writer([&] { std::ofstream(folder / "pipe") << content; });
  EXPECT_EQ(read_input(folder / "pipe"), content);
  writer.join();
}

// Nobody writes to this pipe, and zeros never end.
TEST(ReadFile, NeitherWaitsNorReadsForEver) {
  const TemporaryFolder folder;
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  fs::create_symlink("/dev/zero", folder / "zeros");
  for (const char* name : {"pipe", "zeros"}) {
    expect_error_naming(folder / name, [&] { read_file(folder / name); });
    expect_error_naming(folder / name, [&] { MemoryMap map(folder / name); });
  }
  expect_error_naming(folder / "zeros", [&] { read_input(folder / "zeros"); });
  std::ofstream(folder / "huge").close();
  fs::resize_file(folder / "huge", std::uintmax_t{1} << 42);  // of holes
  expect_error_naming(folder / "huge", [&] { read_file(folder / "huge"); });
}

TEST(OutputFile, APipeOrDeviceIsWrittenToAndStays) {
  const TemporaryFolder folder;
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  std::string read;
  std::thread reader([&] { read = read_input(folder / "pipe"); });
  write_output(folder / "pipe", "through it");
  reader.join();
  EXPECT_EQ(read, "through it");
  EXPECT_TRUE(fs::is_fifo(folder / "pipe"));
  fs::create_symlink("/dev/null", folder / "null");
  write_output(folder / "null", "away");
  EXPECT_TRUE(fs::is_symlink(folder / "null"));
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  EXPECT_THROW(write_output("/dev/full", "x"), Error);
  EXPECT_TRUE(fs::is_character_file("/dev/full"));
  expect_error_naming(folder / "pipe", [&] { write_file_atomic(folder / "pipe", "x"); });
}

TEST(OutputFile, NeverTakesThePlaceOfWhatWasRead) {
  const TemporaryFolder folder;
  for (const char* name : {"rows", "weights", "later"}) write_text(folder / name, "precious");
  fs::create_hard_link(folder / "rows", folder / "same");
  fs::create_symlink("weights", folder / "link");
  OutputFile early(folder / "later");
  EXPECT_EQ(read_input(folder / "rows"), "precious");
  const MemoryMap map(folder / "weights");
  for (const char* name : {"rows", "same", "weights", "link"})
    EXPECT_THROW(write_output(folder / name, "x"), UsageError) << name;
  read_file(folder / "later");
  early.write("x");
  EXPECT_THROW(early.commit(), UsageError);
  for (const char* name : {"rows", "weights", "later"}) EXPECT_EQ(read_file(folder / name), "precious") << name;
}

TEST(OutputFile, ALinkStaysAndItsTargetIsReplaced) {
  const TemporaryFolder folder;
  write_text(folder / "deep/target", "old");
  fs::create_symlink("deep/target", folder / "link");
  fs::create_symlink("later", folder / "dangling");
  write_output(folder / "link", "new");
  write_output(folder / "dangling", "made");
  EXPECT_EQ(read_file(folder / "deep/target"), "new");
  EXPECT_EQ(read_file(folder / "later"), "made");
  EXPECT_TRUE(fs::is_symlink(folder / "link") && fs::is_symlink(folder / "dangling"));
  write_file_atomic(folder / "link", "its own");  // in a folder of ours a link may be a stranger's
  EXPECT_EQ(read_file(folder / "deep/target"), "new");
  EXPECT_FALSE(fs::is_symlink(folder / "link"));
}

TEST(ReadText, DropsAByteOrderMark) {
  const TemporaryFolder folder;
  const std::string mark = "\xEF\xBB\xBF";
  for (const std::string& text : {std::string(), std::string("a"), mark, "\xEF\xBB" + mark}) {
    write_text(folder / "a", text);
    EXPECT_EQ(read_text(folder / "a"), text == mark ? "" : text);
    write_text(folder / "a", mark + text);
    EXPECT_EQ(read_text(folder / "a"), text);
    EXPECT_EQ(read_input(folder / "a"), mark + text);
  }
}

std::string text_of(const MemoryMap& map) {
  return {reinterpret_cast<const char*>(map.bytes().data()), map.bytes().size()};
}

TEST(MemoryMap, HoldsTheBytes) {
  const TemporaryFolder folder;
  std::string content;
  for (int i = 0; i < 100'000; ++i) content += static_cast<char>(i * 7);
  write_text(folder / "a", content);
  MemoryMap map(folder / "a");
  EXPECT_TRUE(text_of(map) == content);
  map.release(map.bytes());
  map.release(map.bytes().subspan(5000, 3));
  map.release({});
  EXPECT_TRUE(text_of(map) == content);
  // A new file under the name does not disturb the map.
  write_file_atomic(folder / "a", "other");
  EXPECT_TRUE(text_of(map) == content);

  const MemoryMap moved(std::move(map));
  EXPECT_TRUE(text_of(moved) == content);
  EXPECT_TRUE(map.bytes().empty());
}

// The kernel forgets what it is told to release; only a file can give it back.
TEST(MemoryMap, OtherMemoryIsNotReleased) {
  const TemporaryFolder folder;
  write_text(folder / "a", std::string(100'000, 'a'));
  const MemoryMap map(folder / "a");
  const std::string heap(10'000'000, 'h');  // whole pages of its own, wherever it lies
  map.release(std::as_bytes(std::span(heap)));
  EXPECT_EQ(heap.find_first_not_of('h'), heap.npos);
}

TEST(MemoryMap, EmptyAndMissing) {
  const TemporaryFolder folder;
  write_text(folder / "empty", "");
  EXPECT_TRUE(MemoryMap(folder / "empty").bytes().empty());
  expect_error_naming(folder / "none", [&] { MemoryMap map(folder / "none"); });
  expect_error_naming(folder.path(), [&] { MemoryMap map(folder.path()); });
}

}  // namespace
}  // namespace aacft
