#include "aacft/realise/realiser.h"

#include <algorithm>

#include "aacft/base/error.h"
#include "realise/clauses.h"
#include "realise/reading.h"
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

bool names(const Word& word) {
  return word.role == Role::kNoun || word.role == Role::kThat || word.role == Role::kPronoun;
}

// "her want tea": she wants some tea. "my happy": I am happy. "her and I go", "his be tired". But "his be red" is about
// what is his.
void free_pronouns(std::vector<Word>& words) {
  const auto skipped = [](const Word& word) {
    return is_grammar(word.role) || word.role == Role::kNo || word.role == Role::kFrequency;
  };
  for (auto here = words.begin(); here != words.end(); ++here) {
    const auto verb = std::find_if(words.begin(), here, acts);
    if (here->role == Role::kPronoun && verb == here && here + 1 != words.end() && !here->absolute) {
      const bool joined = (here + 1)->is("and") || (here != words.begin() && (here - 1)->is("and"));
      if (joined && std::any_of(here, words.end(), acts)) here->clitic = false;
    }
    const bool asked = here->role == Role::kPronoun && here->clitic && here != words.begin() &&
                       (here - 1)->role == Role::kModal && (here - 1 == words.begin() || (here - 2)->role == Role::kWh);
    if (asked && here + 1 != words.end() && acts(*(here + 1))) here->clitic = false;  // "can her come"
    if (here->role != Role::kPossessive || here->pronoun == nullptr) continue;
    auto next = std::find_if_not(here + 1, words.end(), skipped);
    const bool be = next != words.end() && next->is("be");
    if (be) next = std::find_if_not(next + 1, words.end(), skipped);
    while (next != words.end() && next->role == Role::kDegree) ++next;
    if (next == words.end()) continue;
    const bool her = here->text == "her", last = std::none_of(next, words.end(), names);
    const bool feels = next->role == Role::kAdjective && is_state_of_mind(*next) && last;
    const bool does = !be && (next->role == Role::kVerb || next->role == Role::kModal);
    const bool joined = next == here + 1 && next->is("and") && std::any_of(next, words.end(), acts);
    const bool owns = !her && std::any_of(next, words.end(), [](const Word& word) {
      return word.role == Role::kPronoun && !word.clitic && !word.absolute;
    });  // "your have I"
    if (!feels && !joined && !(does && !owns) && !(her && be)) continue;
    *here = word_of_pronoun(*here->pronoun, verb != here);
  }
}

