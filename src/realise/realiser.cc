#include "aacft/realise/realiser.h"

#include <algorithm>

#include "aacft/base/error.h"
#include "realise/clause.h"
#include "realise/rendering.h"
#include "realise/sentences.h"
#include "realise/words.h"

namespace aacft {
namespace {

std::string capitalised(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 32);
  return text;
}

bool ends_sentence(const std::string& text) {
  return text.ends_with('.') || text.ends_with('?') || text.ends_with('!');
}

std::string ended(std::string text, bool question) {
  if (!ends_sentence(text)) text += question ? '?' : '.';
  return text;
}

bool is_grammar(Role role) {
  return role == Role::kNot || role == Role::kPast || role == Role::kFuture || role == Role::kQuestion;
}

// "Yes, I do." and "please help me": these never stand as a sentence beside another.
bool joins(const std::string& word) {
  return word == "please" || word == "yes" || word == "no" || word == "sorry" || word == "maybe" || word == "perhaps" ||
         word == "ok" || word == "okay" || word == "thanks" || word == "thank you" || word == "oh" || word == "yeah";
}

// Beside it, "no" is a negation, and else an answer.
bool says_something(const Word& word) {
  return word.role != Role::kPhrase && word.role != Role::kInterjection && word.role != Role::kNo &&
         word.role != Role::kNot && word.role != Role::kQuestion;
}

// "her want tea": she wants some tea. Only "her" is a pronoun, too; "my want" is about what is mine.
void free_pronouns(std::vector<Word>& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i].role != Role::kPossessive || words[i].text != "her") continue;
    const auto here = words.begin() + static_cast<std::ptrdiff_t>(i);
    const auto next = std::find_if(here + 1, words.end(), [](const Word& word) {
      return !is_grammar(word.role) && word.role != Role::kNo && word.role != Role::kFrequency;
    });
    if (next == words.end() || (next->role != Role::kVerb && next->role != Role::kModal)) continue;
    const bool object = std::any_of(words.begin(), here, [](const Word& word) { return word.role == Role::kVerb; });
    *here = word_of_pronoun(*here->pronoun, object);
  }
}

// "do you want tea": the first two words, and a verb to come.
bool asks_with_do(const std::vector<Word>& words, std::size_t at) {
  if (at != 0 || words.size() < 3 || words[0].role != Role::kVerb || !words[0].is("do") ||
      words[1].role != Role::kPronoun)
    return false;
  bool act = false;
  for (std::size_t i = 2; i < words.size(); ++i) {
    if (words[i].role == Role::kModal || words[i].role == Role::kFuture || words[i].role == Role::kLets) return false;
    act |= words[i].role == Role::kVerb && !words[i].is("be") && !words[i].is("do");
  }
  return act;
}

// A stored phrase that is a question: "is it my turn", "what's that", but not "what a mess".
bool phrase_asks(std::string_view phrase) {
  static constexpr std::string_view kFirst[] = {"am",  "are",   "can",   "could", "did",  "does",  "how",
                                                "is",  "may",   "shall", "what",  "when", "where", "which",
                                                "who", "whose", "why",   "will",  "would"};
  const std::size_t end = phrase.find_first_of(" '");
  if (end == phrase.npos || phrase.starts_with("what a ")) return false;
  if (phrase.starts_with("do you ") || phrase.starts_with("have you "))
    return true;  // not "do it again", "have a nice day"
  return std::find(std::begin(kFirst), std::end(kFirst), phrase.substr(0, end)) != std::end(kFirst);
}

// What is between two dots.
class Sentence {
 public:
  explicit Sentence(std::vector<Word> words) {
    free_pronouns(words);
    const bool answers = std::none_of(words.begin(), words.end(), says_something);
    for (std::size_t i = 0; i < words.size(); ++i) {
      Word& word = words[i];
      if (word.role == Role::kPhrase) {
        (i * 2 < words.size() && rest_.empty() ? first_phrases_ : last_phrases_).push_back(word.text);
      } else if (word.role == Role::kInterjection || (word.role == Role::kNo && answers)) {
        (rest_.empty() ? before_ : after_).push_back(word.text);
      } else {
        question_ |= word.role == Role::kQuestion || word.role == Role::kWh;
        question_ |= asks_with_do(words, i);
        acts_ |= word.role == Role::kVerb || word.role == Role::kModal || word.role == Role::kLets;
        rest_.push_back(std::move(word));
      }
    }
  }

  std::string text() {
    std::string out;
    for (const std::string& phrase : first_phrases_) append(out, ended(capitalised(phrase), phrase_asks(phrase)));
    append(out, main());
    for (const std::string& phrase : last_phrases_) append(out, ended(capitalised(phrase), phrase_asks(phrase)));
    return out;
  }

 private:
  static void append(std::string& out, const std::string& sentence) {
    if (sentence.empty()) return;
    if (!out.empty()) out += ' ';
    out += sentence;
  }

  // "Hello, mum." and "Good night. I want to sleep."
  std::string main() {
    const bool only_asks = rest_.size() == 1 && rest_[0].role == Role::kQuestion && !before_.empty();
    const std::string core = rest_.empty() || only_asks ? "" : clauses();
    std::string out, text, last;
    for (const std::string& word : before_) {
      const bool apart = !joins(word) && acts_;
      if (apart) {
        append(out, ended(capitalised(text.empty() ? word : text + ", " + word), false));
        text.clear();
      } else {
        text += (text.empty() ? "" : ", ") + word;
      }
    }
    if (!core.empty()) text += (text.empty() ? "" : text == "please" && acts_ ? " " : ", ") + core;
    for (const std::string& word : after_) {
      if (joins(word) || text.empty()) text += (text.empty() ? "" : ", ") + word;
      else append(last, ended(capitalised(word), false));
    }
    if (!text.empty()) append(out, ended(capitalised(text), question_));
    append(out, last);
    return out;
  }

