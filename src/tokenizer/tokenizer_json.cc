// Reads tokenizer.json. What would change ids and is not done here is refused by name: wrong ids are worse
// than none.
#include <algorithm>
#include <initializer_list>
#include <limits>
#include <nlohmann/json.hpp>
#include <span>

#include "aacft/base/error.h"
#include "aacft/base/utf8.h"
#include "aacft/formats/json.h"
#include "aacft/unicode/characters.h"
#include "aacft/unicode/nfc.h"
#include "bpe_tables.h"

namespace aacft {
namespace {

using nlohmann::json;

// Ids that a file may leave out, beside as many as it has. Real ones leave out none; keeps a wrong id from asking for
// all the memory there is.
constexpr std::int64_t kMostGaps = 1 << 16;

// A value together with its name, for errors. What is missing counts as null.
class Field {
 public:
  Field(const std::filesystem::path& file, std::string name, const json& value)
      : file_(file), name_(std::move(name)), value_(value) {}

  template <typename... Parts>
  [[noreturn]] void fail(const Parts&... parts) const {
    throw Error(file_.string(), ": ", name_.empty() ? "" : name_ + ": ", parts...);
  }
  [[noreturn]] void unsupported() const {
    std::string value = value_.dump(-1, ' ', true, json::error_handler_t::replace);
    if (value.size() > 60) value = value.substr(0, 57) + "...";
    fail(value, " is not supported");
  }

  const json& value() const { return value_; }
  bool null() const { return value_.is_null(); }

  Field operator[](const std::string& key) const {
    static const json kMissing;
    if (!value_.is_object()) fail("must be an object");
    const auto found = value_.find(key);
    return {file_, name_.empty() ? key : name_ + "." + key, found == value_.end() ? kMissing : *found};
  }
  std::vector<Field> items() const {
    if (!value_.is_array()) fail("must be a list");
    std::vector<Field> items;
    items.reserve(value_.size());
    for (const json& item : value_) items.emplace_back(file_, name_ + "[" + std::to_string(items.size()) + "]", item);
    return items;
  }
  std::string string() const {
    if (!value_.is_string()) fail("must be a string");
    return value_.get<std::string>();
  }
  bool flag(bool fallback) const {
    if (null()) return fallback;
    if (!value_.is_boolean()) fail("must be true or false");
    return value_.get<bool>();
  }
  std::int32_t id(std::int64_t limit) const {
    if (!value_.is_number_integer() || value_ < 0 || value_ >= limit)
      fail("must be a token id from 0 to below ", limit);
    return value_.get<std::int32_t>();
  }

  // New keys may mean new rules.
  void only_keys(std::initializer_list<std::string_view> known) const {
    for (const auto& [key, ignored] : value_.items()) {
      if (std::find(known.begin(), known.end(), key) == known.end()) (*this)[key].unsupported();
    }
  }

  // The parts of {"type": "Sequence", list_key: [...]}, or the value itself; nothing for null.
  std::vector<Field> sequence(const char* list_key) const {
    if (null()) return {};
    if ((*this)["type"].string() == "Sequence") return (*this)[list_key].items();
    return {*this};
  }

 private:
  const std::filesystem::path& file_;
  std::string name_;
  const json& value_;
};

// Byte-level vocabularies spell a byte as one printable character: itself where it is one, else U+0100 and
// on.
std::unordered_map<std::string, char> bytes_by_character() {
  std::unordered_map<std::string, char> bytes;
  unsigned next = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const bool printable =
        (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || (byte >= 0xAE && byte <= 0xFF);
    const unsigned c = printable ? byte : next++;
    std::string character;
    if (c < 0x80) {
      character = {static_cast<char>(c)};
    } else {
      character = {static_cast<char>(0xC0 | c >> 6), static_cast<char>(0x80 | (c & 0x3F))};
    }
    bytes.emplace(character, static_cast<char>(byte));
  }
  return bytes;
}

class Reader {
 public:
  explicit Reader(const Field& root) : root_(root) {}

  // truncation and padding are left to whoever makes batches, as transformers does.
  BpeTables read() {
    const std::size_t tokens = root_["model"]["vocab"].value().size() + root_["added_tokens"].value().size();
    id_limit_ = std::min<std::int64_t>(2 * static_cast<std::int64_t>(tokens) + kMostGaps,
                                       std::numeric_limits<std::int32_t>::max());
    read_normalizer(root_["normalizer"]);
    read_pre_tokenizer(root_["pre_tokenizer"]);
    read_model(root_["model"]);
    read_added_tokens(root_["added_tokens"]);
    check_post_processor(root_["post_processor"]);
    for (const Field& decoder : root_["decoder"].sequence("decoders")) {
      if (decoder["type"].string() != "ByteLevel") decoder["type"].unsupported();
    }
    return std::move(tables_);
  }

 private:
  using Step = BpeTables::WordStep::Kind;

