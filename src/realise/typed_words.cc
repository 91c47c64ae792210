#include "realise/typed_words.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>

#include "aacft/base/text.h"
#include "aacft/english/noun_tables.h"
#include "aacft/english/spelling.h"
#include "realise/words.h"

namespace aacft {
namespace {

constexpr std::size_t kLongestPhrase = 6;  // words that are looked up as one icon

struct Token {
  std::string text;
  bool whole = false;  // quoted, underlined or between commas: not to be joined with its neighbours
};

std::string unquoted(std::string text) {
  std::replace(text.begin(), text.end(), '_', ' ');
  text = std::string(trimmed(text));
  const bool quoted = text.size() > 1 && (text.front() == '"' || text.front() == '\'') && text.back() == text.front();
  return quoted ? std::string(trimmed(text.substr(1, text.size() - 2))) : text;
}

std::vector<Token> tokens_between_commas(std::string_view text) {
  std::vector<Token> tokens;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find(',', start), text.size());
    if (const std::string word = unquoted(std::string(text.substr(start, end - start))); !word.empty())
      tokens.push_back({word, true});
    start = end + 1;
  }
  return tokens;
}

// A quote opens only at the start of a word, so that "don't" and "let's" are words.
std::vector<Token> tokens_between_spaces(std::string_view text) {
  std::vector<Token> tokens;
  for (std::size_t at = text.find_first_not_of(" \t\r\n"); at != std::string_view::npos && at < text.size();
       at = text.find_first_not_of(" \t\r\n", at)) {
    const char quote = text[at];
    std::size_t end = std::string_view::npos;
    if (quote == '"' || quote == '\'') end = text.find(quote, at + 1);
    if (end != std::string_view::npos) end = text.find_first_of(" \t\r\n", end);  // a type may follow the quote
    else end = text.find_first_of(" \t\r\n", at);
    end = std::min(end, text.size());
    std::string word(text.substr(at, end - at));
    const bool whole = word.find('_') != std::string::npos || quote == '"' || quote == '\'';
    if (const std::size_t close = word.rfind(quote);
        whole && quote != '_' && (quote == '"' || quote == '\'') && close > 0) {
      const std::string tail = word.substr(close + 1);
      word = word.substr(1, close - 1) + tail;
    }
    std::replace(word.begin(), word.end(), '_', ' ');
    if (!trimmed(word).empty()) tokens.push_back({std::string(trimmed(word)), whole});
    at = end;
  }
  return tokens;
}

// "I see" and "help me" are more likely the icons they start with than one icon.
bool said_in_parts(const std::string& first, std::size_t at, const Lexicon& lexicon) {
  if (at > 0 && (first == "not" || first == "no")) return true;  // "it not me"
  return lexicon.find(first, IconType::kVerb) != nullptr || pronoun_of(english::lower_case(first)) != nullptr;
}

// "I like that", but not "do it like that": a verb, where there is none before it.
bool is_first_verb(const std::vector<Token>& tokens, std::size_t at, const std::string& joined,
                   const Lexicon& lexicon) {
  const auto verb = [&](const Token& token) { return lexicon.find(token.text, IconType::kVerb) != nullptr; };
  return at > 0 && verb(tokens[at]) && lexicon.find(joined, IconType::kVerb) == nullptr &&
         lexicon.find(joined, IconType::kNoun) == nullptr &&
         std::none_of(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(at), verb);
}

// How many tokens from `at` on are one icon of the lexicon.
std::size_t longest_icon(const std::vector<Token>& tokens, std::size_t at, const Lexicon& lexicon, std::string& word) {
  std::string joined;
  std::size_t best = 1;
  word = tokens[at].text;
  for (std::size_t n = 1; n <= kLongestPhrase && at + n <= tokens.size() && !tokens[at + n - 1].whole; ++n) {
    joined += (n > 1 ? " " : "") + tokens[at + n - 1].text;
    if (n > 1 && lexicon.find(joined) != nullptr && !is_first_verb(tokens, at, joined, lexicon) &&
        !(said_in_parts(tokens[at].text, at, lexicon) && lexicon.find(joined)->form("phrase") != nullptr)) {
      best = n;
      word = joined;
    }
  }
  return best;
}

