// The model that a server serves, as far as it needs to know it.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "aacft/data/rows.h"
#include "aacft/generate/request.h"
#include "aacft/tokenizer/tokenizer.h"

namespace aacft {

struct ServedModel {
  Answerer* answerer = nullptr;
  const Tokenizer* tokenizer = nullptr;
  std::int64_t context = 2048;      // tokens of prompt and answer together
  std::string name;                 // of the model alone
  std::vector<std::string> voices;  // its adapters
  DataOptions rows;                 // chat_style, and with chat_pairs prompts that are spelled in it
  std::set<std::string> drafted;    // voices whose prompts tell the rules' draft; "" is the model alone
};

}  // namespace aacft
