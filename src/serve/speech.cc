#include "aacft/serve/speech.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <utility>

#include "aacft/base/error.h"
#include "aacft/base/system.h"
#include "aacft/base/text.h"
#include "aacft/serve/http.h"

extern char** environ;

namespace aacft {
namespace {

constexpr int kGlance = 50;  // ms: how soon a client that went away is noticed

// A pipe whose ends no other child gets.
struct Pipe {
  int ends[2] = {-1, -1};
  Pipe() {
    if (::pipe2(ends, O_CLOEXEC) != 0) throw HttpError(503, std::string("no pipe for speech: ") + std::strerror(errno));
  }
  Pipe(const Pipe&) = delete;
  ~Pipe() {
    close(0);
    close(1);
  }
  void close(int end) {
    if (ends[end] >= 0) ::close(ends[end]);
    ends[end] = -1;
  }
};

// A process with all that it starts, which do not outlive this.
class Child {
 public:
  Child(const std::vector<std::string>& command, int input, int output) {
    std::vector<char*> words;
    for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_t attributes;
    ::posix_spawnattr_init(&attributes);
    sigset_t usual;
    ::sigemptyset(&usual);
    ::posix_spawnattr_setsigmask(&attributes, &usual);
    ::sigaddset(&usual, SIGPIPE);
    ::posix_spawnattr_setsigdefault(&attributes, &usual);
    ::posix_spawnattr_setpgroup(&attributes, 0);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    const int failed = ::posix_spawnp(&pid_, command[0].c_str(), &actions, &attributes, words.data(), environ);
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&actions);
    if (failed != 0)
      throw HttpError(502, "the speech command " + in_quotes(command[0]) + " does not run: " + std::strerror(failed));
  }
  Child(const Child&) = delete;
  ~Child() {
    if (!ended_) {
      ::kill(-pid_, SIGKILL);
      wait();
    }
  }

  int wait() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {}
    ended_ = true;
    return status;
  }

 private:
  pid_t pid_ = -1;
  bool ended_ = false;
};

// One of the places for those that speak at once.
class Place {
 public:
  Place(int most, const std::function<void()>& check) {
    while (true) {
      int now = taken_.load();
      if (now < most && taken_.compare_exchange_strong(now, now + 1)) return;
      check();
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
  Place(const Place&) = delete;
  ~Place() { --taken_; }

 private:
  inline static std::atomic<int> taken_ = 0;  // of the process: it is the machine that has so many cores
};

std::uint32_t little(const std::string& bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (int i = 3; i >= 0; --i) value = value << 8 | static_cast<unsigned char>(bytes[at + static_cast<std::size_t>(i)]);
  return value;
}

void put_little(std::string& bytes, std::size_t at, std::size_t value) {
  for (std::size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<char>(value >> 8 * i & 0xFF);
}

}  // namespace

std::vector<std::string> command_words(std::string_view command) {
  std::vector<std::string> words;
  std::string word;
  bool within = false;
  char quote = 0;
  for (std::size_t i = 0; i < command.size(); ++i) {
    const char c = command[i];
    if (c == '\\' && quote != '\'' && i + 1 < command.size()) {
      word += command[++i];
      within = true;
    } else if (quote != 0) {
      if (c == quote) {
        quote = 0;
      } else {
        word += c;
      }
    } else if (c == '"' || c == '\'') {
      quote = c;
      within = true;
    } else if (c == ' ' || c == '\t' || c == '\n') {
      if (within) words.push_back(std::exchange(word, ""));
      within = false;
    } else {
      word += c;
      within = true;
    }
  }
  if (quote != 0) throw UsageError("a quote is not closed in the command ", in_quotes(command));
  if (within) words.push_back(word);
  if (words.empty()) throw UsageError("the speech command is empty; leave it out for none");
  return words;
}

bool is_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::string_view folders = path == nullptr ? "" : path;
  while (!folders.empty()) {
    const std::size_t end = std::min(folders.find(':'), folders.size());
    if (::access((std::string(folders.substr(0, end)) + "/" + name).c_str(), X_OK) == 0) return true;
    folders.remove_prefix(std::min(end + 1, folders.size()));
  }
  return false;
}

std::vector<std::string> usual_speech_command() {
  if (!is_program("espeak-ng")) return {};
  return {"espeak-ng", "--stdin", "--stdout"};
}

std::string with_true_lengths(std::string wav) {
  if (wav.size() < 12 || !wav.starts_with("RIFF") || wav.compare(8, 4, "WAVE") != 0) return wav;
  for (std::size_t at = 12; at + 8 <= wav.size();) {
    const std::size_t rest = wav.size() - at - 8, length = little(wav, at + 4);
    if (wav.compare(at, 4, "data") == 0) {
      if (length > rest) put_little(wav, at + 4, rest);
      break;
    }
    if (length > rest) break;
    at += 8 + length + length % 2;
  }
  put_little(wav, 4, wav.size() - 8);
  return wav;
}

Speech::Speech(const SpeechOptions& options) : options_(options) {
  ::signal(SIGPIPE, SIG_IGN);  // a command may end before it has read all
}

std::string Speech::wav(std::string_view text, const std::function<bool()>& present) const {
  const double until = wall_seconds() + options_.most_seconds;
  const auto check = [&] {
    if (wall_seconds() > until) throw HttpError(504, "the speech command took too long");
    if (present && !present()) throw HttpError(499, "the client went away");
  };
  const Place place(options_.most_at_once, check);
  Pipe input, output;
  Child child(options_.command, input.ends[0], output.ends[1]);
  input.close(0);
  output.close(1);
  ::fcntl(input.ends[1], F_SETFL, O_NONBLOCK);
  std::string sound;
  char buffer[65536];
  while (true) {
    check();
    pollfd waits[2] = {{output.ends[0], POLLIN, 0}, {input.ends[1], POLLOUT, 0}};
    if (::poll(waits, input.ends[1] >= 0 ? 2 : 1, kGlance) <= 0) continue;
    if (input.ends[1] >= 0 && waits[1].revents != 0) {
      const ssize_t written = ::write(input.ends[1], text.data(), text.size());
      if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
      if (text.empty() || (written < 0 && errno != EAGAIN && errno != EINTR)) input.close(1);
    }
    if (waits[0].revents == 0) continue;
    const ssize_t count = ::read(output.ends[0], buffer, sizeof buffer);
    if (count == 0) break;
    if (count < 0 && errno != EINTR) throw HttpError(502, "the speech command's sound could not be read");
    if (count > 0) sound.append(buffer, static_cast<std::size_t>(count));
    if (sound.size() > options_.most_bytes) throw HttpError(502, "the speech command's sound is too long");
  }
  const int status = child.wait();
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    throw HttpError(502, "the speech command " + in_quotes(options_.command[0]) + " failed; try it in a terminal");
  if (!sound.starts_with("RIFF"))
    throw HttpError(502, "the speech command " + in_quotes(options_.command[0]) +
                             " wrote no WAV to its standard output; docs/speech.md has commands that do");
  return with_true_lengths(std::move(sound));
}

}  // namespace aacft
