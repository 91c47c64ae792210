#include "cli/console.h"

#include <histedit.h>
#include <langinfo.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <cwchar>
#include <iostream>
#include <string>

#include "aacft/base/error.h"
#include "aacft/base/text.h"
#include "cli/signals.h"
#include "cli/terminal.h"

namespace aacft::cli {
namespace {

// What a model says must not command the terminal.
std::string harmless(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (is_control(c) && c != '\n' && c != '\t') c = '?';
  return result;
}

// Signals wait meanwhile: one that came between asking for it and reading would be slept through.
class SignalsHeld {
 public:
  SignalsHeld() {
    sigset_t signals;
    ::sigemptyset(&signals);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&signals, signal);
    ::pthread_sigmask(SIG_BLOCK, &signals, &before_);
  }
  SignalsHeld(const SignalsHeld&) = delete;
  ~SignalsHeld() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  const sigset_t* before() const { return &before_; }

 private:
  sigset_t before_;
};

class PipeConsole : public Console {
 public:
  std::optional<std::string> read_line(const std::string&) override {
    std::string line;
    if (!std::getline(std::cin, line)) return {};
    return line;
  }
  void write(std::string_view text) override {
    std::cout << (::isatty(STDOUT_FILENO) == 1 ? harmless(text) : std::string(text));
    flush_output();
  }
  void note(std::string_view text) override { std::cerr << harmless(text) << "\n" << std::flush; }
  bool interrupted() override { return false; }
};

class TerminalConsole : public PipeConsole {
 public:
  explicit TerminalConsole(const std::filesystem::path& history_file)
      : shown_on_(::isatty(STDOUT_FILENO) == 1 ? stdout : stderr), history_file_(history_file) {
    // What is typed is UTF-8, whatever the environment says of it.
    std::setlocale(LC_CTYPE, "");
    if (std::strcmp(::nl_langinfo(CODESET), "UTF-8") != 0) std::setlocale(LC_CTYPE, "C.UTF-8");
    editor_ = ::el_init("aacft", stdin, shown_on_, stderr);
    history_ = ::history_init();
    if (editor_ == nullptr || history_ == nullptr) throw Error("the terminal cannot be used: ", std::strerror(errno));
    HistEvent event;
    ::history(history_, &event, H_SETSIZE, 1000);
    if (!history_file_.empty() && std::filesystem::exists(history_file_) &&
        ::history(history_, &event, H_LOAD, history_file_.c_str()) < 0)
      throw Error(history_file_, " is not a history of lines; --history names another file");
    ::el_set(editor_, EL_CLIENTDATA, this);
    ::el_set(editor_, EL_EDITOR, "emacs");
    ::el_set(editor_, EL_HIST, ::history, history_);
    ::el_set(editor_, EL_PROMPT, prompt_of);
    ::el_set(editor_, EL_GETCFN, next_character);
    catch_stop_signals();
    catch_interrupts();
  }
  ~TerminalConsole() override {
    ::el_end(editor_);
    ::history_end(history_);
  }

  std::optional<std::string> read_line(const std::string& prompt) override {
    prompt_ = prompt;
    ::el_resize(editor_);
    take_interrupt();  // one that came too late for the answer
    int length = 0;
    const char* read = stop_requested() ? nullptr : ::el_gets(editor_, &length);
    take_interrupt();
    if (read == nullptr || length <= 0) {
      std::fputs("\n", shown_on_);
      std::fflush(shown_on_);
      return {};
    }
    std::string line(read, static_cast<std::size_t>(length));
    while (line.ends_with('\n') || line.ends_with('\r')) line.pop_back();
    if (!trimmed(line).empty()) remember(line);
    return line;
  }
  bool interrupted() override { return take_interrupt() || stop_requested(); }

 private:
  static constexpr wchar_t kEmptyLine = 'U' - '@';  // Ctrl-U

  std::FILE* const shown_on_;
  const std::filesystem::path history_file_;
  EditLine* editor_ = nullptr;
  History* history_ = nullptr;
  std::string prompt_;

  static char* prompt_of(EditLine* editor) {
    void* self = nullptr;
    ::el_get(editor, EL_CLIENTDATA, &self);
    return static_cast<TerminalConsole*>(self)->prompt_.data();
  }

  // The editor's own would read on after a signal.
  static int next_character(EditLine* editor, wchar_t* character) {
    const SignalsHeld held;
    std::mbstate_t state{};
    for (;;) {
      if (stop_requested()) return 0;
      if (take_interrupt()) {
        const LineInfo* line = ::el_line(editor);
        if (line->lastchar == line->buffer) return 0;
        *character = kEmptyLine;
        return 1;
      }
      pollfd input{STDIN_FILENO, POLLIN, 0};
      if (::ppoll(&input, 1, nullptr, held.before()) < 0 && errno == EINTR) continue;
      char byte;
      const ssize_t n = ::read(STDIN_FILENO, &byte, 1);
      if (n <= 0) return static_cast<int>(n);
      const std::size_t used = std::mbrtowc(character, &byte, 1, &state);
      if (used == static_cast<std::size_t>(-2)) continue;
      if (used == static_cast<std::size_t>(-1)) *character = L'\uFFFD';
      return 1;
    }
  }

  void remember(const std::string& line) {
    HistEvent event;
    ::history(history_, &event, H_ENTER, line.c_str());
    if (!history_file_.empty() && ::history(history_, &event, H_SAVE, history_file_.c_str()) < 0)
      note("(the line cannot be kept in " + presentable(history_file_.string()) + ")");
  }
};

}  // namespace

std::unique_ptr<Console> open_console(const std::filesystem::path& history) {
  if (::isatty(STDIN_FILENO) != 1) return std::make_unique<PipeConsole>();
  return std::make_unique<TerminalConsole>(history);
}

}  // namespace aacft::cli
