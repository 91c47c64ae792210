// GPT-NeoX (Black et al. 2022): RedPajama-INCITE, Pythia, Dolly v2, StableLM-alpha.
#include "aacft/model/family.h"

namespace aacft {
namespace {

LayerShape layer_of(const ModelConfig& c, std::int64_t index) {
  const std::string prefix = "gpt_neox.layers." + std::to_string(index) + ".";
  return {{prefix + "input_layernorm", prefix + "post_attention_layernorm"},
          {{
              {c.hidden_size, c.attention_bias, {{prefix + "attention.query_key_value", 3 * c.hidden_size}}},
              {c.hidden_size, c.attention_bias, {{prefix + "attention.dense", c.hidden_size}}},
              {c.hidden_size, true, {{prefix + "mlp.dense_h_to_4h", c.intermediate_size}}},
              {c.intermediate_size, true, {{prefix + "mlp.dense_4h_to_h", c.hidden_size}}},
          }}};
}

struct Sizes {
  std::int64_t vocab, hidden, layers, heads;
};

ModelConfig pythia(Sizes sizes) {
  ModelConfig c;
  c.vocab_size = sizes.vocab, c.hidden_size = sizes.hidden, c.intermediate_size = 4 * sizes.hidden;
  c.num_layers = sizes.layers, c.num_heads = sizes.heads;
  c.bos_token_id = 0, c.eos_token_ids = {0};
  return c;
}

ModelConfig redpajama(Sizes sizes) {
  ModelConfig c = pythia(sizes);
  c.rotary_pct = 1.0, c.parallel_residual = false;
  return c;
}

}  // namespace

const Family& gpt_neox_family() {
  static const Family family = {
      .model_type = "gpt_neox",
      .embedding = "gpt_neox.embed_in",
      .final_norm = "gpt_neox.final_layer_norm",
      .head = "embed_out",
      .other_head = "lm_head",
      .ignored = {".attention.bias", ".attention.masked_bias", ".rotary_emb.inv_freq"},
      .default_targets = {"query_key_value"},
      .tokenizer_class = "GPTNeoXTokenizerFast",
      .layer = layer_of,
      .layers = "gpt_neox.layers.",
      .mlx_layers = "model.h.",
      // tiny is for trying things out: seconds to train, and it learns nothing but spelling.
      .shapes = {{"tiny", redpajama({1024, 64, 3, 4})},
                 {"pythia-70m", pythia({50304, 512, 6, 8})},
                 {"redpajama-3b", redpajama({50432, 2560, 32, 32})},
                 {"redpajama-7b", redpajama({50432, 4096, 32, 32})},
                 {"gpt-neox-20b", pythia({50432, 6144, 44, 64})}},
  };
  return family;
}

}  // namespace aacft
