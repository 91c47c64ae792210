// Tables of words: our own and the talk's.
#include "aacft/boards/lexicon.h"

#include "fuzz/target.h"

namespace aacft::fuzz {

void run(std::string_view input) {
  const Lexicon lexicon = Lexicon::parse(input, "words.tsv", [](const std::string&) {});
  require(!lexicon.entries().empty(), "a lexicon has entries");
  std::size_t listed = 0, in_categories = 0;
  for (const std::string& category : lexicon.categories())
    listed += category.empty() ? 0 : lexicon.category(category).size();
  for (const LexiconEntry& entry : lexicon.entries()) in_categories += !entry.category.empty();
  require(listed == in_categories, "an entry has one category at most");
  for (const LexiconEntry& entry : lexicon.entries()) {
    require(!unfit_for_prompt(entry.icon.word) && !unfit_for_prompt(entry.icon.picture),
            "words and pictures may stand in a prompt");
    require(icons_of_prompt(prompt_of_icons({entry.icon})) == std::vector{entry.icon},
            "an icon comes back from its prompt");
    const LexiconEntry* found = lexicon.find(entry.icon);
    require(found != nullptr && found->icon.type == entry.icon.type, "an icon of the lexicon is found in it");
  }
}

}  // namespace aacft::fuzz
