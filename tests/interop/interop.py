#!/usr/bin/env python3
"""Checks aacft against transformers and PEFT: what one writes the other loads, and both compute the same.

One line a check; exit 1 if one fails. The checks (--only takes their letters):
  a  aacft trains a golden curve; PEFT loads its adapter folder and agrees about the loss
  b  aacft merges; transformers loads the folder with its tokenizer and generates the same text
  c  adapters trained by PEFT: aacft loads them, generates the same tokens and merges the same weights
  d  curves on models made on the spot, of every family, equal a PEFT loop's
  e  token ids of random strings
  f  a run that was stopped and resumed equals one that was not, byte for byte
  g  with bf16 arithmetic, the loss curve is nearer to the fp32 one than PEFT's own in bf16
  h  chrF, BLEU and length ratio of aacft eval equal sacrebleu's (metrics.py, which needs nothing but sacrebleu)
  i  the tokenizers library: token ids and texts of very many random strings, for every kind of tokenizer, tokenizers of GGUF files
     and the tokenizer.json that is made of them among them (tokenizers_check.py, which needs nothing but that library)
  j  chat styles equal Jinja2 rendering models' own templates (chat.py, which needs jinja2, pip and the tests' program)
  k  models made on the spot, of every family: losses, continuations, end tokens, adapters both ways, merges
  l  llama.cpp says what aacft says with SmolLM2, but for near-ties (llama_check.py, which needs llama-cpp-python and gguf)
  m  the official openai client asks aacft serve, streaming and not (openai_client.py, which needs openai)
"""

import argparse
import filecmp
import importlib.util
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

GOLDENS = Path(__file__).resolve().parent.parent / "goldens"
sys.path.insert(0, str(GOLDENS))
from make_goldens import *
import llama_check
import tokenizers_check
from families import END, FAMILIES, with_start, write_fast_tokenizer
from peft import PeftModel
from transformers import AutoTokenizer

CURVE_TOLERANCE = 1e-4
TIME_LIMIT = 600  # seconds for one command


class Failure(Exception):
    """What went wrong, in one line."""


class Skipped(Exception):
    """What is missing for a check."""


def require(condition, text):
    if not condition:
        raise Failure(text)


def difference(got, want):
    got, want = torch.as_tensor(got, dtype=torch.float64), torch.as_tensor(want, dtype=torch.float64)
    require(got.shape == want.shape, f"{tuple(got.shape)} values for {tuple(want.shape)}")
    return ((got - want).abs() / want.abs().clamp(min=1.0)).max().item()


def close(name, got, want, tolerance):
    found = difference(got, want)
    require(found <= tolerance, f"{name} differs by {found:.2e}, allowed {tolerance:.0e}")
    return f"{name} {found:.1e}"


# ---------------------------------------------------------------- the binary


class Aacft:
    def __init__(self, binary):
        self.binary = binary
        self.help = {}

    def knows(self, command, flag):
        if command not in self.help:
            self.help[command] = self.run(command, "--help")
        return flag in self.help[command]

    def run(self, *arguments):
        command = [self.binary, *map(str, arguments)]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=TIME_LIMIT)
        if done.returncode != 0:
            tail = done.stderr.decode(errors="replace").strip().splitlines()[-3:]
            raise Failure(f"aacft {' '.join(' '.join(map(str, arguments)).split())[:300]}: exit {done.returncode}: {' | '.join(tail)}")
        return done.stdout.decode()

    def train_arguments(self, model, texts, output, options, init=None, dropout=0.0):
        data = Path(output).with_suffix(".jsonl")
        write_rows(data, texts)
        arguments = ["train", "--model", model, "--data", data, "--output", output]
        arguments += ["--lr", options["lr"], "--micro-batch", options["micro_batch"], "--accumulation", options["accumulation"]]
        arguments += ["--max-steps", options["steps"], "--warmup", options["warmup"], "--loss-norm", options["norm"]]
        arguments += ["--schedule", options.get("schedule", "linear"), "--max-grad-norm", options.get("max_grad_norm", 1.0)]
        arguments += ["--compute", "fp32", "--threads", 1]
        if init is not None:
            arguments += ["--init-adapter", init]
        if options.get("full"):
            arguments.append("--full")
        else:
            arguments += ["--dropout", dropout]
        if options.get("mask_prompt"):
            arguments.append("--mask-prompt")
        if not options.get("append_eos"):
            arguments.append("--no-append-eos")
        return arguments

    def train(self, model, texts, output, options, init=None):
        """Trains in file order without dropout; returns the log under the names of the goldens."""
        self.run(*self.train_arguments(model, texts, output, options, init), "--no-shuffle")
        return log_of(output)

    def generate(self, model, prompts, adapter=None, stop=False, folder=None, ends=(0,)):
        """What generate says per prompt; `new` is cut before the first of `ends`, whether or not the command shows it."""
        arguments = ["generate", "--model", model, "--max-new-tokens", 50, "--json"]
        if adapter is not None:
            arguments += ["--adapter", adapter]
        if not stop:
            arguments.append("--no-stop")
        if self.knows("generate", "--compute"):
            arguments += ["--compute", "fp32"]
        if folder is None:
            for prompt in prompts:
                arguments += ["--prompt", prompt]
        else:
            data = Path(folder) / "prompts.jsonl"
            write_rows(data, prompts)
            arguments += ["--data", data]
        lines = [json.loads(line) for line in self.run(*arguments).splitlines() if line.strip()]
        require(len(lines) == len(prompts), f"generate: {len(lines)} answers to {len(prompts)} prompts")
        for line, prompt in zip(lines, prompts):
            require(line["prompt"] == prompt, "generate: the prompts come back in another order")
            line["new"] = before(line["new_ids"], ends)
        return lines

    def losses(self, model, texts, data):
        """What eval says of each text: its ids, and the loss of each but the first."""
        write_rows(data, texts)
        arguments = ["eval", "--model", model, "--data", data, "--by-row", "--no-append-eos", "--compute", "fp32", "--threads", 1]
        lines = [json.loads(line) for line in self.run(*arguments).splitlines() if line.startswith("{")]
        require(len(lines) == len(texts), f"eval: {len(lines)} rows for {len(texts)}")
        return lines


