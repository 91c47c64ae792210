// JSON Lines of training rows and of prompts.
#include "aacft/data/rows.h"

#include "aacft/base/file.h"
#include "aacft/data/chat_template.h"
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

// One of the styles, chosen by the input, so that the same input always does the same.
DataOptions options_for(std::string_view input) {
  DataOptions options;
  const std::vector<std::string>& names = chat_style_names();
  options.chat_style = chat_style(names[input.size() % names.size()]);
  options.chat_pairs = input.size() / names.size() % 2 == 0;
  return options;
}

void check_chat(const nlohmann::json& row, const DataOptions& options) {
  const std::vector<Message> messages = messages_of(row, options);
  if (messages.empty()) return;
  const ChatText chat = render_chat(messages, options.chat_style, false);
  std::size_t end = 0;
  for (const auto& [begin, behind] : chat.answers) {
    require(begin >= end && behind >= begin && behind <= chat.text.size(), "answers follow each other in the text");
    require(std::string_view(chat.text).substr(begin, behind - begin).ends_with(options.chat_style.end),
            "an answer has its end");
    end = behind;
  }
}

}  // namespace

void run(std::string_view input) {
  DataOptions options = options_for(input);
  read_json_lines(
      std::string(input),
      [&](std::size_t, const nlohmann::json& row) {
        try {
          prompt_of(row, options);
          check_chat(row, options);
        } catch (const Error&) {}
      },
      [](std::size_t, const std::string&) {});
  recognised_style({std::string(input), {}, {}});
  const fs::path file = write("rows.jsonl", input);
  options.skip_bad_rows = true;
  for (const bool mask : {false, true}) {
    options.mask_prompt = options.truncate = mask;
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
