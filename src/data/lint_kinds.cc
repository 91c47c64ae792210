#include "aacft/data/lint.h"

namespace aacft {

const char* name_of(Severity severity) {
  return severity == Severity::kError ? "error" : severity == Severity::kWarning ? "warning" : "info";
}

const std::vector<LintKind>& lint_kinds() {
  using enum Severity;
  static const std::vector<LintKind> kinds = {
      {"no-rows", kError, "nothing to train on", "one JSON object a line is expected"},
      {"not-utf8", kError, "lines that are not UTF-8",
       "save the file as UTF-8; iconv -f WINDOWS-1252 -t UTF-8 often does it"},
      {"not-json", kError, "lines that are not JSON",
       "each line must be one whole JSON object, quotes and newlines inside escaped; mend them or take them out"},
      {"wrong-keys", kError, "rows that cannot be read",
       "use {\"text\"}, {\"prompt\", \"completion\"} or {\"messages\"}"},
      {"no-marker", kError, "rows without a marker for the answer",
       "put it where the answer starts, as in the other rows"},
      {"no-answer", kError, "rows without an answer", "write one, or take the row out: it teaches to say nothing"},
      {"never-ends", kError, "answers that never end",
       "end them in a newline, or train with --append-eos, or the model will not learn to stop"},
      {"too-long", kError, "rows longer than the context",
       "shorten them; training stops there unless --truncate or --skip-bad-rows is given"},
      {"leak", kError, "evaluation rows that are trained on",
       "take them out of one of the two files: the evaluation would measure memory"},
      {"leak-prompt", kWarning, "evaluation prompts that are trained on",
       "keep all rows of a prompt in one of the two files"},
      {"leak-near", kWarning, "evaluation rows nearly the same as rows trained on",
       "keep such rows together in one of the two files"},
      {"no-end-marker", kWarning, "answers that do not end as the others do",
       "end them in the same way; a newline is what tells the model to stop"},
      {"ending", kWarning, "answers with other white space at their end", "end all rows in the same way"},
      {"several-markers", kWarning, "rows with more than one answer",
       "only what follows the last marker is taken for the answer here; was a row pasted into another?"},
      {"several-lines", kWarning, "answers of more than one line",
       "put them on one line, as in the other rows: the model learns that a newline ends an answer"},
      {"unanswered-turn", kWarning, "rows that end in a question",
       "the model would learn to ask; take the last turn out"},
      {"spacing", kWarning, "prompts spaced in another way than most",
       "make them the same to the byte: for the model, other spaces are another prompt"},
      {"odd-prompt", kWarning, "prompts of another form than most", "look for a part that is missing or misspelt"},
      {"prompt-end", kWarning, "prompts that end in a space",
       "move the space to the start of the completion, or generation begins with another token than training did"},
      {"mixed-shapes", kWarning, "rows of different shapes", "use one shape, lest they differ in more than their keys"},
      {"ambiguous-keys", kWarning, "rows with the keys of two shapes", "leave only those that are meant"},
      {"duplicate", kWarning, "rows that occur before", "take them out, unless they are to count twice"},
      {"near-duplicate", kWarning, "rows nearly the same as one before", "keep the better one, unless both are meant"},
      {"mojibake", kWarning, "text that was read in a wrong encoding",
       "put the right characters back, best by reading the original as UTF-8 again"},
      {"control-character", kWarning, "control characters", "take them out"},
      {"invisible-character", kWarning, "characters that cannot be seen",
       "take them out; they come from web pages and word processors"},
      {"no-break-space", kWarning, "special spaces and hyphens",
       "use the plain ones: for the model, these are other characters"},
      {"escaped-twice", kWarning, "escapes in the text itself",
       "the file was escaped twice; write the character that is meant"},
      {"odd-length", kWarning, "rows of wildly different length", "look whether something is missing or was pasted in"},
      {"same-prompt", kInfo, "prompts that occur before with another answer",
       "fine where several answers are right; the model learns to choose among them"},
      {"plain-text", kInfo, "rows without a marker for the answer",
       "fine for training on whole texts; --mask-prompt would refuse them"},
      {"several-turns", kInfo, "conversations of several turns", "the last answer is taken for the answer here"},
      {"trailing-space", kInfo, "answers that end in spaces",
       "the model learns to say the space, too; without it, answers are easier to compare"},
      {"unused-keys", kInfo, "keys that are not read", "they do no harm"},
      {"search-ended", kInfo, "near duplicates not looked for",
       "lint the file in parts, or take the exact duplicates out first"},
  };
  return kinds;
}

}  // namespace aacft