def before(ids, ends):
    """Up to the first of `ends`."""
    return ids[: next((place for place, token in enumerate(ids) if token in ends), len(ids))]


def log_of(run):
    with open(Path(run) / "metrics.jsonl", encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    lines = [line for line in lines if "loss" in line]
    return [dict(step=line["step"], loss=line["loss"], lr=line["learning_rate"], grad_norm=line["grad_norm"], tokens=line["tokens"]) for line in lines]


def compare_logs(got, want, tolerance=CURVE_TOLERANCE):
    require([line["step"] for line in got] == [line["step"] for line in want], f"steps {[line['step'] for line in got]}")
    tokens = [line["tokens"] for line in got], [line["tokens"] for line in want]
    require(tokens[0] == tokens[1], f"tokens {tokens[0][:4]}... instead of {tokens[1][:4]}...")
    values = lambda log, key: [line[key] for line in log]
    # The rate is small: compare it in units of its largest value.
    peak = max(values(want, "lr")) or 1.0
    parts = [close("lr", [lr / peak for lr in values(got, "lr")], [lr / peak for lr in values(want, "lr")], 1e-6)]
    parts += [close(key, values(got, key), values(want, key), tolerance) for key in ("loss", "grad_norm")]
    return ", ".join(parts)


def prompts_of(texts):
    return [text[: text.index(MARKER) + len(MARKER)] for text in texts]


# ---------------------------------------------------------------- checks
# A check yields pairs: a name, and a function that returns a detail or raises Failure.


def check_a(aacft, work, settings):
    rows = read_rows(GOLDENS / "rows.jsonl")
    for tag in ("seq-r2-token", "seq-r2-dora", "par-r4-all"):
        golden = read_json(GOLDENS / f"train-{tag}.json")
        base, run = GOLDENS / tag.split("-")[0], work / f"a-{tag}"
        texts = rows[slice(*golden["rows"])]
        tokenizer = load_tokenizer(base)

        def adapter_in_peft():
            detail = compare_logs(aacft.train(base, texts, run, golden, GOLDENS / f"adapter-{tag}-init"), golden["log"])
            ours = load_file(run / "adapter_model.safetensors")
            theirs = load_file(GOLDENS / f"adapter-{tag}" / "adapter_model.safetensors")
            require(ours.keys() == theirs.keys(), f"tensor names: {sorted(ours.keys() ^ theirs.keys())[:3]}")
            for key in theirs:
                close(key, ours[key].float(), theirs[key], 1e-4)
            model = load_model(base, run)
            require(model.peft_config["default"].inference_mode, "adapter_config.json: inference_mode is not true")
            loaded = peft.get_peft_model_state_dict(model)
            require(all(torch.equal(loaded[key], ours[key]) for key in ours), "PEFT did not take every tensor as it is in the file")
            # The loss that PEFT finds with our adapter, and the one that aacft starts from with it.
            with torch.no_grad():
                loss, count = summed_loss(model, [sample(tokenizer, text) for text in texts[:8]])
            probe = dict(golden, steps=1, warmup=0, lr=0.0, micro_batch=4, accumulation=2)
            log = aacft.train(base, texts[:8], work / f"a-{tag}-probe", probe, run)
            return detail + ", " + close("loss in PEFT", log[0]["loss"], loss.item() / count, 1e-5)

        def merged_logits():
            merged = work / f"a-{tag}-merged"
            aacft.run("merge", "--model", base, "--adapter", run, "--output", merged, "--dtype", "float32")
            ids = [tokenizer.encode(text, add_special_tokens=False).ids for text in texts[:3]]
            flat = lambda model: torch.cat([logits_of(model, row).flatten() for row in ids])
            return close("logits", flat(load_model(merged)), flat(load_model(base, run)), 1e-5)

        yield f"a {tag}: PEFT loads what aacft trained", adapter_in_peft
        yield f"a {tag}: logits merged by aacft and unmerged in PEFT", merged_logits


def check_b(aacft, work, settings):
    base, adapter = GOLDENS / "seq", GOLDENS / "adapter-seq-r2-token"
    goldens = read_json(GOLDENS / "generate.json")
    golden = goldens["seq-r2-token"]
    prompts = [entry["prompt"] for entry in golden]
    reference = load_model(base, adapter).merge_and_unload().state_dict()
    # Each type rounds the fp32 sum once; the sum itself may differ in its last bit, which can move it to the neighbour.
    for dtype, tolerance in (("float32", 1e-6), ("float16", 2.0**-10), ("bfloat16", 2.0**-7)):
        folder = work / f"b-{dtype}"

        def merge():
            aacft.run("merge", "--model", base, "--adapter", adapter, "--output", folder, "--dtype", dtype)
            model = AutoModelForCausalLM.from_pretrained(folder, dtype="auto")
            require(model.dtype == getattr(torch, dtype), f"transformers loads it as {model.dtype}")
            got = model.state_dict()
            require(got.keys() == reference.keys(), "transformers finds other tensors")
            worst = max(difference(got[key].float(), reference[key]) for key in reference)
            require(worst <= tolerance, f"weights differ by {worst:.2e}")
            unchanged = [key for key in reference if "query_key_value.weight" not in key]
            require(all(torch.equal(got[key], reference[key].to(got[key].dtype)) for key in unchanged), "a weight without adapter changed")
            config = read_json(folder / "config.json")
            require("rotary_pct" in config and "use_parallel_residual" in config, "config.json lacks the legacy keys")
            return f"weights {worst:.1e}"

        def generate():
            tokenizer, model = AutoTokenizer.from_pretrained(folder), load_model(folder)
            compared = 0
            for prompt, answer, entry in zip(prompts, aacft.generate(folder, prompts), golden):
                ids = tokenizer(prompt, return_tensors="pt").input_ids
                require(ids[0].tolist() == answer["prompt_ids"] == entry["ids"], "AutoTokenizer gives other ids for the prompt")
                new = model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=50, pad_token_id=1)
                new = new[0, ids.shape[1] :].tolist()
                new = new[: new.index(0)] if 0 in new else new
                require(dtype != "float32" or new == entry["new"], f"transformers generates {new[:6]}...")
                # Rounded weights may bring two tokens close together.
                if greedy(model, entry["ids"])[1] > 1e-4:
                    require(answer["new"] == new, f"aacft generates {answer['new'][:6]}..., transformers {new[:6]}...")
                    text = tokenizer.decode(new)
                    require(answer["text"].strip() == text.strip(), f"aacft says {answer['text']!r}, transformers {text!r}")
                    compared += 1
            require(compared, "every prompt has a near-tie")
            return f"{compared} prompts"

        yield f"b transformers loads the {dtype} merge", merge
        yield f"b transformers generates from the {dtype} merge", generate

    def from_file():
        answers = aacft.generate(base, prompts, adapter, folder=work)
        require([answer["new"] for answer in answers] == [entry["new"] for entry in golden], "other tokens")
        return f"{len(prompts)} prompts"

    def end_of_text():
        entries = [entry for entry in goldens["par-r8-eos"] if len(entry["new"]) < 50]
        prompts = [entry["prompt"] for entry in entries]
        answers = aacft.generate(GOLDENS / "par", prompts, GOLDENS / "adapter-par-r8-eos", stop=True)
        for answer, entry in zip(answers, entries):
            require(answer["new"] == entry["new"], f"{answer['new'][:8]}... for {entry['new'][:8]}...")
            require(len(answer["new_ids"]) <= len(entry["new"]) + 1, "it goes on after the end of text")
        return f"after {[len(entry['new']) for entry in entries]} tokens ({answers[0]['stop_reason']})"

    yield "b generation with the adapter, prompts from a file", from_file
    yield "b generation stops at the end-of-text token", end_of_text


