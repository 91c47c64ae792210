// Continuing prompts.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "aacft/generate/engine.h"

namespace aacft {

struct GenerateEvents {
  // A piece of text of prompt `index`; see Request.
  std::function<void(std::size_t index, const std::string& piece)> text;
  // Called for every prompt, in input order.
  std::function<void(std::size_t index, const Generation& generation)> done;
  std::function<bool()> stop_requested;  // asked after every token; ends without the rest
};

// The answers of a loaded model with one of its adapters ("": alone); each prompt's is the one that it would get alone
// (law 6), but that a sampled prompt which comes again draws other random numbers. Error when a prompt is empty or
// does not leave room for one token in the model's context.
void generate(const LoadedModel& model, const std::string& adapter, const std::vector<std::string>& prompts,
              const GenerateOptions& options, const GenerateEvents& events);

}  // namespace aacft
