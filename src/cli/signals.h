// SIGINT and SIGTERM ask for an orderly end; a second one ends the process at once.
#pragma once

namespace aacft::cli {

// True once a signal has come. The first call installs the handlers.
bool stop_requested();
int stop_signal();  // the signal that came, 0 if none did

}  // namespace aacft::cli