ADAPTERS = {
    "dropout": dict(r=2, lora_alpha=32, lora_dropout=0.05, target_modules=["query_key_value", "xxx"]),
    "all-linears": dict(r=3, lora_alpha=7, lora_dropout=0.1, target_modules=LINEARS),
    "rslora": dict(r=5, lora_alpha=10, target_modules=["query_key_value", "dense_h_to_4h"], use_rslora=True),
    "dora": dict(r=2, lora_alpha=8, lora_dropout=0.05, target_modules=LINEARS, use_dora=True),
    "rslora-dora": dict(r=4, lora_alpha=8, target_modules=["dense", "dense_4h_to_h"], use_rslora=True, use_dora=True),
    "patterns": dict(
        r=2, lora_alpha=8, target_modules=["query_key_value", "dense_4h_to_h"], rank_pattern={"dense_4h_to_h": 5}, alpha_pattern={"query_key_value": 20}
    ),
    "one-layer": dict(r=2, lora_alpha=16, target_modules=["query_key_value"], layers_to_transform=[1]),
    "regular-expression": dict(r=2, lora_alpha=16, target_modules=r".*\.0\..*(query_key_value|dense_h_to_4h)"),
}


def check_c(aacft, work, settings):
    rows = read_rows(GOLDENS / "rows.jsonl")
    options = dict(CURVE, steps=6, warmup=0, lr=1e-2, micro_batch=4, accumulation=1)
    for index, (name, lora) in enumerate(ADAPTERS.items()):
        base, folder = GOLDENS / ("seq", "par")[index % 2], work / f"c-{name}"

        def load_and_merge():
            torch.manual_seed(settings.seed + index)
            tokenizer = load_tokenizer(base)
            model = get_peft_model(load_model(base), LoraConfig(task_type="CAUSAL_LM", **lora)).train()
            train(model, [sample(tokenizer, text) for text in rows[:32]], options)
            model.save_pretrained(folder)
            entries = continuations(model, tokenizer, prompts_of(rows), 3, distinct=1)
            for answer, entry in zip(aacft.generate(base, [entry["prompt"] for entry in entries], folder), entries):
                require(answer["prompt_ids"] == entry["ids"], "other prompt ids")
                require(answer["new"] == entry["new"], f"aacft generates {answer['new'][:8]}..., PEFT {entry['new'][:8]}...")
            merged = work / f"c-{name}-merged"
            aacft.run("merge", "--model", base, "--adapter", folder, "--output", merged, "--dtype", "float32")
            want, got = load_model(base, folder).merge_and_unload().state_dict(), load_model(merged).state_dict()
            worst = max(difference(got[key], want[key]) for key in want)
            require(worst <= 1e-5, f"merged weights differ by {worst:.2e}")
            return f"{len(entries)} continuations, merged weights {worst:.1e}"

        yield f"c aacft loads PEFT's adapter: {name} on {base.name}", load_and_merge

    def old_folder():
        golden = read_json(GOLDENS / "generate.json")["seq-r2-token-old"]
        answers = aacft.generate(GOLDENS / "seq", [entry["prompt"] for entry in golden], GOLDENS / "adapter-seq-r2-token-old")
        require([answer["new"] for answer in answers] == [entry["new"] for entry in golden], "other tokens")
        return f"{len(golden)} continuations"

    yield "c aacft loads the folder of PEFT 0.3", old_folder


LAYOUTS = ["safetensors", "bin", "safetensors-sharded", "bin-sharded", "bin-legacy"]
STORED = [torch.float32, torch.float16, torch.bfloat16]


def write_on_the_spot(folder, model, tokenizer, layout, stored, family, older_keys):
    model = model.to(stored)
    if layout.startswith("safetensors"):
        model.save_pretrained(folder, **({"max_shard_size": "15KB"} if "sharded" in layout else {}))
        config = read_json(folder / "config.json")
    else:
        os.makedirs(folder)
        write_state(folder, model, layout, family)
        config = json.loads(model.config.to_json_string(use_diff=False))
        config.update(architectures=[type(model).__name__], torch_dtype=str(stored).removeprefix("torch."))
        config.pop("dtype", None)
    write_config(folder, family.older(config) if older_keys else config)
    (write_tokenizer if family.model is None else write_fast_tokenizer)(tokenizer, folder)


