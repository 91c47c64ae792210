#include "aacft/boards/board.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "aacft/base/error.h"
#include "aacft/base/text.h"
#include "aacft/formats/json.h"
#include "boards/labels.h"

namespace aacft {
namespace {

using nlohmann::json;

constexpr std::size_t kMostIcons = 1'000'000;  // over all slots; a category in many cells would fill the memory

class BoardParser {
 public:
  BoardParser(const std::string& where, const Lexicon& lexicon, bool offensive)
      : where_(where), lexicon_(lexicon), offensive_(offensive) {}

  Board parse(const json& object) {
    check_keys(object, where_, {"name", "comment", "words", "verbs", "pages"});
    Board board;
    board.name = text(object, "name", where_, "board");
    if (object.contains("words")) parse_words(object.at("words"));
    const json& pages = array(object, "pages", where_);
    if (pages.empty()) throw Error(where_, ": \"pages\" is empty; a board has at least one page");
    for (std::size_t i = 0; i < pages.size(); ++i)
      board.pages.push_back(page(pages[i], where_ + ": page " + std::to_string(i + 1)));
    if (board.num_slots() == 0) throw Error(where_, ": no page has a slot");
    if (board.pages[0].slots.empty()) throw Error(where_, ": page 1 has no slot");
    if (object.contains("verbs")) board.verbs = verbs(array(object, "verbs", where_), board.pages[0]);
    for (const auto& [key, meaning] : words_)
      if (!meaning.used) throw Error(where_, ": no page has a cell \"", key, "\", which \"words\" explains");
    return board;
  }

 private:
  struct Meaning {
    std::string word, clitic, picture;
    std::optional<IconType> type;
    std::vector<std::string> categories;
    bool subject = true, used = false;
  };

  static void check_keys(const json& object, const std::string& where, const std::vector<std::string>& known) {
    if (!object.is_object()) throw Error(where, ": an object was expected, not ", object.dump());
    for (const auto& [key, value] : object.items()) {
      if (std::find(known.begin(), known.end(), key) != known.end()) continue;
      const std::string nearest = nearest_name(key, known);
      throw Error(where, ": unknown key \"", key, "\"; ",
                  nearest.empty() ? "there are " + listed(known) : "did you mean \"" + nearest + "\"?");
    }
  }

  static std::string text(const json& object, const char* key, const std::string& where, const std::string& otherwise) {
    if (!object.contains(key)) return otherwise;
    if (!object.at(key).is_string()) throw Error(where, ": \"", key, "\" must be a string");
    return object.at(key).get<std::string>();
  }

  static const json& array(const json& object, const char* key, const std::string& where) {
    if (!object.contains(key) || !object.at(key).is_array()) throw Error(where, ": \"", key, "\" must be a list");
    return object.at(key);
  }

  void parse_words(const json& words) {
    if (!words.is_object()) throw Error(where_, ": \"words\" must be an object");
    for (const auto& [key, value] : words.items()) {
      const std::string where = where_ + ": words, \"" + key + "\"";
      check_keys(value, where, {"word", "type", "picture", "clitic", "categories", "subject"});
      Meaning meaning{.word = text(value, "word", where, key),
                      .clitic = text(value, "clitic", where, ""),
                      .picture = text(value, "picture", where, "")};
      if (const std::string type = text(value, "type", where, ""); !type.empty()) {
        meaning.type = icon_type_named(type);
        if (!meaning.type) throw Error(where, ": \"", type, "\" is not a type; NOUN, VERB, ADJECTIVE, ... are");
      }
      if (!meaning.picture.empty() && !meaning.type) throw Error(where, ": \"picture\" needs a \"type\"");
      if (value.contains("categories"))
        for (const json& name : array(value, "categories", where)) {
          if (!key.starts_with('[')) throw Error(where, ": \"categories\" are those of a [category]");
          if (!name.is_string()) throw Error(where, ": \"categories\" must be a list of names");
          meaning.categories.push_back(name.get<std::string>());
        }
      if (value.contains("subject")) {
        if (!value.at("subject").is_boolean()) throw Error(where, ": \"subject\" must be true or false");
        meaning.subject = value.at("subject").get<bool>();
      }
      check_usable(meaning.word, meaning.picture, where);
      if (!meaning.clitic.empty()) check_usable(meaning.clitic, "", where);
      words_.emplace(key, std::move(meaning));
    }
  }

  static void check_usable(const std::string& word, const std::string& picture, const std::string& where) {
    if (!fits_prompt(word, picture))
      throw Error(where, ": \"", word, "\"", picture.empty() ? "" : " with the picture \"" + picture + "\"",
                  " cannot stand in a prompt: a word is on one line of at most 200 bytes, without \" ; \", \" }\" and "
                  "outer spaces; a picture's name has neither spaces nor \";\", \"{\" or \"}\"");
  }

