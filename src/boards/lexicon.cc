#include "aacft/boards/lexicon.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <map>
#include <set>
#include <tuple>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/base/text.h"
#include "aacft/base/utf8.h"
#include "aacft/data/turns.h"
#include "aacft/unicode/characters.h"

namespace aacft {
namespace {

constexpr std::size_t kMostColumns = 100, kMostForms = 100, kMostBytes = 1000;  // of a line, of an entry, of a field
constexpr std::size_t kMostNameBytes = 200;                                     // of a word or picture
constexpr std::size_t kMostWarnings = 20;

// Trimmed, and runs of spaces inside made one.
std::string single_spaced(std::string_view text) {
  std::string result;
  for (const char c : trimmed(text))
    if (c != ' ' || result.back() != ' ') result += c;
  return result;
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0;;) {
    const std::size_t end = text.find(separator, begin);
    parts.push_back(trimmed(text.substr(begin, end == text.npos ? end : end - begin)));
    if (end == text.npos) return parts;
    begin = end + 1;
  }
}

// What words are compared by: case folded, composed, one kind of apostrophe. Invalid UTF-8 is only its own equal.
std::string key_of(std::string_view word) {
  const std::string key = case_folded(word);
  constexpr std::string_view kCurly = "\u2019";
  std::string plain;
  for (std::size_t i = 0; i < key.size();) {
    const bool curly = std::string_view(key).substr(i).starts_with(kCurly);
    plain += curly ? '\'' : key[i];
    i += curly ? kCurly.size() : 1;
  }
  return plain;
}

// Names of parts of speech that other tables use. Subject pronouns and set phrases are NOUNs to a board; words that say
// how, where, when or how many are ADJECTIVEs; joining words are PREPOSITIONs.
constexpr std::array<std::pair<std::string_view, IconType>, 30> kPartsOfSpeech = {{
    {"n", IconType::kNoun},
    {"proper noun", IconType::kNoun},
    {"propn", IconType::kNoun},
    {"pron", IconType::kNoun},
    {"pronoun", IconType::kNoun},
    {"interjection", IconType::kNoun},
    {"phrase", IconType::kNoun},
    {"expression", IconType::kNoun},
    {"clitic", IconType::kCliticPronoun},
    {"v", IconType::kVerb},
    {"aux", IconType::kVerb},
    {"auxiliary", IconType::kVerb},
    {"modal", IconType::kVerb},
    {"adj", IconType::kAdjective},
    {"a", IconType::kAdjective},
    {"adv", IconType::kAdjective},
    {"adverb", IconType::kAdjective},
    {"det", IconType::kAdjective},
    {"determiner", IconType::kAdjective},
    {"article", IconType::kAdjective},
    {"num", IconType::kAdjective},
    {"number", IconType::kAdjective},
    {"numeral", IconType::kAdjective},
    {"quantifier", IconType::kAdjective},
    {"prep", IconType::kPreposition},
    {"adp", IconType::kPreposition},
    {"conj", IconType::kPreposition},
    {"conjunction", IconType::kPreposition},
    {"negation", IconType::kNegated},
    {"negative", IconType::kNegated},
}};

std::optional<IconType> type_named(std::string_view name) {
  if (const auto type = icon_type_named(name)) return type;
  const std::string wanted = lower(name);
  for (const auto& [known, type] : kPartsOfSpeech)
    if (known == wanted) return type;
  return std::nullopt;
}

const std::set<std::string_view>& form_keys() {
  static const std::set<std::string_view> keys = {
      "plural", "mass",       "name",       "pair",       "phrase",      "person",
      "the",    "bare",       "article",    "pronoun",    "preposition",                  // nouns
      "past",   "participle", "third",      "ing",        "to",          "intransitive",  // verbs
      "place",  "time",       "manner",     "degree",     "number",      "determiner",
      "of",     "question",   "noun_after", "conjunction"};  // the rest
  return keys;
}

// Things odd but usable: each kind is told once, with its first line and how often it came.
class Oddities {
 public:
  Oddities(const std::string& name, const Warn& warn) : name_(name), warn_(warn) {}

