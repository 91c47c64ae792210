#!/usr/bin/env python3
"""aacft against PEFT and llama.cpp with one model file, in turns, on the machine as it is: figures to compare within one run only.

  peers.py train MODEL.gguf ROWS.jsonl      a step of training, against transformers + PEFT (needs torch, transformers, peft, gguf)
  peers.py generate MODEL.gguf [...]        prompts and decoding, against llama.cpp (needs llama-cpp-python)
  peers.py random OUTPUT.gguf [--type q8_0] a model of Llama 3.2 1B's shape with random weights, for `generate` (needs gguf)

Each round runs one after the other, a few seconds each. What else the machine does disturbs some of it, so every step and every
stretch of tokens counts by its best round. Where others are at work: nice -n -15 peers.py ... --pause 20
"""

import argparse
import itertools
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
MARKER = "<bot>:"
WINDOW = 8  # tokens of a stretch
PROMPT = "Once upon a time there was a little girl who lived at the edge of a dark forest. Every morning"


class Worker:
    """A peer in a process of its own, which loads once and answers a line of JSON with one: it must not share threads with us."""

    def __init__(self, *arguments):
        command = [sys.executable, __file__, *map(str, arguments)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, question):
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit(f"peers: {self.process.args[2]} ended with {self.process.wait()}")
        return json.loads(answer)

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def serve(answer):
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)


def table(head, rows):
    print(f"\n| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for row in rows:
        print(f"| {' | '.join(row)} |", flush=True)


def word_about_load():
    load = os.getloadavg()[0]
    if load > 0.5:
        print(f"peers: the load is {load:.1f}: something else is running, so all figures will be too low", file=sys.stderr)


# ---------------------------------------------------------------- training


def training_options(settings):
    """Those of configs/demo-smollm2.toml, in file order and without what costs time besides the steps."""
    options = ["--mask-prompt", "--target-modules", "all-linear", "--rank", settings.rank, "--alpha", 32, "--lr", 2e-3, "--warmup", 0]
    options += ["--schedule", "constant", "--micro-batch", settings.batch, "--accumulation", 1, "--max-steps", settings.steps + 1]
    return options + ["--no-shuffle", "--save-steps", 0, "--report-prompts", 0, "--threads", settings.threads]


def aacft_steps(settings, dtype, folder, *more):
    """Seconds, tokens that count, loss and peak bytes of each step but the first."""
    run = folder / "run"
    command = [settings.binary, "train", "--model", settings.model, "--data", settings.rows, "--output", run, "--overwrite"]
    command += [*training_options(settings), "--compute", dtype, *more]
    done = subprocess.run([*map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    lines = [json.loads(line) for line in open(run / "metrics.jsonl", encoding="utf-8")]
    lines = [line for line in lines if "loss" in line]
    return [(line["seconds"], line["tokens"], line["loss"], line["peak_rss_bytes"]) for line in lines][1:]


def peft_worker(settings):
    """The same adapter in PEFT, the way its examples train: padded batches, AdamW, the loss of the answers' tokens."""
    import resource
    import warnings

    os.environ["TQDM_DISABLE"] = "1"
    warnings.simplefilter("ignore", FutureWarning)
    import peft
    import torch
    import transformers

    torch.set_num_threads(settings.threads)
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    folder, file = os.path.split(os.path.abspath(settings.model))
    dtype = {"bf16": torch.bfloat16, "fp32": torch.float32}[settings.dtype]
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, gguf_file=file)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, gguf_file=file, dtype=dtype)
    lora = peft.LoraConfig(task_type="CAUSAL_LM", r=settings.rank, lora_alpha=32, lora_dropout=0.05, target_modules="all-linear")
    model = peft.get_peft_model(model, lora).train()
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=2e-3, weight_decay=0.0)

    def batch(rows):
        kept = []
        for text in rows:
            encoded = tokenizer(text, return_offsets_mapping=True)
            answer = text.index(MARKER) + len(MARKER)
            labels = [token if end > answer else -100 for token, (_, end) in zip(encoded.input_ids, encoded.offset_mapping)]
            kept.append((encoded.input_ids + [tokenizer.eos_token_id], labels + [tokenizer.eos_token_id]))
        width = max(len(ids) for ids, _ in kept)
        fill = lambda values, value: values + [value] * (width - len(values))
        ids = torch.tensor([fill(ids, tokenizer.eos_token_id) for ids, _ in kept])
        mask = torch.tensor([fill([1] * len(ids), 0) for ids, _ in kept])
        labels = torch.tensor([fill(labels, -100) for _, labels in kept])
        return ids, mask, labels, (int((labels != -100).sum()), int(mask.sum()))

    with open(settings.rows, encoding="utf-8") as file:
        texts = [json.loads(line)["text"] for line in itertools.islice(file, (settings.steps + 1) * settings.batch)]
    batches = [batch(texts[place : place + settings.batch]) for place in range(0, len(texts), settings.batch)]

    def steps(_):
        """As aacft_steps, and the tokens of all rows besides."""
        results = []
        for ids, mask, labels, (counted, tokens) in batches:
            start = time.perf_counter()
            loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(weights, 1.0)
            optimizer.step()
            optimizer.zero_grad()
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
            results.append((time.perf_counter() - start, counted, loss.item(), peak, tokens))
        return results[1:]

    serve(steps)


