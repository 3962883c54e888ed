"""How many floating-point operations a call takes, by its op and shapes.

A multiply-add counts as two, an elementary function as one; moving elements is free. The counts are those of
the mathematics, not of what a library happens to do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

Shape = Sequence[int]

#: Ops that move or relabel elements and compute nothing.
PLUMBING = frozenset(
    [
        *("_Identity", "alias", "as_strided", "assign_view", "cast", "cat", "clone", "copy"),
        *("diagonal", "embedding", "expand", "flip", "gather", "getitem", "in_order"),
        *("index_copy", "index_put", "index_select", "masked_fill", "pad_constant"),
        *("pad_copies", "parts", "permute", "pick_planes", "put_into_zeros", "put_on_diagonal"),
        *("reshape", "roll", "scatter", "tile", "transpose", "tril", "triu", "unbind"),
        *("unfold_dimension", "view", "view_dtype", "where", "write"),
    ]
)


def _matmul(inputs: list[Shape], out: int) -> int:
    return 2 * out * inputs[0][-1] if inputs[0] else 0


def _linear(inputs: list[Shape], out: int) -> int:
    return 2 * out * inputs[0][-1] + (out if len(inputs) > 2 else 0)


def _conv(inputs: list[Shape], out: int) -> int:
    """The weight of one output element is (in/groups, *kernel): all of it but the first dimension."""
    return 2 * out * math.prod(inputs[1][1:]) + (out if len(inputs) > 2 else 0)


def _conv_transpose(inputs: list[Shape], out: int) -> int:
    return 2 * math.prod(inputs[0]) * math.prod(inputs[1][1:]) + (out if len(inputs) > 2 else 0)


def _attention(inputs: list[Shape], out: int) -> int:
    query, key, value = inputs[:3]
    scores = math.prod(query[:-1]) * key[-2]
    return 2 * scores * (query[-1] + value[-1]) + 5 * scores


def _reading_all(inputs: list[Shape], out: int) -> int:
    return math.prod(inputs[0])


def _five_passes(inputs: list[Shape], out: int) -> int:
    return 5 * math.prod(inputs[0])


def _sweep(gates: int, elementwise: int) -> Callable[[list[Shape], int], int]:
    """A recurrent layer: two products per gate and step, and what a cell does to each element."""

    def count(inputs: list[Shape], out: int) -> int:
        rows, width = math.prod(inputs[0][:-1]), inputs[0][-1]
        hidden = inputs[1][-1]
        return rows * (2 * gates * hidden * (width + hidden) + elementwise * hidden)

    return count


_COUNTS: dict[str, Callable[[list[Shape], int], int]] = {
    "matmul": _matmul,
    "linear": _linear,
    **{f"conv{n}d": _conv for n in (1, 2, 3)},
    **{f"conv_transpose{n}d": _conv_transpose for n in (1, 2, 3)},
    "attention": _attention,
    "softmax": _five_passes,
    "log_softmax": _five_passes,
    "cross_entropy": _five_passes,
    "normalise_rows": _five_passes,
    "batch_norm": _five_passes,
    "rms_rows": _five_passes,
    "lstm_sweep": _sweep(4, 30),
    "gru_sweep": _sweep(3, 25),
    "rnn_sweep": _sweep(1, 5),
    **dict.fromkeys(
        [
            *("sum", "mean", "prod", "amax", "amin", "max_along", "min_along", "argmax", "argmin"),
            *("var", "logsumexp", "max_pool", "max_pool_with_indices", "avg_pool", "p_norm"),
            *("adaptive_avg_pool", "mse_loss", "nll", "any", "all"),
        ],
        _reading_all,
    ),
}


def flops_of(op: str, inputs: Sequence[Any], outputs: Sequence[Any]) -> int:
    """The operations of one call, given the shapes of its inputs and its outputs."""
    if op in PLUMBING:
        return 0
    out = sum(math.prod(o.shape or ()) for o in outputs)
    count = _COUNTS.get(op)
    if count is None:
        return out
    try:
        return int(count([tuple(s) for s in inputs], out))
    except IndexError:  # an input of fewer dimensions than the count expects
        return out