  // "I am happy because you are here": each side of a conjunction is a clause, where both have something to say.
  std::string clauses() const {
    std::string out;
    std::vector<Word> part;
    std::string conjunction;
    const auto close = [&] {
      const std::string text = part.empty() ? "" : with_reported(part);
      if (out.empty() && conjunction.empty()) {
        out = text;
      } else {
        const bool comma =
            !out.empty() && (conjunction == "but" || conjunction == "although" || conjunction == "even though");
        out += (comma ? ", " : out.empty() ? "" : " ") + conjunction + (text.empty() ? "" : " ") + text;
      }
      part.clear();
    };
    for (std::size_t i = 0; i < rest_.size(); ++i) {
      const Word& word = rest_[i];
      if (word.role == Role::kConjunction && splits(i, part.empty())) {
        if (!part.empty() || !conjunction.empty()) close();
        conjunction = word.text;
      } else {
        part.push_back(word);
      }
    }
    close();
    return out;
  }

  // "I think he happy": I think he is happy. What is reported is a clause of its own.
  static std::string with_reported(std::vector<Word> words) {
    if (asks_with_do(words, 0)) {
      words[0] = Word();
      words[0].role = Role::kQuestion;
      words[1].clitic = false;
    }
    for (std::size_t i = 0; i + 2 < words.size(); ++i) {
      const bool somebody = words[i + 1].role == Role::kPronoun && !words[i + 1].absolute;
      if (words[i].role != Role::kVerb || !reports(words[i]) || !somebody) continue;
      std::vector<Word> main(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(i) + 1), reported;
      bool says = false;
      for (std::size_t j = i + 1; j < words.size(); ++j) {
        says |= words[j].role == Role::kVerb || words[j].role == Role::kModal || words[j].role == Role::kAdjective ||
                words[j].role == Role::kPlace;
        (words[j].role == Role::kQuestion ? main : reported).push_back(words[j]);
      }
      if (!says) break;
      reported[0].clitic = false;
      return clause_text(main) + " " + clause_text(reported);
    }
    return clause_text(words);
  }

  // "and" and "or" between nouns, adjectives or verbs are written by the clause's lists. Where they stand between other
  // things, the clause is cut there.
  static std::string clause_text(const std::vector<Word>& words) {
    std::string text = text_of(analyse(words));
    const auto joint =
        std::find_if(words.begin(), words.end(), [](const Word& word) { return word.role == Role::kConjunction; });
    if (joint == words.end() || (" " + text + " ").find(" " + joint->text + " ") != std::string::npos) return text;
    const std::vector<Word> before(words.begin(), joint), after(joint + 1, words.end());
    text = before.empty() ? "" : text_of(analyse(before)) + " ";
    text += joint->text;
    return after.empty() ? text : text + " " + clause_text(after);
  }

  // "I like tea and mum no like tea": who does not is not among what is liked.
  bool negated_after(std::size_t at) const {
    const auto is_alive = [&](std::size_t i) { return rest_[i].role == Role::kNoun && rest_[i].alive(); };
    const bool negated = at + 3 < rest_.size() && (rest_[at + 2].role == Role::kNo || rest_[at + 2].role == Role::kNot);
    if (!negated || rest_[at + 3].role != Role::kVerb || !is_alive(at + 1)) return false;
    const auto joint = rest_.begin() + static_cast<std::ptrdiff_t>(at);
    return rest_[at - 1].role == Role::kNoun && !is_alive(at - 1) &&
           std::any_of(rest_.begin(), joint, [](const Word& word) { return word.role == Role::kVerb; });
  }

  // "and" and "or" join nouns, unless a new subject and its verb follow.
  bool splits(std::size_t at, bool first) const {
    const Word& word = rest_[at];
    if (!word.is("and") && !word.is("or")) return true;
    if (first || at + 1 == rest_.size()) return true;
    if (negated_after(at)) return true;
    if (rest_[at + 1].role != Role::kPronoun || rest_[at + 1].clitic) return false;
    bool verb_before = false, verb_after = false;
    for (std::size_t i = 0; i < rest_.size(); ++i)
      if (rest_[i].role == Role::kVerb || rest_[i].role == Role::kModal) (i < at ? verb_before : verb_after) = true;
    return verb_before && verb_after;
  }

  std::vector<std::string> first_phrases_, last_phrases_, before_, after_;
  std::vector<Word> rest_;
  bool question_ = false, acts_ = false;
};

}  // namespace

std::string realise(const std::vector<Icon>& icons, const Lexicon& lexicon) {
  if (icons.empty()) throw Error("there are no icons to make a sentence of; give at least one");
  std::string out;
  std::vector<Word> words;
  const auto close = [&] {
    if (words.empty()) return;
    const bool only_question = words.size() == 1 && words[0].role == Role::kQuestion;
    if (only_question && out.ends_with('.')) {
      out.back() = '?';
    } else {
      for (std::vector<Word>& sentence : sentences_of(std::move(words))) {
        const std::string text = Sentence(std::move(sentence)).text();
        if (!text.empty()) out += (out.empty() ? "" : " ") + text;
      }
    }
    words.clear();
  };
  for (std::size_t i = 0; i < icons.size(); ++i) {
    Word word = word_of(icons[i], lexicon);
    if (word.role == Role::kDot) {
      close();
      continue;
    }
    if (word.text.empty() && !is_grammar(word.role)) throw Error("icon ", i + 1, " has no word; write one");
    words.push_back(std::move(word));
  }
  close();
  return out.empty() ? "Dot." : out;
}

}  // namespace aacft
