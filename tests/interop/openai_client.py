#!/usr/bin/env python3
"""Checks a server against the official openai client (PyPI: openai): models, chat and completions, streamed and not, several answers,
stop texts, seeds, errors as the client's own exceptions, speech.

    openai_client.py URL                     a server that runs, such as the tests' fake_server
    openai_client.py --binary AACFT --model MODEL [--adapter NAME=DIR]   one that is started for it
"""

import argparse
import re
import subprocess
import sys


def require(condition, text):
    if not condition:
        raise SystemExit(f"openai_client: {text}")


def check(url):
    import openai

    client = openai.OpenAI(base_url=url.rstrip("/") + "/v1", api_key="none", max_retries=0, timeout=120)
    models = [model.id for model in client.models.list()]
    require(models, "no models are listed")
    require(client.models.retrieve(models[0]).id == models[0], "a model is not found by its name")
    hello = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "Say hello."}]

    for model in models:
        greedy = dict(model=model, messages=hello, max_tokens=20, temperature=0)
        whole = client.chat.completions.create(**greedy)
        require(whole.choices[0].message.role == "assistant", "a chat's answer is not the assistant's")
        require(whole.choices[0].finish_reason in ("stop", "length"), "a chat ends for no known reason")
        require(0 < whole.usage.completion_tokens <= 20, "a chat's tokens are not counted")
        text, reason, usage = "", None, None
        for chunk in client.chat.completions.create(**greedy, stream=True, stream_options={"include_usage": True}):
            usage = chunk.usage or usage
            for choice in chunk.choices:
                text += choice.delta.content or ""
                reason = choice.finish_reason or reason
        require(text == whole.choices[0].message.content, f"{model} says something else when it is streamed")
        require(reason == whole.choices[0].finish_reason, "a stream ends for another reason")
        require(usage.completion_tokens == whole.usage.completion_tokens, "a stream counts other tokens")

        prompt = dict(model=model, prompt="Once upon a time", max_tokens=12)
        whole = client.completions.create(**prompt, temperature=0)
        streamed = "".join(c.choices[0].text for c in client.completions.create(**prompt, temperature=0, stream=True))
        require(streamed == whole.choices[0].text, "a completion is another when it is streamed")
        drawn = client.completions.create(**prompt, n=3, seed=5)
        require([c.index for c in drawn.choices] == [0, 1, 2], "three answers are not three")
        again = client.completions.create(**prompt, n=3, seed=5)
        require([c.text for c in drawn.choices] == [c.text for c in again.choices], "a seed gives other answers")
        first = whole.choices[0].text.strip()[:1]
        if first:
            stopped = client.completions.create(**prompt, temperature=0, stop=[first])
            require(first not in stopped.choices[0].text, "a stop text is said")

    for arguments, kind, param in (({"model": "no-such-model"}, openai.NotFoundError, "model"),
                                   ({"logprobs": True}, openai.BadRequestError, "logprobs"),
                                   ({"temperature": 9}, openai.BadRequestError, "temperature"),
                                   ({"messages": []}, openai.BadRequestError, "messages")):
        try:
            client.chat.completions.create(**{"model": models[0], "messages": hello, "max_tokens": 2, **arguments})
            require(False, f"{arguments} was not refused")
        except kind as error:
            require(error.param == param, f"{arguments} was refused for {error.param}")

    stream = client.chat.completions.create(model=models[0], messages=hello, stream=True)
    next(iter(stream))
    stream.close()  # in the middle; the server must go on
    require(client.models.list().data, "the server is gone")
    try:
        sound = client.audio.speech.create(model="any", voice="any", input="Hello", response_format="wav").read()
        require(sound[:4] == b"RIFF", "speech is no WAV")
    except openai.APIStatusError as error:
        require(error.status_code == 501, f"speech: {error}")
    return f"{len(models)} models"


def check_binary(binary, model, adapters):
    command = [binary, "serve", "--model", model, "--port", "0", "--no-picks"]
    for adapter in adapters:
        command += ["--adapter", adapter]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        for line in server.stderr:
            if found := re.search(r"open (http://\S+)", line):
                return check(found.group(1))
        raise SystemExit("openai_client: the server did not start")
    finally:
        server.terminate()
        server.wait(timeout=30)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", nargs="?")
    parser.add_argument("--binary")
    parser.add_argument("--model")
    parser.add_argument("--adapter", action="append", default=[])
    options = parser.parse_args()
    if not options.url and not (options.binary and options.model):
        parser.error("give a URL, or --binary and --model")
    print(check(options.url) if options.url else check_binary(options.binary, options.model, options.adapter))
