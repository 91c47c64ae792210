// Text from strangers, in a tokenizer that is sound.
#include "aacft/base/text.h"

#include "aacft/base/utf8.h"
#include "aacft/tokenizer/bpe.h"
#include "aacft/tokenizer/tokenizer_json.h"
#include "aacft/unicode/nfc.h"
#include "fuzz/target.h"
#include "support/paths.h"

void aacft::fuzz::run(std::string_view input) {
  static const Bpe tokenizer(read_tokenizer_json(testing::goldens_dir() / "tokenizer/tokenizer.json"));
  require(valid_utf8(lossy_utf8(input)), "lossy text is valid");
  require(complete_utf8_prefix(input) + 3 >= input.size(), "at most three bytes are held back");
  if (!valid_utf8(input)) {
    require(first_invalid_utf8(input) < input.size(), "the first invalid byte is in the text");
    tokenizer.encode(input);
    require(false, "invalid text is refused");
  }
  const Nfc nfc(input);
  require(Nfc(nfc.text()).text() == nfc.text(), "composing twice changes nothing");
  std::size_t begin = 0, end = 0;
  std::vector<std::int32_t> ids;
  for (const Token& token : tokenizer.encode_with_offsets(input)) {
    require(begin <= token.begin && end <= token.end && token.begin <= end && token.end <= input.size(),
            "offsets cover the text in order");
    begin = token.begin, end = token.end;
    ids.push_back(token.id);
  }
  require(end == input.size(), "offsets cover the text");
  require(tokenizer.decode(ids) == nfc.text(), "decode(encode(text)) == text in NFC");
}
