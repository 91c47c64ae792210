// Worked examples in front of a prompt: a model that is shown how to answer answers alike ("few-shot prompting").
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "aacft/data/rows.h"
#include "aacft/tokenizer/tokenizer.h"

namespace aacft {

struct Exemplar {
  std::string prompt;  // as prompt_of() takes it
  std::string
      text;  // the whole row: prompt and answer, ended as the row ends; a newline is added where it ends in none
  std::size_t line = 0;           // in the file, from 1
  std::vector<Message> messages;  // as messages_of() takes them; none where the row is text as it is
};

// Error says what the row lacks, an answer for example.
Exemplar exemplar_of(const nlohmann::json& row, std::size_t line, const DataOptions& options = {});

// Rows of JSON Lines that have an answer. Error("NAME:LINE: ...") for one that has none, or a file without rows.
std::vector<Exemplar> read_exemplars(const std::string& content, const std::string& name,
                                     const DataOptions& options = {});

// Another order, a function of the seed and the number of exemplars alone; 0 leaves them in theirs.
void reorder(std::vector<Exemplar>& exemplars, std::uint64_t seed);

// The first `shots` exemplars and then the prompt. One whose prompt is this very prompt would give its answer away: it
// is passed over, and the next one taken. So all prompts see the same exemplars, but for those that are among them.
// Error where there are too few.
std::string few_shot_prompt(const std::vector<Exemplar>& exemplars, std::int64_t shots, const std::string& prompt);

// The same in a chat style: the exemplars are earlier turns of one conversation with what is asked (asked_of() a row).
// It has one system turn, that of `asked`, else of the first exemplar. Error for an exemplar that has no messages.
std::string few_shot_prompt(const std::vector<Exemplar>& exemplars, std::int64_t shots,
                            const std::vector<Message>& asked, const ChatStyle& style);

// Error, with the numbers, where a prompt with its exemplars and `answer_tokens` more does not fit the context.
// `prompts` are those without exemplars, `with_exemplars` the same ones with them.
void check_room(const std::vector<std::string>& prompts, const std::vector<std::string>& with_exemplars,
                const Tokenizer& tokenizer, std::int64_t answer_tokens, std::int64_t context);

}  // namespace aacft
