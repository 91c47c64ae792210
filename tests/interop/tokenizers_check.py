#!/usr/bin/env python3
"""Compares token ids, texts and offsets of random strings with the tokenizers package: tokenizers_check.py --help.

Needs nothing but that package, and the program token_ids (ninja -C build token_ids).
"""

import argparse
import json
import random
import subprocess
import sys
from pathlib import Path

from tokenizers import Tokenizer

WORDS = ["the", "I", "want", "Tea", "it's", "we'll", "THEY'VE", "can't", "'s", "'\u017f", "'LL", "human", "bot", "png", "NOUN", "Ġ", "▁", "_"]
SPACES = ["\n", "\t", "\r\n", " \n", "  \n\n ", "\u00a0", "\u2003", "\u3000", "\u0085", "\u200b", "\ufeff", "\r", "\v", "\u2028"]
NUMBERS = ["½", "Ⅷ", "٣", "²", "१२", "\U0001d7d9", "\U00011de0", "\U00010d40"]
SIGNS = [":", ";", "<bot>:", "<human>:", "{ ", " }", "...", "!?", "* ", "[a,b]", '"', "\\", "$x", "%", "`", "|>", "-", "=====", "#"]
MARKS = ["é", "e\u0301", "\u0301", "ñ", "n\u0303", "Å", "ﬁ", "\u1112\u1161\u11ab", "각", "q\u0307\u0323", "\u0344", "\u2126", "\u0958", "\u11a7"]
SCRIPTS = ["日本語", "עִברִית", "हिन्दी", "ไทย", "Ελληνικά", "кошка", "ǅ", "ª", "\U0002ebf0", "ſ", "\u212a"]
SYMBOLS = ["🍿", "👩‍👧", "🇬🇧", "\U0001d4d0", "\ue000", "\U0010ffff", "\x07", "\x7f", "\x00", "<0x0A>", "<unk>", "\ufffd"]
RANGES = [(0, 0x7F), (0x80, 0x24F), (0x300, 0x36F), (0x370, 0x5FF), (0x900, 0xDFF), (0x1100, 0x11FF), (0x2000, 0x2BFF), (0xAC00, 0xD7A3), (1, 0xD7FF), (0xE000, 0x10FFFF)]


def random_string(draw, added):
    pools = [
        lambda: draw.choice(WORDS),
        lambda: " " * draw.choice([1, 1, 1, 2, 3, draw.randint(4, 30)]),
        lambda: draw.choice(SPACES),
        lambda: str(draw.randint(0, 10 ** draw.randint(1, 9))),
        lambda: draw.choice(NUMBERS),
        lambda: draw.choice(SIGNS),
        lambda: draw.choice(added) if added else "",
        lambda: draw.choice(added)[: draw.randint(1, 9)] if added else "",
        lambda: draw.choice(MARKS),
        lambda: draw.choice(SCRIPTS),
        lambda: draw.choice(SYMBOLS),
        lambda: chr(draw.randint(*draw.choice(RANGES))),
        lambda: "".join(draw.choice("etaoinshrdlu") for _ in range(draw.randint(1, 12))),
    ]
    parts = [draw.choice(pools)() for _ in range(draw.choice([1, 2, 3, draw.randint(4, 40)]))]
    return "".join(parts)


def character_offsets(text, offsets):
    """Byte offsets as code points: a token that ends inside one has all of it."""
    starts = [0]
    for c in text:
        starts.append(starts[-1] + len(c.encode()))
    of_byte, index = [], 0
    for byte in range(starts[-1] + 1):
        if index + 1 < len(starts) and byte >= starts[index + 1]:
            index += 1
        of_byte.append(index)
    ends = [i if starts[i] == byte else i + 1 for byte, i in enumerate(of_byte)]
    return [(of_byte[begin], ends[end]) for begin, end in offsets]


def compare(program, tokenizer, count, seed, reference=None):
    """A line about `count` strings; raises AssertionError at the first that differs."""
    path = Path(tokenizer)
    known = reference or Tokenizer.from_file(str(path / "tokenizer.json" if path.is_dir() else path))
    added = [token.content for token in known.get_added_tokens_decoder().values()]
    draw = random.Random(seed)
    texts = [random_string(draw, added) for _ in range(count)]
    done = subprocess.run([program, tokenizer], input="\n".join(map(json.dumps, texts)), stdout=subprocess.PIPE, text=True, timeout=600)
    assert done.returncode == 0, f"{program} {tokenizer} ended with {done.returncode}"
    answers = done.stdout.split("\n")[:-1]
    assert len(answers) == len(texts), f"{len(answers)} answers for {len(texts)} strings"
    total, exact = 0, 0
    for text, line, want in zip(texts, answers, known.encode_batch(texts, add_special_tokens=False)):
        answer = json.loads(line)
        assert answer["ids"] == want.ids, f"{text!r}: ids {answer['ids']}, tokenizers {want.ids}"
        decoded = known.decode(want.ids, skip_special_tokens=False)
        assert answer["decoded"] == decoded, f"{text!r}: text {answer['decoded']!r}, tokenizers {decoded!r}"
        exact += character_offsets(text, answer["offsets"]) == want.offsets
        total += len(want.ids)
    return f"{count} strings, {total} tokens, equal ids and texts; offsets equal in {exact / count:.1%}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tokenizers", nargs="+", help="folders with tokenizer.json, or such files")
    parser.add_argument("--program", required=True, help="token_ids")
    parser.add_argument("--strings", type=int, default=100000)
    parser.add_argument("--seed", type=int, default=1)
    settings = parser.parse_args()
    failed = False
    for tokenizer in settings.tokenizers:
        try:
            print("ok  ", tokenizer, compare(settings.program, tokenizer, settings.strings, settings.seed), flush=True)
        except AssertionError as error:
            print("FAIL", tokenizer, error, flush=True)
            failed = True
    return failed


if __name__ == "__main__":
    sys.exit(main())
