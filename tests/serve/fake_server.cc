// aacft serve with a model that repeats what it is told, for trying the page and programs that ask without any model:
//
//   fake_server PORT [BOARD]    (0: a free port, which is printed)
#include <csignal>
#include <cstdio>
#include <thread>

#include "aacft/realise/realiser.h"
#include "aacft/serve/server.h"
#include "serve/board_support.h"

namespace {

volatile std::sig_atomic_t ended = 0;

// The words of the icons, or the last line of what was said; another beginning for each draw.
std::string reply_to(const aacft::Request& request) {
  const std::string prompt(request.prompt_ids.begin(), request.prompt_ids.end());
  static const char* const beginnings[] = {"Well, ", "Oh, ", "Hey: ", "So, ", "Hm, "};
  std::string text = beginnings[request.draw % 5];
  const auto icons = aacft::icons_if_any(prompt);
  for (const aacft::Icon& icon : icons) text += icon.word + " ";
  if (icons.empty()) text += "you said that";
  return text + (request.adapter.empty() ? "!" : "my love!");
}

}  // namespace

int main(int count, char** arguments) {
  aacft::ServiceFixture fixture;
  fixture.answerer.reply = reply_to;
  fixture.answerer.pause = std::chrono::milliseconds(10);
  if (count > 2)
    fixture.parts.view =
        aacft::view_of(aacft::read_open_boards(arguments[2], {}), arguments[2], aacft::own_lexicon(), {});
  fixture.parts.picks = std::make_unique<aacft::PickLog>(fixture.folder / "picks.jsonl");
  if (aacft::is_program("espeak-ng"))
    fixture.parts.speech =
        std::make_unique<aacft::Speech>(aacft::SpeechOptions{.command = {"espeak-ng", "--stdin", "--stdout"}});
  aacft::Server server(fixture.start(), {.port = count > 1 ? std::atoi(arguments[1]) : 0});
  std::printf("http://127.0.0.1:%d/\n", server.port());
  std::fflush(stdout);
  for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, [](int) { ended = 1; });
  std::thread thread([&] { server.run(); });
  while (ended == 0) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  server.stop(std::chrono::seconds(5));
  thread.join();
}
