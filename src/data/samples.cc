#include "aacft/data/samples.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/formats/json.h"
#include "aacft/unicode/characters.h"

namespace aacft {
namespace {

using nlohmann::json;

Sample to_sample(const RowText& row, const Tokenizer& tokenizer, const DataOptions& options,
                 std::optional<std::int32_t> eos, std::int64_t context) {
  const std::vector<Token> tokens = tokenizer.encode_with_offsets(row.text);
  Sample sample;
  for (const Token& token : tokens) sample.ids.push_back(token.id);
  sample.ids = with_beginning(tokenizer, std::move(sample.ids));
  // The first token has nothing before it, and what goes around a text is not learnt.
  const std::size_t added = sample.ids.size() - tokens.size();
  const std::size_t silent = std::max<std::size_t>(1, tokenizer.beginning().size());
  sample.counts.resize(sample.ids.size());
  for (std::size_t i = std::max(added, silent); i < sample.ids.size(); ++i) {
    // The space before a word is part of the word's token, but never decides; Hugging Face's offsets leave it out.
    const auto [id, from, end] = tokens[i - added];
    std::size_t begin = from;
    while (begin + 1 < end && row.text[begin] == ' ') ++begin;
    const auto inside = [&](const auto& span) { return begin >= span.first && begin < span.second; };
    sample.counts[i] = std::any_of(row.spans.begin(), row.spans.end(), inside);
  }
  const bool ended = row.ended || (eos && !sample.ids.empty() && sample.ids.back() == *eos);
  if (options.append_eos && eos && !ended) {
    // The end belongs to what the row ends with.
    const bool counts = !row.spans.empty() && row.spans.back().second == row.text.size();
    sample.counts.push_back(counts && !sample.ids.empty());
    sample.ids.push_back(*eos);
  }
  const std::int64_t most = options.max_length > 0 ? std::min(options.max_length, context) : context;
  const auto length = static_cast<std::int64_t>(sample.ids.size());
  if (length > most) {
    if (!options.truncate)
      throw Error("the row has ", length, " tokens, more than ", most,
                  "; shorten it, or use --truncate or --skip-bad-rows");
    sample.ids.resize(static_cast<std::size_t>(most));
    sample.counts.resize(static_cast<std::size_t>(most));
  }
  if (sample.counted() == 0) throw Error("nothing in the row counts in the loss");
  return sample;
}

// As in lint, what has a place for an answer must have one.
void require_answer(const json& row, const RowText& text, const DataOptions& options) {
  const auto messages = messages_of(row, options);
  const auto says_nothing = [](std::string_view words) { return leading_space(words) == words.size(); };
  bool blank = std::any_of(messages.begin(), messages.end(), [&](const Message& message) {
    return message.role == "assistant" && says_nothing(message.content);
  });
  if (messages.empty() && row.contains("prompt"))
    blank = says_nothing(row.at("completion").get_ref<const std::string&>());
  else if (messages.empty() && options.mask_prompt)
    blank = std::all_of(text.spans.begin(), text.spans.end(), [&](const auto& span) {
      return says_nothing(std::string_view(text.text).substr(span.first, span.second - span.first));
    });
  if (blank) throw Error("the row has no answer: it teaches to say nothing");
}

}  // namespace

std::int64_t Sample::counted() const { return std::count(counts.begin(), counts.end(), true); }

std::vector<Sample> load_samples(const std::filesystem::path& path, const Tokenizer& tokenizer,
                                 const DataOptions& options, std::optional<std::int32_t> eos, std::int64_t context,
                                 const Warn& warn) {
  std::vector<Sample> samples;
  std::size_t bad = 0;
  const auto refuse = [&](std::size_t line, const std::string& reason) {
    const std::string text = path.string() + ":" + std::to_string(line) + ": " + reason;
    if (!options.skip_bad_rows) throw Error(text);
    ++bad;
    if (warn) warn("skipped " + text);
  };
  read_json_lines(
      read_text(path),
      [&](std::size_t line, const json& row) {
        try {
          const RowText text = row_text(row, options);
          require_answer(row, text, options);
          samples.push_back(to_sample(text, tokenizer, options, eos, context));
          samples.back().line = line;
        } catch (const Error& error) {
          refuse(line, error.what());
        }
      },
      refuse);
  if (samples.empty())
    throw Error(path, bad > 0 ? ": every row is bad" : ": the file has no rows; one JSON object a line is expected");
  return samples;
}

std::uint64_t fingerprint(const std::vector<Sample>& samples) {
  // FNV-1a over ids and counts.
  std::uint64_t hash = 0xcbf29ce484222325u;
  const auto mix = [&](std::uint64_t value) { hash = (hash ^ value) * 0x100000001b3u; };
  for (const Sample& sample : samples) {
    mix(sample.ids.size());
    for (std::size_t i = 0; i < sample.ids.size(); ++i)
      mix(static_cast<std::uint64_t>(sample.ids[i]) * 2 + sample.counts[i]);
  }
  return hash;
}

}  // namespace aacft