constexpr std::pair<std::string_view, std::string_view> kPlain[] = {
    {"can't", "can"},        {"cannot", "can"},     {"won't", "future"}, {"couldn't", "could"}, {"mustn't", "must"},
    {"shouldn't", "should"}, {"wouldn't", "would"}, {"isn't", "be"},     {"aren't", "be"},      {"wasn't", "past be"},
    {"weren't", "past be"},  {"doesn't", ""},       {"didn't", "past"},  {"hasn't", "have"},    {"haven't", "have"},
    {"hadn't", "past have"}, {"is", "be"},          {"are", "be"},       {"am", "be"},          {"was", "past be"},
    {"will", "future"},      {"does", ""},          {"were", "past be"}, {"has", "have"},       {"had", "past have"},
    {"did", "past do"}};

// "can't" is can and not, "was" is past and be, where the lexicon has no such icon.
void split_forms(std::vector<Token>& tokens, const Lexicon& lexicon) {
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const std::string lower = english::lower_case(tokens[i].text);
    const auto found = std::find_if(std::begin(kPlain), std::end(kPlain),
                                    [&](const auto& contraction) { return contraction.first == lower; });
    if (found == std::end(kPlain) || lexicon.find(tokens[i].text) != nullptr) continue;
    std::vector<Token> plain = tokens_between_spaces(found->second);
    if (lower.ends_with("n't") || lower == "cannot") plain.push_back({"not", false});
    tokens.erase(tokens.begin() + static_cast<std::ptrdiff_t>(i));
    tokens.insert(tokens.begin() + static_cast<std::ptrdiff_t>(i), plain.begin(), plain.end());
  }
}

// "I am not eating", "is mum cooking": behind a form of be.
bool is_doing(const std::vector<Token>& tokens, std::size_t at) {
  static constexpr std::string_view kBe = "|be|is|are|am|was|were|isn't|aren't|wasn't|weren't|";
  for (std::size_t back = 1; back <= std::min<std::size_t>(at, 2); ++back)
    if (english::listed(kBe, english::lower_case(tokens[at - back].text))) return true;
  return false;
}

// The inflected forms of the lexicon's verbs, made when they are first asked for.
class VerbForms {
 public:
  explicit VerbForms(const Lexicon& lexicon) : lexicon_(lexicon) {}

  // The verb as it is looked up; "" where no verb has this form.
  std::string of_past(const std::string& form) { return find(forms().past, form); }
  std::string of_third(const std::string& form) { return find(forms().third, form); }
  std::string of_gerund(const std::string& form) { return find(forms().gerund, form); }

 private:
  using Verbs = std::unordered_map<std::string, std::string>;
  struct Forms {
    Verbs past, third, gerund;
  };

  const Forms& forms() {
    if (forms_) return *forms_;
    forms_.emplace();
    for (const LexiconEntry& entry : lexicon_.entries()) {
      if (entry.icon.type != IconType::kVerb) continue;
      const Word verb = word_of(entry.icon, lexicon_);
      if (verb.role != Role::kVerb) continue;
      forms_->past.emplace(past_form(verb), entry.icon.word);
      forms_->third.emplace(third_form(verb), entry.icon.word);
      forms_->gerund.emplace(ing_form(verb), entry.icon.word);
    }
    return *forms_;
  }

  std::string find(const Verbs& verbs, const std::string& form) const {
    const auto found = verbs.find(form);
    if (found == verbs.end()) return {};
    return types_of(found->second, lexicon_).size() > 1 ? found->second + "/VERB" : found->second;
  }

  const Lexicon& lexicon_;
  std::optional<Forms> forms_;
};

// "went", "wants", "eating": the verb, with its tense, where the lexicon has no such icon.
void split_inflected(std::vector<Token>& tokens, const Lexicon& lexicon) {
  VerbForms forms(lexicon);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    std::string& text = tokens[i].text;
    const std::string lower = english::lower_case(text);
    const std::string before = i > 0 ? english::lower_case(tokens[i - 1].text) : "";
    const bool plain =
        std::any_of(std::begin(kPlain), std::end(kPlain), [&](const auto& form) { return form.first == lower; });
    if (tokens[i].whole || plain || lower == "finished" || (lower != text && i > 0)) continue;
    if (lower == "got" && english::listed("|have|has|haven't|hasn't|not|", before)) {
      tokens.erase(tokens.begin() + static_cast<std::ptrdiff_t>(i--));
      continue;
    }
    const std::vector<IconType> types = types_of(text, lexicon);
    const bool saw = types == std::vector{IconType::kNoun} && english::listed("|i|he|she|we|they|you|", before);
    const bool unknown = types.empty() && word_of({lower, IconType::kNoun, ""}, lexicon).role == Role::kNoun;
    if (!saw && !unknown) continue;
    if (std::string verb = forms.of_past(lower); !verb.empty()) {
      text = std::move(verb);
      tokens.insert(tokens.begin() + static_cast<std::ptrdiff_t>(i++), {"past", false});
    } else if (verb = unknown ? forms.of_third(lower) : ""; !verb.empty()) {
      text = std::move(verb);
    } else if (verb = unknown && is_doing(tokens, i) ? forms.of_gerund(lower) : ""; !verb.empty()) {
      text = std::move(verb);
    }
  }
}

