#include "cli/signals.h"

#include <stdio_ext.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <iostream>

namespace aacft::cli {
namespace {

volatile std::sig_atomic_t received = 0, interrupted = 0;
const char* shown = "";

void on_signal(int signal) {
  if (received != 0) ::_exit(128 + signal);
  received = signal;
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, shown, std::strlen(shown));
}

void on_interrupt(int) { interrupted = 1; }

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

void release_stop_signals() {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction now {};
    ::sigaction(signal, nullptr, &now);
    if (now.sa_handler == on_signal) ::signal(signal, SIG_DFL);
  }
}

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  ::sigaction(SIGINT, &action, nullptr);
}

bool take_interrupt() {
  const bool came = interrupted != 0;
  interrupted = 0;
  return came;
}

void end_at_closed_output() { ::signal(SIGPIPE, SIG_DFL); }

void survive_closed_output() { ::signal(SIGPIPE, SIG_IGN); }

void forget_output_errors() {
  std::cout.flush();
  std::fflush(stdout);
  ::__fpurge(stdout);
  std::cout.clear();
  std::clearerr(stdout);
}

bool stop_requested() { return received != 0; }

void end_stopped() { throw CLI::RuntimeError(128 + (received != 0 ? received : SIGTERM)); }

}  // namespace aacft::cli
