"""Random models of every family, as unlike the usual ones as the family allows, in the spellings that their folders have had.

A family knows the names of its linears and its output matrix, draws a shape, makes the model of one, and can spell its
config.json as transformers 4 did. interop.py does the rest, with the same code for all.
"""

import json
import os
from dataclasses import dataclass, field

import torch
from tokenizers import Tokenizer, processors
from transformers import (
    LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM, Qwen2Config, Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM,
)

from make_goldens import LINEARS, POSITIONS, make_model
from reference import legacy_config

END, START = 0, 1  # ids of <|endoftext|> and <|padding|>, the special tokens that make_tokenizer makes


# ---------------------------------------------------------------- GPT-NeoX


def neox_shape(draw, index):
    """Sizes that fit no block: odd widths, any even number of rotated dimensions (of an odd one transformers rotates one more)."""
    while True:
        heads, head = draw.randint(1, 5), draw.randint(3, 13)
        pct = draw.choice([0.25, 0.4, 0.5, 0.75, 1.0])
        if int(head * pct) >= 2 and int(head * pct) % 2 == 0 and heads * head >= 8:
            break
    return dict(
        hidden=heads * head, heads=heads, layers=draw.randint(1, 3), intermediate=draw.randint(20, 90), pct=pct,
        parallel=draw.random() < 0.5, attention_bias=draw.random() < 0.5, tie_word_embeddings=draw.random() < 0.4,
        base=draw.choice([10000, 10000, 2500, 100000]), hidden_act=draw.choice(["gelu", "gelu", "gelu_new", "gelu_fast"]),
    )


# ---------------------------------------------------------------- Llama and what has its form


def rope(draw, index):
    """Every third model has the slowed-down positions of Llama 3.1; within POSITIONS tokens all three of its ranges occur."""
    parameters = {"rope_type": "default", "rope_theta": draw.choice([2500.0, 10000.0, 500000.0, 1000000.0])}
    if index % 3 == 0:
        original = draw.choice([24, 40, 64])
        parameters.update(rope_type="llama3", factor=draw.choice([4.0, 8.0, 32.0]), low_freq_factor=1.0, high_freq_factor=draw.choice([2.0, 4.0]))
        parameters["original_max_position_embeddings"] = original
    elif index % 3 == 2 and draw.random() < 0.5:
        parameters.update(rope_type="linear", factor=draw.choice([2.0, 4.0]))
    return parameters


def llama_shape(draw, index, own_head=True):
    """Query heads by group, groups, and a head_dim that has nothing to do with hidden / heads wherever the family has one of its own."""
    groups, head = draw.randint(1, 3), 2 * draw.randint(2, 9)
    heads = groups * draw.randint(1 if groups * head >= 8 else 2, 3)
    width = draw.choice([part for part in range(3, 17) if part != head and heads * part >= 8]) if own_head else head
    shape = dict(
        hidden_size=heads * width, num_attention_heads=heads, num_key_value_heads=groups, num_hidden_layers=draw.randint(1, 3),
        intermediate_size=draw.randint(20, 90), tie_word_embeddings=draw.random() < 0.5, rms_norm_eps=draw.choice([1e-6, 1e-5, 1e-2]),
        rope_parameters=rope(draw, index),
    )
    return dict(shape, head_dim=head) if own_head else shape


def plain_llama_shape(draw, index):
    shape = llama_shape(draw, index, own_head=draw.random() < 0.5)
    return dict(shape, attention_bias=draw.random() < 0.4, mlp_bias=draw.random() < 0.3)


def mistral_shape(draw, index):
    return dict(llama_shape(draw, index), sliding_window=draw.choice([None, POSITIONS, 4096]))


def qwen2_shape(draw, index):
    return llama_shape(draw, index, own_head=False)


def qwen3_shape(draw, index):
    return dict(llama_shape(draw, index), attention_bias=draw.random() < 0.3)


