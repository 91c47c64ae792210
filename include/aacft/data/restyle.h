// From plain sentences to somebody's own style, by showing a model how others were rewritten. What it says is a
// suggestion for a person to correct.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "aacft/data/exemplars.h"

namespace aacft {

struct PlainRow {
  std::string prompt, plain;  // plain: the answer on one line, without white space around it
  std::size_t line = 0;       // in the file, from 1
};

// Rows of JSON Lines with an answer. Error("NAME:LINE: ...").
std::vector<PlainRow> read_plain_rows(const std::string& content, const std::string& name);

struct StylePair {
  std::string plain, styled;  // both not empty, on one line
};

// Pairs to learn from are either {"prompt": plain, "completion": styled}, or rows as they are trained on, with a
// rewritten answer: their plain sentence is that of the first row of `plain` with the same prompt. What holds "<bot>:"
// is such a row. Error("NAME:LINE: ...") for a row whose plain sentence is not known.
std::vector<StylePair> read_style_pairs(const std::string& content, const std::string& name,
                                        const std::vector<PlainRow>& plain, const std::string& plain_name);

// "Say it in the same style: I am behind" as a user's message, as a prompt of its own ("<human>: ...\n<bot>:"), and
// with its answer.
std::vector<Message> restyle_messages(const std::string& instruction, const std::string& plain);
std::string restyle_prompt(const std::string& instruction, const std::string& plain,
                           const ChatStyle& style = openchatkit_style());
std::vector<Exemplar> restyle_exemplars(const std::string& instruction, const std::vector<StylePair>& pairs,
                                        const ChatStyle& style = openchatkit_style());

struct Restyled {
  std::string sentence;  // on one line; the plain one where the model's answer is of no use
  std::string problem;   // why it is not; else empty
};

// The first line of an answer, without quotation marks around it that the plain sentence does not have. Of no use is
// what is empty, repeats an exemplar's rewrite, or holds a marker or characters that do not belong into a sentence.
Restyled checked_answer(const std::string& answer, const std::string& plain, const std::vector<StylePair>& pairs);

}  // namespace aacft