def rates(rounds, tokens):
    """Tokens of the rows a second: over all steps, each by its best round; and each round's."""
    best = sum(tokens) / sum(min(run[index][0] for run in rounds) for index in range(len(tokens)))
    return best, [sum(tokens) / sum(step[0] for step in run) for run in rounds]


def train(settings):
    word_about_load()
    rows = []
    for dtype in settings.dtypes.split(","):
        peft = Worker("peft-worker", settings.model, settings.rows, "--dtype", dtype, *shared_options(settings))
        kinds = {"aacft": [], "aacft, --share-prefixes off": ["--share-prefixes", "off"]}
        rounds = {name: [] for name in [*kinds, "PEFT"]}
        with tempfile.TemporaryDirectory() as folder:
            for turn in range(settings.rounds):
                for name, more in kinds.items():
                    rounds[name].append(aacft_steps(settings, dtype, Path(folder), *more))
                rounds["PEFT"].append(peft.ask({}))
                tokens = [step[4] for step in rounds["PEFT"][0]]
                words = ", ".join(f"{name} {rates([runs[-1]], tokens)[0]:.0f}" for name, runs in rounds.items())
                print(f"{dtype}, round {turn + 1}: {words} tokens/s", file=sys.stderr, flush=True)
                time.sleep(settings.pause)
        peft.end()
        counts = {name: [step[1] for step in runs[0]] for name, runs in rounds.items()}
        if len({tuple(count) for count in counts.values()}) > 1:
            sys.exit(f"peers: the answers' tokens differ: {counts}")
        theirs_best, theirs = rates(rounds["PEFT"], tokens)
        for name, runs in rounds.items():
            best, whole = rates(runs, tokens)
            ratios = [ours / peer for ours, peer in zip(whole, theirs)]
            ratio = "" if name == "PEFT" else f"{best / theirs_best:.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
            peak = max(step[3] for run in runs for step in run)
            loss = sum(step[2] * step[1] for step in runs[0]) / sum(counts[name])
            rows.append([f"{name}, {dtype}", f"{best:.0f}", f"{statistics.median(whole):.0f}", ratio, f"{peak / 1e9:.2f} GB", f"{loss:.3f}"])
    table(["", "tokens of the rows a second, best", "median round", "times PEFT: best (each round)", "peak resident", "loss, first round"], rows)


# ---------------------------------------------------------------- generation


def llama_worker(settings):
    import llama_cpp as llama

    callback = llama.llama_log_callback(lambda *_: None)
    llama.llama_log_set(callback, None)
    llama.llama_backend_init()
    model = llama.llama_model_load_from_file(str(settings.model).encode(), llama.llama_model_default_params())
    if not model:
        sys.exit("llama.cpp does not read the file")
    parameters = llama.llama_context_default_params()
    parameters.n_ctx, parameters.n_batch, parameters.n_ubatch = 1024, 512, 512
    parameters.n_threads = parameters.n_threads_batch = settings.threads
    context = llama.llama_init_from_model(model, parameters)
    size = llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(model))

    def compute(ids):
        tokens = (llama.llama_token * len(ids))(*ids)  # kept: the batch only points to it
        batch = llama.llama_batch_get_one(tokens, len(ids))
        if llama.llama_decode(context, batch):
            sys.exit("llama_decode failed")
        llama.llama_synchronize(context)

    def answer(question):
        """The times at which the first token of the answer and those after it are there."""
        llama.llama_memory_clear(llama.llama_get_memory(context), True)
        start, times = time.perf_counter(), []
        compute([(place * 7919) % (size - 200) + 100 for place in range(question["prompt"])])
        times.append(time.perf_counter() - start)
        for place in range(question["tokens"] - 1):
            compute([(place * 131) % (size - 200) + 100])
            times.append(time.perf_counter() - start)
        return times

    serve(answer)


