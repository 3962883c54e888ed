"""How a Tensor prints: PyTorch's layout."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autotn.core import dtypes


class _Options:
    precision = 4
    threshold: float = 1000
    edgeitems = 3
    linewidth = 80
    sci_mode: bool | None = None


options = _Options()


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Set how tensors print: digits, when to shorten, how many at the edges, width.

    >>> tn.set_printoptions(precision=2); tn.tensor([1 / 3])
    tensor([0.33])
    >>> tn.set_printoptions(profile="default")
    """
    profiles = {
        "default": (4, 1000, 3, 80),
        "short": (2, 1000, 2, 80),
        "full": (4, math.inf, 3, 80),
    }
    if profile is not None:
        if profile not in profiles:
            raise ValueError(
                f"set_printoptions: profile {profile!r}; expected one of {list(profiles)}"
            )
        chosen = profiles[profile]
        options.precision, options.threshold, options.edgeitems, options.linewidth = chosen
    if precision is not None:
        options.precision = precision
    if threshold is not None:
        options.threshold = threshold
    if edgeitems is not None:
        options.edgeitems = edgeitems
    if linewidth is not None:
        options.linewidth = linewidth
    options.sci_mode = sci_mode


class _Formatter:
    """Writes the elements of one array, all to the same width."""

    def __init__(self, values: np.ndarray[Any, Any]) -> None:
        self.kind = values.dtype.kind
        self.int_mode, self.sci_mode, self.width = True, False, 1
        flat = values.reshape(-1)
        if self.kind in "iub":
            self.width = max([len(str(v)) for v in flat.tolist()], default=1)
            return
        wide = flat.astype(np.float64)
        finite = wide[np.isfinite(wide) & (wide != 0)]
        if finite.size == 0:
            return
        sizes = np.abs(finite)
        small, large = float(sizes.min()), float(sizes.max())
        self.int_mode = bool(np.all(finite == np.ceil(finite)))
        self.sci_mode = large / small > 1000.0 or large > 1e8 or small < 1e-4
        if options.sci_mode is not None:
            self.sci_mode = options.sci_mode
        # As in PyTorch, zeros, infinities and NaN do not count for the width.
        self.width = max(len(self(v)) for v in finite.tolist())

    def __call__(self, value: Any) -> str:
        if self.kind in "iub" or math.isnan(value) or math.isinf(value):
            text = str(value)
        elif self.sci_mode:
            text = f"{value:.{options.precision}e}"
        elif self.int_mode:
            text = f"{value:.0f}."
        else:
            text = f"{value:.{options.precision}f}"
        return text.rjust(self.width)


class _ComplexFormatter:
    def __init__(self, values: np.ndarray[Any, Any]) -> None:
        self.real, self.imag = _Formatter(values.real), _Formatter(values.imag)

    @property
    def width(self) -> int:
        return self.real.width + self.imag.width + 2

    def __call__(self, value: complex) -> str:
        imag = self.imag(abs(value.imag) if value.imag < 0 else value.imag).lstrip()
        sign = "-" if value.imag < 0 or str(value.imag).startswith("-") else "+"
        return f"{self.real(value.real)}{sign}{imag.lstrip('-')}j"


def _lines(array: np.ndarray[Any, Any], indent: int, shorten: bool, write: Any) -> str:
    edge = options.edgeitems
    if array.ndim == 0:
        return str(write(array.item()))
    cut = shorten and array.shape[0] > 2 * edge
    rows = (
        [*range(edge), None, *range(array.shape[0] - edge, array.shape[0])]
        if cut
        else range(array.shape[0])
    )
    if array.ndim == 1:
        per_line = max(1, (options.linewidth - indent) // (write.width + 2))
        words = [" ..." if k is None else write(array[k].item()) for k in rows]
        chunks = [words[k : k + per_line] for k in range(0, len(words), per_line)]
        return "[" + (",\n" + " " * (indent + 1)).join(", ".join(c) for c in chunks) + "]"
    parts = ["..." if k is None else _lines(array[k], indent + 1, shorten, write) for k in rows]
    return "[" + ("," + "\n" * (array.ndim - 1) + " " * (indent + 1)).join(parts) + "]"


def _edges(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The elements that will be shown."""
    edge = options.edgeitems
    for axis in range(array.ndim):
        if array.shape[axis] > 2 * edge:
            keep = [*range(edge), *range(array.shape[axis] - edge, array.shape[axis])]
            array = array.take(keep, axis)
    return array


def tensor_text(tensor: Any) -> str:
    """``repr(tensor)``."""
    array = tensor._data
    prefix = "tensor("
    shorten = array.size > options.threshold
    notes = []
    if array.size == 0:
        body = "[]"
        if array.shape != (0,):
            notes.append(f"size={tuple(array.shape)}")
    else:
        shown = _edges(array) if shorten else array
        write = (
            _ComplexFormatter(shown) if array.dtype.kind == "c" else _Formatter(_as_plain(shown))
        )
        body = _lines(_as_plain(array), len(prefix), shorten, write)
    name = tensor.dtype
    usual = (
        name is dtypes.get_default_dtype()
        or name is dtypes.default_complex()
        or name.name in ("int64", "bool")
    )
    if not usual or (array.size == 0 and name is not dtypes.get_default_dtype()):
        notes.append(f"dtype={name!r}")
    node = tensor._node
    if node is not None:
        fn = tensor.grad_fn
        notes.append("requires_grad=True" if fn is None else f"grad_fn=<{fn.name()}>")
    return prefix + ", ".join([body, *notes]) + ")"


def _as_plain(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """bfloat16 and its like print as float32."""
    return array if array.dtype.kind in "fiubc" else array.astype(np.float32)
