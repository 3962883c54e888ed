"""Padding: more numbers around a tensor."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.core.op import Arr, acts, composite, op
from autotn.core.tensor import Tensor
from autotn.errors import ShapeError

__all__ = ["constant_pad_nd"]

FUNCTIONAL = ("pad",)

_MODES = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def _inside(shape: Any, widths: Any) -> tuple[slice, ...]:
    """Where the input stands in the padded output; a negative width cuts."""
    return tuple(
        slice(max(a, 0), max(a, 0) + n + min(a, 0) + min(b, 0))
        for n, (a, b) in zip(shape, widths, strict=True)
    )


def _cut(shape: Any, widths: Any) -> tuple[slice, ...]:
    """The part of the input that survives negative widths."""
    return tuple(slice(max(-a, 0), n - max(-b, 0)) for n, (a, b) in zip(shape, widths, strict=True))


@op()
def _pad_constant(input: Arr, widths: Any, value: Any) -> Arr:
    """One value around a tensor; negative widths cut away.

    >>> F.pad(tn.tensor([1.0, 2.0]), (1, 0))
    tensor([0., 1., 2.])
    """
    shape = tuple(n + a + b for n, (a, b) in zip(input.shape, widths, strict=True))
    result = np.full(shape, value, input.dtype)
    result[_inside(input.shape, widths)] = input[_cut(input.shape, widths)]
    return result


_pad_constant.grad(input=lambda g, widths: _pad_constant(g, tuple((-a, -b) for a, b in widths), 0))
_pad_constant.tangent(input=lambda t, widths: _pad_constant(t, widths, 0))


@op()
def _pad_copies(input: Arr, widths: Any, mode: str) -> Arr:
    """The tensor's own elements around it, as `mode` says.

    >>> F.pad(tn.tensor([[1.0, 2.0]]), (1, 0), mode="replicate")
    tensor([[1., 1., 2.]])
    """
    copies: Any = np.pad  # its stubs know the modes as literals only
    return copies(
        input[_cut(input.shape, widths)], [(max(a, 0), max(b, 0)) for a, b in widths], mode
    )


def _gather_copies(g: Any, input_shape: tuple[int, ...], widths: Any, mode: str) -> Any:
    """Each element collects the gradients of its copies, one dimension after the other."""
    from autotn.ops.gather import add_slices

    for axis, (a, b) in enumerate(widths):
        if not a and not b:
            continue
        size = input_shape[axis]
        copies: Any = np.pad
        places = copies(
            np.arange(size)[max(-a, 0) : size - max(-b, 0)], (max(a, 0), max(b, 0)), mode
        )
        shape = (*g.shape[:axis], size, *g.shape[axis + 1 :])
        g = add_slices(g, shape, axis, places)
    return g


_pad_copies.grad(input=_gather_copies)


@composite()
def pad(input: Any, pad: Any, mode: str = "constant", value: Any = None) -> Any:
    """More numbers around the last dimensions: ``(left, right, top, bottom, …)``, last dimension first.

    >>> F.pad(tn.tensor([1.0, 2.0]), (1, 1), value=9.0)
    tensor([9., 1., 2., 9.])
    """
    numbers = [int(n) for n in (pad.tolist() if isinstance(pad, Tensor) else pad)]
    shape = tuple(input.shape)
    if len(numbers) % 2 or len(numbers) > 2 * len(shape):
        raise RuntimeError(
            f"pad: Padding length must be divisible by 2 and at most twice the number of dimensions of the input, "
            f"got {len(numbers)} for input of shape {list(shape)}"
        )
    if mode not in _MODES:
        raise NotImplementedError(
            f"pad: Unrecognised padding mode {mode!r}; expected one of {', '.join(_MODES)}"
        )
    pairs = [(numbers[k], numbers[k + 1]) for k in range(0, len(numbers), 2)][::-1]
    widths = tuple([(0, 0)] * (len(shape) - len(pairs)) + pairs)
    for n, (a, b) in zip(shape, widths, strict=True):
        if n + a + b < 0:
            raise RuntimeError(
                f"pad: the widths {numbers} leave a negative size of input {list(shape)}"
            )
    if mode == "constant":
        return _pad_constant(input, widths, 0 if value is None else value)
    if value not in (None, 0, 0.0):
        raise ValueError(f"pad: Padding mode {mode!r} doesn't take in value argument")
    allowed = {1: (2, 3), 2: (3, 4), 3: (4, 5)}.get(len(pairs), ())
    if len(shape) not in allowed:
        raise NotImplementedError(
            f"pad: Only 2D, 3D, 4D, 5D padding with non-constant padding are supported for now; got {len(numbers)} "
            f"widths for {len(shape)} dimensions"
        )
    for k, (n, (a, b)) in enumerate(zip(shape, widths, strict=True)):
        most = {"reflect": n - 1, "circular": n}.get(mode)
        if most is not None and max(a, b) > most:
            raise ShapeError(
                f"pad: Padding size should be {'less than' if mode == 'reflect' else 'at most'} the corresponding "
                f"input dimension, but got: padding ({a}, {b}) at dimension {k} of input {list(shape)}"
            )
        if n == 0 and (a > 0 or b > 0):
            raise ShapeError(f"pad: can't pad dimension {k} of size 0 in mode {mode!r}")
    return _pad_copies(input, widths, _MODES[mode])


_whole_pad = pad


@composite()
def constant_pad_nd(input: Any, pad: Any, value: Any = 0) -> Any:
    """`pad` with a constant.

    >>> tn.constant_pad_nd(tn.tensor([1.0]), (1, 0))
    tensor([0., 1.])
    """
    return _whole_pad(input, pad, "constant", value)


acts("linear", _pad_copies)
