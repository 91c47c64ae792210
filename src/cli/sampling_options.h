// How an answer is drawn and where it ends: the same options for every command that answers one prompt at a time.
#pragma once

#include <string>

#include "aacft/base/error.h"
#include "aacft/base/utf8.h"
#include "aacft/generate/options.h"
#include "cli/options.h"

namespace aacft::cli {

inline void add_answer_options(Options& declared, AnswerOptions& options) {
  SamplingOptions& s = options.sampling;
  declared.add("--max-new-tokens,--max-tokens", options.max_new_tokens, "tokens at most");
  declared.add("--temperature,--temp", s.temperature, "0: greedy");
  declared.add("--top-k", s.top_k, "choose among the k likeliest; 0: all");
  declared.add("--top-p", s.top_p, "choose among the likeliest that reach this probability together");
  declared.add("--repetition-penalty", s.repetition_penalty, "above 1: tokens that occurred become less likely");
  declared.add("--seed", s.seed, "of the random choices");
  declared.add("--stop", options.stop, "text that ends the generation; may be repeated")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false);
}

inline void check(const AnswerOptions& options) {
  const auto need = [](bool good, const char* message) {
    if (!good) throw UsageError(message);
  };
  need(options.max_new_tokens >= 1, "--max-new-tokens must be 1 or more");
  need(options.sampling.temperature >= 0, "--temperature must not be negative");
  need(options.sampling.top_k >= 0, "--top-k must not be negative");
  need(options.sampling.top_p > 0 && options.sampling.top_p <= 1, "--top-p must be above 0 and at most 1");
  need(options.sampling.repetition_penalty > 0, "--repetition-penalty must be above 0");
  for (const std::string& stop : options.stop) need(valid_utf8(stop), "--stop must be text in UTF-8");
}

}  // namespace aacft::cli
