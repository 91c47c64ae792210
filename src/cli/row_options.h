// How rows of data are read: the same options for every command that learns from them or measures with them.
#pragma once

#include "aacft/data/rows.h"
#include "cli/options.h"

namespace aacft::cli {

inline void add_row_options(Options& declared, DataOptions& o) {
  declared.add("--mask-prompt", o.mask_prompt, "only completions count in the loss");
  declared.add("--response-marker", o.response_marker, "where the completion of a {\"text\"} row starts");
  declared.add("--append-eos,!--no-append-eos", o.append_eos, "end rows with the end-of-text token (default: on)");
  declared.add("--max-length", o.max_length, "tokens in a row; 0: the model's context");
  declared.add("--truncate", o.truncate, "cut longer rows instead of refusing them");
  declared.add("--skip-bad-rows", o.skip_bad_rows, "leave bad rows out instead of stopping");
}

}  // namespace aacft::cli