def write_state(folder, model, layout, family):
    state = state_of(model, family.head)
    if model.config.tie_word_embeddings:
        # torch.save keeps both names on one storage, as a tied model of 2023 was saved.
        state[family.head] = state[family.embedding]
    if layout == "bin-sharded":
        parts = [list(state)[0::2], list(state)[1::2]]
        names = [f"pytorch_model-0000{part + 1}-of-00002.bin" for part in range(2)]
        for name, keys in zip(names, parts):
            torch.save({key: state[key] for key in keys}, os.path.join(folder, name))
        weights = {key: name for name, keys in zip(names, parts) for key in keys}
        size = sum(value.numel() * value.element_size() for value in state.values())
        write_json(os.path.join(folder, "pytorch_model.bin.index.json"), {"metadata": {"total_size": size}, "weight_map": weights})
    else:
        torch.save(state, os.path.join(folder, "pytorch_model.bin"), _use_new_zipfile_serialization=layout != "bin-legacy")


def random_options(draw, index):
    micro, accumulation = draw.randint(1, 5), draw.randint(1, 4)
    return dict(
        norm=("token", "micro")[index % 2], steps=8, warmup=draw.randint(0, 4), lr=draw.choice([1e-3, 3e-3]), micro_batch=micro,
        accumulation=accumulation, mask_prompt=draw.random() < 0.5, schedule=("linear", "cosine", "constant")[index % 3],
        max_grad_norm=draw.choice([1.0, 0.3]), append_eos=draw.random() < 0.4,
    )


def check_d(aacft, work, settings):
    for path in sorted(GOLDENS.glob("train-*.json")):
        tag, golden = path.stem[len("train-") :], read_json(path)
        texts = read_rows(GOLDENS / "rows.jsonl")[slice(*golden["rows"])]
        init = None if golden.get("full") else GOLDENS / f"adapter-{tag}-init"
        run = lambda: aacft.train(GOLDENS / tag.split("-")[0], texts, work / f"d-{tag}", golden, init)
        yield f"d golden curve {tag}", lambda: compare_logs(run(), golden["log"])

    for model in random_models(work, "d", settings):
        yield f"d curve on {model.name} ({model.words})", lambda: model.adapter_curve(aacft)
        yield f"d every weight of {model.name} trained", lambda: model.full_curve(aacft)


def flat(tensors, order):
    """All values of some tensors, in the order of others of the same names."""
    return torch.cat([tensors[key].flatten() for key in order])


class RandomModel:
    """A model on the disk, with rows, options and an adapter's configuration, all drawn from one seed."""

    def __init__(self, work, letter, family, seed, index, rows, tokenizer):
        draw = random.Random(f"{family.name} {seed} {index}")
        self.family, self.seed, self.name = family, seed + index, f"random {family.name} {index}"
        self.path = lambda name: work / f"{letter}-{family.name}-{index}-{name}"
        shape, self.options = family.shape(draw, index), random_options(draw, index)
        layout, stored = LAYOUTS[(seed + index) % len(LAYOUTS)], STORED[(seed + index + 1) % len(STORED)]
        targets = draw.sample(family.linears, draw.randint(1, len(family.linears)))
        self.lora = dict(r=draw.choice([1, 3, 5, 7]), lora_alpha=draw.choice([4, 9, 16]), target_modules=targets)
        self.lora.update(use_rslora=draw.random() < 0.3, use_dora=draw.random() < 0.3)
        self.folder = self.path("model")
        model = family.make(shape, self.seed, tokenizer.get_vocab_size() + draw.randint(0, 20))
        older_keys = (seed + index) % 2 == 0
        self.texts = draw.sample(rows, draw.randint(9, 22))
        self.tokenizer, self.ends = tokenizer, (END,)
        if family.name in ("llama", "mistral") and index % 2 == 0:
            self.tokenizer = with_start(tokenizer)
        if family.model is not None and index % 2 == 1:
            # Rows end with the tokenizer's own end token, whichever comes first here.
            self.ends = (draw.randrange(2, tokenizer.get_vocab_size()), END)
            model.config.eos_token_id = model.generation_config.eos_token_id = list(self.ends)
        write_on_the_spot(self.folder, model, self.tokenizer, layout, stored, family, older_keys)
        words = [f"{key} {value}" for key, value in shape.items()] + [layout, str(stored).removeprefix("torch.")]
        words += ["older keys"] * older_keys + [f"ends {self.ends}", f"{len(self.texts)} rows"]
        self.words = ", ".join(words + [f"{key} {value}" for key, value in self.options.items()]) + f"; {self.lora}"

    def samples(self):
        return [sample(self.tokenizer, text, self.options["mask_prompt"], self.options["append_eos"], END) for text in self.texts]

    def started_adapter(self, attempt=0):
        """A folder with an adapter that already does something."""
        init = self.path(f"init-{attempt}")
        torch.manual_seed(self.seed + 1000 * attempt)
        start = get_peft_model(load_model(self.folder), LoraConfig(task_type="CAUSAL_LM", **self.lora))
        with torch.no_grad():
            for key, weight in start.named_parameters():
                if "lora_B" in key:
                    weight.normal_(0.0, 0.02)
        start.save_pretrained(init)
        return init

    def certain_curve(self, options):
        """The folder with the start, PEFT's log and its adapter at the end, of a start for which fp64 says the same.

        Where a gradient happens to be next to nothing, its rounded sign decides Adam's first steps.
        """
        for attempt in range(5):
            init, logs, ends = self.started_adapter(attempt), [], []
            for dtype in (torch.float32, torch.float64):
                model = load_model(self.folder, init, trainable=True).to(dtype)
                logs.append(train(model, self.samples(), options))
                ends.append({key: value.float() for key, value in peft.get_peft_model_state_dict(model).items()})
            values = lambda log: [line[key] for line in log for key in ("loss", "grad_norm")]
            doubt = max(difference(values(logs[0]), values(logs[1])), difference(flat(ends[0], ends[1]), flat(ends[1], ends[1])))
            if doubt < CURVE_TOLERANCE / 5:
                return init, logs[0], ends[0]
        raise Failure("rounding decides the curve from five starts: choose another seed")

    def adapter_curve(self, aacft):
        init, want, _ = self.certain_curve(self.options)
        return compare_logs(aacft.train(self.folder, self.texts, self.path("run"), self.options, init), want)

    def full_curve(self, aacft):
        full = dict(self.options, full=True, steps=4)
        want = train(load_model(self.folder, trainable=True).requires_grad_(True), self.samples(), full)
        return compare_logs(aacft.train(self.folder, self.texts, self.path("full"), full), want)

    def continuations(self, model, prompts, wanted=3, **how):
        entries = continuations(model, self.tokenizer, prompts, wanted, distinct=1, ends=self.ends, **how)
        require(entries, "every prompt has a near-tie: choose another seed")
        return entries

    def require_continuations(self, aacft, entries, folder, adapter=None):
        """aacft says what transformers has said."""
        for answer, entry in zip(aacft.generate(folder, [entry["prompt"] for entry in entries], adapter, ends=self.ends), entries):
            require(answer["prompt_ids"] == entry["ids"], f"the prompt is {answer['prompt_ids'][:6]}... instead of {entry['ids'][:6]}...")
            require(answer["new"] == entry["new"], f"aacft generates {answer['new'][:8]}..., transformers {entry['new'][:8]}...")
            # With the end token, as transformers' users decode: it is silent only where the tokenizer calls it special.
            text = self.tokenizer.decode(answer["new_ids"], skip_special_tokens=True)
            require(answer["text"].strip() == text.strip(), f"aacft says {answer['text']!r}, transformers {text!r}")
        return f"{len(entries)} continuations"


