// Continuing prompts.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "aacft/generate/options.h"

namespace aacft {

class LoadedModel;

struct Generation {
  std::string prompt;
  std::vector<std::int32_t> prompt_ids, new_ids;  // new_ids end with the end-of-text token where it came
  std::string text;                               // of new_ids, without special tokens, up to the stop string
  std::string stop_reason;  // "eos", "stop", "length", or "context" where the model's context is full
};

struct GenerateEvents {
  // A piece of text of prompt `index` that is certain: whole code points, and nothing that may turn out to begin a stop
  // string. The pieces of a prompt join to its text.
  std::function<void(std::size_t index, const std::string& piece)> text;
  // Called for every prompt, in input order.
  std::function<void(std::size_t index, const Generation& generation)> done;
  std::function<bool()> stop_requested;  // asked after every token; ends without the rest
};

// What can be shown of a text that may still grow: everything before the first stop string, or all but an ending that
// is an incomplete code point or may become a stop string. `stopped` tells which.
struct CertainText {
  std::size_t length = 0;
  bool stopped = false;
};
CertainText certain_text(const std::string& text, const std::vector<std::string>& stop);

// The answers of a loaded model with one of its adapters ("": alone). Prompts are taken up as others end,
// options.batch_size at a time; each gets the text that it would get alone (law 6). Error when a prompt is empty or
// does not leave room for one token in the model's context.
void generate(const LoadedModel& model, const std::string& adapter, const std::vector<std::string>& prompts,
              const GenerateOptions& options, const GenerateEvents& events);

}  // namespace aacft
