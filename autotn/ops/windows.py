"""Window functions: the weights by which a signal is faded in and out before it is transformed."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.core.tensor import Tensor
from autotn.errors import DTypeError
from autotn.ops.create import _kind, _made

__all__ = [
    "bartlett_window",
    "blackman_window",
    "hamming_window",
    "hann_window",
    "kaiser_window",
]


def _positions(name: str, count: int, periodic: bool) -> Any:
    """Places from 0 to 1; a periodic window leaves out the last of one that is longer by 1."""
    if count < 0:
        raise RuntimeError(
            f"{name}: requires non-negative window_length, got window_length={count}"
        )
    if count == 1:
        return np.full(1, 0.5)
    return np.arange(count) / (count if periodic else max(count - 1, 1))


def _window(name: str, values: Any, dtype: Any, device: Any, requires_grad: bool) -> Tensor:
    kind = _kind(dtype)
    if kind.kind not in "fV":
        raise DTypeError(f"{name}: expects floating point dtypes, got {kind}")
    return _made(name, np.asarray(values).astype(kind), None, device, requires_grad)


def hann_window(
    window_length: int, periodic: bool = True, *, dtype: Any = None, layout: Any = None,
    device: Any = None, pin_memory: bool = False, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    r"""Hann's window: :math:`\frac12 (1 - \cos 2\pi x)`.

    >>> tn.hann_window(4)
    tensor([0.0000, 0.5000, 1.0000, 0.5000])
    """
    x = _positions("hann_window", window_length, periodic)
    return _window("hann_window", np.sin(np.pi * x) ** 2, dtype, device, requires_grad)


def hamming_window(
    window_length: int, periodic: bool = True, alpha: float = 0.54, beta: float = 0.46, *,
    dtype: Any = None, layout: Any = None, device: Any = None, pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    r"""Hamming's window: :math:`\alpha - \beta \cos 2\pi x`.

    >>> tn.hamming_window(4)
    tensor([0.0800, 0.5400, 1.0000, 0.5400])
    """
    x = _positions("hamming_window", window_length, periodic)
    values = np.ones(1) if window_length == 1 else alpha - beta * np.cos(2 * np.pi * x)
    return _window("hamming_window", values, dtype, device, requires_grad)


def blackman_window(
    window_length: int, periodic: bool = True, *, dtype: Any = None, layout: Any = None,
    device: Any = None, pin_memory: bool = False, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    r"""Blackman's window: :math:`0.42 - 0.5 \cos 2\pi x + 0.08 \cos 4\pi x`.

    >>> tn.blackman_window(2)[1]
    tensor(1.)
    """
    x = _positions("blackman_window", window_length, periodic)
    values = 0.42 - 0.5 * np.cos(2 * np.pi * x) + 0.08 * np.cos(4 * np.pi * x)
    return _window("blackman_window", np.abs(values), dtype, device, requires_grad)


def bartlett_window(
    window_length: int, periodic: bool = True, *, dtype: Any = None, layout: Any = None,
    device: Any = None, pin_memory: bool = False, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Bartlett's window: a triangle.

    >>> tn.bartlett_window(4)
    tensor([0.0000, 0.5000, 1.0000, 0.5000])
    """
    x = _positions("bartlett_window", window_length, periodic)
    return _window("bartlett_window", 1 - np.abs(2 * x - 1), dtype, device, requires_grad)


def kaiser_window(
    window_length: int, periodic: bool = True, beta: float = 12.0, *, dtype: Any = None,
    layout: Any = None, device: Any = None, pin_memory: bool = False, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    r"""Kaiser's window: :math:`I_0(\beta \sqrt{1 - (2x - 1)^2}) / I_0(\beta)`.

    >>> tn.kaiser_window(3, periodic=False, beta=0.0)
    tensor([1., 1., 1.])
    """
    x = _positions("kaiser_window", window_length, periodic)
    inside = np.sqrt(np.maximum(1 - (2 * x - 1) ** 2, 0))
    values = np.i0(beta * inside) / np.i0(beta)
    return _window("kaiser_window", values, dtype, device, requires_grad)