def random_models(work, letter, settings):
    rows = make_rows()
    tokenizer = make_tokenizer(rows)
    for name in settings.families.split(","):
        for index in range(settings.cases):
            yield RandomModel(work, letter, FAMILIES[name], settings.seed, index, rows, tokenizer)


def random_text(draw):
    """A string of everything that makes tokenizers differ; it does not begin like an option."""
    pools = [
        lambda: draw.choice(["the", "I", "want", "Tea", "it's", "we'll", "THEY'VE", "can't", "'s", "human", "bot", "png", "NOUN"]),
        lambda: " " * draw.randint(1, 9),
        lambda: draw.choice(["\n", "\t", "\r\n", " \n", "  \n\n ", "\u00a0", "\u2003", "\u3000", "\u0085", "\u200b", "\ufeff"]),
        lambda: draw.choice([str(draw.randint(0, 10**6)), "½", "Ⅷ", "٣", "²", "१२"]),
        lambda: draw.choice([":", ";", "<bot>:", "<human>:", "{ ", " }", "...", "!?", "* ", "[a,b]", '"', "\\", "$x", "%", "`", "|>"]),
        lambda: draw.choice(["<|endoftext|>", "<|padding|>", "<|endoftext", "|padding|>"]),
        lambda: draw.choice(["é", "e\u0301", "\u0301", "ñ", "n\u0303", "Å", "ﬁ", "\u1112\u1161\u11ab", "각", "q\u0307\u0323", "\u0344", "\u2126"]),
        lambda: draw.choice(["日本語", "עִברִית", "हिन्दी", "ไทย", "Ελληνικά", "кошка", "ǅ", "ª"]),
        lambda: draw.choice(["🍿", "👩‍👧", "🇬🇧", "\U0001d4d0", "\ue000", "\U0010ffff", "\u0007", "\u007f"]),
        lambda: chr(draw.choice([draw.randint(1, 0xD7FF), draw.randint(0xE000, 0x10FFFF)])),
    ]
    text = "".join(draw.choice(pools)() for _ in range(draw.randint(1, 60)))
    return text.lstrip("-") or "a"


def check_e(aacft, work, settings):
    folder = GOLDENS / "seq"
    tokenizer, auto = load_tokenizer(folder), AutoTokenizer.from_pretrained(folder)

    def token_ids():
        draw, total = random.Random(settings.seed), 0
        for _ in range(settings.strings):
            text = random_text(draw)
            answer = json.loads(aacft.run("tokenize", "--model", folder, "--json", text))
            want = tokenizer.encode(text, add_special_tokens=False).ids
            require(auto(text, add_special_tokens=False).input_ids == want, f"transformers and tokenizers disagree about {text!r}")
            require(answer["ids"] == want, f"{text!r}: aacft {answer['ids']}, tokenizers {want}")
            require(len(answer["pieces"]) == len(want), f"{text!r}: {len(answer['pieces'])} pieces for {len(want)} ids")
            total += len(want)
        return f"{settings.strings} strings, {total} tokens"

    yield "e token ids", token_ids