  void add(std::size_t line, const std::string& what) {
    const auto [found, is_new] = counts_.try_emplace(what, line, 0);
    if (is_new) order_.push_back(what);
    ++found->second.second;
  }

  void tell() const {
    if (!warn_) return;
    for (std::size_t i = 0; i < std::min(order_.size(), kMostWarnings); ++i) {
      const auto& [line, count] = counts_.at(order_[i]);
      const std::string more = count > 1 ? " (and " + std::to_string(count - 1) + " more lines like it)" : "";
      warn_(name_ + ":" + std::to_string(line) + ": " + order_[i] + more);
    }
    if (order_.size() > kMostWarnings)
      warn_(name_ + ": " + std::to_string(order_.size() - kMostWarnings) + " more kinds of oddities");
  }

 private:
  const std::string& name_;
  const Warn& warn_;
  std::map<std::string, std::pair<std::size_t, std::size_t>> counts_;  // first line, how many
  std::vector<std::string> order_;
};

class Parser {
 public:
  Parser(const std::string& name, const Warn& warn) : name_(name), oddities_(name, warn) {}

  Lexicon parse(std::string_view text) {
    if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF"))
      throw Error(name_, ": this is UTF-16; save it as UTF-8");
    while (!text.empty()) {
      ++line_;
      const std::size_t end = std::min(text.find('\n'), text.size());
      parse_line(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    if (entries_.empty())
      throw Error(
          name_,
          ": no entries; expected a line with the columns' names (word, picture, type, ...) and then a word a line");
    oddities_.tell();
    return Lexicon(std::move(entries_));
  }

 private:
  enum class Format { kUnknown, kTabs, kBars };

  template <typename... Parts>
  [[noreturn]] void fail(const Parts&... parts) const {
    throw Error(name_, ":", line_, ": ", parts...);
  }

  void parse_line(std::string_view line) {
    if (!valid_utf8(line)) fail("not UTF-8; convert the file, for example: iconv -f windows-1252 -t utf-8");
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (trimmed(line).empty()) return;
    const bool comment = line.starts_with('#');
    if (format_ == Format::kUnknown && !comment) format_ = format_of(line);
    // In the talk's format # may be a word.
    if (comment && !(format_ != Format::kTabs && std::count(line.begin(), line.end(), '|') >= 8)) return;
    if (format_ == Format::kUnknown) format_ = Format::kBars;
    if (format_ == Format::kBars) return add_bars(line);
    if (columns_.empty()) return read_header(line);
    add_tabs(line);
  }

  Format format_of(std::string_view line) const {
    if (line.find('\t') != line.npos) return Format::kTabs;
    if (line.find('|') != line.npos) return Format::kBars;
    fail(
        "expected columns between tabs, the first line being their names (word, picture, type, category, forms, "
        "emoji), ",
        "or nine columns between \"|\"");
  }

  std::vector<std::string_view> fields_of(std::string_view line, char separator) const {
    auto fields = split(line, separator);
    if (fields.size() > kMostColumns) fail(fields.size(), " columns");
    for (const std::string_view field : fields)
      if (field.size() > kMostBytes) fail("a column of ", field.size(), " bytes; at most ", kMostBytes, " are taken");
    return fields;
  }

  void read_header(std::string_view line) {
    for (const std::string_view part : fields_of(line, '\t')) {
      const std::string column = lower(part);
      if (std::find(columns_.begin(), columns_.end(), column) != columns_.end())
        fail("the column \"", column, "\" is there twice");
      static const std::set<std::string> known = {"word", "picture", "type", "category", "forms", "emoji", "offensive"};
      if (!known.contains(column)) oddities_.add(line_, "the column \"" + column + "\" is not known and ignored");
      columns_.push_back(column);
    }
    for (const char* needed : {"word", "type"})
      if (std::find(columns_.begin(), columns_.end(), needed) == columns_.end())
        fail("the first line must name the columns between tabs (word, picture, type, category, forms, emoji); \"",
             needed, "\" is not among them");
  }

  void add_tabs(std::string_view line) {
    const auto fields = fields_of(line, '\t');
    // Editors strip empty fields at the end.
    if (fields.size() > columns_.size())
      fail(fields.size(), " columns; expected ", columns_.size(), ", as in the first line");
    const auto field = [&](std::string_view column) -> std::string_view {
      const auto index =
          static_cast<std::size_t>(std::find(columns_.begin(), columns_.end(), column) - columns_.begin());
      return index < fields.size() ? fields[index] : std::string_view();
    };
    if (field("type").empty()) fail("column \"type\": empty; expected NOUN, VERB, ADJECTIVE, ...; are tabs missing?");
    LexiconEntry entry;
    entry.icon = icon_of(field("word"), field("type"), field("picture"));
    entry.category = field("category");
    entry.forms = forms_of(field("forms"));
    entry.emoji = field("emoji");
    entry.offensive = flag_of(field("offensive"));
    add(std::move(entry));
  }

  void add_bars(std::string_view line) {
    auto fields = fields_of(line, '|');
    if (fields.size() == 10 && fields.back().empty()) fields.pop_back();
    if (fields.size() != 9)
      fail(fields.size(),
           " columns between \"|\"; expected 9: word, ascii, part of speech, colour, picture path, language, ",
           "category, list, offensive");
    LexiconEntry entry;
    const std::size_t slash = fields[4].find_last_of("/\\");
    entry.icon =
        icon_of(fields[0], fields[2], slash == std::string_view::npos ? fields[4] : fields[4].substr(slash + 1));
    entry.category = fields[6];
    entry.offensive = flag_of(fields[8]);
    add(std::move(entry));
  }

  Icon icon_of(std::string_view spaced, std::string_view type, std::string_view picture) {
    const std::string word = single_spaced(spaced);
    if (word.empty()) fail("column \"word\": empty");
    if (const auto wrong = unfit_for_prompt(word)) fail("column \"word\": \"", word, "\" ", *wrong);
    if (const auto wrong = unfit_for_prompt(picture)) fail("column \"picture\": \"", picture, "\" ", *wrong);
    const auto known = type_named(type);
    if (!known) oddities_.add(line_, "part of speech \"" + std::string(type) + "\" is not known; taken as NOUN");
    Icon icon{word, known.value_or(IconType::kNoun), picture.empty() ? picture_of_word(word) : std::string(picture)};
    std::replace_if(
        icon.picture.begin(), icon.picture.end(), [](char c) { return c == ' ' || c == ';' || c == '{'; }, '_');
    return icon;
  }

  std::vector<std::pair<std::string, std::string>> forms_of(std::string_view text) {
    std::vector<std::pair<std::string, std::string>> forms;
    if (text.empty()) return forms;
    const auto parts = split(text, ',');
    if (parts.size() > kMostForms) fail("column \"forms\": ", parts.size(), " forms");
    for (const std::string_view part : parts) {
      const std::size_t colon = std::min(part.find(':'), part.size());
      const std::string key(trimmed(part.substr(0, colon)));
      const std::string_view value = colon < part.size() ? trimmed(part.substr(colon + 1)) : std::string_view();
      if (key.empty() || key.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") != key.npos)
        fail("column \"forms\": \"", part, "\" is not a \"key\" or \"key:value\"");
      if (colon < part.size() && value.empty()) fail("column \"forms\": \"", part, "\" lacks its value");
      if (std::any_of(forms.begin(), forms.end(), [&](const auto& form) { return form.first == key; }))
        fail("column \"forms\": \"", key, "\" is there twice");
      if (!form_keys().contains(key)) oddities_.add(line_, unknown_key(key));
      forms.emplace_back(key, value);
    }
    return forms;
  }

  static std::string unknown_key(const std::string& key) {
    const std::string nearest = nearest_name(key, {form_keys().begin(), form_keys().end()});
    return "the form \"" + key + "\" is not known" + (nearest.empty() ? "" : "; did you mean \"" + nearest + "\"?");
  }

  bool flag_of(std::string_view text) const {
    const std::string flag = lower(text);
    if (flag == "1" || flag == "true") return true;
    if (flag.empty() || flag == "0" || flag == "false") return false;
    fail("column \"offensive\": \"", text, "\" is not 0, 1, true or false");
  }

  void add(LexiconEntry entry) {
    if (!seen_.emplace(entry.icon.word, entry.icon.type, entry.icon.picture, entry.category).second)
      return oddities_.add(line_, "an icon is there a second time in its category; dropped");
    entries_.push_back(std::move(entry));
  }

  const std::string& name_;
  Oddities oddities_;
  std::size_t line_ = 0;
  Format format_ = Format::kUnknown;
  std::vector<std::string> columns_;
  std::vector<LexiconEntry> entries_;
  std::set<std::tuple<std::string, IconType, std::string, std::string>> seen_;
};

}  // namespace

const std::string* LexiconEntry::form(std::string_view key) const {
  for (const auto& [name, value] : forms)
    if (name == key) return &value;
  return nullptr;
}

Lexicon Lexicon::read(const std::filesystem::path& file, const Warn& warn) {
  return parse(read_text(file), file.string(), warn);
}

Lexicon Lexicon::parse(std::string_view text, const std::string& name, const Warn& warn) {
  return Parser(name, warn).parse(text);
}

Lexicon::Lexicon(std::vector<LexiconEntry> entries) : entries_(std::move(entries)) {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    by_word_[key_of(entries_[i].icon.word)].push_back(i);
    if (!entries_[i].category.empty()) by_category_[entries_[i].category].push_back(i);
  }
}

template <typename Matches>
const LexiconEntry* Lexicon::find_where(std::string_view word, const Matches& matches) const {
  const auto found = by_word_.find(key_of(word));
  if (found == by_word_.end()) return nullptr;
  const LexiconEntry* first = nullptr;
  for (const std::size_t index : found->second) {
    const LexiconEntry& entry = entries_[index];
    if (!matches(entry.icon)) continue;
    if (entry.icon.word == word) return &entry;
    if (!first) first = &entry;
  }
  return first;
}

const LexiconEntry* Lexicon::find(std::string_view word, IconType type) const {
  return find_where(word, [&](const Icon& icon) { return icon.type == type; });
}

const LexiconEntry* Lexicon::find(std::string_view word) const {
  return find_where(word, [](const Icon&) { return true; });
}

const LexiconEntry* Lexicon::find(const Icon& icon) const {
  const auto same = [&](const Icon& known) { return known.type == icon.type && known.picture == icon.picture; };
  const LexiconEntry* entry = find_where(icon.word, same);
  if (!entry) entry = find(icon.word, icon.type);
  return entry ? entry : find(icon.word);
}

const std::vector<std::size_t>& Lexicon::category(const std::string& name) const {
  static const std::vector<std::size_t> none;
  const auto found = by_category_.find(name);
  return found == by_category_.end() ? none : found->second;
}

std::vector<std::string> Lexicon::categories() const {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const auto& indices = category(entries_[i].category);
    if (!indices.empty() && indices.front() == i) names.push_back(entries_[i].category);
  }
  return names;
}

std::string picture_of_word(std::string_view word) {
  std::string name;
  for (const char c : key_of(word)) {
    if (c == '\'') continue;  // "let's" -> "lets"
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) || (static_cast<unsigned char>(c) & 0x80);
    if (plain) name += c;
    else if (!name.empty() && name.back() != '_') name += '_';
  }
  while (name.ends_with('_')) name.pop_back();
  return (name.empty() ? "icon" : name) + ".png";
}

std::optional<std::string> unfit_for_prompt(std::string_view text) {
  if (std::any_of(text.begin(), text.end(), is_control)) return "holds a control character";
  if (text.find(" ;") != text.npos) return "holds \" ;\", which parts an icon's fields in prompts";
  if (text.find('}') != text.npos) return "holds \"}\", which ends an icon in prompts";
  if (holds_marker(text)) return "holds \"<bot>\" or \"<human>\", which begin a turn in prompts";
  if (text.size() > kMostNameBytes) return "is longer than " + std::to_string(kMostNameBytes) + " bytes";
  return std::nullopt;
}

}  // namespace aacft
