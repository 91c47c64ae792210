// chat, through pipes and at a terminal.
#include <pty.h>
#include <termios.h>

#include "support.h"

namespace aacft::testing {
namespace {

class Chat : public CommandTest {
 protected:
  Arguments chat(const Arguments& more = {}) const {
    return Arguments{"chat", "--model", seq, "--max-new-tokens", "8", "--temperature", "0", "--threads", "1"} + more;
  }
};

TEST_F(Chat, AnswersWhatGenerateWouldSay) {
  const std::string answer = succeeds(generate({"--prompt", "hello", "--chat-style", "openchatkit"})).out;
  const Result piped = succeeds(chat(), "hello\n/raw_prompt\n");
  std::string trimmed = answer;
  trimmed.erase(0, trimmed.find_first_not_of(" \n\t\r"));
  trimmed.erase(trimmed.find_last_not_of(" \n\t\r") + 1);
  EXPECT_EQ(piped.out, trimmed + "\n");
  expect_contains(piped.err, "<human>: hello\n<bot>:" + answer.substr(0, answer.find_last_not_of("\n") + 1));
}

TEST_F(Chat, ALaterTurnComputesItsNewTokensAlone) {
  const Result result = succeeds(chat({"--stats"}), "hello there, this is a first turn of some length\nand\nand\n");
  const auto lines = lines_of(result.err);
  std::vector<std::string> stats;
  for (const std::string& line : lines)
    if (line.find("tokens of the prompt computed") != line.npos) stats.push_back(line);
  ASSERT_EQ(stats.size(), 3u) << result.err;
  const auto number = [](const std::string& line, const std::string& before) {
    return std::stoi(line.substr(line.find(before) + before.size()));
  };
  EXPECT_EQ(number(stats[0], "computed, "), 0);
  for (const std::size_t turn : {1u, 2u}) {
    EXPECT_GE(number(stats[turn], "computed, "), number(stats[turn - 1], "(") + number(stats[turn - 1], "computed, "));
    EXPECT_LT(number(stats[turn], "("), 30) << stats[turn];
  }
}

TEST_F(Chat, VoicesAreAdapters) {
  const Arguments named = {"--adapter", "anna=" + adapter.string()};
  const Result anna = succeeds(chat(named), "hello\n"),
               base = succeeds(chat(named + Arguments{"--voice", "-"}), "hello\n");
  EXPECT_EQ(base.out, succeeds(chat(), "hello\n").out);
  EXPECT_NE(anna.out, base.out);
  EXPECT_EQ(succeeds(chat(named), "/voice -\nhello\n/reset\n/voice anna\nhello\n").out, base.out + anna.out);
  expect_contains(succeeds(chat({"--adapter", adapter}), "/voice\n").err, "* adapter-seq-r2-token\n");
  expect_message(run(chat(named + named), "hello\n"), 2, {"two are called \"anna\""});
  expect_message(run(chat({"--voice", "ben"}), "hello\n"), 1, {"no voice \"ben\"", "--adapter"});
}

TEST_F(Chat, SavesRowsThatTrainTakes) {
  succeeds(chat({"--system", "be kind"}), "hello\n/save talk.jsonl\n");
  const auto rows = json_lines(read_text(work / "talk.jsonl"));
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].at("messages").at(0).at("content"), "be kind");
  EXPECT_EQ(rows[0].at("messages").size(), 3u);
  succeeds({"train", "--model", seq, "--data", "talk.jsonl", "--output", "out", "--max-steps", "1", "--warmup", "0"});
  expect_no_temporaries(work.path());
}

TEST_F(Chat, IconsOfferSentencesToChooseFrom) {
  const Result result = succeeds(chat({"--icons", "--candidates", "2"}), "I want tea\n1\n/save rows.jsonl\n");
  EXPECT_EQ(result.out, "I want some tea.\n");
  expect_contains(result.err, "1  I want some tea.  (by rule)\n2  ");
  const auto rows = json_lines(read_text(work / "rows.jsonl"));
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].at("completion"), " I want some tea.\n");
}

TEST_F(Chat, WhatWasChosenIsSpoken) {
  const std::string fake = input("fake", "#!/bin/sh\nprintf RIFF; cat\n");
  fs::permissions(fake, fs::perms::owner_all);
  const Arguments spoken = {"--icons", "--candidates", "1", "--speak", "--speak-command", fake, "--play-command"};
  succeeds(chat(spoken + Arguments{"cat > heard.wav"}), "I want tea\n1\n");
  EXPECT_EQ(read_text(work / "heard.wav"), "RIFFI want some tea.");
  expect_contains(succeeds(chat(spoken + Arguments{"false"}), "I want tea\n1\n").err, "--play-command names another");
  expect_message(run(chat({"--speak-command", fake}), ""), 2, {"--speak-command goes with --speak"});
}

TEST_F(Chat, WhatCannotBeIsRefused) {
  expect_message(run(chat({"--candidates", "2"}), ""), 2, {"--candidates goes with --icons"});
  expect_message(run(chat({"--chat-style", "raw"}), "hello\n"), 2, {"\"raw\" has no turns"});
  expect_message(run(chat({"--top-p", "0"}), "hello\n"), 2, {"--top-p"});
  expect_message(run(chat({"--chat-style", "mistral-v0", "--system", "x"}), "hello\n"), 1, {"no place for a system"});
}

