// JSON Lines of training rows and of prompts.
#include "aacft/data/rows.h"

#include "aacft/base/file.h"
#include "aacft/data/samples.h"
#include "aacft/formats/json.h"
#include "fuzz/target.h"

namespace aacft::fuzz {
namespace {

struct Bytes final : Tokenizer {
  std::vector<Token> encode_with_offsets(std::string_view text) const override {
    std::vector<Token> tokens;
    for (std::size_t i = 0; i < text.size(); ++i) tokens.push_back({static_cast<unsigned char>(text[i]), i, i + 1});
    return tokens;
  }
  std::string decode(std::span<const std::int32_t>, bool) const override { return {}; }
  std::string piece(std::int32_t) const override { return {}; }
  std::optional<std::int32_t> find(std::string_view) const override { return {}; }
  std::int32_t size() const override { return 257; }
};

}  // namespace

void run(std::string_view input) {
  read_json_lines(
      std::string(input),
      [](std::size_t, const nlohmann::json& row) {
        try {
          prompt_of(row);
        } catch (const Error&) {}
      },
      [](std::size_t, const std::string&) {});
  const fs::path file = write("rows.jsonl", input);
  for (const bool mask : {false, true}) {
    const DataOptions options{.mask_prompt = mask, .truncate = mask, .skip_bad_rows = true};
    try {
      for (const Sample& sample : load_samples(file, Bytes(), options, 256, 200, {})) {
        require(!sample.ids.empty() && sample.ids.size() <= 200 && sample.counts.size() == sample.ids.size(),
                "a sample fits the context");
        require(sample.counted() > 0 && !sample.counts[0] && sample.line > 0,
                "a sample counts, but for its first token");
      }
    } catch (const Error&) {
      if (mask) throw;
    }
  }
}

}  // namespace aacft::fuzz