// "is mum here", "did you eat", "can I go": an order of words that asks. The subject is put first, and the question's
// icon added.
void mark_inverted(std::vector<Token>& tokens, const Lexicon& lexicon) {
  static constexpr std::string_view kFirst =
      "|is|are|am|was|were|isn't|aren't|wasn't|weren't|did|didn't|does|doesn't|will|won't|";
  static constexpr std::string_view kModals = "|can|could|may|shall|should|would|can't|couldn't|";
  std::size_t first = 0;
  while (first + 1 < tokens.size() &&
         word_of({tokens[first].text, IconType::kNoun, ""}, lexicon).role == Role::kInterjection)
    ++first;
  if (tokens.size() < first + 3 || tokens[first].whole || tokens[first + 1].whole) return;
  const std::string verb = english::lower_case(tokens[first].text);
  const bool modal = english::listed(kModals, verb);
  if (!modal && (!english::listed(kFirst, verb) || lexicon.find(tokens[first].text) != nullptr)) return;
  const std::string second = english::lower_case(tokens[first + 1].text);
  const std::size_t subject = first + (english::listed("|my|your|his|her|our|their|the|", second) ? 2 : 1);
  const Pronoun* pronoun = pronoun_of(second);
  const LexiconEntry* noun = lexicon.find(tokens[subject].text, IconType::kNoun);
  const bool nominative = pronoun != nullptr && second == english::lower_case(pronoun->subject);
  const bool named =
      noun != nullptr && !tokens[subject].whole && (subject > first + 1 || word_of(noun->icon, lexicon).name);
  const bool asks = std::any_of(tokens.begin(), tokens.end(), [](const Token& token) {
    return token.text == "?" || token.text == "question" || token.text == ".";
  });
  const bool only_denies = subject + 2 == tokens.size() && (tokens.back().text == "no" || tokens.back().text == "not");
  if (asks || only_denies || subject + 1 == tokens.size() ||
      !(nominative || (!modal && (named || second == "that" || second == "this"))))
    return;
  if (verb == "did") tokens[first].text = "past";
  const auto at = [&](std::size_t i) { return tokens.begin() + static_cast<std::ptrdiff_t>(i); };
  if (!modal) std::rotate(at(first), at(first) + 1, at(subject) + 1);
  tokens.push_back({"?", false});
}

// "apple?" is an apple and a question; "what is your name?" may be an icon of its own.
void split_marks(std::vector<Token>& tokens, const Lexicon& lexicon) {
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    std::string& text = tokens[i].text;
    if (tokens[i].whole || text.size() < 2 || (text.back() != '?' && text.back() != '.') ||
        lexicon.find(text) != nullptr)
      continue;
    Token mark{std::string(1, text.back()), false};
    text.pop_back();
    tokens.insert(tokens.begin() + static_cast<std::ptrdiff_t>(i) + 1, mark);
  }
}

}  // namespace

std::vector<IconType> types_of(const std::string& word, const Lexicon& lexicon) {
  std::vector<IconType> types;
  for (const IconType type :
       {IconType::kNoun, IconType::kVerb, IconType::kCliticPronoun, IconType::kAdjective, IconType::kNegated,
        IconType::kTensePast, IconType::kTenseFuture, IconType::kDot, IconType::kQuestion, IconType::kPreposition})
    if (lexicon.find(word, type) != nullptr) types.push_back(type);
  return types;
}

std::vector<std::string> typed_words(std::string_view text, const Lexicon& lexicon) {
  std::vector<Token> tokens =
      text.find(',') != std::string_view::npos ? tokens_between_commas(text) : tokens_between_spaces(text);
  split_marks(tokens, lexicon);
  mark_inverted(tokens, lexicon);
  split_inflected(tokens, lexicon);
  split_forms(tokens, lexicon);
  std::vector<std::string> words;
  for (std::size_t at = 0; at < tokens.size();) at += longest_icon(tokens, at, lexicon, words.emplace_back());
  return words;
}

}  // namespace aacft
