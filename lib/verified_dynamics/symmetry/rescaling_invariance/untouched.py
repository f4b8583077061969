"""Run a model's own code and leave the model as it was found."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn


@contextmanager
def untouched(model: nn.Module) -> Iterator[None]:
    """Put back each module's mode, buffers and attributes, and the random states of torch, Python and NumPy.

    Attributes are put back as objects; what the model changes inside a list or dictionary of its own stays changed.
    """
    modules = list(model.modules())
    attributes = [dict(module.__dict__) for module in modules]
    buffers = [dict(module._buffers) for module in modules]
    values = {id(b): b.detach().clone() for kept in buffers for b in kept.values() if b is not None}
    drawn = random.getstate(), np.random.get_state()
    devices = sorted({p.device.index for p in model.parameters() if p.device.type == "cuda"})
    try:
        with torch.random.fork_rng(devices=devices):
            yield
    finally:
        random.setstate(drawn[0])
        np.random.set_state(drawn[1])
        for module, kept, own in zip(modules, attributes, buffers, strict=True):
            module.__dict__.clear()
            module.__dict__.update(kept)
            module._buffers.clear()
            module._buffers.update(own)
            for buffer in own.values():
                if buffer is not None and not _same(buffer, values[id(buffer)]):
                    with torch.no_grad():
                        buffer.copy_(values[id(buffer)])


def _same(buffer: torch.Tensor, value: torch.Tensor) -> bool:
    return buffer.is_meta or (buffer.shape == value.shape and torch.equal(buffer, value))
