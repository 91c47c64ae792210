// What is asked of a model and what it answers, and the interface of whatever answers: an engine over a loaded model
// (engine.h), or a scripted one in the tests of chat and serve, which need no model.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "aacft/generate/options.h"

namespace aacft {

struct Generation {
  std::vector<std::int32_t> prompt_ids, new_ids;  // new_ids end with the end-of-text token where it came
  std::string text;                               // of new_ids, without special tokens, up to the stop string
  std::string stop_reason;  // "eos", "stop", "length", "context" where the model's context is full, or "error"
  std::string error;        // what went wrong; empty where nothing did
  // Mean log p of new_ids by the model, nats, whatever the sampling; 0 unless it was asked for.
  double likelihood = 0;
  std::int64_t reused = 0;  // tokens of the prompt that were not computed again: an earlier request's beginning, too
};

struct Request {
  std::string name = "the prompt";  // what messages call it
  std::vector<std::int32_t> prompt_ids;
  std::string adapter;  // one of the model's; "": the base alone
  AnswerOptions options;
  std::uint64_t draw = 0;  // requests that are the same but for this draw other random numbers
  // A piece of text that is certain: whole code points, and nothing that may turn out to begin a stop string. The
  // pieces join to the generation's text.
  std::function<void(const std::string& piece)> text;
  std::function<void(const Generation&)> done;  // the last call, unless the request is cancelled
};

// One thread at a time. Callbacks run inside step() and may submit and cancel, but what they throw ends its use.
class Answerer {
 public:
  virtual ~Answerer() = default;

  // Error when the prompt is empty, holds tokens that the model does not know, or leaves no room for one more in its
  // context, and when the adapter is not there.
  virtual std::uint64_t submit(Request request) = 0;
  // Nothing more is heard of it. One that has ended may be cancelled, too.
  virtual void cancel(std::uint64_t id) = 0;
  // One token for every request under way. False when none is left.
  virtual bool step() = 0;
};

}  // namespace aacft
