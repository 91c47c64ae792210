# Made the torch files beside it (torch 2.15): python make.py
import collections
import os

import torch

base = torch.arange(12, dtype=torch.float32)
state = collections.OrderedDict(
    plain=base.view(3, 4),
    transposed=base.view(3, 4).t(),
    slice=base[5:9],
    every_other=base.view(3, 4)[:, ::2],
    parameter=torch.nn.Parameter(torch.tensor([1.5, -2.5])),
    half=torch.tensor([1, 2, 3], dtype=torch.float16),
    brain=torch.tensor([1, 2, 3], dtype=torch.bfloat16),
    long=torch.tensor([1, -2], dtype=torch.int64),
    int=torch.tensor([1, -2], dtype=torch.int32),
    short=torch.tensor([1, -2], dtype=torch.int16),
    char=torch.tensor([1, -2], dtype=torch.int8),
    byte=torch.tensor([1, 254], dtype=torch.uint8),
    bool=torch.tensor([True, False]),
    double=torch.tensor([1.0, -2.0], dtype=torch.float64),
    scalar=torch.tensor(7.0),
    empty=torch.zeros(0, 3),
    expanded=torch.tensor([5.0]).expand(2, 2),
    number=3,
    text="hello",
    none=None,
    float=2.5,
    big=1 << 80,
    size=torch.Size([2, 3]),
    list=[1, (2, 3), {"a": "x"}],
)
torch.save(state, "mixed-zip.bin")
torch.save(state, "mixed-legacy.bin", _use_new_zipfile_serialization=False, pickle_protocol=4)

module = torch.nn.Linear(3, 2)
with torch.no_grad():
    module.weight.copy_(torch.arange(6.0).view(2, 3))
    module.bias.copy_(torch.tensor([6.0, 7.0]))
torch.save({"state_dict": module.state_dict(), "epoch": 3}, "module-zip.bin", pickle_protocol=4)
torch.save(module.state_dict(), "module-legacy.bin", _use_new_zipfile_serialization=False)


class Evil:
    def __reduce__(self):
        return os.system, ("touch OWNED",)


torch.save({"w": torch.ones(2), "x": Evil()}, "evil-zip.bin")