def make_like_llama(family, shape, seed, vocabulary):
    """Its weights are large enough for every part of it to matter, and small enough for rounding not to."""
    torch.manual_seed(seed)
    config = family.config(vocab_size=vocabulary, max_position_embeddings=POSITIONS, bos_token_id=START, eos_token_id=END, **shape)
    model = family.model(config).float().eval()
    with torch.no_grad():
        for key, weight in sorted(model.named_parameters()):
            if "norm" in key:
                weight.normal_(1.0, 0.2)
            elif key.endswith("bias"):
                weight.normal_(0.0, 0.1)
            elif "embed_tokens" in key or "lm_head" in key:
                weight.normal_(0.0, 0.3)
            else:
                weight.normal_(0.0, (1.3 if "self_attn" in key else 1.0) / weight.shape[1] ** 0.5)
    return model


def older_llama_config(config):
    """The keys as transformers 4 wrote them; what follows from others was not always written."""
    parameters = dict(config.pop("rope_parameters"))
    config["rope_theta"] = parameters.pop("rope_theta")
    config["rope_scaling"] = parameters if parameters["rope_type"] != "default" else None
    if parameters["rope_type"] == "linear":
        config["rope_scaling"]["type"] = config["rope_scaling"].pop("rope_type")
    config.pop("layer_types", None)
    if "dtype" in config:
        config["torch_dtype"] = config.pop("dtype")
    if config["model_type"] != "qwen3" and config.get("head_dim") == config["hidden_size"] // config["num_attention_heads"]:
        config.pop("head_dim")
    if config["model_type"] == "llama" and config["num_key_value_heads"] == config["num_attention_heads"]:
        config.pop("num_key_value_heads")
    if config["model_type"].startswith("qwen"):
        # As Qwen's own files have it: a window that is not in use.
        config.update(sliding_window=24, use_sliding_window=False, max_window_layers=1)
    config["transformers_version"] = "4.44.0"
    return config


# ---------------------------------------------------------------- all of them

LLAMA_LINEARS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


@dataclass
class Family:
    name: str
    shape: object  # (draw, index) -> arguments of the configuration; the index decides what every few models must have
    config: type = None
    model: type = None
    linears: list = field(default_factory=lambda: LLAMA_LINEARS)
    head: str = "lm_head.weight"  # the output matrix on disk
    embedding: str = "model.embed_tokens.weight"
    older: object = older_llama_config

    def make(self, shape, seed, vocabulary):
        if self.model is None:
            return make_model("random", shape, seed, vocabulary=vocabulary)
        return make_like_llama(self, shape, seed, vocabulary)


FAMILIES = {
    family.name: family
    for family in (
        Family("gpt_neox", neox_shape, linears=LINEARS, head="embed_out.weight", embedding="gpt_neox.embed_in.weight", older=legacy_config),
        Family("llama", plain_llama_shape, LlamaConfig, LlamaForCausalLM),
        Family("mistral", mistral_shape, MistralConfig, MistralForCausalLM),
        Family("qwen2", qwen2_shape, Qwen2Config, Qwen2ForCausalLM),
        Family("qwen3", qwen3_shape, Qwen3Config, Qwen3ForCausalLM),
    )
}


def with_start(tokenizer):
    """The same tokenizer, whose post-processor puts a token before every text, as Llama's and Mistral's do."""
    copy = Tokenizer.from_str(tokenizer.to_str())
    start = processors.TemplateProcessing(single="<|padding|> $A", pair="<|padding|> $A <|padding|> $B", special_tokens=[("<|padding|>", START)])
    copy.post_processor = processors.Sequence([processors.ByteLevel(), start])
    return copy


def write_fast_tokenizer(tokenizer, folder):
    """With a configuration that lets transformers take tokenizer.json as it is."""
    tokenizer.save(os.path.join(folder, "tokenizer.json"))
    adds_start = tokenizer.encode("a").ids[0] == START
    settings = {"bos_token": "<|padding|>" if adds_start else None, "eos_token": "<|endoftext|>", "tokenizer_class": "PreTrainedTokenizerFast"}
    with open(os.path.join(folder, "tokenizer_config.json"), "w", encoding="utf-8") as file:
        json.dump(settings, file, indent=2)
        file.write("\n")
