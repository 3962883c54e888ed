"""All columns of a Jacobian at once: forward mode over a batch of unit vectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autotn.core.modes import transforming
from autotn.core.tensor import Tensor, wrap
from autotn.transforms.batch import Batch
from autotn.transforms.forward import Forward

__all__ = ["columns"]


def columns(func: Callable[..., Any], ins: tuple[Tensor, ...]) -> tuple[bool, list[list[Any]]]:
    """Whether there are several outputs, and for each its derivatives by each input."""
    total = sum(x.numel() for x in ins)
    batch, forward, start = Batch(total), Forward(), 0
    units = []
    for x in ins:
        rows = np.zeros((total, x.numel()), x._data.dtype)
        rows[start : start + x.numel()] = np.eye(x.numel(), dtype=x._data.dtype)
        units.append(batch.batched(wrap(rows.reshape((total, *x._data.shape)))))
        start += x.numel()
    with transforming(batch), transforming(forward):
        result = func(*(forward.dual(x, u) for x, u in zip(ins, units, strict=True)))
    several = isinstance(result, (tuple, list))
    table = []
    for o in result if several else (result,):
        tangent = forward.tangent(o)
        if tangent is None:
            tangent = wrap(np.zeros_like(forward.primal(o)._data))
        whole = batch.whole_batch(tangent).movedim(0, -1)
        parts, start = [], 0
        for x in ins:
            part = whole[..., start : start + x.numel()]
            parts.append(part.reshape((*whole.shape[:-1], *x.shape)))
            start += x.numel()
        table.append(parts)
    return several, table
