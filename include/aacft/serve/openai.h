// The interface that everyone knows: OpenAI's, as far as a model on a small machine has it.
#pragma once

#include <cstdint>
#include <string>

#include "aacft/serve/http.h"
#include "aacft/serve/scheduler.h"
#include "aacft/serve/served_model.h"

namespace aacft {

struct OpenAiOptions {
  std::int64_t completion_tokens = 16, chat_tokens = 512;  // of an answer, where the request does not say it
  std::int64_t most_choices = 16;                          // prompts times n
  double most_seconds = 600;                               // of a request
};

// /v1/models, /v1/completions, /v1/chat/completions. Safe to use from several threads.
class OpenAi {
 public:
  // Both must outlive this.
  OpenAi(const ServedModel& model, Scheduler& scheduler, const OpenAiOptions& options = {})
      : model_(model), scheduler_(scheduler), options_(options) {}

  // HttpError for what is refused.
  HttpResponse models() const;
  HttpResponse model(const std::string& id) const;
  HttpResponse completions(const HttpRequest& request) const;
  HttpResponse chat_completions(const HttpRequest& request) const;

 private:
  class Call;

  const ServedModel& model_;
  Scheduler& scheduler_;
  const OpenAiOptions options_;
};

}  // namespace aacft
