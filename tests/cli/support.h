// Running the program as a user does: arguments in; exit code, standard output and standard error out.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "aacft_binary.h"
#include "support/paths.h"

namespace aacft::testing {

namespace fs = std::filesystem;
using Arguments = std::vector<std::string>;

template <typename T>
std::vector<T> operator+(std::vector<T> a, const std::vector<T>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

inline std::string read_text(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

inline std::vector<nlohmann::json> json_lines(const std::string& text) {
  std::vector<nlohmann::json> values;
  for (const std::string& line : lines_of(text)) values.push_back(nlohmann::json::parse(line));
  return values;
}

struct Result {
  int code = -1;  // 128 + the signal's number where one ended it
  std::string out, err;
};

// A program under way. Ends with the test.
class Process {
 public:
  // `prepare` runs in the child before the program starts.
  Process(const fs::path& folder, const Arguments& arguments, const std::function<void()>& prepare = {}) {
    int in[2], out[2], err[2];
    if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0 || ::pipe2(err, O_CLOEXEC) != 0)
      throw std::runtime_error("pipe");
    std::vector<char*> argv = {const_cast<char*>(AACFT_BINARY)};
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(in[0], 0), ::dup2(out[1], 1), ::dup2(err[1], 2);
      if (::chdir(folder.c_str()) != 0) ::_exit(99);
      if (prepare) prepare();
      ::execv(AACFT_BINARY, argv.data());
      ::_exit(99);
    }
    ::close(in[0]), ::close(out[1]), ::close(err[1]);
    in_ = in[1], out_ = out[0], err_ = err[0];
  }
  Process(const Process&) = delete;
  ~Process() {
    if (pid_ > 0) ::kill(pid_, SIGKILL), wait();
  }

  void write(const std::string& text) {
    if (::write(in_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) ADD_FAILURE() << "short write";
  }
  void kill(int signal) { ::kill(pid_, signal); }
  pid_t pid() const { return pid_; }
  void close_output() { ::close(std::exchange(out_, -1)); }

  // Reads until `done` is true of what came so far; false after 60 s, or at the end of the program.
  bool read_until(const std::function<bool(const Result&)>& done) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!done(result_)) {
      if (std::chrono::steady_clock::now() > deadline || !read_some(20)) return false;
    }
    return true;
  }

  Result wait() {
    ::close(std::exchange(in_, -1));
    while (read_some(1000)) {}
    int status = 0;
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    result_.code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    if (out_ >= 0) ::close(out_);
    ::close(err_);
    return result_;
  }

 private:
  pid_t pid_;
  int in_, out_, err_;
  bool out_ended_ = false, err_ended_ = false;
  Result result_;

  bool read_some(int milliseconds) {
    pollfd waiting[2] = {{out_ended_ ? -1 : out_, POLLIN, 0}, {err_ended_ ? -1 : err_, POLLIN, 0}};
    if (waiting[0].fd < 0 && waiting[1].fd < 0) return false;
    ::poll(waiting, 2, milliseconds);
    char buffer[1 << 14];
    for (auto [which, ended, text] :
         {std::tuple(&waiting[0], &out_ended_, &result_.out), std::tuple(&waiting[1], &err_ended_, &result_.err)}) {
      if (which->revents == 0) continue;
      const ssize_t n = ::read(which->fd, buffer, sizeof buffer);
      if (n > 0) text->append(buffer, static_cast<std::size_t>(n));
      *ended = n <= 0;
    }
    return true;
  }
};

inline Result run(const fs::path& folder, const Arguments& arguments, const std::string& input = {},
                  const std::function<void()>& prepare = {}) {
  Process process(folder, arguments, prepare);
  if (!input.empty()) process.write(input);
  return process.wait();
}

// Inputs lie in one folder, the program runs in another, which is empty at first.
class CommandTest : public ::testing::Test {
 protected:
  TemporaryFolder inputs, work;
  const fs::path seq = goldens_dir() / "seq", rows = goldens_dir() / "rows.jsonl",
                 adapter = goldens_dir() / "adapter-seq-r2-token";

  Arguments train(const Arguments& more = {}) const {
    return Arguments{"train", "--model", seq, "--data", rows, "--output", "out", "--max-steps", "1", "--warmup", "0"} +
           more;
  }
  Arguments generate(const Arguments& more = {}) const {
    return Arguments{"generate", "--model", seq, "--max-new-tokens", "8"} + more;
  }
  Arguments merge(const Arguments& more = {}) const {
    return Arguments{"merge", "--model", seq, "--adapter", adapter, "--output", "out"} + more;
  }

  Result run(const Arguments& arguments, const std::string& input = {}) const {
    return testing::run(work.path(), arguments, input);
  }

  Result succeeds(const Arguments& arguments, const std::string& input = {}) const {
    const Result result = run(arguments, input);
    EXPECT_EQ(result.code, 0) << result.err;
    return result;
  }

  std::string input(const std::string& name, const std::string& text) const {
    write_text(inputs / name, text);
    return inputs / name;
  }

  // A copy of a golden folder to damage.
  fs::path copy_of(const std::string& golden) const {
    const fs::path to = inputs / golden;
    fs::remove_all(to);
    fs::copy(goldens_dir() / golden, to, fs::copy_options::recursive);
    return to;
  }
};

inline void expect_contains(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), text.npos) << "\"" << part << "\" is not in: " << text;
}

// One clear message that contains all of `parts`, and nothing else but a pointer to the help.
inline void expect_message(const Result& result, int code, const std::vector<std::string>& parts) {
  EXPECT_EQ(result.code, code) << result.err;
  const auto lines = lines_of(result.err);
  ASSERT_FALSE(lines.empty()) << "no message";
  EXPECT_TRUE(lines[0].starts_with("aacft: ")) << result.err;
  EXPECT_TRUE(lines.size() == 1 || (lines.size() == 2 && code == 2 && lines[1].starts_with("See: aacft ")))
      << result.err;
  for (const std::string& part : parts) expect_contains(result.err, part);
  for (const char* bad : {"internal error", "xception", "terminate", "std::", "json."})
    EXPECT_EQ(result.err.find(bad), std::string::npos) << result.err;
}

// Names of everything below a folder.
inline std::vector<std::string> everything_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    names.push_back(fs::relative(entry.path(), folder));
  std::sort(names.begin(), names.end());
  return names;
}

inline void expect_no_temporaries(const fs::path& folder) {
  for (const std::string& name : everything_in(folder)) EXPECT_EQ(name.find("tmp"), name.npos) << name;
}

}  // namespace aacft::testing
