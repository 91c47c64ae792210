// Llama (Touvron et al. 2023) and what has its form: Mistral, Qwen 2 and 2.5, Qwen 3. RMS norm, SwiGLU, queries in
// groups that share keys and values; the families differ in defaults, in biases and in norms of queries and keys.
#include "aacft/base/text.h"
#include "aacft/model/family.h"
#include "model/config_reader.h"

namespace aacft {
namespace {

LayerShape layer_of(const ModelConfig& c, std::int64_t index) {
  const std::string prefix = "model.layers." + std::to_string(index) + ".";
  const std::string attention = prefix + "self_attn.", mlp = prefix + "mlp.";
  const auto norm = [&](const char* name) { return c.qk_norm ? attention + name : ""; };
  const std::int64_t q = c.q_width(), kv = c.kv_width();
  return {{prefix + "input_layernorm", prefix + "post_attention_layernorm", norm("q_norm"), norm("k_norm")},
          {{
              {c.hidden_size,
               c.qkv_bias,
               {{attention + "q_proj", q}, {attention + "k_proj", kv}, {attention + "v_proj", kv}}},
              {q, c.attention_output_bias, {{attention + "o_proj", c.hidden_size}}},
              {c.hidden_size,
               c.mlp_bias,
               {{mlp + "gate_proj", c.intermediate_size}, {mlp + "up_proj", c.intermediate_size}}},
              {c.intermediate_size, c.mlp_bias, {{mlp + "down_proj", c.hidden_size}}},
          }}};
}

// ---- config.json ----

// What transformers assumes where a file says nothing.
struct Defaults {
  std::int64_t kv_heads = 0, head_dim = 0, positions = 2048, sliding_window = 0;
};

RopeScaling read_scaling(const ConfigReader& rope, const std::string& type) {
  RopeScaling scaling;
  scaling.factor = rope.number("factor", 0);
  if (!(scaling.factor >= 1 && scaling.factor <= 1e6))
    throw Error(rope.where(), ": \"factor\" must be from 1 to 1e6, not ", scaling.factor);
  if (type == "linear") return scaling;
  scaling.kind = RopeScaling::Kind::kLlama3;
  scaling.low = rope.number("low_freq_factor", 0);
  scaling.high = rope.number("high_freq_factor", 0);
  scaling.original_positions = rope.number("original_max_position_embeddings", 0);
  if (!(scaling.low > 0 && scaling.high > scaling.low && scaling.original_positions > 0))
    throw Error(rope.where(),
                ": \"low_freq_factor\", \"high_freq_factor\" (the larger) and "
                "\"original_max_position_embeddings\" must be above 0");
  return scaling;
}

// transformers 4 wrote rope_theta and rope_scaling, transformers 5 writes both as rope_parameters.
void read_rotary(const ConfigReader& reader, ModelConfig& c) {
  c.rotary_pct = 1;
  c.rotary_base = reader.number("rope_theta", 10000);
  double share = reader.number("partial_rotary_factor", 1);
  if (const std::string key = reader.rope_key(); !key.empty()) {
    const ConfigReader rope(reader.at(key.c_str()), reader.where() + ", \"" + key + "\"");
    c.rotary_base = rope.number("rope_theta", c.rotary_base);
    share = rope.number("partial_rotary_factor", share);
    const std::string type = rope.text("rope_type", rope.text("type", "default"));
    if (type != "default" && type != "linear" && type != "llama3")
      throw Error(reader.where(), ": rotary positions of type \"", type,
                  "\" are not supported; default, linear and llama3 are");
    if (type != "default") c.rope_scaling = read_scaling(rope, type);
  }
  if (share != 1)
    throw Error(reader.where(), ": \"partial_rotary_factor\" is ", share, "; in this family whole heads rotate");
}

void read_window(const ConfigReader& reader, const Defaults& defaults, bool used, ModelConfig& c) {
  if (!used) return;
  const bool none =
      reader.has("sliding_window") ? false : defaults.sliding_window == 0 || reader.states("sliding_window");
  if (!none) c.sliding_window = reader.size("sliding_window", defaults.sliding_window);
}

void read_common(const ConfigReader& reader, const Defaults& defaults, ModelConfig& c) {
  c.intermediate_size = reader.size("intermediate_size");
  const std::int64_t kv =
      reader.states("num_key_value_heads") || defaults.kv_heads == 0 ? c.num_heads : defaults.kv_heads;
  c.num_kv_heads = reader.size("num_key_value_heads", kv);
  c.head_size = reader.size(
      "head_dim", defaults.head_dim > 0 ? defaults.head_dim : std::max<std::int64_t>(c.hidden_size / c.num_heads, 1));
  c.max_positions = reader.size("max_position_embeddings", defaults.positions, kMostPositions);
  c.norm = NormKind::kRmsNorm;
  c.norm_eps = reader.eps("rms_norm_eps", 1e-6);
  c.parallel_residual = c.qkv_by_head = false;
  c.activation = Activation::kSwiGlu;
  if (const std::string name = reader.text("hidden_act", "silu"); name != "silu" && name != "swish")
    throw Error(reader.where(), ": hidden_act \"", name, "\" is not known in this family; silu is");
  c.hidden_dropout = 0;
  c.attention_dropout = reader.number("attention_dropout", 0);
  c.qkv_bias = c.attention_output_bias = c.mlp_bias = false;
  read_rotary(reader, c);
}

void read_llama(const ConfigReader& reader, ModelConfig& c) {
  read_common(reader, {}, c);
  c.qkv_bias = c.attention_output_bias = reader.flag("attention_bias", false);
  c.mlp_bias = reader.flag("mlp_bias", false);
}

void read_mistral(const ConfigReader& reader, ModelConfig& c) {
  const Defaults defaults{.kv_heads = 8, .positions = 131072, .sliding_window = 4096};
  read_common(reader, defaults, c);
  read_window(reader, defaults, true, c);
}

void read_qwen2(const ConfigReader& reader, ModelConfig& c) {
  const Defaults defaults{.kv_heads = 32, .positions = 32768, .sliding_window = 4096};
  read_common(reader, defaults, c);
  c.qkv_bias = true;
  read_window(reader, defaults, reader.flag("use_sliding_window", false), c);
}

void read_qwen3(const ConfigReader& reader, ModelConfig& c) {
  const Defaults defaults{.kv_heads = 32, .head_dim = 128, .positions = 32768, .sliding_window = 4096};
  read_common(reader, defaults, c);
  c.qkv_bias = c.attention_output_bias = reader.flag("attention_bias", false);
  c.qk_norm = true;
  read_window(reader, defaults, reader.flag("use_sliding_window", false), c);
}

nlohmann::json scaling_json(const RopeScaling& scaling) {
  if (scaling.kind == RopeScaling::Kind::kLinear) return {{"rope_type", "linear"}, {"factor", scaling.factor}};
  return {{"rope_type", "llama3"},
          {"factor", scaling.factor},
          {"low_freq_factor", scaling.low},
          {"high_freq_factor", scaling.high},
          {"original_max_position_embeddings", whole_if_possible(scaling.original_positions)}};
}

nlohmann::json write_common(const ModelConfig& c, const char* architecture) {
  nlohmann::json object = {
      {"architectures", {architecture}},
      {"attention_dropout", c.attention_dropout},
      {"head_dim", c.head_dim()},
      {"hidden_act", "silu"},
      {"hidden_size", c.hidden_size},
      {"initializer_range", 0.02},
      {"intermediate_size", c.intermediate_size},
      {"max_position_embeddings", c.max_positions},
      {"model_type", c.model_type},
      {"num_attention_heads", c.num_heads},
      {"num_hidden_layers", c.num_layers},
      {"num_key_value_heads", c.kv_heads()},
      {"rms_norm_eps", c.norm_eps},
      {"rope_scaling", c.rope_scaling ? scaling_json(*c.rope_scaling) : nlohmann::json(nullptr)},
      {"rope_theta", c.rotary_base},
      {"tie_word_embeddings", c.tied_embeddings},
      {"use_cache", true},
      {"vocab_size", c.vocab_size},
  };
  return object;
}

nlohmann::json window_json(const ModelConfig& c) {
  return c.sliding_window > 0 ? nlohmann::json(c.sliding_window) : nlohmann::json(nullptr);
}

nlohmann::json write_llama(const ModelConfig& c) {
  nlohmann::json object = write_common(c, "LlamaForCausalLM");
  object["attention_bias"] = c.qkv_bias;
  object["mlp_bias"] = c.mlp_bias;
  return object;
}

nlohmann::json write_mistral(const ModelConfig& c) {
  nlohmann::json object = write_common(c, "MistralForCausalLM");
  object["sliding_window"] = window_json(c);
  return object;
}

nlohmann::json write_qwen(const ModelConfig& c, const char* architecture) {
  nlohmann::json object = write_common(c, architecture);
  object["sliding_window"] = window_json(c);
  object["use_sliding_window"] = c.sliding_window > 0;
  if (c.sliding_window > 0) object["max_window_layers"] = 0;
  return object;
}

nlohmann::json write_qwen2(const ModelConfig& c) { return write_qwen(c, "Qwen2ForCausalLM"); }

nlohmann::json write_qwen3(const ModelConfig& c) {
  nlohmann::json object = write_qwen(c, "Qwen3ForCausalLM");
  object["attention_bias"] = c.qkv_bias;
  return object;
}

// ---- shapes that people call by a name ----

struct Sizes {
  std::int64_t vocab, hidden, layers, heads, kv_heads, head_dim, mlp, positions;
  double base;
};

ModelConfig shape(const char* type, const Sizes& sizes) {
  ModelConfig c;
  c.model_type = type;
  c.vocab_size = sizes.vocab, c.hidden_size = sizes.hidden, c.intermediate_size = sizes.mlp;
  c.num_layers = sizes.layers, c.num_heads = sizes.heads, c.num_kv_heads = sizes.kv_heads;
  c.head_size = sizes.head_dim, c.max_positions = sizes.positions;
  c.rotary_pct = 1, c.rotary_base = sizes.base;
  c.norm = NormKind::kRmsNorm, c.activation = Activation::kSwiGlu, c.parallel_residual = c.qkv_by_head = false;
  c.qkv_bias = c.attention_output_bias = c.mlp_bias = false;
  c.tied_embeddings = true;
  c.bos_token_id = 1, c.eos_token_ids = {2};
  return c;
}

ModelConfig llama_3_2(const Sizes& sizes) {
  ModelConfig c = shape("llama", sizes);
  c.rope_scaling = {RopeScaling::Kind::kLlama3, 32, 1, 4, 8192};
  c.bos_token_id = 128000, c.eos_token_ids = {128001};
  return c;
}

ModelConfig mistral_7b() {
  ModelConfig c = shape("mistral", {32768, 4096, 32, 32, 8, 128, 14336, 32768, 1e6});
  c.tied_embeddings = false;
  return c;
}

ModelConfig qwen3_0_6b() {
  ModelConfig c = shape("qwen3", {151936, 1024, 28, 16, 8, 128, 3072, 40960, 1e6});
  c.norm_eps = 1e-6, c.qk_norm = true;
  c.bos_token_id = 151643, c.eos_token_ids = {151645};
  return c;
}

Family family_like_llama() {
  return {
      .model_type = "llama",
      .known = "Llama, SmolLM2, TinyLlama",
      .embedding = "model.embed_tokens",
      .final_norm = "model.norm",
      .head = "lm_head",
      .other_head = "embed_out",
      .ignored = {".rotary_emb.inv_freq"},
      .default_targets = {"q_proj", "v_proj"},
      .tokenizer_class = "PreTrainedTokenizerFast",
      .read = read_llama,
      .write = write_llama,
      .layer = layer_of,
      .layers = "model.layers.",
      .mlx_layers = "model.layers.",
      .gguf = {.architecture = "llama",
               .norms = {"attn_norm", "ffn_norm", "attn_q_norm", "attn_k_norm"},
               .linears = {{{"attn_q", "attn_k", "attn_v"}, {"attn_output"}, {"ffn_gate", "ffn_up"}, {"ffn_down"}}},
               .qkv = GgufNames::Qkv::kPairsTogether},
      .shapes = {},
  };
}

}  // namespace

const Family& llama_family() {
  static const Family family = [] {
    Family f = family_like_llama();
    // tiny-llama is for trying things out.
    f.shapes = {{"tiny-llama", shape("llama", {1024, 64, 3, 4, 2, 16, 176, 2048, 1e4})},
                {"smollm2-135m", shape("llama", {49152, 576, 30, 9, 3, 64, 1536, 8192, 1e5})},
                {"llama-3.2-1b", llama_3_2({128256, 2048, 16, 32, 8, 64, 8192, 131072, 5e5})},
                {"llama-3.2-3b", llama_3_2({128256, 3072, 28, 24, 8, 128, 8192, 131072, 5e5})}};
    return f;
  }();
  return family;
}

const Family& mistral_family() {
  static const Family family = [] {
    Family f = family_like_llama();
    f.gguf.architecture = "";  // there it is a llama
    f.model_type = "mistral", f.known = "Mistral 7B", f.read = read_mistral, f.write = write_mistral;
    f.shapes = {{"mistral-7b", mistral_7b()}};
    return f;
  }();
  return family;
}

const Family& qwen2_family() {
  static const Family family = [] {
    Family f = family_like_llama();
    f.gguf.architecture = "qwen2", f.gguf.qkv = GgufNames::Qkv::kAsHere;
    f.model_type = "qwen2", f.known = "Qwen 2 and 2.5", f.read = read_qwen2, f.write = write_qwen2;
    return f;
  }();
  return family;
}

const Family& qwen3_family() {
  static const Family family = [] {
    Family f = family_like_llama();
    f.gguf.architecture = "qwen3", f.gguf.qkv = GgufNames::Qkv::kAsHere;
    f.model_type = "qwen3", f.known = "Qwen 3", f.read = read_qwen3, f.write = write_qwen3;
    f.shapes = {{"qwen3-0.6b", qwen3_0_6b()}};
    return f;
  }();
  return family;
}

}  // namespace aacft
