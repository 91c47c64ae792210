// How text is generated.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "aacft/data/chat_style.h"
#include "aacft/data/turns.h"
#include "aacft/tokenizer/tokenizer.h"

namespace aacft {

struct SamplingOptions {
  double temperature = 0;         // 0: greedy, the most likely token
  std::int64_t top_k = 0;         // only the k most likely tokens; 0: all
  double top_p = 1;               // only the most likely tokens that reach this probability together
  double repetition_penalty = 1;  // divides (or, below 0, multiplies) logits of tokens that occurred before
  std::uint64_t seed = 42;
};

// Of one answer.
struct AnswerOptions {
  SamplingOptions sampling;
  std::int64_t max_new_tokens = 50;
  bool likelihood = false;                                // also say how likely the answer is
  std::vector<std::string> stop = {std::string(kHuman)};  // generation ends where the text contains one of these
  std::vector<std::int32_t> end_ids;  // tokens that end it besides the model's and the tokenizer's own
};

// Answers end as the style's do, too: by its end token, or where there is none by its text.
inline void end_as_in(const ChatStyle& style, const Tokenizer& tokenizer, AnswerOptions& options) {
  options.end_ids = end_tokens(style, tokenizer);
  for (const std::string& stop : stop_texts(style))
    if (std::find(options.stop.begin(), options.stop.end(), stop) == options.stop.end()) options.stop.push_back(stop);
}

// Of drawn candidates, where the options' temperature is 0.
constexpr double kCandidateTemperature = 0.7;

// Of the k-th of several candidates for one answer: the first is greedy, the others are drawn.
inline AnswerOptions candidate_options(AnswerOptions options, std::size_t k) {
  double& temperature = options.sampling.temperature;
  if (k == 0) temperature = 0;
  else if (temperature == 0) temperature = kCandidateTemperature;
  options.likelihood = true;
  return options;
}

// Of all that are computed together.
struct EngineOptions {
  bool use_cache = true;        // keep keys and values; without, everything is computed for each token
  std::int64_t batch_size = 8;  // prompts under way at a time
  // Positions of ended requests that stay computed, for later prompts that begin alike: a conversation's next turn.
  std::int64_t kept_positions = 0;
};

struct GenerateOptions : AnswerOptions, EngineOptions {};

}  // namespace aacft