def aacft_answer(settings, weights, prompt, tokens):
    """Times since the start of the program at which each piece of the streamed answer came, and at which it ended."""
    command = [settings.binary, "generate", "--model", settings.model, "--prompt", prompt, "--max-new-tokens", tokens]
    command += ["--no-stop", "--threads", settings.threads, "--base-weights", weights]
    start, times = time.perf_counter(), []
    process = subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while os.read(process.stdout.fileno(), 65536):
        times.append(time.perf_counter() - start)
    if process.wait():
        sys.exit(process.stderr.read().decode())
    return times


def prompt_of(settings):
    """A text of settings.prompt tokens and their number, which a tokenizer may see otherwise."""
    text = " w" * settings.prompt
    done = subprocess.run([settings.binary, "tokenize", "--model", settings.model, "--json", text], stdout=subprocess.PIPE, check=True)
    return text, len(json.loads(done.stdout)["ids"])


def stretches(times, tokens):
    """Tokens a second of every stretch of WINDOW tokens after the first; pieces may be fewer than tokens where one is no whole character."""
    per_piece = (tokens - 1) / (len(times) - 1)
    return [WINDOW * per_piece / (times[place + WINDOW] - times[place]) for place in range(len(times) - WINDOW)]


def generate(settings):
    word_about_load()
    rows = []
    for settings.model in settings.models:
        llama = Worker("llama-worker", settings.model, "--threads", settings.threads)
        kinds, (prompt, length) = settings.base_weights.split(","), prompt_of(settings)
        decode = {name: [] for name in [*kinds, "llama.cpp"]}
        starts, prompts = {name: [] for name in kinds}, {name: [] for name in decode}
        for turn in range(settings.rounds):
            for weights in kinds:
                times = aacft_answer(settings, weights, PROMPT, settings.tokens)
                decode[weights].append(stretches(times, settings.tokens))
                starts[weights].append(times[0])
                prompts[weights].append(aacft_answer(settings, weights, prompt, 1)[0])
            times = llama.ask({"prompt": length, "tokens": settings.tokens})
            decode["llama.cpp"].append(stretches(times, settings.tokens))
            prompts["llama.cpp"].append(times[0])
            words = ", ".join(f"{name} {max(runs[-1]):.0f}" for name, runs in decode.items())
            print(f"{Path(settings.model).name}, round {turn + 1}: {words} tokens/s", file=sys.stderr, flush=True)
            time.sleep(settings.pause)
        llama.end()
        best = {name: max(max(run) for run in runs) for name, runs in decode.items()}
        middle = {name: statistics.median(rate for run in runs for rate in run) for name, runs in decode.items()}
        # Loading is in aacft's times, and in those to the first token of a short prompt, too.
        prompt_rates = {name: length / (min(times) - min(starts.get(name, [0]))) for name, times in prompts.items()}
        file = re.sub(r".*[.-](?=[^.]+\.gguf)|\.gguf", "", Path(settings.model).name)
        rows.append([f"llama.cpp, {file}", f"{best['llama.cpp']:.1f}", f"{middle['llama.cpp']:.1f}", "", "", f"{prompt_rates['llama.cpp']:.0f}", ""])
        for weights in kinds:
            ratio = f"{best[weights] / best['llama.cpp']:.2f} ({middle[weights] / middle['llama.cpp']:.2f})"
            row = [f"aacft, {weights}", f"{best[weights]:.1f}", f"{middle[weights]:.1f}", ratio, f"{min(starts[weights]):.2f} s"]
            rows.append([*row, f"{prompt_rates[weights]:.0f}", f"{prompt_rates[weights] / prompt_rates['llama.cpp']:.2f}"])
    head = ["", "decode, tokens/s, best stretch", "median", "times llama.cpp: best (median)", "start to first token"]
    table([*head, f"prompt of {length}, tokens/s", "times llama.cpp"], rows)


# ---------------------------------------------------------------- a model made up


