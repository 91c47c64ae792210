#include "aacft/serve/speech.h"

#include <gtest/gtest.h>

#include <fstream>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/base/system.h"
#include "serve/board_support.h"

namespace aacft {
namespace {

using Words = std::vector<std::string>;

std::string wav_of(const Words& command, const std::string& text, double seconds = 20) {
  return Speech({.command = command, .most_seconds = seconds}).wav(text, {});
}

int status_of(const Words& command, const std::string& text, double seconds = 20) {
  try {
    wav_of(command, text, seconds);
    return 200;
  } catch (const HttpError& error) {
    return error.status();
  }
}

TEST(CommandWords, AreThoseOfAShell) {
  EXPECT_EQ(command_words("  espeak-ng --stdin\t--stdout "), (Words{"espeak-ng", "--stdin", "--stdout"}));
  EXPECT_EQ(command_words(R"(a 'b c' "d \"e\"" f\ g '' 'h\i')"), (Words{"a", "b c", "d \"e\"", "f g", "", "h\\i"}));
  EXPECT_EQ(command_words("x; rm -rf $HOME `y`"), (Words{"x;", "rm", "-rf", "$HOME", "`y`"}));
  EXPECT_THROW(command_words("a 'b"), UsageError);
  EXPECT_THROW(command_words("  "), UsageError);
}

TEST(Speech, GivesTheTextToTheCommandAsItIs) {
  const std::string text = "RIFF; $(touch /tmp/x) \"quotes\" 'and' \\ -v --help\n";
  EXPECT_EQ(wav_of({"cat"}, text), text);
  const std::string long_text = "RIFF" + std::string(1 << 20, 'x');  // more than pipes hold
  EXPECT_EQ(wav_of({"cat"}, long_text), long_text);
  EXPECT_EQ(wav_of({"printf", "RIFF"}, long_text), "RIFF");  // that reads nothing
}

TEST(Speech, SaysWhatIsWrongWithACommand) {
  EXPECT_EQ(status_of({"no-such-program-anywhere"}, "x"), 502);
  EXPECT_EQ(status_of({"false"}, "x"), 502);
  EXPECT_EQ(status_of({"cat"}, "no sound"), 502);
  EXPECT_EQ(status_of({"sleep", "1000"}, "x", 0.2), 504);
}

// With what it started: the sleep keeps the pipe open after the shell was killed.
TEST(Speech, KillsACommandThatNobodyWaitsFor) {
  const TemporaryFolder folder;
  const auto file = folder / "started";
  const Speech speech({.command = {"sh", "-c", "sleep 1000 & echo $! > " + file.string() + "; wait"}});
  try {
    speech.wav("x", [&] { return !std::filesystem::exists(file) || std::filesystem::file_size(file) == 0; });
    FAIL();
  } catch (const HttpError& error) {
    EXPECT_EQ(error.status(), 499);
  }
  int started = 0;
  std::ifstream(file) >> started;
  ASSERT_GT(started, 1);
  const double until = wall_seconds() + 20;
  const auto alive = [&] {
    std::string state;
    std::ifstream status("/proc/" + std::to_string(started) + "/stat");
    return std::getline(status, state) && state.find(") Z") == state.npos;
  };
  while (alive() && wall_seconds() < until) {}
  EXPECT_FALSE(alive());
}

TEST(Speech, MendsTheLengthsOfAWav) {
  const std::string head("RIFF\xFF\xFF\xFF\x7FWAVEfmt \4\0\0\0abcddata\xFF\xFF\xFF\x7F", 32), sound = "0123456789";
  const std::string good = with_true_lengths(head + sound);
  EXPECT_EQ(good, std::string("RIFF\x22\0\0\0WAVEfmt \4\0\0\0abcddata\x0A\0\0\0", 32) + sound);
  EXPECT_EQ(with_true_lengths(good), good);
  for (std::size_t length = 0; length < good.size(); ++length)
    EXPECT_EQ(with_true_lengths(good.substr(0, length)).size(), length);
  EXPECT_EQ(with_true_lengths("no sound at all"), "no sound at all");
}

TEST(Speech, EspeakSpeaks) {
  if (std::system("command -v espeak-ng >/dev/null 2>&1") != 0) GTEST_SKIP() << "espeak-ng is not installed";
  const Words command = {"espeak-ng", "--stdin", "--stdout"};
  const std::string yes = wav_of(command, "Yes."), longer = wav_of(command, "-v I would like a cup of tea, please.");
  EXPECT_GT(yes.size(), 5000u);
  EXPECT_GT(longer.size(), 2 * yes.size());
  EXPECT_EQ(yes.substr(8, 4), "WAVE");
  EXPECT_EQ(with_true_lengths(yes), yes);
}

TEST(Speech, IsServedInBothWays) {
  ServiceFixture f;
  EXPECT_EQ(refusal(f.post("/api/speak", {{"text", "x"}})), "501");
  EXPECT_EQ(refusal(f.post("/v1/audio/speech", {{"input", "x"}})), "501 input");
  ServiceFixture speaking;
  speaking.parts.speech = std::make_unique<Speech>(SpeechOptions{.command = {"cat"}});
  EXPECT_EQ(json_of(speaking.get("/api/settings"))["speech"], true);
  HttpResponse response = speaking.post("/api/speak", {{"text", "RIFF one\ntwo"}});
  EXPECT_EQ(response.type, "audio/wav");
  EXPECT_EQ(response.body, "RIFF one two");
  response = speaking.post("/v1/audio/speech", {{"model", "tts-1"}, {"voice", "alloy"}, {"input", "RIFF x"}});
  EXPECT_EQ(response.body, "RIFF x");
  EXPECT_EQ(refusal(speaking.post("/v1/audio/speech", {{"input", "RIFF x"}, {"response_format", "mp3"}})),
            "400 response_format");
  EXPECT_EQ(refusal(speaking.post("/v1/audio/speech", {{"input", "RIFF x"}, {"speed", 2}})), "400 speed");
  EXPECT_EQ(refusal(speaking.post("/api/speak", {{"text", " \n "}})), "400 text");
}

}  // namespace
}  // namespace aacft
