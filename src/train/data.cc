#include "aacft/train/data.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/base/random.h"
#include "aacft/formats/json.h"

namespace aacft {
namespace {

using nlohmann::json;

constexpr std::string_view kHuman = "<human>:";

std::string string_field(const json& object, const char* key) {
  if (!object.at(key).is_string()) throw Error("\"", key, "\" must be a string");
  return object.at(key).get<std::string>();
}

// Every answer: from behind a marker to the next human turn, or the end.
std::vector<std::pair<std::size_t, std::size_t>> answers(const std::string& text, const std::string& marker) {
  std::vector<std::pair<std::size_t, std::size_t>> spans;
  for (std::size_t at = text.find(marker); at != std::string::npos;) {
    const std::size_t begin = at + marker.size();
    const std::size_t end = std::min(text.find(kHuman, begin), text.size());
    spans.emplace_back(begin, end);
    at = text.find(marker, end);
  }
  return spans;
}

RowText messages_text(const json& messages) {
  if (!messages.is_array() || messages.empty()) throw Error("\"messages\" must be a list with at least one message");
  RowText row;
  for (const json& message : messages) {
    if (!message.is_object() || !message.contains("role") || !message.contains("content"))
      throw Error("a message needs \"role\" and \"content\"");
    const std::string role = string_field(message, "role"), content = string_field(message, "content");
    if (role == "system") {
      row.text += content + "\n";
    } else if (role == "user" || role == "human") {
      row.text += std::string(kHuman) + " " + content + "\n";
    } else if (role == "assistant" || role == "bot") {
      row.text += "<bot>:";
      const std::size_t begin = row.text.size();
      row.text += " " + content + "\n";
      row.spans.emplace_back(begin, row.text.size());
    } else {
      throw Error("the role \"", role, "\" is not known; system, user and assistant are");
    }
  }
  return row;
}

Sample to_sample(const RowText& row, const Tokenizer& tokenizer, const DataOptions& options, std::optional<std::int32_t> eos,
                 std::int64_t context) {
  Sample sample;
  for (const Token& token : tokenizer.encode_with_offsets(row.text)) {
    // The space before a word is part of the word's token, but never decides; Hugging Face's offsets leave it out.
    std::size_t begin = token.begin;
    while (begin + 1 < token.end && row.text[begin] == ' ') ++begin;
    const auto inside = [&](const auto& span) { return begin >= span.first && begin < span.second; };
    sample.counts.push_back(!sample.ids.empty() && std::any_of(row.spans.begin(), row.spans.end(), inside));
    sample.ids.push_back(token.id);
  }
  if (options.append_eos && eos) {
    sample.counts.push_back(!sample.ids.empty());
    sample.ids.push_back(*eos);
  }
  const std::int64_t most = options.max_length > 0 ? std::min(options.max_length, context) : context;
  const auto length = static_cast<std::int64_t>(sample.ids.size());
  if (length > most) {
    if (!options.truncate)
      throw Error("the row has ", length, " tokens, more than ", most, "; shorten it, or use --truncate or --skip-bad-rows");
    sample.ids.resize(static_cast<std::size_t>(most));
    sample.counts.resize(static_cast<std::size_t>(most));
  }
  if (sample.counted() == 0) throw Error("nothing in the row counts in the loss");
  return sample;
}

}  // namespace

std::int64_t Sample::counted() const { return std::count(counts.begin(), counts.end(), true); }

RowText row_text(const json& row, const DataOptions& options) {
  RowText result;
  if (row.contains("messages")) {
    result = messages_text(row.at("messages"));
    if (options.mask_prompt && result.spans.empty()) throw Error("\"messages\" has no assistant turn to learn from");
  } else if (row.contains("prompt") && row.contains("completion")) {
    const std::string prompt = string_field(row, "prompt");
    result.text = prompt + string_field(row, "completion");
    result.spans = {{prompt.size(), result.text.size()}};
  } else if (row.contains("text")) {
    result.text = string_field(row, "text");
    if (options.mask_prompt) {
      result.spans = answers(result.text, options.response_marker);
      if (result.spans.empty()) throw Error("the text has no \"", options.response_marker, "\" after which a completion starts");
    }
  } else {
    throw Error("the row has neither \"text\", nor \"prompt\" and \"completion\", nor \"messages\"");
  }
  if (result.text.empty()) throw Error("the row's text is empty");
  if (!options.mask_prompt) result.spans = {{0, result.text.size()}};
  return result;
}

std::vector<Sample> load_samples(const std::filesystem::path& path, const Tokenizer& tokenizer, const DataOptions& options,
                                 std::optional<std::int32_t> eos, std::int64_t context,
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
      read_file(path),
      [&](std::size_t line, const json& row) {
        try {
          samples.push_back(to_sample(row_text(row, options), tokenizer, options, eos, context));
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
    for (std::size_t i = 0; i < sample.ids.size(); ++i) mix(static_cast<std::uint64_t>(sample.ids[i]) * 2 + sample.counts[i]);
  }
  return hash;
}

DataOrder::DataOrder(std::size_t rows, std::int64_t micro_batch, bool shuffle, std::uint64_t seed)
    : rows_(rows), micro_batch_(static_cast<std::size_t>(micro_batch)), shuffle_(shuffle), seed_(seed) {}

std::int64_t DataOrder::micro_batches_per_epoch() const {
  return static_cast<std::int64_t>((rows_ + micro_batch_ - 1) / micro_batch_);
}

std::vector<std::size_t> DataOrder::micro_batch(std::int64_t index) const {
  const auto epoch = static_cast<std::uint64_t>(index / micro_batches_per_epoch());
  const RandomStream order(seed_, Purpose::kShuffle, epoch);
  const auto first = static_cast<std::size_t>(index % micro_batches_per_epoch()) * micro_batch_;
  std::vector<std::size_t> rows;
  for (std::size_t i = first; i < std::min(first + micro_batch_, rows_); ++i)
    rows.push_back(shuffle_ ? static_cast<std::size_t>(order.permute(i, rows_)) : i);
  return rows;
}

}  // namespace aacft
