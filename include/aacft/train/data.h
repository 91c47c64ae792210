// Rows of a JSON Lines file as token ids.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "aacft/base/warn.h"
#include "aacft/tokenizer/tokenizer.h"
#include "aacft/train/options.h"

namespace aacft {

struct Sample {
  std::vector<std::int32_t> ids;
  std::vector<bool> counts;  // per token: whether predicting it counts in the loss; never for the first
  std::size_t line = 0;      // in the file, from 1

  std::int64_t counted() const;
};

// A row's text, and the byte ranges of it that count.
struct RowText {
  std::string text;
  std::vector<std::pair<std::size_t, std::size_t>> spans;
};

// {"text"}, {"prompt", "completion"} or {"messages": [{"role", "content"}]}. Without mask_prompt all of it counts.
// With it: what follows the prompt; what follows each response marker up to the next "<human>:"; the assistant's turns.
// Messages are spelled as OpenChatKit does: "<human>: ...\n<bot>: ...\n". Error says what the row lacks.
RowText row_text(const nlohmann::json& row, const DataOptions& options);

// Error names file and line; with skip_bad_rows, warn is told instead. `eos` is appended where the options ask for it.
// `context` is the model's number of positions.
std::vector<Sample> load_samples(const std::filesystem::path& path, const Tokenizer& tokenizer, const DataOptions& options,
                                 std::optional<std::int32_t> eos, std::int64_t context,
                                 const Warn& warn);

// A number that two equal data sets share.
std::uint64_t fingerprint(const std::vector<Sample>& samples);

// Which rows a micro-batch holds: epochs follow one another, each in an order of its own, and the last micro-batch of
// an epoch may be short. Steps are windows of `accumulation` micro-batches that run across the ends of epochs.
class DataOrder {
 public:
  DataOrder(std::size_t rows, std::int64_t micro_batch, bool shuffle, std::uint64_t seed);

  std::int64_t micro_batches_per_epoch() const;
  std::vector<std::size_t> micro_batch(std::int64_t index) const;  // index counts from the start of the run

 private:
  std::size_t rows_, micro_batch_;
  bool shuffle_;
  std::uint64_t seed_;
};

}  // namespace aacft
