"""What llama.cpp says where aacft has spoken: every token of an answer must be llama.cpp's own choice, or be in a near-tie with it.

llama.cpp is given the whole of each answer and says after every token which one it would have taken, so that one near-tie does not
end the comparison. Needs llama-cpp-python, and gguf to write a file without quantisation.
"""

import ctypes
from pathlib import Path

# llama.cpp multiplies quantised weights with activations that it rounds to 8 bits; of fp32 weights only the order of sums remains.
MARGIN_QUANTISED = 0.6
MARGIN_FP32 = 2e-3

PROMPTS = [
    "The capital of France is",
    "Once upon a time there was a",
    "def fibonacci(n):\n",
    "Water boils at",
    "My grandmother always told me that",
    "1, 2, 3, 4, 5,",
    "The three primary colours are",
    "Dear Sir or Madam,\n",
    "I want pizza because",
    "In 1969, people first",
    "Die Hauptstadt von Deutschland ist",
    "caf\u00e9 na\u00efve \u2014 \u4f60\u597d \U0001f600 means",
    "Question: Why is the sky blue?\nAnswer:",
    "  Two spaces at the start, and",
    "<human>: Simulate an AAC communicator given the following icon input: \n* { I ; NOUN ; i.png }  \n* { want ; VERB ; want.png } \n<bot>:",
    "Roses are red,\nviolets are blue,\n",
]
QUESTIONS = ["What is the capital of Italy?", "Write a sentence about a dog.", "How do I make tea?", "Say hello in French."]


def chatml(question):
    """As SmolLM2's own template spells it, with its default system turn."""
    system = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"
    return f"<|im_start|>system\n{system}<|im_end|>\n<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n"


class Llama:
    def __init__(self, file):
        import llama_cpp as library

        self.library = library
        self.quiet = library.llama_log_callback(lambda *_: None)  # kept: llama.cpp holds a pointer to it
        library.llama_log_set(self.quiet, ctypes.c_void_p(0))
        library.llama_backend_init()
        self.model = library.llama_model_load_from_file(str(file).encode(), library.llama_model_default_params())
        assert self.model, f"llama.cpp does not read {file}"
        parameters = library.llama_context_default_params()
        parameters.n_ctx = parameters.n_batch = parameters.n_ubatch = 512
        parameters.n_threads = parameters.n_threads_batch = 1
        parameters.type_k = parameters.type_v = 0  # F32
        parameters.flash_attn_type = 0  # off
        self.context = library.llama_init_from_model(self.model, parameters)
        self.vocabulary = library.llama_model_get_vocab(self.model)
        self.size = library.llama_vocab_n_tokens(self.vocabulary)

    def close(self):
        self.library.llama_free(self.context)
        self.library.llama_model_free(self.model)

    def tokens(self, text):
        text, room = text.encode(), 512
        ids = (self.library.llama_token * room)()
        count = self.library.llama_tokenize(self.vocabulary, text, len(text), ids, room, True, True)
        return list(ids[:count])

    def text(self, ids):
        room = 4096
        buffer = ctypes.create_string_buffer(room)
        given = (self.library.llama_token * len(ids))(*ids)
        count = self.library.llama_detokenize(self.vocabulary, given, len(ids), buffer, room, True, False)
        return buffer.raw[:count].decode(errors="replace")

    def margins(self, prompt, new):
        """For each new token, by how much the logit of llama.cpp's own choice is above it."""
        library, ids = self.library, prompt + new[:-1]
        library.llama_memory_clear(library.llama_get_memory(self.context), True)
        batch = library.llama_batch_init(len(ids), 0, 1)
        batch.n_tokens = len(ids)
        for place, token in enumerate(ids):
            batch.token[place], batch.pos[place], batch.n_seq_id[place] = token, place, 1
            batch.seq_id[place][0], batch.logits[place] = 0, place >= len(prompt) - 1
        assert library.llama_decode(self.context, batch) == 0, "llama_decode failed"
        margins = []
        for place, token in enumerate(new, len(prompt) - 1):
            logits = library.llama_get_logits_ith(self.context, place)[: self.size]
            margins.append(max(logits) - logits[token])
        library.llama_batch_free(batch)
        return margins


def write_fp32(source, target):
    """The same file with its tensors dequantised by the gguf package."""
    import gguf

    reader = gguf.GGUFReader(source)
    writer = gguf.GGUFWriter(target, reader.fields["general.architecture"].contents())
    for name, field in reader.fields.items():
        if name.startswith("GGUF.") or name in ("general.architecture", "general.file_type"):
            continue
        kind = field.types[0]
        writer.add_key_value(name, field.contents(), kind, field.types[1] if kind == gguf.GGUFValueType.ARRAY else None)
    for tensor in reader.tensors:
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        writer.add_tensor(tensor.name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def compare(file, answers, allowed):
    """Answers as generate --json gives them. Returns a detail; raises AssertionError at the first difference."""
    llama = Llama(file)
    equal, ties, worst = 0, 0, 0.0
    for answer in answers:
        prompt, new = answer["prompt_ids"], answer["new_ids"]
        theirs = llama.tokens(answer["prompt"])
        assert prompt == theirs, f"{answer['prompt']!r} is {prompt[:8]}..., in llama.cpp {theirs[:8]}..."
        margins = llama.margins(prompt, new)
        place = max(range(len(new)), key=margins.__getitem__)
        start = llama.text(new[:place])
        assert margins[place] <= allowed, f"{answer['prompt']!r} + {start!r}: {llama.text([new[place]])!r} is {margins[place]:.2g} below llama.cpp's choice"
        text = llama.text(new)
        assert answer["text"].strip() == text.strip(), f"aacft says {answer['text']!r}, llama.cpp spells it {text!r}"
        equal += not any(margins)
        ties += sum(margin > 0 for margin in margins)
        worst = max(worst, *margins)
    llama.close()
    tokens = sum(len(answer["new_ids"]) for answer in answers)
    return f"{equal} of {len(answers)} texts equal, {ties} of {tokens} tokens in near-ties, by at most {worst:.1e} (allowed {allowed:g})"
