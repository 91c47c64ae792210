#!/usr/bin/env python3
"""Checks aacft's chrF and BLEU against sacrebleu, and writes goldens that the unit test compares with.

    metrics.py --write                     # writes ../goldens/metrics/*.json again
    metrics.py --check-goldens             # sacrebleu still says what the goldens say
    metrics.py --binary build/aacft        # `aacft eval --system` gives sacrebleu's numbers on random and awkward texts

One line a check; exit 1 if one fails. Needs sacrebleu alone.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import sacrebleu
from sacrebleu.metrics import BLEU, CHRF

GOLDENS = Path(__file__).resolve().parent.parent / "goldens" / "metrics"
TOLERANCE = 1e-4

WORDS = "I you we want would like some tea, please go home. happy tired is it isn't don't the a an in on to 3 1.5 10,000 4-5 mum & dad".split()

# Answer and reference. Each shows something that implementations differ in.
AWKWARD = {
    "same": [("I am happy.", "I am happy."), ("Let's go home!", "Let's go home!")],
    "empty-answer": [("", "I want tea"), ("I want some tea", "I want some tea")],
    "empty-reference": [("I want tea", ""), ("we go home now", "we go home now")],
    "all-empty": [("", ""), ("", "")],
    "nothing-common": [("xyz", "I am"), ("qq ww", "tea")],
    "short": [("a", "ab"), ("b", "b"), ("yes", "yes")],
    "short-answers-long-reference": [("I", "I would love a cup of tea"), ("go", "Shall we go home now?")],
    "no-four-words": [("I am", "I am"), ("you want tea", "you want tea")],
    "one-order-without-match": [("the cat the dog the cow", "the pig the cow the hen"), ("we go to it", "they go to me")],
    "case": [("i want TEA", "I want tea"), ("Mum and Dad are here", "mum and dad are here")],
    "punctuation": [("Hello, world!(now) a.b,c", "Hello, world! (now) a . b , c"), ("yes...no ,, '' --", "yes ... no , ' -")],
    "numbers": [("1.5 and 10,000 or 4-5 at 3.", "1.5 and 10,000 or 4 - 5 at 3 ."), ("a1.b 2,c ,3 .4 5-a", "a1. b 2, c , 3 . 4 5- a")],
    "entities": [("tea &amp; cake &lt;3 &quot;x&quot; &amp;lt;", 'tea & cake <3 "x" <'), ("<skipped>a-\nb\nc", "ab c")],
    "white-space": [("  I\tam \u00a0 here\u3000now \n", "I am here now"), ("a\u2009b\u200bc\u0085d\x1ce", "a b c d e")],
    "unicode": [("J'ai très faim – café crème… 😀👩‍👧", "J’ai faim : un café crème 😀"), ("日本語のテキスト。はい", "日本語テキスト。はい"), ("Ελλάδα кошка ñ n\u0303", "Ελλάδα, кошка. n\u0303 ñ")],
    "repeats": [("the the the the the the", "the cat sat on the mat"), ("aaaaaaaaaa", "aaa")],
    "long-answer": [("I want to go home and have some tea and cake with mum and dad in the garden today", "I want to go home"), ("no", "no")],
    "symbols": [("a@b #c $5 50% x^2 a_b `q` {z} [w] ~ | \\ / + = * ; : ?", "a @ b # c $ 5 50 % x ^ 2 a _ b ` q ` { z } [ w ] ~ | \\ / + = * ; : ?"), ("-", "–")],
}


def random_sentence(draw):
    pools = [
        lambda: draw.choice(WORDS),
        lambda: draw.choice(WORDS) + draw.choice([".", ",", "!", "?", "...", "'s", "-", ":", ")"]),
        lambda: str(draw.randint(0, 2000)) + draw.choice(["", ".", ",5", "-", "-7", "%"]),
        lambda: draw.choice(["é", "naïve", "日本", "😀", "👩‍👧", "кошка", "&amp;", "&lt;b&gt;", "<skipped>", "\u00a0", "\u2028", "\t", "-\n", "\x1d"]),
        lambda: chr(draw.choice([draw.randint(32, 126), draw.randint(0xA0, 0x2FF), draw.randint(0x2000, 0x206F), draw.randint(0x1F300, 0x1F6FF)])),
    ]
    return " ".join(draw.choice(pools)() for _ in range(draw.choice([0, 1, 2, 3, 4, 6, 9, 15])))


def random_pair(draw):
    reference = random_sentence(draw)
    words = reference.split(" ")
    for _ in range(draw.choice([0, 0, 1, 2, 4])):
        at = draw.randrange(len(words) + 1)
        words[at : at + draw.randint(0, 2)] = draw.choice([[], [random_sentence(draw)], [draw.choice(WORDS)]])
    return draw.choice([" ".join(words), " ".join(words), random_sentence(draw)]), reference


def scores(pairs):
    answers, references = [a for a, _ in pairs], [[r for _, r in pairs]]
    bleu = BLEU().corpus_score(answers, references)
    return {
        "chrf": CHRF().corpus_score(answers, references).score,
        "bleu": bleu.score,
        "length_ratio": bleu.ratio,
        "sentence_chrf": [CHRF().sentence_score(a, [r]).score for a, r in pairs],
    }


def all_sets(seed, count):
    draw = random.Random(seed)
    sets = dict(AWKWARD)
    for index in range(count):
        sets[f"random-{index}"] = [random_pair(draw) for _ in range(draw.choice([1, 2, 5, 20]))]
    return sets


def goldens():
    return {name: {"pairs": pairs, "tokens": [BLEU().tokenizer(a.rstrip()).split() for a, _ in pairs], **scores(pairs)} for name, pairs in all_sets(6, 6).items()}


def write():
    GOLDENS.mkdir(parents=True, exist_ok=True)
    document = {"sacrebleu": sacrebleu.__version__, "made_by": "tests/interop/metrics.py --write", "sets": goldens()}
    (GOLDENS / "sacrebleu.json").write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def worst_difference(got, want):
    return max(abs(got[key] - want[key]) for key in ("chrf", "bleu", "length_ratio"))


def check_goldens():
    stored = json.loads((GOLDENS / "sacrebleu.json").read_text(encoding="utf-8"))["sets"]
    now = json.loads(json.dumps(goldens()))
    same = stored.keys() == now.keys() and all(stored[name]["pairs"] == now[name]["pairs"] and worst_difference(stored[name], now[name]) < 1e-9 for name in now)
    print(("ok   " if same else "FAIL ") + f"goldens of {len(stored)} sets against sacrebleu {sacrebleu.__version__}")
    return same


def scores_of_aacft(binary, pairs, folder):
    """An answer ends at its first line break, and references are trimmed, so sets with line breaks inside answers are left to the unit test."""
    data, system = folder / "data.jsonl", folder / "system.jsonl"
    with open(data, "w", encoding="utf-8") as file:
        file.writelines(json.dumps({"prompt": "<human>: x\n<bot>:", "completion": " " + reference}) + "\n" for _, reference in pairs)
    with open(system, "w", encoding="utf-8") as file:
        file.writelines(json.dumps({"prompt": "<human>: x\n<bot>:", "text": " " + answer}) + "\n" for answer, _ in pairs)
    command = [binary, "eval", "--data", data, "--system", f"s={system}", "--samples", "0", "--json"]
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.decode(errors="replace").strip())
    metrics = json.loads(done.stdout.decode().splitlines()[-1])["systems"][0]["metrics"]
    return {key: metrics[key]["value"] for key in ("chrf", "bleu", "length_ratio")}


def check_binary(binary, seed, count):
    good, worst, compared = True, 0.0, 0
    with tempfile.TemporaryDirectory() as folder:
        for name, pairs in all_sets(seed, count).items():
            if any("\n" in text.strip() for pair in pairs for text in pair) or not any(r.strip() for _, r in pairs):
                continue
            pairs = [(a, r) for a, r in pairs if r.strip()]  # eval refuses rows without a reference
            try:
                difference = worst_difference(scores_of_aacft(binary, pairs, Path(folder)), scores(pairs))
            except (RuntimeError, KeyError, ValueError) as error:
                print(f"FAIL {name}: {error}")
                good = False
                continue
            worst, compared = max(worst, difference), compared + 1
            if difference > TOLERANCE:
                print(f"FAIL {name}: differs by {difference:.2e}: {pairs[:2]}")
                good = False
    print(("ok   " if good and compared else "FAIL ") + f"chrF, BLEU and length ratio of {compared} sets: within {worst:.1e} of sacrebleu {sacrebleu.__version__}")
    return good and compared > 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--check-goldens", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=60, help="random sets to compare")
    settings = parser.parse_args()
    if settings.write:
        write()
    results = []
    if settings.check_goldens:
        results.append(check_goldens())
    if settings.binary:
        results.append(check_binary(settings.binary, settings.seed, settings.count))
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
