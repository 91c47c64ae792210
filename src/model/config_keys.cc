#include "aacft/model/config_keys.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "aacft/base/error.h"
#include "aacft/base/text.h"
#include "aacft/formats/json.h"

namespace aacft {
namespace {

using nlohmann::json;

// ---- config.json: every key that transformers 5.24 writes for these families, and those of older versions ----

constexpr std::string_view kUnsupported =
    " add_cross_attention compression_config is_encoder_decoder per_layer_config pruned_heads quantization_config ";
// By some family's reader.
constexpr std::string_view kRead =
    " attention_bias attention_dropout bos_token_id eos_token_id head_dim hidden_act hidden_dropout hidden_size "
    "intermediate_size layer_norm_eps max_position_embeddings mlp_bias model_type num_attention_heads "
    "num_hidden_layers num_key_value_heads partial_rotary_factor rms_norm_eps rope_parameters rope_scaling rope_theta "
    "rotary_emb_base rotary_pct sliding_window tie_word_embeddings use_parallel_residual use_sliding_window "
    "vocab_size ";
constexpr std::string_view kHarmless =
    " _attn_implementation _attn_implementation_autoset _attn_implementation_internal _commit_hash "
    "_experts_implementation_internal _flash_attn_2_enabled _from_model_config _name_or_path architectures "
    "attn_implementation auto_map chunk_size_feed_forward classifier_dropout cross_attention_hidden_size "
    "custom_pipelines decoder_start_token_id dtype experts_implementation finetuning_task gradient_checkpointing "
    "id2label initializer_range is_decoder is_llama_config label2id layer_types max_sequence_length "
    "max_window_layers name_or_path num_labels output_attentions output_hidden_states pad_token_id prefix "
    "pretraining_tp problem_type return_dict sep_token_id task_specific_params tf_legacy_loss "
    "tie_encoder_decoder tie_last_hidden_states tokenizer_class torch_dtype torchscript transformers.js_config "
    "transformers_version unsloth_fixed unsloth_version use_bfloat16 use_cache use_return_dict ";

bool names_key(std::string_view names, const std::string& key) { return names.find(" " + key + " ") != names.npos; }

// A value that asks for nothing.
bool asks_nothing(const json& value) {
  return value.is_null() || value == false || (!value.is_primitive() && value.empty());
}

// ---- generation_config.json ----

// What generation does otherwise, with the value that changes nothing.
const std::vector<std::pair<std::string, json>>& not_done() {
  static const std::vector<std::pair<std::string, json>> keys = {
      {"num_beams", 1},
      {"num_return_sequences", 1},
      {"repetition_penalty", 1},
      {"encoder_repetition_penalty", 1},
      {"no_repeat_ngram_size", 0},
      {"encoder_no_repeat_ngram_size", 0},
      {"min_length", 0},
      {"min_new_tokens", 0},
      {"penalty_alpha", 0},
      {"guidance_scale", 1},
      {"stop_strings", nullptr},
      {"max_time", nullptr},
      {"bad_words_ids", nullptr},
      {"begin_suppress_tokens", nullptr},
      {"constraints", nullptr},
      {"dola_layers", nullptr},
      {"exponential_decay_length_penalty", nullptr},
      {"force_words_ids", nullptr},
      {"forced_bos_token_id", nullptr},
      {"forced_eos_token_id", nullptr},
      {"sequence_bias", nullptr},
      {"suppress_tokens", nullptr},
      {"token_healing", nullptr},
      {"watermarking_config", nullptr},
  };
  return keys;
}
// These matter with do_sample alone.
constexpr std::string_view kOfSampling = " epsilon_cutoff eta_cutoff min_p temperature top_h top_k top_p typical_p ";
// Lengths and stores are options of ours; beams have been told of; guesses ahead change no result.
constexpr std::string_view kHarmlessInGeneration =
    " _from_model_config assistant_confidence_threshold assistant_early_exit assistant_ensemble_weight "
    "assistant_lookbehind bos_token_id cache_config cache_implementation compile_config continuous_batching_config "
    "decoder_start_token_id disable_compile diversity_penalty early_stopping eos_token_id generation_kwargs "
    "is_assistant length_penalty low_memory max_cache_len max_length max_matching_ngram_size max_new_tokens "
    "num_assistant_tokens num_assistant_tokens_schedule num_beam_groups output_attentions output_hidden_states "
    "output_logits output_scores pad_token_id prefill_chunk_size prompt_lookup_num_tokens remove_invalid_values "
    "renormalize_logits return_dict_in_generate return_legacy_cache speculation_type target_lookbehind "
    "transformers_version trust_remote_code use_cache use_mtp ";

std::string as_asked(const std::string& key, const json& value) {
  const std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  return key + " " + (text.size() > 40 ? "..." : text);
}

}  // namespace

void refuse_unsupported_keys(const json& config, const std::string& where) {
  for (const auto& item : config.items()) {
    const std::string& key = item.key();
    const json& value = item.value();
    if (names_key(kUnsupported, key) && !asks_nothing(value))
      throw Error(where, ": \"", key, "\" is set, which aacft does not support",
                  key == "quantization_config" || key == "compression_config"
                      ? "; take the model's weights as they were before they were quantised, or a GGUF file"
                      : "");
  }
}

void warn_of_unknown_keys(const std::filesystem::path& model, const Warn& warn) {
  const auto path = model / "config.json";
  if (!warn || !std::filesystem::is_directory(model)) return;
  const json config = read_json_object(path);
  std::vector<std::string> unknown;
  for (const auto& item : config.items()) {
    const std::string& key = item.key();
    const json& value = item.value();
    if (!asks_nothing(value) && !names_key(kUnsupported, key) && !names_key(kRead, key) && !names_key(kHarmless, key) &&
        !names_key(kOfSampling, key) && !names_key(kHarmlessInGeneration, key) && key != "do_sample" &&
        std::none_of(not_done().begin(), not_done().end(), [&](const auto& known) { return known.first == key; }))
      unknown.push_back("\"" + key + "\"");
  }
  if (!unknown.empty()) warn(path.string() + ": aacft does not know " + listed(unknown, 8) + ", and goes without");
}

void warn_of_generation_config(const std::filesystem::path& model, const Warn& warn) {
  const auto path = model / "generation_config.json";
  if (!warn || !std::filesystem::is_directory(model) || !std::filesystem::exists(path)) return;
  json object;
  try {
    object = read_json_object(path);
  } catch (const Error&) {
    return;
  }
  const bool sampled = object.contains("do_sample") && object["do_sample"] == true;
  std::vector<std::string> asked, unknown;
  if (sampled) asked.push_back("do_sample true");
  for (const auto& item : object.items()) {
    const std::string& key = item.key();
    const json& value = item.value();
    if (key == "do_sample" || asks_nothing(value) || names_key(kHarmlessInGeneration, key)) continue;
    const auto known =
        std::find_if(not_done().begin(), not_done().end(), [&](const auto& k) { return k.first == key; });
    if (known != not_done().end() ? value != known->second : sampled && names_key(kOfSampling, key))
      asked.push_back(as_asked(key, value));
    else if (known == not_done().end() && !names_key(kOfSampling, key)) unknown.push_back("\"" + key + "\"");
  }
  if (!asked.empty())
    warn(path.string() + " asks for " + listed(asked) + ": generation goes by aacft's own options alone");
  if (!unknown.empty()) warn(path.string() + ": aacft does not know " + listed(unknown, 8) + ", and goes without");
}

}  // namespace aacft