def random_model(settings):
    """Llama 3.2 1B's shape; the vocabulary is made up, too."""
    import gguf
    import numpy

    layers, hidden, heads, groups, width, inner, vocabulary = 16, 2048, 32, 8, 64, 8192, 128256
    kind = {"bf16": gguf.GGMLQuantizationType.BF16, "q8_0": gguf.GGMLQuantizationType.Q8_0, "q4_0": gguf.GGMLQuantizationType.Q4_0}[settings.type]
    draw = numpy.random.default_rng(6)
    writer = gguf.GGUFWriter(settings.output, "llama")
    writer.add_context_length(4096)
    writer.add_embedding_length(hidden)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(inner)
    writer.add_head_count(heads)
    writer.add_head_count_kv(groups)
    writer.add_rope_dimension_count(width)
    writer.add_rope_freq_base(500000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(vocabulary)
    characters = [chr(c) for c in range(33, 127)] + [chr(c) for c in range(161, 173)] + [chr(c) for c in range(174, 256)] + [chr(256 + c) for c in range(68)]
    words = ["\u0120w"] + [f"\u0120w{number:06d}" for number in range(vocabulary - len(characters) - 2)]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("llama-bpe")
    writer.add_token_list(characters + words + ["<|end_of_text|>"])
    writer.add_token_types([1] * (vocabulary - 1) + [3])
    writer.add_token_merges(["\u0120 w"])  # llama.cpp wants one
    writer.add_bos_token_id(vocabulary - 1)
    writer.add_eos_token_id(vocabulary - 1)
    writer.add_add_bos_token(False)

    def matrix(name, rows, columns):
        # A block of random rows, over and over: speed does not depend on the values.
        block = (draw.standard_normal((min(rows, 1024), columns), dtype=numpy.float32) / columns**0.5).astype(numpy.float32)
        coded = gguf.quants.quantize(block, kind)
        writer.add_tensor(name, numpy.resize(coded, (rows, coded.shape[1])), raw_dtype=kind)

    matrix("token_embd.weight", vocabulary, hidden)
    writer.add_tensor("output_norm.weight", numpy.ones(hidden, dtype=numpy.float32))
    for layer in range(layers):
        for name in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"blk.{layer}.{name}.weight", numpy.ones(hidden, dtype=numpy.float32))
        for name, rows, columns in (
            ("attn_q", heads * width, hidden), ("attn_k", groups * width, hidden), ("attn_v", groups * width, hidden),
            ("attn_output", hidden, heads * width), ("ffn_gate", inner, hidden), ("ffn_up", inner, hidden), ("ffn_down", hidden, inner),
        ):
            matrix(f"blk.{layer}.{name}.weight", rows, columns)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def shared_options(settings):
    return ["--steps", settings.steps, "--batch", settings.batch, "--rank", settings.rank, "--threads", settings.threads]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True, metavar="train|generate|random")

    def command(name, run, *models):
        one = commands.add_parser(name)
        one.set_defaults(run=run)
        for model in models:
            one.add_argument(model, nargs="+" if model == "models" else None)
        one.add_argument("--binary", default=os.environ.get("AACFT_BINARY", str(ROOT / "build" / "aacft")))
        one.add_argument("--threads", type=int, default=os.cpu_count())
        one.add_argument("--rounds", type=int, default=5)
        one.add_argument("--pause", type=float, default=0, help="seconds of rest after each round, for others on the machine")
        return one

    for name, run in (("train", train), ("peft-worker", peft_worker)):
        one = command(name, run, "model", "rows")
        one.add_argument("--dtypes", default="bf16,fp32")
        one.add_argument("--dtype", help=argparse.SUPPRESS)
        one.add_argument("--steps", type=int, default=4, help="counted steps a round; one more comes before them")
        one.add_argument("--batch", type=int, default=8)
        one.add_argument("--rank", type=int, default=8)
    command("llama-worker", llama_worker, "model")
    one = command("generate", generate, "models")
    one.add_argument("--base-weights", default="auto", help="as in aacft generate, several with commas")
    one.add_argument("--tokens", type=int, default=96)
    one.add_argument("--prompt", type=int, default=512)
    one = command("random", random_model, "output")
    one.add_argument("--type", choices=["bf16", "q8_0", "q4_0"], default="bf16")
    settings = parser.parse_args()
    settings.run(settings)


if __name__ == "__main__":
    main()
