#include "aacft/model/gguf_model.h"

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "aacft/formats/json.h"
#include "model/support.h"

namespace aacft::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class GgufModel : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(goldens_)) GTEST_SKIP() << "no goldens in " << goldens_;
  }
  const fs::path goldens_ = shared_dir() / "goldens-gguf";
};

TEST_F(GgufModel, Configurations) {
  const ModelConfig smol = read_model_config(goldens_ / "smol-Q8_0.gguf");
  EXPECT_EQ(smol.model_type, "llama");
  EXPECT_EQ(smol.norm, NormKind::kRmsNorm);
  EXPECT_EQ(smol.norm_eps, 1e-6);  // as it was written, not as fp32 holds it
  EXPECT_TRUE(smol.tied_embeddings);
  EXPECT_LT(smol.kv_heads(), smol.num_heads);
  const ModelConfig neox = read_model_config(goldens_ / "neox-Q4_0.gguf");
  EXPECT_EQ(neox.model_type, "gpt_neox");
  EXPECT_TRUE(neox.parallel_residual && neox.qkv_bias && neox.attention_output_bias);
  EXPECT_EQ(neox.rotary_pct, 0.5);
  const ModelConfig qwen = read_model_config(goldens_ / "qwen3-Q5_0.gguf");
  EXPECT_EQ(qwen.model_type, "qwen3");
  EXPECT_TRUE(qwen.qk_norm);
  const ModelConfig llama = read_model_config(goldens_ / "llama3-Q6_K.gguf");
  ASSERT_TRUE(llama.rope_scaling);
  EXPECT_EQ(llama.rope_scaling->kind, RopeScaling::Kind::kLlama3);
  EXPECT_NEAR(llama.rope_scaling->factor, 8, 1e-6);
  EXPECT_EQ(llama.rope_scaling->low, 1);
  EXPECT_EQ(llama.rope_scaling->high, 4);
}

// A model that is read from decoded weights in a folder, in the families' own order of rows, computes the same: the
// names are right, and so is every row.
TEST_F(GgufModel, SameLogitsAsTheFolderThatItBecomes) {
  for (const std::string name : {"smol-Q8_0", "smol-Q4_K_M", "neox-Q4_0", "qwen3-Q5_0", "llama3-Q6_K"}) {
    SCOPED_TRACE(name);
    const fs::path file = goldens_ / (name + ".gguf");
    Model from_file(file, {});
    const TemporaryFolder folder;
    const ModelConfig& config = from_file.config();
    const Checkpoint checkpoint = open_checkpoint(file, config);
    std::vector<Tensor> kept;
    NamedTensors tensors;
    for (const ModelTensor& tensor : tensors_of(config)) {
      const TensorView* view = find_weight(checkpoint, config, tensor.name);
      ASSERT_NE(view, nullptr) << tensor.name;
      tensors.emplace_back(tensor.name, widened_copy(*view));
    }
    write_tensors(folder / "model.safetensors", tensors);
    write_model_config(folder.path(), config, Dtype::kFloat32);
    Model from_folder(folder.path(), {});
    const Pass pass = make_pass(Random(1).sequences({7, 40}, config.vocab_size));
    EXPECT_TRUE(same_bits(logits_of(from_file, pass), logits_of(from_folder, pass)));
    // In every form that weights can rest in.
    for (const WeightType type : {WeightType::kFp16, WeightType::kBf16, WeightType::kInt8, WeightType::kNf4}) {
      Model a(file, {}, {.base_weights = type}), b(folder.path(), {}, {.base_weights = type});
      EXPECT_TRUE(same_bits(logits_of(a, pass), logits_of(b, pass)));
    }
  }
}

// Rows of q and k are together by pairs in the files of architecture llama, and q, k and v head by head here but kind
// by kind in those of gptneox.
TEST(GgufRows, RestAsTheConverterPutsThem) {
  const RowOrder pairs{2, 3, 1};  // two heads of 6: counted 0 1 2 | 3 4 5, in the file 0 3 1 4 2 5
  const std::vector<std::int64_t> places = {0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11};
  for (std::size_t row = 0; row < places.size(); ++row)
    EXPECT_EQ(pairs.place_of(static_cast<std::int64_t>(row)), places[row]);
  const RowOrder kinds{2, 3, 2};  // [head][q, k, v][2] counted, [q, k, v][head][2] in the file
  for (std::int64_t head = 0; head < 2; ++head)
    for (std::int64_t kind = 0; kind < 3; ++kind)
      for (std::int64_t d = 0; d < 2; ++d)
        EXPECT_EQ(kinds.place_of((head * 3 + kind) * 2 + d), (kind * 2 + head) * 2 + d);
}

// The real SmolLM2, where it is: AACFT_SMOLLM2 names its file. transformers computed these losses from the same file.
TEST(RealSmolLm2, LossesOfTransformers) {
  const char* file = std::getenv("AACFT_SMOLLM2");
  const fs::path golden = shared_dir() / "goldens-llama/smollm2-real.json";
  if (file == nullptr || !fs::exists(golden)) GTEST_SKIP() << "AACFT_SMOLLM2 does not name the file";
  Model model(file, {});
  for (const json& entry : read_json_object(golden).at("loss")) {
    const std::vector<Ids> sequence = {entry.at("ids").get<Ids>()};
    std::vector<float> nll;
    double loss = 0;
    ComputeContext context;
    add_loss(model, make_pass(sequence), next_tokens(sequence), context, loss, &nll);
    const auto expected = entry.at("nll").get<std::vector<double>>();
    ASSERT_EQ(nll.size(), expected.size());
    for (std::size_t i = 0; i < nll.size(); ++i) EXPECT_NEAR(nll[i], expected[i], 1e-4 * std::max(1.0, expected[i]));
  }
}

}  // namespace
}  // namespace aacft::testing