  BoardPage page(const json& object, const std::string& where) {
    check_keys(object, where, {"name", "numbered", "rows"});
    BoardPage page;
    page.name = text(object, "name", where, "");
    const json& rows = array(object, "rows", where);
    page.rows = rows.size();
    for (std::size_t row = 0; row < rows.size(); ++row) {
      if (!rows[row].is_array()) throw Error(where, ", row ", row + 1, ": a list of cells was expected");
      page.columns = std::max(page.columns, rows[row].size());
      for (std::size_t column = 0; column < rows[row].size(); ++column) {
        const json& cell = rows[row][column];
        const std::string place = where + ", row " + std::to_string(row + 1) + ", column " + std::to_string(column + 1);
        if (cell.is_null()) continue;
        if (!cell.is_string() || cell.get_ref<const std::string&>().empty())
          throw Error(place, ": a word, a [category] or null was expected, not ", cell.dump());
        page.slots.push_back(slot(cell.get<std::string>(), place));
        page.slots.back().row = row;
        page.slots.back().column = column;
      }
    }
    const std::string numbered = text(object, "numbered", where, "rows");
    if (numbered != "rows" && numbered != "columns")
      throw Error(where, ": \"numbered\" is \"rows\" or \"columns\", not \"", numbered, "\"");
    if (numbered == "columns")
      std::stable_sort(page.slots.begin(), page.slots.end(),
                       [](const Slot& a, const Slot& b) { return a.column < b.column; });
    return page;
  }

  Slot slot(const std::string& cell, const std::string& place) {
    Slot slot{.label = cell, .category = cell.starts_with('[')};
    const auto found = words_.find(cell);
    if (found != words_.end()) {
      found->second.used = true;
      slot.subject = found->second.subject;
    }
    const Meaning meaning = found == words_.end() ? Meaning{.word = cell} : found->second;
    if (slot.category) {
      if (!cell.ends_with(']')) throw Error(place, ": \"", cell, "\" lacks its \"]\"");
      for (const std::string& name :
           meaning.categories.empty() ? std::vector{cell.substr(1, cell.size() - 2)} : meaning.categories)
        add_category(name, place, slot.icons);
    } else {
      slot.icons = {meaning.picture.empty() ? known(meaning, place)
                                            : Icon{meaning.word, *meaning.type, meaning.picture}};
      if (!meaning.clitic.empty()) slot.clitic = Icon{meaning.clitic, IconType::kCliticPronoun, slot.icons[0].picture};
    }
    return slot;
  }

  Icon known(const Meaning& meaning, const std::string& place) const {
    if (const LexiconEntry* entry =
            meaning.type ? lexicon_.find(meaning.word, *meaning.type) : lexicon_.find(meaning.word))
      return entry->icon;
    std::vector<std::string> words;
    for (const LexiconEntry& entry : lexicon_.entries()) words.push_back(entry.icon.word);
    const std::string nearest = nearest_name(meaning.word, words);
    throw Error(place, ": the lexicon has no word \"", meaning.word, "\"",
                meaning.type ? " of type " + std::string(name_of(*meaning.type)) : "",
                nearest.empty() || nearest == meaning.word ? "" : "; did you mean \"" + nearest + "\"?",
                "; or give its \"type\" and \"picture\" in \"words\"");
  }

  void add_category(const std::string& name, const std::string& place, std::vector<Icon>& icons) {
    const std::vector<std::size_t>& members = lexicon_.category(name);
    if (members.empty()) {
      const auto known = lexicon_.categories();
      throw Error(place, ": the lexicon has no category \"", name, "\"; its categories are ",
                  known.empty() ? "none" : listed(known, 40));
    }
    icons_ += members.size();
    if (icons_ > kMostIcons) throw Error(place, ": the board holds more than ", kMostIcons, " icons");
    const std::size_t before = icons.size();
    for (const std::size_t index : members)
      if (const LexiconEntry& entry = lexicon_.entries()[index]; offensive_ || !entry.offensive)
        icons.push_back(entry.icon);
    if (icons.size() == before)
      throw Error(place, ": every word of the category \"", name, "\" is flagged as offensive");
  }

  std::vector<std::size_t> verbs(const json& cells, const BoardPage& first) const {
    std::vector<std::size_t> verbs;
    for (const json& cell : cells) {
      const auto found = std::find_if(first.slots.begin(), first.slots.end(), [&](const Slot& slot) {
        return cell.is_string() && slot.label == cell.get_ref<const std::string&>();
      });
      if (found == first.slots.end())
        throw Error(where_, ": \"verbs\" names ", cell.dump(), ", which is no cell of page 1");
      verbs.push_back(static_cast<std::size_t>(found - first.slots.begin()));
    }
    return verbs;
  }

  const std::string where_;
  const Lexicon& lexicon_;
  const bool offensive_;
  std::map<std::string, Meaning> words_;
  std::size_t icons_ = 0;
};

}  // namespace

std::size_t Board::num_slots() const {
  std::size_t count = 0;
  for (const BoardPage& page : pages) count += page.slots.size();
  return count;
}

Board parse_board(const json& object, const std::string& name, const Lexicon& lexicon, bool offensive) {
  return BoardParser(name, lexicon, offensive).parse(object);
}

Board read_board(const std::filesystem::path& file, const Lexicon& lexicon, bool offensive) {
  return parse_board(read_json_object(file), file.string(), lexicon, offensive);
}

}  // namespace aacft
