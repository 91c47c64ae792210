// Icons, from a prompt or as words, and the sentence made of them.
#include "aacft/realise/icon_words.h"
#include "aacft/realise/realiser.h"
#include "fuzz/target.h"

namespace aacft::fuzz {
namespace {

const Lexicon& lexicon() {
  static const Lexicon words = Lexicon::parse(
      "word\tpicture\ttype\tcategory\tforms\temoji\nI\tme.png\tNOUN\tpeople\tpronoun\t\ndog\tdog."
      "png\tNOUN\tanimals\t\t\nmum\tmum.png\tNOUN\tpeople\tname\t\n"
      "rice\trice.png\tNOUN\tfood\tmass\t\nhello\thello.png\tNOUN\texpressions\tphrase\t\ngo\tgo."
      "png\tVERB\tverbs\tpast:went\t\nwant\twant.png\tVERB\tverbs\t\t\n"
      "be\tbe.png\tVERB\tverbs\t\t\nbig\tbig.png\tADJECTIVE\tqualities\t\t\nbehind\tbehind."
      "png\tADJECTIVE\tplaces\tplace\t\nlet's\tlets.png\tNOUN\tgrammar\t\t\n",
      "words.tsv", {});
  return words;
}

void draft(const std::vector<Icon>& icons) {
  const std::string sentence = realise(icons, lexicon());
  require(!sentence.empty() && std::string_view(".?!").find(sentence.back()) != std::string_view::npos,
          "a sentence ends with its mark");
  require(sentence.size() < 1000 + 200 * icons.size() * 3, "a sentence is as long as its icons explain");
}

}  // namespace

void run(std::string_view input) {
  try {
    const std::vector<Icon> icons = icons_of_prompt(input);
    require(icons_of_prompt(prompt_of_icons(icons)) == icons, "icons come back from their prompt");
    draft(icons);
  } catch (const Error&) {}
  draft(icons_of_words(input.substr(0, 2000), lexicon(), nullptr));
}

}  // namespace aacft::fuzz