def wait_for(process, condition, limit=TIME_LIMIT):
    """Whether the condition came true while the process still ran."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if process.poll() is not None:
            return False
        if condition():
            return True
        time.sleep(0.002)
    process.kill()
    process.wait()
    raise Failure(f"nothing happened for {limit} s")


def lines_in(path):
    return path.read_bytes().count(b"\n") if path.exists() else 0


def check_f(aacft, work, settings):
    base, texts = GOLDENS / "par", read_rows(GOLDENS / "rows.jsonl")[:30]
    options = dict(CURVE, steps=60, lr=2e-3, warmup=5, micro_batch=4, accumulation=2)
    extra = ["--rank", 4, "--alpha", 16, "--target-modules", ",".join(LINEARS), "--seed", settings.seed, "--save-steps", 7, "--save-total-limit", 2]
    arguments = lambda run: aacft.train_arguments(base, texts, run, options, dropout=0.1) + extra
    same = lambda one, two: filecmp.cmp(one / "adapter_model.safetensors", two / "adapter_model.safetensors", shallow=False)
    whole = work / "f-whole"

    def threads():
        aacft.run(*arguments(whole))
        again = arguments(work / "f-again")
        again[again.index("--threads") + 1] = 2
        aacft.run(*again)
        require(same(whole, work / "f-again"), "two threads give another adapter than one")
        return f"{options['steps']} steps, the same bytes"

    yield "f one thread and two", threads
    for name, kill, after in (("SIGTERM", signal.SIGTERM, 3), ("SIGTERM", signal.SIGTERM, 31), ("SIGKILL", signal.SIGKILL, 16)):

        def stopped_and_resumed():
            run = work / f"f-{name}-{after}"
            process = subprocess.Popen([aacft.binary, *map(str, arguments(run))], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            early = "the run ended before it could be stopped: give it more steps"
            require(wait_for(process, lambda: lines_in(run / "metrics.jsonl") >= after), early)
            process.send_signal(kill)
            process.wait(timeout=TIME_LIMIT)
            stopped = lines_in(run / "metrics.jsonl")
            require(stopped < options["steps"], early)
            aacft.run("train", "--resume", run)
            require(same(whole, run), f"another adapter than without the stop (at step {stopped})")
            got, want = log_of(run), log_of(whole)
            require(got == want, f"the same adapter, but another curve: {len(got)} lines for {len(want)}")
            return f"stopped at step {stopped}, the same bytes and curve"

        yield f"f stopped by {name} after step {after}, then resumed", stopped_and_resumed


def check_g(aacft, work, settings):
    """bf16: our curve must be nearer to the fp32 one than PEFT's own bf16 curve is."""
    rows = read_rows(GOLDENS / "rows.jsonl")
    options = dict(CURVE, steps=12, warmup=0, lr=5e-3, micro_batch=4, accumulation=1)
    for name in ("seq", "par"):
        base = GOLDENS / name

        def nearer():
            tokenizer = load_tokenizer(base)
            samples = [sample(tokenizer, text) for text in rows[:48]]
            start = work / f"g-{name}-start"
            lora = LoraConfig(task_type="CAUSAL_LM", r=4, lora_alpha=16, target_modules=LINEARS)
            torch.manual_seed(settings.seed)
            model = get_peft_model(load_model(base), lora).train()
            model.save_pretrained(start)
            losses = lambda log: torch.tensor([line["loss"] for line in log], dtype=torch.float64)
            fp32 = losses(train(model, samples, options))
            half = PeftModel.from_pretrained(load_model(base).to(torch.bfloat16), start, is_trainable=True).train()
            theirs = (losses(train(half, samples, options)) - fp32).abs()
            arguments = aacft.train_arguments(base, rows[:48], work / f"g-{name}", options, start)
            arguments[arguments.index("--compute") + 1] = "bf16"
            aacft.run(*arguments, "--no-shuffle")
            ours = (losses(log_of(work / f"g-{name}")) - fp32).abs()
            detail = f"mean distance {ours.mean():.1e}, largest {ours.max():.1e}; PEFT's {theirs.mean():.1e}, {theirs.max():.1e}"
            require(ours.mean() < theirs.mean(), detail)
            return detail

        yield f"g bf16 on {name}: nearer to fp32 than PEFT's bf16", nearer


def check_h(aacft, work, settings):
    def equal_sacrebleu():
        command = [sys.executable, Path(__file__).parent / "metrics.py", "--check-goldens", "--binary", aacft.binary, "--seed", str(settings.seed)]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=TIME_LIMIT)
        text = " ".join(done.stdout.decode(errors="replace").split())
        require(done.returncode == 0, text[-300:])
        return text

    yield "h scores of sacrebleu", equal_sacrebleu


def fetch_smollm2():
    fetched = subprocess.run([GOLDENS.parent.parent / "scripts" / "fetch-smollm2"], stdout=subprocess.PIPE, timeout=TIME_LIMIT)
    require(fetched.returncode == 0, "SmolLM2 could not be fetched")
    return Path(fetched.stdout.decode().strip().splitlines()[-1])


def check_i(aacft, work, settings):
    program = Path(aacft.binary).parent / "tests" / "token_ids"
    root = GOLDENS.parent.parent
    shared = Path(os.environ.get("AACFT_SHARED", root.parent / "shared"))

    def random_strings(tokenizer, reference=None, count=settings.token_strings):
        require(program.exists(), f"{program} is missing: ninja -C {program.parent.parent} token_ids")
        try:
            return tokenizers_check.compare(program, tokenizer, count, settings.seed, reference)
        except AssertionError as difference:
            raise Failure(str(difference))

    files = [GOLDENS / "tokenizer" / "tokenizer.json"]
    for seed in ["llama", "metaspace", "split"]:
        files.append(work / f"i-{seed}.json")
        shutil.copy(root / "tests" / "fuzz" / "seeds" / "tokenizer_json" / seed, files[-1])
    files += sorted(shared.glob("goldens-llama/tok-*/tokenizer.json"))
    for file in files:
        yield f"i random strings, {file.parent.name}/{file.name}", lambda file=file: random_strings(file)

    def of_gguf(gguf, count):
        folder = work / f"i-{gguf.stem}"
        require(program.exists(), f"{program} is missing: ninja -C {program.parent.parent} token_ids")
        subprocess.run([program, gguf, "--write", folder], check=True, timeout=TIME_LIMIT)
        written = load_tokenizer(folder)
        auto = AutoTokenizer.from_pretrained(folder)
        for text in ["I want tea", "  12 caf\u00e9s!"]:
            want = written.encode(text, add_special_tokens=True).ids
            require(auto(text).input_ids == want, f"transformers and tokenizers disagree about {text!r}")
        random_strings(folder, count=count)
        return random_strings(gguf, written, count)

    for gguf in sorted(shared.glob("goldens-gguf/*.gguf")):
        yield f"i tokenizer of {gguf.name}", lambda gguf=gguf: of_gguf(gguf, settings.token_strings // 10)

    yield "i tokenizer of SmolLM2", lambda: of_gguf(fetch_smollm2(), settings.token_strings)


def check_j(aacft, work, settings):
    def equal_jinja():
        tests = Path(aacft.binary).parent / "tests" / "data_tests"
        command = [sys.executable, Path(__file__).parent / "chat.py", "--data-tests", tests, "--folder", work / "j-packages"]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=TIME_LIMIT)
        text = done.stdout.decode(errors="replace")
        require(done.returncode == 0, " ".join(text.split())[-300:])
        return f"{text.count(' is ')} templates are recognised and equal, {text.count(' not known')} are not known"

    yield "j chat templates", equal_jinja


