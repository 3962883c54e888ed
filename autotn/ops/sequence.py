"""Whole recurrent nets as functions of flat lists of weights: PyTorch's ``lstm``, ``gru``, ``rnn_tanh``, ``rnn_relu``.

Each has two forms. The padded one takes (steps, batch, features); the packed one takes the steps of all sequences
after each other, and after them how many sequences have a first, second, … step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autotn.core.op import composite
from autotn.core.tensor import Tensor
from autotn.errors import ShapeError
from autotn.ops.recurrent import same_dtype, sweep_layers

__all__ = ["gru", "lstm", "rnn_relu", "rnn_tanh"]

_ORDER = (
    [
        "hx",
        "params",
        "has_biases",
        "num_layers",
        "dropout",
        "train",
        "bidirectional",
        "batch_first",
    ],
    ["hx", "params", "has_biases", "num_layers", "dropout", "train", "bidirectional"],
)


def _named(name: str, packed: bool, args: Sequence[Any], options: dict[str, Any]) -> dict[str, Any]:
    """The arguments by name; all of them are asked for."""
    order = _ORDER[packed]
    if len(args) > len(order):
        raise TypeError(f"{name}: expected {len(order) + 1 + packed} arguments, got more")
    given = dict(zip(order, args))
    unknown = [key for key in options if key not in order or key in given]
    missing = [key for key in order if key not in given and key not in options]
    if unknown or missing:
        form = "packed: data, batch_sizes" if packed else "padded: input"
        problem = f"no argument {unknown[0]!r}" if unknown else f"{missing[0]!r} is missing"
        raise TypeError(f"{name}: {problem}; the form is {form}, {', '.join(order)}")
    return given | options


def _weights(name: str, params: Sequence[Any], keys: Sequence[str], count: int) -> list[Any]:
    """The flat list of weights, cut into layers and directions."""
    if len(params) != len(keys) * count:
        raise ShapeError(
            f"{name}: expected {len(keys)} weights ({', '.join(keys)}) for each of {count} layers and "
            f"directions, {len(keys) * count} in all, got {len(params)}"
        )
    starts = range(0, len(params), len(keys))
    return [dict(zip(keys, params[k : k + len(keys)])) for k in starts]


def _run(name: str, input: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    mode, sizes = name.upper(), None
    # After a padded input come the states, a pair for an LSTM, and a list of weights.
    first = bool(args) and isinstance(args[0], Tensor)
    second = len(args) > 1 and isinstance(args[1], Tensor)
    packed = "batch_sizes" in options or (first and (mode == "LSTM" or second or "hx" in options))
    if packed:
        options = dict(options)
        given = options.pop("batch_sizes", None)
        if given is None:
            given, *rest = args
            args = tuple(rest)
        sizes = tuple(int(size) for size in given.tolist())
    named = _named(name, packed, args, options)
    rank = 2 if packed else 3
    if input.ndim != rank:
        raise ShapeError(f"{name}: expected a {rank}-D input, got shape {tuple(input.shape)}")
    states = list(named["hx"]) if mode == "LSTM" else [named["hx"]]
    if len(states) != (2 if mode == "LSTM" else 1):
        raise ShapeError(f"{name}: expected hx to be a pair (h_0, c_0), got {len(states)} tensors")
    directions = 2 if named["bidirectional"] else 1
    count = named["num_layers"] * directions
    keys = ["w_ih", "w_hh", *(["b_ih", "b_hh"] if named["has_biases"] else [])]
    if mode == "LSTM" and states[0].shape[-1] != states[1].shape[-1]:
        keys.append("w_hr")
    weights = _weights(name, named["params"], keys, count)
    same_dtype(name, input, weights[0]["w_ih"])
    swapped = bool(named.get("batch_first"))
    if swapped:
        input = input.transpose(0, 1)
    batch = input.shape[1] if sizes is None else (sizes[0] if sizes else 0)
    for state in states:
        if state.ndim != 3 or tuple(state.shape[:2]) != (count, batch):
            raise ShapeError(
                f"{name}: expected states of shape ({count}, {batch}, features), got {tuple(state.shape)}"
            )
    dropped = named["dropout"] if named["train"] else 0.0
    output, last = sweep_layers(mode, input, states, weights, directions, dropped, sizes)
    return (output.transpose(0, 1) if swapped else output), *last


@composite()
def lstm(input: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any, Any]:
    """An LSTM of several layers: the outputs of the last one, the last states, the last cell states.

    Parameters
    ----------
    input : Tensor
        (steps, batch, features), then ``hx`` (a pair), ``params`` (for each layer and direction w_ih,
        w_hh, b_ih, b_hh), ``has_biases``, ``num_layers``, ``dropout``, ``train``, ``bidirectional``,
        ``batch_first``. Packed: data and ``batch_sizes``, then the same without ``batch_first``.

    >>> h = c = tn.zeros(1, 1, 2)
    >>> weights = [tn.ones(8, 3), tn.ones(8, 2)]
    >>> y, h, c = tn.lstm(tn.ones(4, 1, 3), (h, c), weights, False, 1, 0.0, False, False, False)
    >>> y.shape, h.shape
    (tn.Size([4, 1, 2]), tn.Size([1, 1, 2]))
    """
    return _run("lstm", input, args, kwargs)


@composite()
def gru(input: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
    """A GRU of several layers, with the arguments of `lstm`; ``hx`` is one tensor.

    >>> weights = [tn.ones(6, 3), tn.ones(6, 2)]
    >>> y, h = tn.gru(tn.ones(4, 1, 3), tn.zeros(1, 1, 2), weights, False, 1, 0.0, False, False, False)
    >>> y.shape, h.shape
    (tn.Size([4, 1, 2]), tn.Size([1, 1, 2]))
    """
    return _run("gru", input, args, kwargs)


@composite()
def rnn_tanh(input: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
    """A simple recurrent net of several layers, with the arguments of `gru`.

    >>> weights = [tn.ones(2, 3), tn.zeros(2, 2)]
    >>> tn.rnn_tanh(tn.ones(1, 1, 3), tn.zeros(1, 1, 2), weights, False, 1, 0.0, False, False, False)[0]
    tensor([[[0.9951, 0.9951]]])
    """
    return _run("rnn_tanh", input, args, kwargs)


@composite()
def rnn_relu(input: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
    """`rnn_tanh` with relu.

    >>> weights = [tn.ones(2, 3), tn.zeros(2, 2)]
    >>> tn.rnn_relu(tn.ones(1, 1, 3), tn.zeros(1, 1, 2), weights, False, 1, 0.0, False, False, False)[0]
    tensor([[[3., 3.]]])
    """
    return _run("rnn_relu", input, args, kwargs)
