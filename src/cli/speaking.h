// Speaking aloud at this machine: one command makes a WAV of a text, another plays it.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include "aacft/base/error.h"
#include "aacft/serve/speech.h"
#include "cli/signals.h"

namespace aacft::cli {

class Speaker {
 public:
  // speak_command as in serve; play_command is one for the shell, which gets the WAV on standard input. Empty: what is
  // installed. UsageError where nothing is.
  Speaker(const std::string& speak_command, const std::string& play_command)
      : speech_({.command = speak_command.empty() ? usual_speech() : command_words(speak_command)}),
        play_command_(play_command.empty() ? usual_player() : play_command) {}

  // Returns once it was heard, or Ctrl-C stopped it. Error where one of the commands fails.
  void say(const std::string& text) const {
    const std::string wav = speech_.wav(text, {});
    std::FILE* player = ::popen(play_command_.c_str(), "w");
    if (player == nullptr) throw Error("the command that plays sounds cannot be started: ", play_command_);
    std::fwrite(wav.data(), 1, wav.size(), player);
    if (::pclose(player) != 0 && !take_interrupt())
      throw Error("nothing was heard, for this failed: ", play_command_, "; --play-command names another");
  }

 private:
  const Speech speech_;
  const std::string play_command_;

  static std::vector<std::string> usual_speech() {
    std::vector<std::string> command = usual_speech_command();
    if (command.empty()) throw UsageError("--speak needs espeak-ng, or a --speak-command (docs/speech.md)");
    return command;
  }
  static std::string usual_player() {
    for (const char* player : {"aplay -q", "paplay"})
      if (const std::string command = player; is_program(command.substr(0, command.find(' ')))) return command;
    throw UsageError("--speak needs aplay or paplay, or a --play-command that takes a WAV on standard input");
  }
};

}  // namespace aacft::cli