# What PEFT can ask of an adapter; first and last are two linears of the family.
ADAPTER_KINDS = {
    "dropout": lambda first, last: dict(r=2, lora_alpha=32, lora_dropout=0.05, target_modules=[first, "xxx"]),
    "all-linear": lambda first, last: dict(r=3, lora_alpha=7, target_modules="all-linear"),
    "dora": lambda first, last: dict(r=2, lora_alpha=8, target_modules=[first, last], use_dora=True),
    "patterns": lambda first, last: dict(r=2, lora_alpha=8, target_modules=[first, last], rank_pattern={last: 5}, alpha_pattern={first: 20}),
    "first-layer": lambda first, last: dict(r=2, lora_alpha=16, target_modules=[first, last], layers_to_transform=[0]),
    "rslora": lambda first, last: dict(r=5, lora_alpha=10, target_modules=[last], use_rslora=True),
    "regular-expression": lambda first, last: dict(r=2, lora_alpha=16, target_modules=rf".*\.0\..*({first}|{last})"),
    "defaults": lambda first, last: dict(r=4, lora_alpha=8),
}


def check_k(aacft, work, settings):
    prompts, kinds = prompts_of(make_rows()), list(ADAPTER_KINDS)
    for count, model in enumerate(random_models(work, "k", settings)):
        name, kind = model.name, kinds[(settings.seed + count) % len(kinds)]
        yield f"k {name}: losses ({model.words})", lambda: equal_losses(aacft, model)
        yield f"k {name}: continuations", lambda: model.require_continuations(
            aacft, model.continuations(load_model(model.folder), prompts), model.folder
        )
        yield f"k {name}: each end token ends a text", lambda: end_tokens(aacft, model, prompts)
        yield f"k {name}: PEFT loads what aacft trained", lambda: adapter_for_peft(aacft, model, prompts)
        yield f"k {name}: aacft loads PEFT's adapter, {kind}", lambda: adapter_of_peft(aacft, model, prompts, kind)
        yield f"k {name}: default targets and all-linear", lambda: equal_targets(aacft, model)


def equal_losses(aacft, model):
    reference, texts = load_model(model.folder), model.texts[:5]
    want = [describe(reference, model.tokenizer.encode(text).ids) for text in texts]
    got = aacft.losses(model.folder, texts, model.path("losses.jsonl"))
    for ours, theirs in zip(got, want):
        require(ours["ids"] == theirs["ids"], f"ids {ours['ids'][:8]}... instead of {theirs['ids'][:8]}...")
    values = lambda rows: [value for row in rows for value in row["nll"]]
    return close(f"losses of {len(values(want))} tokens", values(got), values(want), 2e-5)


def end_tokens(aacft, model, prompts):
    """Makes some token of a continuation an end token: in config.json, or for every second model in generation_config.json alone."""
    entry = max(model.continuations(load_model(model.folder), prompts), key=lambda entry: len(set(entry["new"])))
    new = entry["new"]
    require(new, "the continuation is empty: choose another seed")
    place = max(place for place, token in enumerate(new) if token not in new[:place])
    for variant, name in enumerate(("config.json", "generation_config.json")):
        folder = model.path(f"ends-{variant}")
        shutil.copytree(model.folder, folder)
        changed = read_json(folder / name) if (folder / name).exists() else {}
        write_json(folder / name, dict(changed, eos_token_id=[END, new[place]]))
        (answer,) = aacft.generate(folder, [entry["prompt"]])
        require(answer["new_ids"] == new[: place + 1], f"{name}: {answer['new_ids'][:8]}..., {len(answer['new_ids'])} tokens instead of {place + 1}")
        require(answer["stop_reason"] == "eos", f"{name}: it ends by {answer['stop_reason']}")
    return f"after {place + 1} tokens"


def adapter_for_peft(aacft, model, prompts):
    run, options = model.path("run"), dict(model.options, steps=6, warmup=0, lr=5e-3)
    init, want, theirs = model.certain_curve(options)
    detail = compare_logs(aacft.train(model.folder, model.texts, run, options, init), want)
    ours = load_file(run / "adapter_model.safetensors")
    require(ours.keys() == theirs.keys(), f"tensor names: {sorted(ours.keys() ^ theirs.keys())[:3]}")
    detail += ", " + close("weights", flat(ours, theirs), flat(theirs, theirs), 1e-4)
    loaded = load_model(model.folder, run)
    state = peft.get_peft_model_state_dict(loaded)
    require(state.keys() == ours.keys() and all(torch.equal(state[key], ours[key]) for key in ours), "PEFT did not take every tensor as it is in the file")
    return detail + ", " + model.require_continuations(aacft, model.continuations(loaded, prompts), model.folder, run)


def adapter_of_peft(aacft, model, prompts, kind):
    folder, merged, linears = model.path("peft"), model.path("merged"), model.family.linears
    options = dict(CURVE, steps=6, warmup=0, lr=5e-3, micro_batch=4, accumulation=1)
    torch.manual_seed(model.seed)
    lora = LoraConfig(task_type="CAUSAL_LM", **ADAPTER_KINDS[kind](linears[0], linears[-1]))
    trained = get_peft_model(load_model(model.folder), lora).train()
    train(trained, model.samples(), options)
    trained.save_pretrained(folder)
    detail = model.require_continuations(aacft, model.continuations(trained, prompts), model.folder, folder)
    return f"{detail}, {equal_merge(aacft, model, folder, merged)}, {equal_from_merged(aacft, model, merged, prompts)}"


def equal_merge(aacft, model, adapter, merged):
    aacft.run("merge", "--model", model.folder, "--adapter", adapter, "--output", merged, "--dtype", "float32")
    want, got = load_model(model.folder, adapter).merge_and_unload(), load_model(merged)
    state, other = want.state_dict(), got.state_dict()
    require(state.keys() == other.keys(), "transformers finds other tensors in the merged folder")
    worst = max(difference(other[key], state[key]) for key in state)
    require(worst <= 1e-6, f"merged weights differ by {worst:.2e}")
    ids = [model.tokenizer.encode(text).ids for text in model.texts[:3]]
    logits = lambda which: torch.cat([logits_of(which, row).flatten() for row in ids])
    wanted, found = logits(want), logits(got)
    # In units of the largest; a model may magnify what the last digits of its weights differ by.
    torch.manual_seed(model.seed)
    with torch.no_grad():
        for weight in want.parameters():
            weight.mul_(1 + 2.0**-24 * torch.randint(-1, 2, weight.shape))
    largest, doubt = wanted.abs().max(), (logits(want) - wanted).abs().max()
    return f"merged weights {worst:.1e}, " + close("logits", found / largest, wanted / largest, max(1e-6, 2 * (doubt / largest).item()))


