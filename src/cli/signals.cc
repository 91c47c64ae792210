#include "cli/signals.h"

#include <unistd.h>

#include <csignal>

namespace aacft::cli {
namespace {

volatile std::sig_atomic_t received = 0;

void on_signal(int signal) {
  if (received != 0) ::_exit(128 + signal);
  received = signal;
}

}  // namespace

bool stop_requested() {
  [[maybe_unused]] static const bool installed = [] {
    struct sigaction action {};
    action.sa_handler = on_signal;
    ::sigaction(SIGINT, &action, nullptr);
    ::sigaction(SIGTERM, &action, nullptr);
    return true;
  }();
  return received != 0;
}

int stop_signal() { return received; }

}  // namespace aacft::cli
