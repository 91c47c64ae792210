// Models for other programs.
#include "support.h"

namespace aacft::testing {
namespace {

using nlohmann::json;

class Export : public CommandTest {
 protected:
  json report(const Arguments& arguments) const {
    return json::parse(succeeds(Arguments{"export", "--json"} + arguments).out);
  }
  std::string text_of(const fs::path& model, const Arguments& more = {}) const {
    return json::parse(succeeds(Arguments{"generate", "--model", model, "--prompt", "<human>: I want tea\n<bot>:",
                                          "--json", "--max-new-tokens", "8", "--compute", "fp32"} +
                                more)
                           .out)
        .at("text");
  }
};

TEST_F(Export, EveryTypeOfEveryShape) {
  for (const char* shape : {"tiny", "tiny-llama"}) {
    const std::string model = shape;
    succeeds({"init", "--shape", shape, "--output", model});
    for (const auto& [type, bound] : std::vector<std::pair<std::string, double>>{{"F32", 1e-5},
                                                                                 {"F16", 1e-5},
                                                                                 {"BF16", 0.05},
                                                                                 {"Q8_0", 0.05},
                                                                                 {"Q4_0", 1},
                                                                                 {"Q5_1", 1},
                                                                                 {"Q4_K_M", 1},
                                                                                 {"Q6_K", 1}}) {
      SCOPED_TRACE(model + " " + type);
      const std::string file = model + "-" + type + ".gguf";
      const json result = report({"--model", model, "--type", type, "--output", file});
      EXPECT_EQ(result.at("files"), json{file});
      EXPECT_EQ(result.at("bytes"), fs::file_size(work / file));
      EXPECT_LT(result.at("max_logit_difference"), bound);
    }
    EXPECT_EQ(text_of(model + "-F32.gguf"), text_of(model));
  }
}

TEST_F(Export, PartsAndAnotherType) {
  succeeds({"init", "--shape", "tiny-llama", "--output", "model"});
  const json parts = report({"--model", "model", "--output", "x.gguf", "--max-size", "100K"});
  ASSERT_GT(parts.at("files").size(), 1u);
  const std::string first = parts.at("files")[0];
  EXPECT_EQ(first.substr(0, 13), "x-00001-of-00");
  EXPECT_EQ(text_of(first), text_of("model"));
  // From a GGUF file, what is of the type already stays as it is.
  report({"--model", first, "--output", "y.gguf"});
  report({"--model", "model", "--output", "z.gguf"});
  EXPECT_EQ(fs::file_size(work / "y.gguf"), fs::file_size(work / "z.gguf"));
  report({"--model", "z.gguf", "--type", "Q8_0", "--output", "q8.gguf"});
  report({"--model", "model", "--type", "Q8_0", "--output", "q8-too.gguf"});
  EXPECT_EQ(read_text(work / "q8.gguf").substr(4096), read_text(work / "q8-too.gguf").substr(4096));
  report({"--model", "q8.gguf", "--type", "Q4_0", "--output", "q4.gguf"});
  expect_message(run({"export", "--model", "q4.gguf", "--type", "Q5_0", "--output", "q5.gguf"}), 1,
                 {"Q4_0", "--requantize"});
  expect_contains(
      succeeds({"export", "--model", "q4.gguf", "--type", "Q5_0", "--output", "q5.gguf", "--requantize"}).err,
      "loses more");
}

TEST_F(Export, AdaptersAndOldFiles) {
  const std::string rows = input("rows.jsonl", "{\"text\":\"<human>: tea\\n<bot>: I want some tea\"}\n");
  succeeds({"init", "--output", "model"});
  succeeds({"train", "--model", "model", "--data", rows, "--max-steps", "3", "--warmup-steps", "0", "--lr", "0.01",
            "--output", "adapter"});
  const json merged = report({"--model", "model", "--adapter", "adapter", "--type", "F32", "--output", "merged.gguf"});
  EXPECT_EQ(merged.at("merged_tensors"), 3);
  EXPECT_LT(merged.at("max_logit_difference"), 1e-3);
  EXPECT_EQ(text_of("merged.gguf"), text_of("model", {"--adapter", "adapter"}));
  const json lora =
      report({"--model", "model", "--adapter", "adapter", "--format", "gguf-lora", "--output", "lora.gguf"});
  EXPECT_EQ(lora.at("tensors"), 6);
  const json old = report({"--model", "model", "--format", "ggml", "--type", "Q4_0", "--output", "x.bin"});
  EXPECT_EQ(old.at("bytes"), fs::file_size(work / "x.bin"));
  EXPECT_EQ(read_text(work / "x.bin").substr(0, 4), "tjgg");
}

TEST_F(Export, Refused) {
  succeeds({"init", "--shape", "tiny-llama", "--output", "model"});
  expect_message(run({"export", "--model", "model", "--type", "Q2_K"}), 2, {"--type", "Q4_K_M", "Q2_K"});
  expect_message(run({"export", "--model", "model", "--output", "x.bin"}), 2, {".gguf"});
  expect_message(run({"export", "--model", "model", "--format", "ggml"}), 1, {"GPT-NeoX"});
  expect_message(run({"export", "--model", "model", "--format", "gguf-lora"}), 1, {"--adapter"});
  write_text(work / "there.gguf", "mine");
  expect_message(run({"export", "--model", "model", "--output", "there.gguf"}), 1, {"there.gguf", "exists already"});
  EXPECT_EQ(read_text(work / "there.gguf"), "mine");
  expect_no_temporaries(work.path());
}

}  // namespace
}  // namespace aacft::testing
