// Speech by a command: text on its standard input, a WAV from its standard output.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace aacft {

// The words of a command line, as a shell parts them: blanks, quotes and backslashes, nothing else. UsageError for a
// quote that is not closed, and for no word at all.
std::vector<std::string> command_words(std::string_view command);

bool is_program(const std::string& name);  // one that can be run is in PATH

// Where nobody named a command: espeak-ng's, none where that is not installed.
std::vector<std::string> usual_speech_command();

struct SpeechOptions {
  std::vector<std::string> command;                // run without a shell; the first is looked up in PATH
  double most_seconds = 30;                        // of a text; then it is killed
  std::size_t most_bytes = std::size_t{64} << 20;  // of a WAV
  int most_at_once = 2;                            // others wait
};

// The sound of a text. HttpError 502 where the command fails, 504 where it takes too long; it is killed, and the
// processes that it started with it, where `present` says that nobody waits. Safe to use from several threads.
class Speech {
 public:
  explicit Speech(const SpeechOptions& options);

  std::string wav(std::string_view text, const std::function<bool()>& present) const;

 private:
  const SpeechOptions options_;
};

// Programs that do not know a sound's length when they begin to write it leave a wrong one, by which players cut it or
// show hours. With the right lengths; unchanged where it is no RIFF WAVE.
std::string with_true_lengths(std::string wav);

}  // namespace aacft
