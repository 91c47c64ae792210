// What nobody taps, because everybody understands it: verbs, subjects, tenses.
#pragma once

#include "realise/syntax.h"

namespace aacft {

// "I can the park": a verb is understood. "want outside": want to be outside.
void fill_verbs(Clause& clause);

// Who is meant where nobody is named: "bucket be" is "it is a bucket".
void fill_subject(Clause& clause);

// "yesterday" makes a clause one of the past.
void infer_tense(Clause& clause);

}  // namespace aacft
