// How rows of data are read: the same options for every command that learns from them or measures with them.
#pragma once

#include <filesystem>
#include <string>

#include "aacft/base/text.h"
#include "aacft/data/chat_template.h"
#include "aacft/data/rows.h"
#include "cli/options.h"

namespace aacft::cli {

inline void add_chat_style(Options& declared, std::string& chat_style) {
  declared.add(
      "--chat-style", chat_style,
      "how {\"messages\"} are spelled, and with it {\"prompt\"} and {\"completion\"} as turns of a conversation: model "
      "(as its template says) or " +
          listed(chat_style_names()) + "; without, {\"messages\"} alone, as the model's template says");
}

// To be called once the model is known.
inline void resolve_chat_style(DataOptions& o, const std::string& name, const std::filesystem::path& model) {
  o.chat_style = choose_chat_style(name, read_chat_template(model));
  o.chat_pairs = !name.empty();
}

inline void add_row_options(Options& declared, DataOptions& o, std::string& chat_style) {
  add_chat_style(declared, chat_style);
  declared.add("--mask-prompt", o.mask_prompt, "only completions count in the loss");
  declared.add("--response-marker", o.response_marker, "where the completion of a {\"text\"} row starts");
  declared.add("--append-eos,!--no-append-eos", o.append_eos, "end rows with the end-of-text token (default: on)");
  declared.add("--max-length", o.max_length, "tokens in a row; 0: the model's context");
  declared.add("--truncate", o.truncate, "cut longer rows instead of refusing them");
  declared.add("--skip-bad-rows", o.skip_bad_rows, "leave bad rows out instead of stopping");
}

}  // namespace aacft::cli