// A terminal that a person sits at.
class Terminal {
 public:
  Terminal(const fs::path& folder, const Arguments& arguments) {
    std::vector<char*> argv = {const_cast<char*>(AACFT_BINARY)};
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    winsize size{24, 200, 0, 0};
    // Nothing is done to keys that are typed before the editor takes the terminal over, as it is slow to on a busy
    // machine.
    termios modes{};
    modes.c_iflag = ICRNL | IUTF8;
    modes.c_oflag = OPOST | ONLCR;
    modes.c_cflag = CS8 | CREAD | B38400;
    modes.c_lflag = ISIG | NOFLSH;
    modes.c_cc[VINTR] = 3;
    modes.c_cc[VMIN] = 1;
    pid_ = ::forkpty(&terminal_, nullptr, &modes, &size);
    if (pid_ == 0) {
      ::setenv("TERM", "xterm", 1);
      if (::chdir(folder.c_str()) == 0) ::execv(AACFT_BINARY, argv.data());
      ::_exit(99);
    }
  }
  Terminal(const Terminal&) = delete;
  ~Terminal() {
    if (pid_ > 0) ::kill(pid_, SIGKILL), ::waitpid(pid_, nullptr, 0);
    ::close(terminal_);
  }

  void type(const std::string& keys) {
    if (::write(terminal_, keys.data(), keys.size()) != static_cast<ssize_t>(keys.size())) ADD_FAILURE();
  }
  // Waits for a text behind those that were waited for before.
  bool shows(const std::string& text) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    for (;;) {
      if (const std::size_t found = shown_.find(text, seen_); found != shown_.npos) {
        seen_ = found + text.size();
        return true;
      }
      if (std::chrono::steady_clock::now() > deadline || !read_some(500)) {
        ADD_FAILURE() << "\"" << text << "\" is not in: " << shown_;
        return false;
      }
    }
  }
  // Its exit code, once it has ended by these keys (none: by what was done before). Keys that are typed while the
  // editor takes the terminal over may be lost, so they are typed again.
  int ends(const std::string& keys = "") {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    bool open = true;
    while (open && std::chrono::steady_clock::now() < deadline) {
      if (!keys.empty() && ::write(terminal_, keys.data(), keys.size()) < 0) break;
      for (const auto wait = std::chrono::steady_clock::now() + std::chrono::seconds(2);
           open && std::chrono::steady_clock::now() < wait;)
        open = read_some(500);
    }
    if (open) ADD_FAILURE() << "it did not end: " << shown_, ::kill(pid_, SIGKILL);
    int status = 0;
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }
  void kill(int signal) { ::kill(pid_, signal); }
  const std::string& all() const { return shown_; }

 private:
  pid_t pid_ = -1;
  int terminal_ = -1;
  std::string shown_;
  std::size_t seen_ = 0;

  // False where the terminal is closed: the program has ended.
  bool read_some(int milliseconds) {
    pollfd waiting{terminal_, POLLIN, 0};
    if (::poll(&waiting, 1, milliseconds) <= 0) return true;
    char buffer[4096];
    const ssize_t n = ::read(terminal_, buffer, sizeof buffer);
    if (n > 0) shown_.append(buffer, static_cast<std::size_t>(n));
    return n > 0;
  }
};

TEST_F(Chat, LinesAreEditedAndCanBeHadAgain) {
  Terminal terminal(work.path(), chat());
  terminal.shows("/help says");
  terminal.shows("> ");
  terminal.type("/helq\bp\r");  // backspace
  terminal.shows("what can be typed here");
  terminal.shows("> ");
  terminal.type("\x1b[A\r");  // the line before
  terminal.shows("what can be typed here");
  terminal.shows("> ");
  terminal.type("/sys\xc3\xa9\x7ftem\r");  // a letter of two bytes, and taken back
  terminal.shows("(there is none)");
  terminal.shows("> ");
  EXPECT_EQ(terminal.ends("\x04"), 0) << terminal.all();
  EXPECT_TRUE(everything_in(work.path()).empty());  // what was typed is not kept
}

TEST_F(Chat, CtrlCStopsTheAnswerEmptiesTheLineAndEndsAtAnEmptyOne) {
  Terminal terminal(work.path(), Arguments{"chat", "--model", seq, "--max-new-tokens", "100000", "--temperature", "1",
                                           "--repetition-penalty", "1.1", "--system", "0123456789"});
  terminal.shows("> ");
  terminal.type("something begun");
  terminal.shows("begun");  // keys that were not read when Ctrl-C comes are thrown away by the terminal
  terminal.type("\x03");
  terminal.shows("> ");
  terminal.type("/system\r");
  terminal.shows("0123456789");
  terminal.shows("> ");
  EXPECT_EQ(terminal.ends("\x03"), 0) << terminal.all();
}

TEST_F(Chat, AHistoryIsKeptWhereAskedFor) {
  Terminal terminal(work.path(), chat({"--history", "lines"}));
  terminal.shows("> ");
  terminal.type("/help\r");
  terminal.shows("what can be typed here");
  EXPECT_EQ(terminal.ends("\x04"), 0) << terminal.all();
  expect_contains(read_text(work / "lines"), "/help");
  EXPECT_EQ(fs::status(work / "lines").permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(Chat, SignalsEndItWithTheTerminalAsItWas) {
  Terminal terminal(work.path(), chat());
  terminal.shows("> ");
  terminal.kill(SIGTERM);
  EXPECT_EQ(terminal.ends(), 128 + SIGTERM) << terminal.all();
}

}  // namespace
}  // namespace aacft::testing
