#include "serve/tapped.h"

#include <optional>
#include <string>

#include "aacft/base/text.h"

namespace aacft {

using nlohmann::json;

namespace {

[[noreturn]] void refuse_icons(const std::string& reason) {
  throw HttpError(400, "\"icons\" " + reason, "icons", "invalid_value");
}

Icon icon_of(const json& object, const Lexicon& lexicon) {
  if (!object.is_object()) refuse_icons("must be a list of {\"word\", \"type\", \"picture\"}");
  JsonBody members(object);
  const std::string word = one_line(members.text("word", 200).value_or(""));
  const std::string type_name = members.text("type", 50).value_or("");
  std::string picture = members.text("picture", 200).value_or("");
  members.refuse_rest();
  if (word.empty()) refuse_icons("has one without a word");
  const std::optional<IconType> type = icon_type_named(type_name);
  if (!type_name.empty() && !type) refuse_icons("has the unknown type " + in_quotes(type_name));
  const LexiconEntry* entry = type ? lexicon.find(word, *type) : lexicon.find(word);
  Icon icon{word, type.value_or(entry != nullptr ? entry->icon.type : IconType::kNoun), std::move(picture)};
  if (icon.picture.empty()) icon.picture = entry != nullptr ? entry->icon.picture : picture_of_word(word);
  for (const std::string* text : {&icon.word, &icon.picture})
    if (const auto problem = unfit_for_prompt(*text)) refuse_icons("has " + in_quotes(*text) + ", which " + *problem);
  if (icon.picture.find_first_of(" ;{}") != icon.picture.npos) refuse_icons("has a picture whose name has blanks");
  return icon;
}

}  // namespace

std::vector<Icon> tapped_icons(JsonBody& body, const Lexicon& lexicon, std::size_t most) {
  const json* list = body.find("icons");
  if (list == nullptr || !list->is_array() || list->empty()) refuse_icons("must be a list with at least one icon");
  if (list->size() > most) refuse_icons("has more than " + std::to_string(most) + " icons");
  std::vector<Icon> icons;
  for (const json& object : *list) icons.push_back(icon_of(object, lexicon));
  return icons;
}

json icon_json(const Icon& icon) {
  return {{"word", icon.word}, {"type", name_of(icon.type)}, {"picture", icon.picture}};
}

}  // namespace aacft
