# Made blocks.safetensors beside it: python make_blocks.py (gguf 0.19, numpy 2, safetensors). For each encoding, random
# blocks, some with scales at the edges of fp16, and their values as the package gguf decodes them.
import os

import gguf
import numpy as np
from safetensors.numpy import save_file

# Where the fp16 scales of a block lie.
SCALES = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q2_K": [80, 82], "Q3_K": [108],
          "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208], "IQ4_NL": [0]}
EDGES = [0x0001, 0x83FF, 0x8000, 0x7BFF]  # the smallest number, the largest below 2^-14, -0, the largest

random = np.random.default_rng(16)
tensors = {}
for name, places in SCALES.items():
    kind = gguf.GGMLQuantizationType[name]
    block, size = gguf.GGML_QUANT_SIZES[kind]
    count = 6 if block == 32 else 2
    blocks = random.integers(0, 256, (count, size), dtype=np.uint8)
    for row in range(count):
        for place in places:
            scale = np.float16(random.normal() / 50).view(np.uint16) if row < count // 2 else EDGES[row % 4]
            blocks[row, place:place + 2] = np.array([scale], dtype=np.uint16).view(np.uint8)
    tensors[name + ".blocks"] = blocks
    tensors[name + ".values"] = gguf.dequantize(blocks, kind).reshape(-1)
halves = np.array([0x0000, 0x8000, 0x0001, 0x83FF, 0x0400, 0x3C00, 0xC123, 0x7BFF, 0x7C00, 0xFC00], dtype=np.uint16)
tensors["F16.blocks"] = halves.view(np.uint8)
tensors["F16.values"] = gguf.dequantize(halves.view(np.float16), gguf.GGMLQuantizationType.F16)
tensors["BF16.blocks"] = halves.view(np.uint8)
tensors["BF16.values"] = gguf.dequantize(halves.view(np.uint8), gguf.GGMLQuantizationType.BF16)
save_file(tensors, os.path.join(os.path.dirname(os.path.abspath(__file__)), "blocks.safetensors"))