def equal_from_merged(aacft, model, merged, prompts):
    """transformers' own generate, from the folder as it is, says what aacft says from it."""
    tokenizer, loaded = AutoTokenizer.from_pretrained(merged), load_model(merged)
    entries = model.continuations(loaded, prompts, 2)
    for entry in entries:
        ids = tokenizer(entry["prompt"], return_tensors="pt").input_ids
        require(ids[0].tolist() == entry["ids"], "AutoTokenizer gives other ids for the prompt")
        new = loaded.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=50, pad_token_id=END)[0, ids.shape[1] :].tolist()
        require(before(new, model.ends) == entry["new"], f"transformers generates {new[:8]}... from it")
    return model.require_continuations(aacft, entries, merged)


def equal_targets(aacft, model):
    for targets in (None, "all-linear"):
        run = model.path(f"targets-{targets}")
        arguments = aacft.train_arguments(model.folder, model.texts[:4], run, dict(model.options, steps=1, warmup=0))
        aacft.run(*arguments, *(["--target-modules", targets] if targets else []))
        theirs = get_peft_model(load_model(model.folder), LoraConfig(task_type="CAUSAL_LM", r=2, lora_alpha=32, target_modules=targets))
        ours = load_file(run / "adapter_model.safetensors")
        shapes = lambda tensors: {key: tuple(value.shape) for key, value in tensors.items()}
        require(shapes(ours) == shapes(peft.get_peft_model_state_dict(theirs)), f"other tensors than PEFT's for targets {targets}")
    return f"{len(ours)} tensors for all-linear"


def check_l(aacft, work, settings):
    prompts = llama_check.PROMPTS + [llama_check.chatml(question) for question in llama_check.QUESTIONS]

    def equal_llama(file, allowed):
        for package in ("llama_cpp", "gguf"):
            if importlib.util.find_spec(package) is None:
                raise Skipped(f"{package} is not installed (pip install llama-cpp-python gguf)")
        model = file()
        arguments = ["generate", "--model", model, "--json", "--no-stop", "--max-new-tokens", 40, "--compute", "fp32", "--base-weights", "fp32"]
        for prompt in prompts:
            arguments += ["--prompt", prompt]
        answers = [json.loads(line) for line in aacft.run(*arguments).splitlines()]
        require([answer["prompt"] for answer in answers] == prompts, "the prompts come back in another order")
        try:
            return llama_check.compare(model, answers, allowed)
        except AssertionError as found:
            raise Failure(str(found))

    def without_quantisation():
        llama_check.write_fp32(fetch_smollm2(), work / "l-fp32.gguf")
        return work / "l-fp32.gguf"

    yield "l llama.cpp on SmolLM2's file", lambda: equal_llama(fetch_smollm2, llama_check.MARGIN_QUANTISED)
    yield "l llama.cpp on SmolLM2 in fp32", lambda: equal_llama(without_quantisation, llama_check.MARGIN_FP32)


def check_m(aacft, work, settings):
    def served():
        if importlib.util.find_spec("openai") is None:
            raise Skipped("openai is not installed (pip install openai)")
        command = [sys.executable, Path(__file__).parent / "openai_client.py", "--binary", aacft.binary, "--model", GOLDENS / "seq",
                   "--adapter", f"anna={GOLDENS / 'adapter-seq-r2-token'}"]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=TIME_LIMIT)
        text = " ".join(done.stdout.decode(errors="replace").split())
        require(done.returncode == 0, text[-300:])
        return text

    yield "m openai's client with aacft serve", served


CHECKS = {"a": check_a, "b": check_b, "c": check_c, "d": check_d, "e": check_e, "f": check_f, "g": check_g, "h": check_h, "i": check_i, "j": check_j, "k": check_k, "l": check_l, "m": check_m}


def passes(name, body):
    start = time.monotonic()
    try:
        print(f"ok   {name}: {body()} [{time.monotonic() - start:.1f} s]", flush=True)
        return True
    except Skipped as skipped:
        print(f"skip {name}: {skipped}", flush=True)
        return None
    except Failure as failure:
        print(f"FAIL {name}: {failure}", flush=True)
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        text = " ".join(str(error).split())[:300]
        print(f"FAIL {name}: {type(error).__name__}: {text} ({Path(where.filename).name}:{where.lineno})", flush=True)
    return False


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=str(GOLDENS.parent.parent / "build" / "aacft"))
    parser.add_argument("--only", default="abcdefghijklm", help="letters of the checks to run")
    parser.add_argument("--seed", type=int, default=6, help="of the random models, adapters and strings")
    parser.add_argument("--cases", type=int, default=3, help="number of random models of each family")
    parser.add_argument("--families", default=",".join(FAMILIES), help="of the random models")
    parser.add_argument("--strings", type=int, default=60, help="number of random strings")
    parser.add_argument("--token-strings", type=int, default=100000, help="number of random strings a tokenizer in check i")
    parser.add_argument("--keep", action="store_true", help="keep the working folder, also when all is well")
    settings = parser.parse_args()
    if not set(settings.only) <= set(CHECKS):
        parser.error(f"--only takes letters of {''.join(CHECKS)}")
    if not set(settings.families.split(",")) <= set(FAMILIES):
        parser.error(f"--families takes {','.join(FAMILIES)}")
    aacft, work = Aacft(settings.binary), Path(tempfile.mkdtemp(prefix="aacft-interop-"))
    results = [passes(name, body) for letter in settings.only for name, body in CHECKS[letter](aacft, work, settings)]
    failed = not results or False in results
    keep = failed or settings.keep
    print(f"{results.count(True)} of {len(results)} checks passed" + (f", {results.count(None)} skipped" if None in results else "") + (f"; files in {work}" if keep else ""))
    if not keep:
        shutil.rmtree(work)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