  void read_normalizer(const Field& normalizer) {
    for (const Field& part : normalizer.sequence("normalizers")) {
      if (part["type"].string() != "NFC") part["type"].unsupported();
      tables_.nfc = true;
    }
  }

  // What parts the text, and at the end ByteLevel, which spells the bytes of the parts.
  void read_pre_tokenizer(const Field& pre_tokenizer) {
    const std::vector<Field> parts = pre_tokenizer.sequence("pretokenizers");
    if (parts.empty()) pre_tokenizer.unsupported();
    for (const Field& part : std::span(parts).first(parts.size() - 1)) {
      const std::string type = part["type"].string();
      if (type == "Split") {
        read_split(part);
      } else if (type == "Digits") {
        part.only_keys({"type", "individual_digits"});
        tables_.word_steps.push_back({part["individual_digits"].flag(false) ? Step::kDigits : Step::kDigitRuns});
      } else {
        part["type"].unsupported();
      }
    }
    const Field& last = parts.back();
    if (last["type"].string() != "ByteLevel") last["type"].unsupported();
    last.only_keys({"type", "add_prefix_space", "trim_offsets", "use_regex"});
    if (last["add_prefix_space"].flag(true)) tables_.word_steps.push_back({Step::kPrefixSpace});
    if (last["use_regex"].flag(true)) tables_.word_steps.push_back({Step::kPattern, WordPattern::kGpt2});
  }

  void read_split(const Field& split) {
    split.only_keys({"type", "pattern", "behavior", "invert"});
    split["pattern"].only_keys({"Regex"});
    const Field expression = split["pattern"]["Regex"];
    const std::optional<WordPattern> pattern = word_pattern(expression.string());
    if (!pattern) expression.fail("the pattern ", expression.string(), " is none of those that are known here");
    // The known patterns match all of a text, so that to keep only the matches is the same as to isolate them.
    const std::string behavior = split["behavior"].string();
    const bool invert = split["invert"].flag(false);
    if (behavior != "Isolated" && !(behavior == "Removed" && invert)) split["behavior"].unsupported();
    tables_.word_steps.push_back({Step::kPattern, *pattern});
  }

  void read_model(const Field& model) {
    if (const Field type = model["type"]; !type.null() && type.string() != "BPE") type.unsupported();
    model.only_keys({"type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk",
                     "byte_fallback", "ignore_merges", "vocab", "merges"});
    if (const Field dropout = model["dropout"]; !dropout.null() && dropout.value() != 0) dropout.unsupported();
    for (const char* affix : {"continuing_subword_prefix", "end_of_word_suffix"}) {
      if (const Field field = model[affix]; !field.null() && field.value() != "") field.unsupported();
    }
    if (model["byte_fallback"].flag(false)) model["byte_fallback"].unsupported();
    read_vocab(model["vocab"]);
    read_merges(model["merges"]);
    if (model["ignore_merges"].flag(false)) {
      for (const auto& [piece, id] : tables_.ids) {
        if (const auto bytes = spelt_bytes(piece)) tables_.whole_words.emplace(*bytes, id);
      }
    }
    // Without unk_token a byte that has no token is dropped. With it, bytes must all have one. These never
    // occur in UTF-8: C0, C1, F5 and on.
    if (const Field unk = model["unk_token"]; !unk.null()) {
      for (std::size_t byte = 0; byte < 0xF5; ++byte) {
        if (tables_.byte_ids[byte] < 0 && byte != 0xC0 && byte != 0xC1) unk.unsupported();
      }
    }
  }

  void read_vocab(const Field& vocab) {
    if (!vocab.value().is_object() || vocab.value().empty()) vocab.fail("must be an object of tokens and ids");
    for (const auto& [piece, ignored] : vocab.value().items()) {
      const std::int32_t id = vocab[piece].id(id_limit_);
      BpeTables::Entry& entry = entry_at(id);
      if (entry.kind != ByteBpe::Kind::kUnused) vocab[piece].fail("id ", id, " belongs to \"", entry.piece, "\" too");
      entry = {piece, bytes_of(piece), ByteBpe::Kind::kNormal};
      tables_.ids.emplace(piece, id);
    }
    tables_.byte_ids.fill(-1);
    for (const auto& [character, byte] : byte_of_) {
      const auto found = tables_.ids.find(character);
      if (found != tables_.ids.end()) tables_.byte_ids[static_cast<unsigned char>(byte)] = found->second;
    }
  }

