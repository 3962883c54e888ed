"""Batching rules of indexing: basic and advanced, shared indices and indices of each example's own."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.core.tensor import Tensor
from autotn.ops.create import arange
from autotn.transforms.batched_call import BatchedCall, NoRule, aligned, rule


def _parts(index: Any) -> tuple[Any, ...]:
    return index if isinstance(index, tuple) else (index,)


def _is_array(part: Any) -> bool:
    return isinstance(part, (np.ndarray, Tensor, bool, np.bool_))


def _shared(index: Any) -> tuple[Any, ...]:
    """An index every example uses, after the batch axis."""
    parts = _parts(index)
    picks = [
        k for k, p in enumerate(parts)
        if _is_array(p) or isinstance(p, (int, np.integer))
    ]  # fmt: skip
    if any(_is_array(p) for p in parts) and picks and picks[-1] - picks[0] >= len(picks):
        raise NoRule  # arrays apart from each other move in front of everything
    if any(_is_array(p) and np.ndim(p) == 0 for p in parts):
        raise NoRule
    return (slice(None), *parts)


def _own(c: BatchedCall, index: Any, batched: bool) -> tuple[Any, ...]:
    """An index each example has its own of, for a tensor with (`batched`) or without a batch axis."""
    parts, flags = index
    count = 0
    while count < len(parts) and (
        isinstance(parts[count], (np.ndarray, int, np.integer))
        and not isinstance(parts[count], bool)
    ):
        count += 1
    if any(flags[count:]) or any(_is_array(p) for p in parts[count:]):
        raise NoRule
    ranks = [np.ndim(p) - bool(f) for p, f in zip(parts[:count], flags, strict=False)]
    rank = max(ranks)
    heads = []
    for p, f in zip(parts[:count], flags, strict=False):
        if f and p.dtype.kind == "b":
            raise NoRule
        if f and p.ndim - 1 < rank:
            p = p.reshape((c.size, *(1,) * (rank - p.ndim + 1), *p.shape[1:]))
        heads.append(p)
    if not batched:
        return (*heads, *parts[count:])
    each = np.arange(c.size).reshape((c.size, *(1,) * rank))
    return (each, *heads, *parts[count:])


def _turned(c: BatchedCall) -> Any:
    """The index as plain arrays, and for each part whether it is batched."""
    given = c["index"]
    flag = c.batched[c.place["index"]]
    parts = _parts(given)
    flags = flag if isinstance(flag, list) else [flag] * len(parts)
    plain = []
    for p in parts:
        if isinstance(p, Tensor):
            p = p._data
        if p.__class__ is not np.ndarray and isinstance(p, np.ndarray):
            raise NoRule  # traced by a level further out
        plain.append(p)
    return tuple(plain), flags


def _index(c: BatchedCall, on_batch: bool) -> Any:
    parts, flags = _turned(c)
    if not any(flags):
        return _shared(parts)
    return _own(c, (parts, flags), on_batch)


@rule("getitem")
def getitem(c: BatchedCall) -> Any:
    return c.call(index=_index(c, c.is_batched("input")))


@rule("put_into_zeros")
def put_into_zeros(c: BatchedCall) -> Any:
    return c.call(input=c.whole("input"), shape=(c.size, *c["shape"]), index=_index(c, True))


@rule("index_put")
def index_put(c: BatchedCall) -> Any:
    x = c.whole("input")
    index = _index(c, True)
    rank = np.broadcast_to(np.int8(0), x.shape)[index].ndim - 1
    return c.call(input=x, index=index, value=aligned(c["value"], c.is_batched("value"), rank))


@rule("embedding")
def embedding(c: BatchedCall) -> Any:
    """Shared weights: all indices at once. Weights of each example's own, laid end to end."""
    weight, index = c["weight"], c["input"]
    if not c.is_batched("weight"):
        return c.call()
    if c["padding_idx"] >= 0:
        raise NoRule
    rows = weight.shape[1]
    flat = c.whole("input").reshape((c.size, -1))
    places = flat + arange(c.size, dtype=flat.dtype).reshape((c.size, 1)) * rows
    found = c.call(weight=weight.reshape((c.size * rows, *weight.shape[2:])), input=places)
    shape = index.shape[1:] if c.is_batched("input") else index.shape
    return found.reshape((c.size, *shape, *weight.shape[2:]))


@rule("nll")
def nll(c: BatchedCall) -> Any:
    """A loss for each target; those of an example are then added up as its own reduction says."""
    c.only("input", "target")
    if c["weight"] is not None:
        raise NoRule
    x, target = c.whole("input"), c.whole("target")
    single = c.rank("input") == 1
    shape = x.shape
    if not single:
        x = x.reshape((shape[0] * shape[1], *shape[2:]))
        target = target.reshape((target.shape[0] * target.shape[1], *target.shape[2:]))
    losses = c.call(input=x, target=target, reduction="none").reshape((c.size, -1))
    if c["reduction"] == "none":
        return losses.reshape((c.size, *(() if single else (shape[1], *shape[3:]))))
    total = losses.sum(1)
    if c["reduction"] == "sum":
        return total
    counted = (target.reshape((c.size, -1)) != c["ignore_index"]).sum(1)
    return total / counted.to(total.dtype)
