"""The reference semantics, in transformers + PEFT: what aacft has to equal.

make_goldens.py (frozen answers) and ../interop/interop.py (answers made on the spot) both use this file, and
README.md states in words what it does. Everything is fp32 on one thread.
"""

import json
import logging
import math
import os
import warnings

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
warnings.filterwarnings("ignore")

import torch
import transformers
from peft import PeftModel
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM

torch.set_num_threads(1)
logging.disable(logging.WARNING)
transformers.utils.logging.disable_progress_bar()

MARKER = "<bot>:"
IGNORE = -100
LINEARS = ["query_key_value", "dense", "dense_h_to_4h", "dense_4h_to_h"]


def compact(value):
    """Floats to nine significant digits, which is enough for any fp32 number."""
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, dict):
        return {key: compact(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [compact(item) for item in value]
    return value


def write_json(path, value):
    with open(path, "w", encoding="utf-8") as file:
        file.write(json.dumps(compact(value), ensure_ascii=False, separators=(",", ":")) + "\n")


def read_json(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def read_rows(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line)["text"] for line in file if line.strip()]


def write_rows(path, texts, key="text"):
    with open(path, "w", encoding="utf-8") as file:
        for text in texts:
            file.write(json.dumps({key: text}, ensure_ascii=False) + "\n")


def load_tokenizer(folder):
    return Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))


def load_model(folder, adapter=None, trainable=False):
    """The model in fp32, whatever type it is stored in; with an adapter if one is named."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
    if adapter is not None:
        model = PeftModel.from_pretrained(model, adapter, is_trainable=trainable)
    return model.train(trainable)


def sample(tokenizer, text, mask_prompt=False, append_eos=False, eos=0):
    """Token ids, with those that the tokenizer puts before a text, and per token whether it counts as a label.

    With mask_prompt a token counts when none of its characters belongs to the prompt, which reaches to the end of the
    response marker. The space before a word belongs to the word's token and never decides: offsets leave it out.
    """
    encoding = tokenizer.encode(text)
    ids, counts = list(encoding.ids), [True] * len(encoding.ids)
    if mask_prompt:
        start = text.index(MARKER) + len(MARKER)
        counts = [first >= start for first, _ in encoding.offsets]
    if append_eos:
        ids, counts = ids + [eos], counts + [True]
    return ids, counts


def micro_batches(samples, size):
    """Endless micro-batches in file order; the last one of an epoch holds what is left."""
    while True:
        for first in range(0, len(samples), size):
            yield samples[first : first + size]


def summed_loss(model, batch):
    """Sum of the negative log-likelihoods of a right-padded batch, and how many labels it has."""
    longest = max(len(ids) for ids, _ in batch)
    inputs = torch.zeros(len(batch), longest, dtype=torch.long)
    mask = torch.zeros(len(batch), longest, dtype=torch.long)
    labels = torch.full((len(batch), longest), IGNORE, dtype=torch.long)
    for row, (ids, counts) in enumerate(batch):
        inputs[row, : len(ids)] = torch.tensor(ids)
        mask[row, : len(ids)] = 1
        for position, (token, count) in enumerate(zip(ids, counts)):
            if count:
                labels[row, position] = token
    logits = model(input_ids=inputs, attention_mask=mask, use_cache=False).logits[:, :-1].float()
    labels = labels[:, 1:]
    loss = torch.nn.functional.cross_entropy(
        logits.reshape(-1, logits.shape[-1]), labels.reshape(-1), ignore_index=IGNORE, reduction="sum"
    )
    return loss, int((labels != IGNORE).sum())


def lr_factor(schedule, step, warmup, steps):
    """Factor on the peak rate for the update number `step`, counted from 0."""
    if step < warmup:
        return step / max(1, warmup)
    if schedule == "constant":
        return 1.0
    if schedule == "cosine":
        return max(0.0, 0.5 * (1.0 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup))))
    return max(0.0, (steps - step) / max(1, steps - warmup))


def train(model, samples, options):
    """Runs the curve that `options` (the head of a train-TAG.json) describes; returns its log."""
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=options["lr"], betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0)
    batches = micro_batches(samples, options["micro_batch"])
    log = []
    for step in range(options["steps"]):
        factor = lr_factor(options.get("schedule", "linear"), step, options["warmup"], options["steps"])
        for group in optimizer.param_groups:
            group["lr"] = options["lr"] * factor
        window = [next(batches) for _ in range(options["accumulation"])]
        labels = [sum(sum(counts[1:]) for _, counts in batch) for batch in window]
        total, loss = sum(labels), 0.0
        for batch, count in zip(window, labels):
            batch_loss, seen = summed_loss(model, batch)
            assert seen == count
            weight = 1.0 / total if options["norm"] == "token" else 1.0 / (count * len(window))
            batch_loss = batch_loss * weight
            batch_loss.backward()
            loss += batch_loss.item()
        norm = torch.nn.utils.clip_grad_norm_(parameters, options.get("max_grad_norm", 1.0))
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        log.append({"step": step + 1, "loss": loss, "lr": options["lr"] * factor, "grad_norm": norm.item(), "tokens": total})
    return log


@torch.no_grad()
def greedy(model, ids, limit=50, ends=(0,)):
    """Greedy continuation without a cache, and the smallest distance between best and second best logit on the way.

    It ends after `limit` tokens or before the first one of `ends`, which is not part of it.
    """
    model.eval()
    new, gap = [], math.inf
    while len(new) < limit:
        logits = model(input_ids=torch.tensor([ids + new]), use_cache=False).logits[0, -1]
        best = torch.topk(logits, 2)
        gap = min(gap, (best.values[0] - best.values[1]).item())
        if best.indices[0].item() in ends:
            break
        new.append(best.indices[0].item())
    return new, gap


@torch.no_grad()
def logits_of(model, ids):
    return model.eval()(input_ids=torch.tensor([ids]), use_cache=False).logits[0]


def describe(model, ids):
    """One entry of logits.json."""
    logits = logits_of(model, ids)
    nll = torch.nn.functional.cross_entropy(logits[:-1], torch.tensor(ids[1:]), reduction="none")
    return {
        "ids": ids,
        "last_logits": logits[-1].tolist(),
        "logits_l2_per_position": logits.norm(dim=-1).tolist(),
        "nll": nll.tolist(),
    }


def legacy_config(config):
    """The rotary settings as all but transformers 5 spell them."""
    rope = config.pop("rope_parameters", None)
    if rope is not None:
        config["rotary_pct"] = rope["partial_rotary_factor"]
        config["rotary_emb_base"] = rope["rope_theta"]
    return config
