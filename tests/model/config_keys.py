# Prints tests/model/config_keys.json: every key of configurations that transformers knows, with a value that is not its default.
# "with": what else must stand there for the value to matter. Run with transformers 5.24; a key that is new there fails by name.
import json

from transformers import GenerationConfig, GPTNeoXConfig, LlamaConfig, MistralConfig, PretrainedConfig, Qwen2Config, Qwen3Config

VALUES = {
    # sizes and formulas
    "vocab_size": 64, "hidden_size": 48, "intermediate_size": 40, "num_hidden_layers": 3, "num_attention_heads": 6,
    "num_key_value_heads": 1, "head_dim": 10, "max_position_embeddings": 77, "rms_norm_eps": 1e-3, "layer_norm_eps": 1e-3,
    "attention_bias": True, "mlp_bias": True, "tie_word_embeddings": True, "use_parallel_residual": False,
    "rope_parameters": {"rope_type": "default", "rope_theta": 777}, "hidden_act": "relu", "model_type": "gpt2",
    "sliding_window": 9, "use_sliding_window": True, "bos_token_id": 5, "eos_token_id": [6, 7],
    "attention_dropout": 0.1, "hidden_dropout": 0.1,
    # the rest
    "transformers_version": "5.24.0", "architectures": ["Another"], "output_hidden_states": True, "output_attentions": True,
    "return_dict": False, "dtype": "bfloat16", "chunk_size_feed_forward": 4, "is_encoder_decoder": True, "id2label": {"0": "A"},
    "label2id": {"A": 0}, "problem_type": "regression", "_name_or_path": "x", "classifier_dropout": 0.3, "initializer_range": 0.1,
    "use_cache": False, "pad_token_id": 3, "is_decoder": True, "pretraining_tp": 2, "max_window_layers": 1,
    "layer_types": ["full_attention", "full_attention"],
}
WITH = {"sliding_window": {"use_sliding_window": True}, "use_sliding_window": {"sliding_window": 9}}
# Keys of other versions, or that are set from outside of the class.
OLDER = {
    "torch_dtype": "bfloat16", "rope_scaling": {"type": "yarn", "factor": 2}, "per_layer_config": {"0": {"hidden_size": 4}},
    "quantization_config": {"quant_method": "fp8"}, "compression_config": {"format": "dense"}, "add_cross_attention": True, "pruned_heads": {"0": [1]},
    "name_or_path": "x", "num_labels": 5, "attn_implementation": "eager", "experts_implementation": "eager", "_commit_hash": "0",
    "_attn_implementation_autoset": True, "tie_last_hidden_states": True, "torchscript": True, "use_bfloat16": True, "tf_legacy_loss": True,
    "finetuning_task": "x", "task_specific_params": {"x": 1}, "tokenizer_class": "X", "prefix": "x", "sep_token_id": 4,
    "decoder_start_token_id": 4, "cross_attention_hidden_size": 4, "tie_encoder_decoder": True, "auto_map": {"AutoModel": "x"},
    "gradient_checkpointing": True, "unsloth_version": "1", "unsloth_fixed": True, "transformers.js_config": {"dtype": "q4"},
    "is_llama_config": True, "max_sequence_length": 99, "custom_pipelines": {"x": 1}, "use_return_dict": True,
}
OLDER_OF = {"gpt_neox": {"rotary_pct": 0.5, "rotary_emb_base": 5000}}
OLDER_LLAMA = {"head_dim": 10, "rope_theta": 777, "partial_rotary_factor": 0.5}
GENERATION = {
    "max_length": 99, "max_new_tokens": 9, "min_length": 3, "min_new_tokens": 3, "early_stopping": True, "max_time": 3.0,
    "stop_strings": ["x"], "do_sample": True, "num_beams": 4, "use_mtp": True, "use_cache": False, "cache_implementation": "static",
    "cache_config": {"x": 1}, "max_cache_len": 9, "temperature": 0.6, "top_k": 7, "top_p": 0.9, "min_p": 0.1, "top_h": 0.5,
    "typical_p": 0.9, "epsilon_cutoff": 0.1, "eta_cutoff": 0.1, "repetition_penalty": 1.1, "encoder_repetition_penalty": 1.1,
    "length_penalty": 2.0, "no_repeat_ngram_size": 2, "bad_words_ids": [[3]], "renormalize_logits": True, "forced_bos_token_id": 3,
    "forced_eos_token_id": 3, "remove_invalid_values": True, "exponential_decay_length_penalty": [5, 1.1], "suppress_tokens": [3],
    "begin_suppress_tokens": [3], "sequence_bias": [[[3], 1.0]], "token_healing": True, "guidance_scale": 2.0,
    "watermarking_config": {"bias": 2}, "num_return_sequences": 2, "output_attentions": True, "output_hidden_states": True,
    "output_scores": True, "output_logits": True, "return_dict_in_generate": True, "pad_token_id": 3, "bos_token_id": 3,
    "eos_token_id": [3, 4], "encoder_no_repeat_ngram_size": 2, "decoder_start_token_id": 3, "is_assistant": True,
    "num_assistant_tokens": 3, "num_assistant_tokens_schedule": "constant", "assistant_confidence_threshold": 0.3,
    "prompt_lookup_num_tokens": 3, "max_matching_ngram_size": 3, "assistant_early_exit": 2, "assistant_lookbehind": 3,
    "target_lookbehind": 3, "assistant_ensemble_weight": 0.5, "speculation_type": "x", "compile_config": {"x": 1}, "disable_compile": True,
    "continuous_batching_config": {"x": 1}, "low_memory": True, "penalty_alpha": 0.5, "dola_layers": "high", "diversity_penalty": 0.5,
    "num_beam_groups": 2, "constraints": ["x"], "force_words_ids": [[3]], "prefill_chunk_size": 9, "_from_model_config": True,
    "transformers_version": "5.24.0",
}
SAMPLING = ["temperature", "top_k", "top_p", "min_p", "top_h", "typical_p", "epsilon_cutoff", "eta_cutoff"]


def entry(key, value, company):
    return {"value": value, "with": company} if company else {"value": value}


result = {"families": {}, "generation": {}}
for cls in (GPTNeoXConfig, LlamaConfig, MistralConfig, Qwen2Config, Qwen3Config):
    name = cls.model_type
    keys = {k: VALUES[k] for k in {**PretrainedConfig().to_dict(), **cls().to_dict()}}
    keys.update(OLDER, **OLDER_OF.get(name, OLDER_LLAMA))
    if name == "gpt_neox":
        keys["attention_bias"] = False
    windowed = name.startswith("qwen")
    result["families"][name] = {k: entry(k, v, WITH.get(k) if windowed else None) for k, v in sorted(keys.items())}
for key in sorted(GenerationConfig().__dict__):
    result["generation"][key] = entry(key, GENERATION[key], {"do_sample": True} if key in SAMPLING else None)
text = json.dumps(result, indent=1, sort_keys=True)
print(text)
