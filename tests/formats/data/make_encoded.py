# Made encoded.safetensors beside it: python make_encoded.py LIBGGML_BASE.so (of llama.cpp as in llama-cpp-python 0.3.36;
# numpy 2, safetensors). "values" are what is to be encoded, in runs of 256; "NAME.blocks" is what ggml's reference makes
# of them for blocks of 32 and for halves. "some.values" with "NAME.blocks" of Q4_K, Q5_K and Q6_K are for comparing errors.
import ctypes
import os
import sys

import numpy as np
from safetensors.numpy import save_file

TYPES = {"F16": (1, 1, 2), "BF16": (30, 1, 2), "Q4_0": (2, 32, 18), "Q4_1": (3, 32, 20), "Q5_0": (6, 32, 22), "Q5_1": (7, 32, 24),
         "Q8_0": (8, 32, 34), "Q4_K": (12, 256, 144), "Q5_K": (13, 256, 176), "Q6_K": (14, 256, 210)}

ggml = ctypes.CDLL(sys.argv[1])
ggml.ggml_quantize_chunk.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p] + [ctypes.c_int64] * 3 + [ctypes.c_void_p]


def encoded(name, values):
    number, block, size = TYPES[name]
    out = np.zeros(values.size // block * size, np.uint8)
    ggml.ggml_quantize_chunk(number, values.ctypes.data, out.ctypes.data, 0, 1, values.size, None)
    return out


random = np.random.default_rng(20230608)
n = 256
values = np.concatenate([
    random.normal(size=n) * 0.02,
    np.repeat([0.0, -0.37], n // 2),
    np.where(np.arange(n) % 3 == 0, -0.0, 0.0),
    random.integers(-8, 9, size=n) * 0.5,                    # halves of a step: ties
    random.choice([-1.0, 1.0], size=n),                      # which of two largest magnitudes
    random.normal(size=n) * 1e4,                             # nearly as much as fp16 holds
    random.normal(size=n) * np.repeat(10.0 ** np.arange(-46, -38), 32),  # no scale, or one that has no inverse
    random.normal(size=n) * np.repeat(10.0 ** np.arange(-9, -1), 32),    # among them small halves
    2.0 ** -24 * random.integers(0, 64, size=n) / 4,         # ties of small halves
]).astype(np.float32)
some = (random.standard_t(5, size=8 * n) * np.repeat(np.exp(random.normal(size=64)), 32) * 0.02).astype(np.float16)

tensors = {"values": values, "some.values": some}
for name in TYPES:
    tensors[name + ".blocks"] = encoded(name, some.astype(np.float32) if name.endswith("_K") else values)
save_file(tensors, os.path.join(os.path.dirname(os.path.abspath(__file__)), "encoded.safetensors"))
