#include "aacft/model/gguf_layout.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "aacft/model/gguf_model.h"
#include "support/goldens.h"
#include "support/paths.h"

namespace aacft::testing {
namespace {

namespace fs = std::filesystem;

std::map<std::string, GgufTensor> by_name(const ModelConfig& config, GgufFileType type) {
  std::map<std::string, GgufTensor> tensors;
  for (const GgufTensor& tensor : gguf_tensors(config, type)) EXPECT_TRUE(tensors.emplace(tensor.name, tensor).second);
  return tensors;
}

TEST(GgufLayout, Names) {
  EXPECT_EQ(parse_gguf_file_type("q4_k_m"), GgufFileType::kQ4_K_M);
  EXPECT_EQ(parse_gguf_file_type("BF16"), GgufFileType::kBF16);
  EXPECT_FALSE(parse_gguf_file_type("Q2_K"));
  EXPECT_FALSE(parse_gguf_file_type(""));
  EXPECT_EQ(gguf_file_type_names(), "F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K_M, Q5_K_M or Q6_K");
}

// llama.cpp's own files: the same tensors, in the same types and shapes.
TEST(GgufLayout, AsLlamaCppHasIt) {
  const fs::path folder = shared_dir() / "goldens-gguf";
  if (!fs::exists(folder)) GTEST_SKIP() << folder << " is not here";
  for (const auto& [name, type] : std::map<std::string, GgufFileType>{{"smol-Q4_K_M", GgufFileType::kQ4_K_M},
                                                                      {"smol-Q4_1", GgufFileType::kQ4_1},
                                                                      {"smol-Q8_0", GgufFileType::kQ8_0},
                                                                      {"neox-Q4_0", GgufFileType::kQ4_0},
                                                                      {"qwen3-Q5_0", GgufFileType::kQ5_0},
                                                                      {"llama3-Q6_K", GgufFileType::kQ6_K}}) {
    SCOPED_TRACE(name);
    const GgufFile file(folder / (name + ".gguf"));
    const auto tensors = by_name(read_gguf_config(file), type);
    EXPECT_EQ(tensors.size(), file.tensors().size());
    for (const TensorView& theirs : file.tensors()) {
      const auto ours = tensors.find(theirs.name);
      ASSERT_NE(ours, tensors.end()) << theirs.name;
      EXPECT_EQ(ours->second.dtype, theirs.dtype) << theirs.name;
      EXPECT_EQ(ours->second.shape, theirs.shape) << theirs.name;
      if (theirs.name != "rope_freqs.weight") continue;
      for (std::size_t i = 0; i < ours->second.values.size(); ++i) {
        float value;
        std::memcpy(&value, theirs.bytes.data() + 4 * i, 4);
        EXPECT_NEAR(ours->second.values[i], value, 2e-6f * value) << i;
      }
    }
  }
}

// Of 32 layers: the first and last four, and every third from the seventh on.
TEST(GgufLayout, LayersThatMatterMore) {
  ModelConfig c = shape_named("redpajama-3b");
  std::string down, qkv;
  for (std::int64_t l = 0; l < 32; ++l) {
    const auto letter = [&](const char* module) {
      const auto tensors = gguf_tensors(c, GgufFileType::kQ4_K_M);
      const auto found = std::find_if(tensors.begin(), tensors.end(), [&](const GgufTensor& tensor) {
        return tensor.name == "blk." + std::to_string(l) + "." + module + ".weight";
      });
      return found->dtype == Dtype::kQ6_K ? '6' : found->dtype == Dtype::kQ4_K ? '4' : '?';
    };
    down += letter("ffn_down"), qkv += letter("attn_qkv");
  }
  EXPECT_EQ(down, "66664464464464464464464464466666");
  EXPECT_EQ(qkv, down);
  c = shape_named("smollm2-135m");  // rows of 576 are no blocks of 256
  const auto tensors = by_name(c, GgufFileType::kQ4_K_M);
  EXPECT_EQ(tensors.at("token_embd.weight").dtype, Dtype::kQ8_0);
  EXPECT_EQ(tensors.at("blk.0.attn_q.weight").dtype, Dtype::kQ5_0);
  EXPECT_EQ(tensors.at("blk.0.attn_v.weight").dtype, Dtype::kQ8_0);
  EXPECT_EQ(tensors.at("blk.0.ffn_down.weight").dtype, Dtype::kQ6_K);
  EXPECT_EQ(tensors.at("blk.0.attn_norm.weight").dtype, Dtype::kFloat32);
  EXPECT_EQ(by_name(c, GgufFileType::kQ5_K_M).at("blk.5.attn_q.weight").dtype, Dtype::kQ5_1);
  c.hidden_size = 72;  // nor of 32
  EXPECT_EQ(by_name(c, GgufFileType::kQ8_0).at("blk.0.attn_q.weight").dtype, Dtype::kFloat16);
}

// Written and read, a configuration is the same.
TEST(GgufLayout, ReadBack) {
  const TemporaryFolder folder;
  for (const char* name : {"tiny", "tiny-llama", "qwen3", "qwen2", "scaled", "untied", "nobias"}) {
    SCOPED_TRACE(name);
    const std::string which = name;
    ModelConfig c = shape_named(which == "tiny" || which == "nobias" ? "tiny" : "tiny-llama");
    if (which == "qwen3") c.model_type = "qwen3", c.qk_norm = true, c.head_size = 24;
    if (which == "qwen2") c.model_type = "qwen2", c.qkv_bias = true;
    if (which == "scaled") c.rope_scaling = {RopeScaling::Kind::kLlama3, 8, 1, 4, 512}, c.rotary_base = 5e5;
    if (which == "untied") c.tied_embeddings = false, c.rope_scaling = {RopeScaling::Kind::kLinear, 4, 1, 4, 0};
    if (which == "nobias") c.qkv_bias = c.attention_output_bias = false, c.tied_embeddings = true, c.rotary_pct = 0.5;
    GgufKeys keys;
    add_gguf_config(c, "a name", keys);
    add_gguf_file_type(GgufFileType::kF32, keys);
    std::vector<TensorSpec> specs;
    const std::vector<GgufTensor> tensors = gguf_tensors(c, GgufFileType::kF32);
    for (const GgufTensor& tensor : tensors) specs.push_back({tensor.name, tensor.dtype, tensor.shape});
    GgufWriter writer(folder / (which + ".gguf"), keys, specs);
    for (const GgufTensor& tensor : tensors) {
      std::int64_t size = 1;
      for (const std::int64_t s : tensor.shape) size *= s;
      std::vector<float> values = tensor.values;
      values.resize(static_cast<std::size_t>(size));
      writer.write(std::as_bytes(std::span(values)));
    }
    writer.commit();
    const GgufFile file(folder / (which + ".gguf"));
    ModelConfig read = read_gguf_config(file);
    if (which == "nobias") {  // there it has a head and biases, all of which are the same
      EXPECT_FALSE(read.tied_embeddings);
      EXPECT_TRUE(read.qkv_bias && read.attention_output_bias);
      read.tied_embeddings = true, read.qkv_bias = read.attention_output_bias = false;
    }
    read.bos_token_id = c.bos_token_id, read.eos_token_ids = c.eos_token_ids;  // with the tokenizer
    EXPECT_EQ(to_json(read, Dtype::kFloat32), to_json(c, Dtype::kFloat32));
    // Each tensor is found, in the order of rows that it was written in.
    const Checkpoint checkpoint = open_gguf_checkpoint(folder / (which + ".gguf"), read);
    for (const GgufTensor& tensor : tensors) {
      if (tensor.source.empty() || tensor.name == "output.weight") continue;
      const TensorView* view = checkpoint.find(tensor.source);
      ASSERT_NE(view, nullptr) << tensor.source;
      EXPECT_EQ(view->shape, tensor.shape);
      EXPECT_EQ(view->order.a, tensor.order.a);
      EXPECT_EQ(view->order.inner, tensor.order.inner);
    }
  }
}

TEST(GgufLayout, WhatHasNoPlace) {
  ModelConfig c = shape_named("qwen3-0.6b");
  c.qkv_bias = true;
  expect_fails([&] { gguf_tensors(c, GgufFileType::kF16); }, {"qwen3", "attention_bias"});
  c = shape_named("mistral-7b");
  EXPECT_EQ(gguf_architecture(c), "llama");
  c.model_type = "qwen2", c.rope_scaling = {RopeScaling::Kind::kLlama3, 8, 1, 4, 512};
  expect_fails([&] { gguf_tensors(c, GgufFileType::kF16); }, {"qwen2", "rope_scaling"});
}

}  // namespace
}  // namespace aacft::testing
