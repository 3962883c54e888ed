"""Integrals and slopes of functions known at points: trapezoids and differences."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.core.op import composite
from autotn.core.tensor import check_dim
from autotn.errors import DTypeError, ShapeError

__all__ = ["cumulative_trapezoid", "gradient", "trapezoid", "trapz"]


def _along(x: Any, axis: int, part: slice) -> Any:
    return x[(*(slice(None),) * axis, part)]


def _areas(name: str, y: Any, x: Any, dx: Any, axis: int) -> Any:
    """The area under each step of `y`, per unit of width where the width is the same for all."""
    if y.dtype == np.bool_:
        raise DTypeError(f"{name}: received a bool input for `y`, but bool is not supported")
    middles = _along(y, axis, slice(1, None)) + _along(y, axis, slice(None, -1))
    if x is None:
        return middles * (0.5 * dx)
    if x.ndim == 1 and y.ndim > 1:
        if x.shape[0] != y.shape[axis]:
            raise ShapeError(
                f"{name}: There must be one `x` value for each sample point, got {x.shape[0]} for "
                f"{y.shape[axis]}"
            )
        x = x.reshape((-1, *(1,) * (y.ndim - axis - 1)))
        widths = x[1:] - x[:-1]
    else:
        place = axis - y.ndim + x.ndim
        widths = _along(x, place, slice(1, None)) - _along(x, place, slice(None, -1))
    return middles * widths * 0.5


@composite(numpy=np.trapezoid)
def trapezoid(y: Any, x: Any = None, *, dx: Any = 1, dim: int = -1) -> Any:
    """The integral of `y` along `dim`, by straight lines between the points.

    >>> tn.trapezoid(tn.tensor([1.0, 5.0, 10.0]))
    tensor(10.5000)
    """
    axis = check_dim("trapezoid", dim, y.ndim)
    return _areas("trapezoid", y, x, dx, axis).sum(axis)


@composite()
def trapz(y: Any, x: Any = None, *, dx: Any = 1, dim: int = -1) -> Any:
    """The older name of `trapezoid`.

    >>> tn.trapz(tn.tensor([1.0, 5.0, 10.0]))
    tensor(10.5000)
    """
    return trapezoid(y, x, dx=dx, dim=dim)


@composite()
def cumulative_trapezoid(y: Any, x: Any = None, *, dx: Any = 1, dim: int = -1) -> Any:
    """The running integral of `y` along `dim`: one value for each step.

    >>> tn.cumulative_trapezoid(tn.tensor([1.0, 5.0, 10.0]))
    tensor([ 3.0000, 10.5000])
    """
    axis = check_dim("cumulative_trapezoid", dim, y.ndim)
    return _areas("cumulative_trapezoid", y, x, dx, axis).cumsum(axis)


def _steps(f: Any, spacing: Any, axis: int) -> tuple[Any, ...]:
    """The widths before and after each inner point, and the two next to either end, shaped as `f`."""
    if not hasattr(spacing, "ndim") or not spacing.ndim:
        return (spacing,) * 6
    if spacing.shape[0] != f.shape[axis]:
        raise ShapeError(
            f"gradient: expected each spacing to have one coordinate per point, got "
            f"{spacing.shape[0]} for {f.shape[axis]}"
        )
    widths = (spacing[1:] - spacing[:-1]).reshape((-1, *(1,) * (f.ndim - axis - 1)))
    return widths[:-1], widths[1:], widths[:1], widths[1:2], widths[-2:-1], widths[-1:]


def _slope(f: Any, spacing: Any, axis: int, edge_order: int) -> Any:
    """Second-order differences inside, first- or second-order ones at the two ends."""
    from autotn.ops.join import cat

    size = f.shape[axis]
    if size < edge_order + 1:
        raise RuntimeError(
            "gradient: expected each dimension size to be at least edge_order+1, but dimension "
            f"{axis} has size {size}"
        )

    def at(start: int | None, stop: int | None) -> Any:
        return _along(f, axis, slice(start, stop))

    h, k, a, b, y, z = _steps(f, spacing, axis)
    inner = (
        at(1, -1) * ((k - h) / (h * k))
        - at(None, -2) * (k / (h * (h + k)))
        + at(2, None) * (h / (k * (h + k)))
    )
    if edge_order == 1:
        first = (at(1, 2) - at(0, 1)) / a
        last = (at(-1, None) - at(-2, -1)) / z
    else:
        first = (
            at(1, 2) * ((a + b) / (a * b))
            - at(0, 1) * ((2 * a + b) / (a * (a + b)))
            - at(2, 3) * (a / (b * (a + b)))
        )
        last = (
            at(-3, -2) * (z / (y * (y + z)))
            - at(-2, -1) * ((y + z) / (y * z))
            + at(-1, None) * ((2 * z + y) / (z * (y + z)))
        )
    return cat([first, inner, last], axis)


@composite(numpy=np.gradient)
def gradient(input: Any, *, spacing: Any = 1, dim: Any = None, edge_order: int = 1) -> Any:
    """Slopes along each dimension of a function known at points, by central differences.

    >>> tn.gradient(tn.tensor([1.0, 4.0, 9.0]))
    (tensor([3., 4., 5.]),)
    """
    if edge_order not in (1, 2):
        raise RuntimeError(f"gradient: edge_order only supports 1 and 2, got {edge_order}")
    if input.dtype == np.uint8:
        raise DTypeError("gradient: does not support uint8 input")
    dims = range(input.ndim) if dim is None else dim if isinstance(dim, (tuple, list)) else (dim,)
    axes = [check_dim("gradient", d, input.ndim) for d in dims]
    several = isinstance(spacing, (tuple, list))
    given = list(spacing) if several else [spacing] * len(axes)
    if len(given) != len(axes):
        raise RuntimeError(
            f"gradient: expected spacing to be unspecified, a scalar or a list of length {len(axes)}, "
            f"got a list of length {len(given)}"
        )
    return tuple(_slope(input, s, a, edge_order) for s, a in zip(given, axes, strict=True))
