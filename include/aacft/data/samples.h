// Rows of a JSON Lines file as token ids.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "aacft/base/warn.h"
#include "aacft/data/rows.h"
#include "aacft/tokenizer/tokenizer.h"

namespace aacft {

struct Sample {
  std::vector<std::int32_t> ids;
  std::vector<bool> counts;  // per token: whether predicting it counts in the loss; never for the first
  std::size_t line = 0;      // in the file, from 1

  std::int64_t counted() const;
};

// What the tokenizer puts before every text is put before each row, unless the row begins with it already. Error names
// file and line; with skip_bad_rows, warn is told instead. `eos` is appended where the options ask for it,
// but never behind itself or a chat style's own end. `context` is the model's number of positions.
std::vector<Sample> load_samples(const std::filesystem::path& path, const Tokenizer& tokenizer,
                                 const DataOptions& options, std::optional<std::int32_t> eos, std::int64_t context,
                                 const Warn& warn);

// A number that two equal data sets share.
std::uint64_t fingerprint(const std::vector<Sample>& samples);

}  // namespace aacft
