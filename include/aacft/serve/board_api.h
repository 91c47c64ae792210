// What the board's page asks for: the board itself, sentences for what was tapped, and what was picked. docs/serve.md.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "aacft/boards/board_view.h"
#include "aacft/boards/lexicon.h"
#include "aacft/serve/http.h"
#include "aacft/serve/pick_log.h"
#include "aacft/serve/scheduler.h"
#include "aacft/serve/served_model.h"
#include "aacft/serve/speech.h"

namespace aacft {

struct SayOptions {
  std::int64_t candidates = 3, most_candidates = 8;
  std::int64_t max_new_tokens = 60;
  double most_seconds = 60;
  std::size_t most_icons = 64;
};

// What there is to serve a board with; what is null is not there. All of it must outlive the BoardApi.
struct BoardParts {
  const BoardView* view = nullptr;
  const Lexicon* lexicon = nullptr;
  const ServedModel* model = nullptr;
  Scheduler* scheduler = nullptr;
  const Speech* speech = nullptr;
  PickLog* picks = nullptr;
};

// Safe to use from several threads.
class BoardApi {
 public:
  explicit BoardApi(const BoardParts& parts, const SayOptions& options = {});

  // HttpError for what is refused.
  HttpResponse settings() const;
  HttpResponse voices() const;
  HttpResponse board() const;
  HttpResponse picture(const std::string& number) const;
  HttpResponse draft(const HttpRequest& request) const;
  HttpResponse say(const HttpRequest& request) const;
  HttpResponse speak(const HttpRequest& request) const;
  HttpResponse pick(const HttpRequest& request) const;
  HttpResponse picks() const;
  HttpResponse forget(const HttpRequest& request) const;

 private:
  class Saying;
  struct Draft {
    std::string text, source;
  };

  Draft draft_of(const std::vector<Icon>& icons) const;
  std::string row_prompt(const std::vector<Icon>& icons, const std::string& voice) const;
  std::string prompt_for(const std::vector<Icon>& icons, const std::string& voice, const std::string& context) const;
  void check_voice(const std::string& voice) const;
  PickLog& log() const;

  const BoardParts parts_;
  const SayOptions options_;
  const bool rules_;  // know the board's language
  std::string board_json_;
  std::vector<const Picture*> pictures_;
};

}  // namespace aacft