  void read_merges(const Field& merges) {
    for (const Field& merge : merges.items()) {
      std::string left, right;
      if (merge.value().is_array()) {
        const std::vector<Field> pair = merge.items();
        if (pair.size() != 2) merge.fail("must be a pair of tokens");
        left = pair[0].string();
        right = pair[1].string();
      } else {
        const std::string line = merge.string();
        if (line.starts_with("#version")) continue;
        const std::size_t space = line.find(' ');
        if (space == std::string::npos || line.find(' ', space + 1) != std::string::npos) {
          merge.fail("\"", line, "\" must be two tokens and a space between them");
        }
        left = line.substr(0, space);
        right = line.substr(space + 1);
      }
      const auto id_of = [&](const std::string& piece) {
        const auto found = tables_.ids.find(piece);
        if (found == tables_.ids.end()) merge.fail("\"", piece, "\" is not in model.vocab");
        return found->second;
      };
      const std::int32_t left_id = id_of(left), right_id = id_of(right);
      const auto rank = static_cast<std::uint32_t>(tables_.merges.size());
      tables_.merge_of.insert_or_assign(BpeTables::pair(left_id, right_id),
                                        BpeTables::Merge{rank, id_of(left + right)});
      tables_.merges.emplace_back(left_id, right_id);
    }
  }

  void read_added_tokens(const Field& tokens) {
    if (tokens.null()) return;
    std::array<bool, 2> starts_with_space{};  // among those looked for in raw and in normalised text
    auto next_id = static_cast<std::int32_t>(tables_.ids.size());
    for (const Field& token : tokens.items()) {
      token.only_keys({"id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"});
      const std::int32_t id = token["id"].id(id_limit_);
      const std::string content = token["content"].string();
      if (content.empty()) token["content"].fail("must not be empty");
      if (token["single_word"].flag(false)) token["single_word"].unsupported();
      const bool special = token["special"].flag(false);
      // The reference numbers new tokens itself, one after the other, whatever the file says.
      if (tables_.ids.find(content) == tables_.ids.end() && id != next_id) {
        token["id"].fail(id, " leaves a gap: the next id for a token that is not in model.vocab is ", next_id);
      }
      next_id = std::max(next_id, id + 1);

      BpeTables::Entry& entry = entry_at(id);
      if (entry.kind != ByteBpe::Kind::kUnused && entry.piece != content) {
        token["id"].fail(id, " belongs to \"", entry.piece, "\" already");
      }
      if (const auto [known, is_new] = tables_.ids.emplace(content, id); !is_new && known->second != id) {
        token["id"].fail("\"", content, "\" has the id ", known->second, " already");
      }
      entry = {content, content, special ? ByteBpe::Kind::kSpecial : ByteBpe::Kind::kAdded};

      const bool normalized = token["normalized"].flag(!special);
      AddedTokens& added = normalized ? tables_.normalized_added : tables_.raw_added;
      const std::string text(Nfc(content, normalized && tables_.nfc).text());
      if (!added.add(text, id, token["lstrip"].flag(false), token["rstrip"].flag(false))) {
        token["content"].fail("there is an added token with this text already");
      }
      starts_with_space[normalized] |= leading_space(text) > 0;
    }
    // The reference lets such tokens overlap; what it returns then repeats text.
    for (const Field& token : tokens.items()) {
      const bool normalized = token["normalized"].flag(!token["special"].flag(false));
      if (token["rstrip"].flag(false) && starts_with_space[normalized]) {
        token["rstrip"].fail("not supported beside added tokens that begin with white space");
      }
    }
  }

  // Tokens around the text are the caller's choice here, so a file that wants some is refused.
  void check_post_processor(const Field& post_processor) {
    for (const Field& part : post_processor.sequence("processors")) {
      const std::string type = part["type"].string();
      if (type == "ByteLevel") continue;  // only about offsets
      if (type != "TemplateProcessing") part["type"].unsupported();
      for (const Field& item : part["single"].items()) item.only_keys({"Sequence"});
    }
  }

  BpeTables::Entry& entry_at(std::int32_t id) {
    const auto index = static_cast<std::size_t>(id);
    if (index >= tables_.entries.size()) tables_.entries.resize(index + 1);
    return tables_.entries[index];
  }

  // Vocabulary entries that are not spelt in byte characters stand for themselves.
  std::string bytes_of(const std::string& piece) const { return spelt_bytes(piece).value_or(piece); }

  std::optional<std::string> spelt_bytes(const std::string& piece) const {
    std::string bytes;
    for (std::size_t pos = 0; pos < piece.size();) {
      const std::size_t begin = pos;
      next_code_point(piece, pos);
      const auto byte = byte_of_.find(piece.substr(begin, pos - begin));
      if (byte == byte_of_.end()) return std::nullopt;
      bytes += byte->second;
    }
    return bytes;
  }

  const Field& root_;
  std::int64_t id_limit_ = 0;
  const std::unordered_map<std::string, char> byte_of_ = bytes_by_character();
  BpeTables tables_;
};

}  // namespace

BpeTables read_tokenizer_json(const std::filesystem::path& file) {
  const json content = read_json_object(file);
  const Field root(file, "", content);
  return Reader(root).read();
}

}  // namespace aacft
