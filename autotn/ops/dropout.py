"""Dropout: parts of the input set to zero at random in training (Srivastava et al. 2014).

The mask is drawn outside the op and enters as an input, so the op itself can be repeated.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autotn.core.op import Arr, Fixed, acts, composite, op
from autotn.core.random import Generator, numpy_generator
from autotn.core.tensor import Tensor

__all__ = ["alpha_dropout", "dropout", "feature_alpha_dropout", "feature_dropout"]

FUNCTIONAL = ("dropout1d", "dropout2d", "dropout3d")


@op(inplace=True)
def masked_scale(input: Arr, mask: Fixed, scale: float) -> Arr:
    """The input where the mask is true, times a number, else 0.

    >>> from autotn.ops.dropout import masked_scale
    >>> masked_scale(tn.tensor([1.0, 2.0]), np.array([True, False]), 3.0)
    tensor([3., 0.])
    """
    return input * (mask * input.dtype.type(scale))


masked_scale.grad(input=lambda g, mask, scale: masked_scale(g, mask, scale))


def keep_mask(shape: Any, p: float, generator: Generator | None) -> np.ndarray[Any, Any]:
    """True with probability ``1 - p``: 16 random bits an element, so `p` counts in steps of 1/65536."""
    source: Any = numpy_generator(generator)
    if source.__class__ is not np.random.Generator:  # vmap's: a mask for each example
        return source.random(shape, np.float32) >= p
    count = math.prod(shape)
    bits = source.bit_generator.random_raw((count + 3) // 4).view(np.uint16)[:count]
    return np.asarray(bits >= round(p * 65536)).reshape(shape)


def _check(name: str, p: float) -> None:
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"{name}: dropout probability has to be between 0 and 1, but got {p}")


def _values(x: Any) -> Any:
    return x._data if isinstance(x, Tensor) else x


@composite()
def dropout(
    input: Any,
    p: float = 0.5,
    training: bool = True,
    inplace: bool = False,
    *,
    generator: Any = None,
) -> Any:
    r"""In training, set elements to 0 with probability `p` and scale the rest by :math:`1/(1-p)`.

    >>> F.dropout(tn.ones(3), 0.5, False)
    tensor([1., 1., 1.])
    """
    _check("dropout", p)
    if not training or p == 0:
        return input
    return _dropped(input, tuple(input.shape), p, inplace, generator)


def _dropped(input: Any, shape: Any, p: float, inplace: bool, generator: Any) -> Any:
    if p == 1:
        mask, scale = np.zeros(shape, np.bool_), 1.0
    else:
        mask, scale = keep_mask(shape, p, generator), 1 / (1 - p)
    return (
        masked_scale.op.in_place(input, mask, scale)
        if inplace
        else masked_scale(input, mask, scale)
    )


def _channel_shape(input: Any) -> tuple[int, ...]:
    return (*tuple(input.shape)[:2], *(1,) * (input.ndim - 2))


def feature_dropout(
    input: Any, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Any:
    """In training, set whole channels to 0 (Tompson et al. 2015).

    >>> tn.feature_dropout(tn.ones(1, 2, 3), 1.0, True).sum()
    tensor(0.)
    """
    _check("feature_dropout", p)
    if not training or p == 0:
        return input
    if input.ndim < 2:
        raise RuntimeError(
            "feature_dropout: Feature dropout requires at least 2 dimensions in the input"
        )
    return _dropped(input, _channel_shape(input), p, inplace, None)


@composite()
def dropout1d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """`feature_dropout` for inputs (N, C, L) or (C, L).

    >>> F.dropout1d(tn.ones(1, 2, 3), training=False).shape
    tn.Size([1, 2, 3])
    """
    _check("dropout1d", p)
    if input.ndim not in (2, 3):
        raise RuntimeError(
            f"dropout1d: Expected 2D or 3D input, but received a {input.ndim}D input."
        )
    if input.ndim == 3:
        return feature_dropout(input, p, training, inplace)
    if not training or p == 0:
        return input
    return _dropped(input, (input.shape[0], 1), p, inplace, None)


@composite()
def dropout2d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """`feature_dropout` for inputs (N, C, H, W).

    >>> F.dropout2d(tn.ones(1, 2, 3, 3), training=False).shape
    tn.Size([1, 2, 3, 3])
    """
    _check("dropout2d", p)
    return feature_dropout(input, p, training, inplace)


@composite()
def dropout3d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """`feature_dropout` for inputs (N, C, D, H, W).

    >>> F.dropout3d(tn.ones(1, 2, 3, 3, 3), training=False).shape
    tn.Size([1, 2, 3, 3, 3])
    """
    _check("dropout3d", p)
    return feature_dropout(input, p, training, inplace)


#: What `selu` tends to for very negative inputs (Klambauer et al. 2017).
_ALPHA = -1.7580993408473766


def _alpha(name: str, input: Any, shape: Any, p: float, training: bool, inplace: bool) -> Any:
    _check(name, p)
    if not training or p == 0:
        return input
    if p == 1:
        return input * 0
    mask = keep_mask(shape, p, None)
    scale = 1 / math.sqrt((1 - p) * (1 + p * _ALPHA * _ALPHA))
    kept = masked_scale(input, mask, scale)
    kind = _values(input).dtype.type
    shift = np.where(mask, kind(0), kind(_ALPHA * scale)) - kind(scale * p * _ALPHA)
    found = kept + (shift if isinstance(kept, np.ndarray) else _wrapped(shift))
    return input.copy_(found) if inplace else found


def _wrapped(array: Any) -> Tensor:
    from autotn.core.tensor import wrap

    return wrap(np.asarray(array))


@composite()
def alpha_dropout(input: Any, p: float = 0.5, training: bool = False, inplace: bool = False) -> Any:
    """Dropout that keeps mean 0 and variance 1 under `selu` (Klambauer et al. 2017, appendix).

    >>> tn.alpha_dropout(tn.ones(3), 0.5, False)
    tensor([1., 1., 1.])
    """
    return _alpha("alpha_dropout", input, tuple(input.shape), p, training, inplace)


@composite()
def feature_alpha_dropout(
    input: Any, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Any:
    """`alpha_dropout` of whole channels.

    >>> tn.feature_alpha_dropout(tn.ones(1, 3), 0.5, False)
    tensor([[1., 1., 1.]])
    """
    return _alpha("feature_alpha_dropout", input, _channel_shape(input), p, training, inplace)


acts("linear", masked_scale)
