"""What optimizers add to parameters and averages, in place, in as few passes as there are means for.

With the extra `fast` each is one pass of a compiled kernel; else NumPy's passes and those of its BLAS.
"""

from __future__ import annotations

import math

import numpy as np

from autotn.kernels import blas
from autotn.kernels.onednn import updates as onednn
from autotn.kernels.window import Array

#: Elements in one call of compiled kernels: the arrays of a step share the cache of all cores.
WHOLE = 1 << 20


def add_multiple(y: Array, a: float, x: Array, b: float, work: Array) -> None:
    """``y = a * x + b * y`` in place; `work` is room for one more array of this kind, and may be `x`."""
    if y.size < onednn.LEAST or not onednn.add_multiple(y, a, x, b):
        blas.add_multiple(y, a, x, b, work)


def add_square(y: Array, a: float, x: Array, b: float, work: Array) -> None:
    """``y = a * x**2 + b * y``."""
    if y.size < onednn.LEAST or not onednn.add_square(y, a, x, b):
        np.multiply(x, x, out=work)
        blas.add_multiple(y, a, work, b, work)


def weighted_sum(a: float, x: Array, y: Array, out: Array) -> None:
    """``out = a * x + y``."""
    if out.size < onednn.LEAST or not onednn.weighted_sum(a, x, y, out):
        np.multiply(x, a, out=out)
        out += y


def add_quotient(
    y: Array,
    a: float,
    x: Array,
    square: Array,
    work: Array,
    *,
    eps: float,
    scale: float = 1.0,
    b: float = 1.0,
) -> None:
    """``y = a * x / (sqrt(scale * square) + eps) + b * y``."""
    if y.size < onednn.LEAST or not onednn.add_quotient(y, a, x, square, scale, eps, b):
        # The root of the scale is taken out of the fraction: one pass over the array less.
        root = math.sqrt(scale)
        np.sqrt(square, out=work)
        work += eps / root
        np.divide(x, work, out=work)
        blas.add_multiple(y, a / root, work, b, work)


def stretch(chunk: int, p: Array) -> int:
    """Elements to update in one go: a `chunk` that fits the cache, as NumPy comes by several times.

    A compiled kernel comes by once or twice.
    """
    return WHOLE if onednn.takes(onednn.LEAST, p) else chunk
