// GPT-NeoX (Black et al. 2022): RedPajama-INCITE, Pythia, Dolly v2, StableLM-alpha.
#include "aacft/model/family.h"
#include "model/config_reader.h"

namespace aacft {
namespace {

LayerShape layer_of(const ModelConfig& c, std::int64_t index) {
  const std::string prefix = "gpt_neox.layers." + std::to_string(index) + ".";
  return {{prefix + "input_layernorm", prefix + "post_attention_layernorm", "", ""},
          {{
              {c.hidden_size, c.qkv_bias, {{prefix + "attention.query_key_value", 3 * c.hidden_size}}},
              {c.hidden_size, c.attention_output_bias, {{prefix + "attention.dense", c.hidden_size}}},
              {c.hidden_size, true, {{prefix + "mlp.dense_h_to_4h", c.intermediate_size}}},
              {c.intermediate_size, true, {{prefix + "mlp.dense_4h_to_h", c.hidden_size}}},
          }}};
}

Activation parse_activation(const std::string& name, const std::string& where) {
  if (name == "gelu") return Activation::kGelu;
  if (name == "gelu_fast" || name == "gelu_new" || name == "gelu_pytorch_tanh") return Activation::kGeluTanh;
  throw Error(where, ": hidden_act \"", name, "\" is not known; gelu, gelu_new, gelu_fast and gelu_pytorch_tanh are");
}

void read(const ConfigReader& reader, ModelConfig& c) {
  c.intermediate_size = reader.size("intermediate_size", 4 * c.hidden_size);
  c.norm_eps = reader.eps("layer_norm_eps", c.norm_eps);
  c.parallel_residual = reader.flag("use_parallel_residual", c.parallel_residual);
  c.qkv_bias = c.attention_output_bias = reader.flag("attention_bias", c.qkv_bias);
  c.hidden_dropout = reader.number("hidden_dropout", 0);
  c.attention_dropout = reader.number("attention_dropout", 0);
  c.activation = parse_activation(reader.text("hidden_act", "gelu"), reader.where());

  // transformers 4 wrote rotary_pct and rotary_emb_base, transformers 5 writes rope_parameters. Neither reads a
  // rope_theta outside of that for this family.
  c.rotary_pct = reader.number("rotary_pct", c.rotary_pct);
  c.rotary_base = reader.number("rotary_emb_base", c.rotary_base);
  if (const std::string key = reader.rope_key(); !key.empty()) {
    const ConfigReader rope(reader.at(key.c_str()), reader.where() + ", \"" + key + "\"");
    const std::string type = rope.text("rope_type", rope.text("type", "default"));
    if (type != "default") throw Error(reader.where(), ": rotary positions of type \"", type, "\" are not supported");
    c.rotary_pct = rope.number("partial_rotary_factor", c.rotary_pct);
    c.rotary_base = rope.number("rope_theta", c.rotary_base);
  }
}

nlohmann::json write(const ModelConfig& c) {
  return {
      {"architectures", {"GPTNeoXForCausalLM"}},
      {"attention_bias", c.qkv_bias},
      {"hidden_act", c.activation == Activation::kGelu ? "gelu" : "gelu_fast"},
      {"hidden_size", c.hidden_size},
      {"initializer_range", 0.02},
      {"intermediate_size", c.intermediate_size},
      {"layer_norm_eps", c.norm_eps},
      {"max_position_embeddings", c.max_positions},
      {"model_type", c.model_type},
      {"num_attention_heads", c.num_heads},
      {"num_hidden_layers", c.num_layers},
      {"rotary_emb_base", whole_if_possible(c.rotary_base)},
      {"rotary_pct", c.rotary_pct},
      {"tie_word_embeddings", c.tied_embeddings},
      {"use_cache", true},
      {"use_parallel_residual", c.parallel_residual},
      {"vocab_size", c.vocab_size},
  };
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
      .known = "RedPajama, Pythia, ...",
      .embedding = "gpt_neox.embed_in",
      .final_norm = "gpt_neox.final_layer_norm",
      .head = "embed_out",
      .other_head = "lm_head",
      .ignored = {".attention.bias", ".attention.masked_bias", ".rotary_emb.inv_freq"},
      .default_targets = {"query_key_value"},
      .tokenizer_class = "GPTNeoXTokenizerFast",
      .read = read,
      .write = write,
      .layer = layer_of,
      .layers = "gpt_neox.layers.",
      .mlx_layers = "model.h.",
      .gguf = {.architecture = "gptneox",
               .norms = {"attn_norm", "ffn_norm", "", ""},
               .linears = {{{"attn_qkv"}, {"attn_output"}, {"ffn_up"}, {"ffn_down"}}},
               .qkv = GgufNames::Qkv::kByKind},
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
