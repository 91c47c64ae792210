// Prompts that are continued together, and come and go at any time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "aacft/generate/options.h"

namespace aacft {

class LoadedModel;

struct Generation {
  std::vector<std::int32_t> prompt_ids, new_ids;  // new_ids end with the end-of-text token where it came
  std::string text;                               // of new_ids, without special tokens, up to the stop string
  std::string stop_reason;  // "eos", "stop", "length", "context" where the model's context is full, or "error"
  std::string error;        // what went wrong; empty where nothing did
  // Mean log p of new_ids by the model, nats, whatever the sampling; 0 unless it was asked for.
  double likelihood = 0;
};

struct Request {
  std::string name = "the prompt";  // what messages call it
  std::vector<std::int32_t> prompt_ids;
  std::string adapter;  // one of the loaded model's; "": the base alone
  AnswerOptions options;
  std::uint64_t draw = 0;  // requests that are the same but for this draw other random numbers
  // A piece of text that is certain: whole code points, and nothing that may turn out to begin a stop string. The
  // pieces join to the generation's text.
  std::function<void(const std::string& piece)> text;
  std::function<void(const Generation&)> done;  // the last call, unless the request is cancelled
};

// Law 6: a request gets the bits that it would get alone, whatever else is under way. One pass of the base computes all
// of them, whichever adapters they ask for, and beginnings that prompts share once: candidates for one answer are
// requests of several draws. One thread at a time; callbacks run inside step() and may submit and cancel, but what they
// throw ends the engine's use.
class Engine {
 public:
  // The model must outlive this, and keep the adapters of the requests under way.
  Engine(const LoadedModel& model, const EngineOptions& options);
  ~Engine();

  // Error when the prompt is empty, holds tokens that the model does not know, or leaves no room for one more in its
  // context, and when the adapter is not there. Requests are taken up in order, options.batch_size at a time.
  std::uint64_t submit(Request request);
  // Nothing more is heard of it. One that has ended may be cancelled, too.
  void cancel(std::uint64_t id);

  // One token for every request under way. False when none is left.
  bool step();

 private:
  class Batch;
  std::unique_ptr<Batch> batch_;
};

}  // namespace aacft
