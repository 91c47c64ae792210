// SIGINT, SIGTERM and SIGHUP ask for an orderly end; a second one ends the process at once.
#pragma once

namespace aacft::cli {

// From now on they set a flag, and show `notice` on standard error. Those that were ignored when the program started
// (nohup) stay ignored.
void catch_stop_signals(const char* notice = "");

// From now on a signal ends the process at once again: what it would interrupt is on the disk.
void release_stop_signals();

// From now on SIGINT ends nothing: take_interrupt() says, once, that it came. It does interrupt a read().
void catch_interrupts();
bool take_interrupt();

// Quietly, even where the caller ignores SIGPIPE.
void end_at_closed_output();
// For a run that must not die with the terminal or pipe that watches it.
void survive_closed_output();
void forget_output_errors();

bool stop_requested();  // one came

// Ends a command that one of them cut short, with exit code 128 + the signal's number; SIGTERM's where it came to
// another worker.
[[noreturn]] void end_stopped();

}  // namespace aacft::cli