// "no one come" is nobody, and "no one apple" counts.
void join_no_one(std::vector<Word>& words) {
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i].role != Role::kNo || !words[i + 1].is("one")) continue;
    const bool counts =
        i + 2 < words.size() && (words[i + 2].role == Role::kNoun || words[i + 2].role == Role::kAdjective);
    if (counts) continue;
    Word& nobody = words[i + 1];
    nobody = Word();
    nobody.text = "no one";
    nobody.name = nobody.mass = true;
    nobody.noun_class = english::NounClass::kPerson;
    words.erase(words.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

// "not my turn", "don't help me": a negation before a stored phrase belongs to it. "no, I don't know" has an answer.
void negate_phrases(std::vector<Word>& words) {
  static constexpr std::string_view kStates = "|my turn|your turn|all gone|all done|same here|good idea|good job|",
                                    kOrders =
                                        "|help me|come here|go away|look at me|listen to me|hurry up|slow down|wait a "
                                        "minute|speak up|say it again|leave me alone|stop it|let me try|give me five|";
  const auto in = [](std::string_view list, const std::string& phrase) {
    return list.find("|" + phrase + "|") != list.npos;
  };
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (!negates(words[i]) || words[i + 1].role != Role::kPhrase) continue;
    std::string& phrase = words[i + 1].text;
    const bool order = words[i].role == Role::kNot && !words[i].is("negate") && in(kOrders, phrase);
    if (!order && !in(kStates, phrase)) continue;
    phrase = (order ? "don't " : "not ") + phrase;
    words.erase(words.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

// "you tired you no come, question": both are asked, but nobody asks what the speaker is.
void ask_all(std::vector<std::vector<Word>>& sentences) {
  const auto is_question = [](const Word& word) { return word.role == Role::kQuestion; };
  const auto asks_what = [](const Word& word) { return word.role == Role::kWh; };
  if (sentences.size() < 2) return;
  for (const auto& sentence : sentences)
    if (std::any_of(sentence.begin(), sentence.end(), asks_what)) return;
  const bool first = !sentences.front().empty() && is_question(sentences.front().front());
  const bool last = !sentences.back().empty() && is_question(sentences.back().back());
  if (!first && !last) return;
  Word question = first ? sentences.front().front() : sentences.back().back();
  for (auto& sentence : sentences)
    if (std::none_of(sentence.begin(), sentence.end(), is_question) && !is_of_speaker(sentence))
      sentence.push_back(question);
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

// "tea yes coffee no", "no tea yes coffee": each answer stays with its own. "" where the words are no such pairs.
std::string answer_pairs(const std::vector<Word>& words) {
  const auto answers = [](const Word& word) { return word.role == Role::kNo || word.is("yes"); };
  const auto names_only = [&](const Word& word) {
    return answers(word) || word.role == Role::kNoun || word.role == Role::kAdjective || word.role == Role::kThat ||
           word.role == Role::kPossessive || word.role == Role::kDeterminer || word.role == Role::kPronoun ||
           word.role == Role::kPlace || word.role == Role::kTime || word.role == Role::kVerb;
  };
  if (words.size() > 2 && words.back().role == Role::kInterjection && !words.back().is("yes")) {  // "thank you"
    std::string pairs = answer_pairs({words.begin(), words.end() - 1});
    if (!pairs.empty()) pairs.insert(pairs.size() - 1, ", " + words.back().text);
    return pairs;
  }
  const auto yes = std::count_if(words.begin(), words.end(), [](const Word& word) { return word.is("yes"); });
  const auto all = std::count_if(words.begin(), words.end(), answers);
  if (yes == 0 || yes == all || !std::all_of(words.begin(), words.end(), names_only)) return {};
  const auto verbs = std::count_if(words.begin(), words.end(), acts);
  if (verbs > 0 && verbs + all != static_cast<std::ptrdiff_t>(words.size())) return {};
  const bool first = answers(words.front());
  if (first == answers(words.back())) return {};
  std::string out;
  std::vector<Word> named;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (!answers(words[i])) named.push_back(words[i]);
    const bool ends = first ? i + 1 == words.size() || answers(words[i + 1]) : answers(words[i]);
    if (!ends) continue;
    if (named.empty() || (named.size() > 1 && std::any_of(named.begin(), named.end(), acts))) return {};
    const bool act = named[0].role == Role::kVerb;
    const std::string answer = first ? words[i - named.size()].text : words[i].text;
    const std::string text = act ? named[0].text : clauses_text(named);
    named.clear();
    out += (out.empty() ? "" : ", ") + (first ? answer + " " + text : text + " " + answer);
  }
  return ended(capitalised(out), false);
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
      } else if (word.role == Role::kInterjection || word.role == Role::kVocative ||
                 (word.role == Role::kNo && answers)) {
        (rest_.empty() ? before_ : after_)
            .push_back({word.text, word.role == Role::kVocative, word.role == Role::kVocative || joins(word.text)});
      } else {
        acts_ |= acts(word) || (word.role == Role::kPronoun && i + 1 < words.size());
        rest_.push_back(std::move(word));
      }
    }
    question_ = asks(rest_);
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
    const std::string core = rest_.empty() || only_asks ? "" : clauses_text(rest_);
    std::string out, text, last;
    for (std::size_t i = 0; i < before_.size(); ++i) {
      text += (text.empty() ? "" : ", ") + before_[i].text;
      if (before_[i].joins || !acts_) continue;
      if (i + 1 < before_.size() && before_[i + 1].vocative) text += ", " + before_[++i].text;  // "hello mum"
      append(out, ended(capitalised(text), false));
      text.clear();
    }
    if (!core.empty())
      text += (text.empty() ? "" : text.ends_with("please") && text != "yes please" && acts_ ? " " : ", ") + core;
    for (const Aside& word : after_) {
      if (word.joins || text.empty()) text += (text.empty() ? "" : ", ") + word.text;
      else append(last, ended(capitalised(word.text), false));
    }
    if (!text.empty()) append(out, ended(capitalised(text), question_));
    append(out, last);
    return out;
  }

  // Said before or after a sentence: with a comma, or in one of its own.
  struct Aside {
    std::string text;
    bool vocative = false, joins = false;
  };

  std::vector<std::string> first_phrases_, last_phrases_;
  std::vector<Aside> before_, after_;
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
    } else if (const std::string pairs = answer_pairs(words); !pairs.empty()) {
      out += (out.empty() ? "" : " ") + pairs;
    } else {
      join_no_one(words);
      negate_phrases(words);
      free_pronouns(words);
      read_together(words, lexicon);
      find_vocatives(words);
      join_by_when(words);
      std::vector<std::vector<Word>> sentences = sentences_of(std::move(words));
      ask_all(sentences);
      for (std::vector<Word>& sentence : sentences) {
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
