#include "cli/signals.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstring>

namespace aacft::cli {
namespace {

volatile std::sig_atomic_t received = 0;
const char* shown = "";

void on_signal(int signal) {
  if (received != 0) ::_exit(128 + signal);
  received = signal;
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, shown, std::strlen(shown));
}

}  // namespace

void catch_stop_signals(const char* notice) {
  shown = notice;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction before {};
    ::sigaction(signal, nullptr, &before);
    if (before.sa_handler == SIG_IGN) continue;
    struct sigaction action {};
    action.sa_handler = on_signal;
    ::sigaction(signal, &action, nullptr);
  }
}

bool stop_requested() { return received != 0; }

int stop_signal() { return received; }

void end_stopped() { throw CLI::RuntimeError(128 + (received != 0 ? received : SIGTERM)); }

}  // namespace aacft::cli
