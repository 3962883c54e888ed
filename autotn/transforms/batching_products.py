"""Batching rules of products: matrices, linear maps, convolutions."""

from __future__ import annotations

from typing import Any

from autotn.transforms.batched_call import (
    BatchedCall,
    NoRule,
    aligned,
    merge_batch,
    rule,
    split_batch,
)


@rule("matmul")
def matmul(c: BatchedCall) -> Any:
    """One product over the batch; vectors become matrices for it unless one operand is shared."""
    a, b = c["input"], c["other"]
    ranks = c.rank("input"), c.rank("other")
    if 0 in ranks:
        raise NoRule
    in_a, in_b = c.is_batched("input"), c.is_batched("other")
    if in_a and not in_b and ranks[1] <= 2:
        return c.call()
    if in_b and not in_a and ranks == (2, 1):
        return c.call(input=b, other=a.transpose(0, 1))
    if ranks[0] == 1:
        a = a.unsqueeze(-2)
    if ranks[1] == 1:
        b = b.unsqueeze(-1)
    rank = max(*ranks, 2)
    a, b = aligned(a, in_a, rank), aligned(b, in_b, rank)
    # One term per sum, as in the gradients of weights: elementwise is quicker.
    found = a * b if a.shape[-1] == 1 and b.shape[-2] == 1 else c.call(input=a, other=b)
    if ranks[0] == 1:
        found = found.squeeze(-2)
    return found.squeeze(-1) if ranks[1] == 1 else found


@rule("linear")
def linear(c: BatchedCall) -> Any:
    """Shared weights take any leading dimensions; weights of each example's own make a batch of products."""
    if not c.is_batched("weight"):
        if not c.is_batched("bias"):
            return c.call()
        found = c.call(input=c.whole("input"), bias=None)
        return found + aligned(c["bias"], True, found.ndim - 1)
    if c.rank("weight") != 2:
        raise NoRule
    x, weight, rank = c["input"], c["weight"], c.rank("input")
    flat = x.reshape((c.size if c.is_batched("input") else 1, -1, x.shape[-1]))
    found = flat @ weight.transpose(-1, -2)
    lead = x.shape[1:-1] if c.is_batched("input") else x.shape[:-1]
    found = found.reshape((c.size, *lead, weight.shape[1]))
    bias = c["bias"]
    return found if bias is None else found + aligned(bias, c.is_batched("bias"), max(rank, 1))


@rule("conv1d conv2d conv3d")
def convolution(c: BatchedCall) -> Any:
    """Shared weights: more samples. Weights of each example's own: a group for each example."""
    places = c["weight"].ndim - c.is_batched("weight") - 2
    single = c.rank("input") == places + 1
    if not c.is_batched("weight"):
        if c.is_batched("bias"):
            return _with_bias(c, c.call(input=_samples(c, single), bias=None), single, places)
        found = c.call(input=_samples(c, single))
        return found if single else split_batch(found, c.size)
    x = c.whole("input")
    x = x.unsqueeze(1) if single else x  # (B, N, C, …)
    found = c.call(
        input=merge_batch(x, 1), weight=merge_batch(c["weight"]), bias=None,
        groups=c.size * c["groups"],
    )  # fmt: skip
    found = split_batch(found, c.size, 1)
    found = found.squeeze(1) if single else found
    return _plus_bias(c, found, places)


def _samples(c: BatchedCall, single: bool) -> Any:
    x = c.whole("input")
    return x if single else merge_batch(x)


def _with_bias(c: BatchedCall, found: Any, single: bool, places: int) -> Any:
    return _plus_bias(c, found if single else split_batch(found, c.size), places)


def _plus_bias(c: BatchedCall, found: Any, places: int) -> Any:
    bias = c["bias"]
    if bias is None:
        return found
    bias = bias.reshape((*bias.shape, *(1,) * places))
    return found + aligned(bias, c.is_batched("bias"), found.ndim - 1)


@rule("conv_transpose1d conv_transpose2d conv_transpose3d")
def transposed_convolution(c: BatchedCall) -> Any:
    """As `convolution`; weights come as (C, O / groups, …), so examples are laid along their first axis."""
    return convolution(c)


@rule("conv_input")
def convolution_by_input(c: BatchedCall) -> Any:
    """The gradient by the input: samples side by side, or a group for each example."""
    shape = c["shape"]
    if not c.is_batched("weight"):
        found = c.call(output=merge_batch(c["output"]), shape=(c.size * shape[0], *shape[1:]))
        return split_batch(found, c.size)
    found = c.call(
        output=merge_batch(c.whole("output"), 1), weight=merge_batch(c["weight"]),
        shape=(shape[0], c.size * shape[1], *shape[2:]), groups=c.size * c["groups"],
    )  # fmt: skip
    return split_batch(found, c.size, 1)


@rule("conv_weight")
def convolution_by_weight(c: BatchedCall) -> Any:
    """The gradient by the weight: each example has its own, so each is a group."""
    shape = c["shape"]
    found = c.call(
        output=merge_batch(c.whole("output"), 1), input=merge_batch(c.whole("input"), 1),
        shape=(c.size * shape[0], *shape[1:]), groups=c.size * c["groups"],
    )  # fmt: skip
    return split_batch(found, c.size)
