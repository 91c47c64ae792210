// The options of several answers to a prompt, for the commands that have them.
#pragma once

#include "aacft/base/error.h"
#include "aacft/tasks/candidates.h"
#include "cli/options.h"

namespace aacft::cli {

inline void add_candidate_options(Options& declared, CandidateOptions& options) {
  declared.add(
      "--candidates", options.count,
      "answers to each prompt, one greedy, the others drawn (at temperature 0.7, unless another is given): the one "
      "that says the most icons wins, then the likeliest");
  declared.add("--all-icons", options.all_icons,
               "where no candidate says all icons, take the sentence that the rules make of them");
}

inline void check(const CandidateOptions& options) {
  if (options.count < 1 || options.count > 64) throw UsageError("--candidates must be from 1 to 64");
}

}  // namespace aacft::cli
