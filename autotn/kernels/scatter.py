"""Adding to repeated places: rows by number, elements along one dimension, counts.

NumPy's ``at`` methods are fast on flat arrays of numbers and slow on anything with more axes, so
everything here is brought down to one of two forms:

- *elements*: a flat array and flat places, for ``np.add.at`` and its kin;
- *rows*: many numbers go to each place; from some thousand numbers on, adding them is the product
  of a sparse matrix with a one in each column, in SciPy's compiled loops. Where the elements of a
  row go to places in the same row, they are a sparse matrix themselves, made dense there. Places
  that rise, as those of an embedding of positions do, are not repeated: they are written to.

Sorting first and ``np.add.reduceat``, ``np.bincount`` per column and loops over rows were measured
too: each is two to fifty times slower than the better of the two above.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autotn.errors import DTypeError, ShapeError

Array = np.ndarray[Any, Any]

#: From so many numbers on, building a sparse matrix (30 µs) pays.
_MANY = 1 << 15

#: Places up to which to see whether they rise costs next to nothing.
_FEW = 1 << 12

#: Dtypes for which SciPy has compiled products.
_SPARSE_DTYPES = "fdFDilq"


def check_places(name: str, index: Array, size: int, dim: int) -> None:
    """Refuse an index that is not of integers, or that points outside a dimension."""
    if index.dtype.kind not in "iu":
        raise DTypeError(f"{name}: index must hold integers, got {index.dtype}")
    if index.size == 0:
        return
    # Seen as unsigned, negative numbers are enormous: one pass finds both ends.
    unsigned = index.view(index.dtype.str.replace("i", "u")) if index.dtype.kind == "i" else index
    if int(unsigned.max()) >= size:
        bad = index[(index < 0) | (index >= size)].ravel()[0]
        raise IndexError(
            f"{name}: index {int(bad)} is out of bounds for dimension {dim} of size {size}"
        )


# ----------------------------------------------------------------------------------------------
# Rows


def add_rows(out: Array, index: Array, rows: Array) -> None:
    """``out[index] += rows`` in place, repeated places included; ``out`` must be contiguous."""
    width = math.prod(out.shape[1:])
    if index.size == 0 or width == 0:
        return
    index = index.astype(np.intp, copy=False)
    flat, values = out.reshape(len(out), width), rows.reshape(len(index), width)
    if _rises(index):
        flat[index] += values
    elif width == 1:
        np.add.at(flat[:, 0], index, values[:, 0])
    elif values.size < _MANY or out.dtype.char not in _SPARSE_DTYPES:
        place = index[:, None] * width + np.arange(width)
        np.add.at(flat.reshape(-1), place.ravel(), values.ravel())
    elif len(out) > 2 * len(index):
        # Most rows stay as they are: add up those that do not, among themselves.
        touched, place = np.unique(index, return_inverse=True)
        flat[touched] += _product(place, values, len(touched))
    else:
        flat += _product(index, values, len(out))


def sum_rows(index: Array, rows: Array, count: int) -> Array:
    """``count`` rows, each the sum of those of ``rows`` whose ``index`` (any shape) says so."""
    each = rows.shape[index.ndim :]
    width = math.prod(each)
    index, rows = index.reshape(-1), rows.reshape(index.size, width)
    if _rises(index):
        out = np.zeros((count, *each), rows.dtype)
        out[index] = rows.reshape(len(index), *each)
        return out
    if width > 1 and rows.size >= _MANY and rows.dtype.char in _SPARSE_DTYPES:
        return _product(index, rows, count).reshape(count, *each)
    out = np.zeros((count, width), rows.dtype)
    add_rows(out, index, rows)
    return out.reshape(count, *each)


def _rises(index: Array) -> bool:
    """True where each place lies behind the one before it; asked of few."""
    return len(index) < _FEW and bool((index[1:] > index[:-1]).all())


def _product(index: Array, rows: Array, count: int) -> Array:
    """Sums of rows as the product with a matrix that has a one per column, at ``index``."""
    from scipy import sparse

    n = len(index)
    ones = np.ones(n, rows.dtype)
    matrix = sparse.csc_matrix((ones, index, np.arange(n + 1)), shape=(count, n))
    product: Array = matrix @ rows
    return product


def embedding_backward(
    g: Array,
    index: Array,
    count: int,
    padding_idx: int | None = None,
    scale_grad_by_freq: bool = False,
) -> Array:
    """Gradient of a table of ``count`` rows from that of the rows ``table[index]``."""
    check_places("embedding", index, count, 0)
    out = sum_rows(index, g, count)
    if scale_grad_by_freq:
        times = np.maximum(np.bincount(index.reshape(-1), minlength=count), 1)
        out /= times.astype(out.dtype).reshape(-1, *(1,) * (out.ndim - 1))
    if padding_idx is not None:
        out[padding_idx] = 0
    return out


def index_add(x: Array, dim: int, index: Array, source: Array, alpha: float = 1) -> Array:
    """A copy of ``x`` with slices of ``source`` added to those ``index`` names along ``dim``."""
    if x.ndim == 0:
        return index_add(x.reshape(1), 0, index.reshape(-1), source.reshape(-1), alpha).reshape(())
    dim %= x.ndim
    index = index.reshape(-1) if index.ndim == 0 else index
    if index.ndim != 1:
        raise IndexError(f"index_add: index must be 1-D, got shape {index.shape}")
    wanted = (*x.shape[:dim], len(index), *x.shape[dim + 1 :])
    if source.shape != wanted:
        raise ShapeError(
            f"index_add: source must be {wanted} for input {x.shape}, dim {dim} and "
            f"{len(index)} indices, got {source.shape}"
        )
    if source.dtype != x.dtype:
        raise DTypeError(
            "index_add: input and source must have the same dtype, "
            f"got {x.dtype} and {source.dtype}"
        )
    check_places("index_add", index, x.shape[dim], dim)
    out = np.array(x, order="C")
    if alpha != 1:
        source = source * x.dtype.type(alpha)
    _add_slices(out, dim, index, source)
    return out


def _add_slices(out: Array, dim: int, index: Array, source: Array) -> None:
    before = math.prod(out.shape[:dim])
    width = math.prod(out.shape[dim + 1 :])
    size = out.shape[dim]
    index = index.astype(np.intp, copy=False)
    place = index if before == 1 else (np.arange(before)[:, None] * size + index).ravel()
    if len(place) and width:
        add_rows(out.reshape(before * size, width), place, source.reshape(len(place), width))


# ----------------------------------------------------------------------------------------------
# Elements


def _check_scatter(name: str, shape: tuple[int, ...], dim: int, index: Array, src: Array) -> None:
    """The index must reach no further than ``src`` nor, but for ``dim``, than the input."""
    if index.size == 0:
        return
    if not len(shape) == index.ndim == src.ndim:
        raise ShapeError(
            f"{name}: input, index and src must have the same number of dimensions, "
            f"got {shape}, {index.shape} and {src.shape}"
        )
    if any(
        n > reach or (k != dim and n > size)
        for k, (n, reach, size) in enumerate(zip(index.shape, src.shape, shape))
    ):
        raise ShapeError(
            f"{name}: index {index.shape} must be no larger than src {src.shape} nor, apart from "
            f"dimension {dim}, than input {shape}"
        )
    check_places(name, index, shape[dim], dim)


def _places(index: Array, shape: tuple[int, ...], dim: int) -> Array:
    """Where the elements ``index`` names along ``dim`` stand in a flat array of ``shape``."""
    strides = [math.prod(shape[k + 1 :]) for k in range(len(shape))]
    others: Any = 0
    for k, n in enumerate(index.shape):
        if k != dim and n > 1:
            line = np.arange(n) * strides[k]
            others = others + line.reshape(-1, *(1,) * (index.ndim - k - 1))
    places = index.astype(np.intp, copy=False)
    if strides[dim] != 1:  # else a pass over memory less
        places = places * strides[dim]
    return (places + others).ravel()


def gather(x: Array, dim: int, index: Array) -> Array:
    """The elements ``index`` names along ``dim``; it must be checked already."""
    if index.ndim > 1 and x.ndim == index.ndim:  # places in the flat array are quicker than a grid
        flat = np.ascontiguousarray(x).reshape(-1)
        return flat.take(_places(index, x.shape, dim)).reshape(index.shape)
    return x[index]


def _reached(index: Array, src: Array) -> Array:
    """The part of ``src`` that the index reaches, flat."""
    return src[tuple(slice(n) for n in index.shape)].ravel()


def _is_line(index: Array, shape: tuple[int, ...], dim: int) -> bool:
    """Whether an index says the same on every line along ``dim``, having been expanded."""
    return index.ndim > 1 and all(
        k == dim or (index.strides[k] == 0 and index.shape[k] == n) for k, n in enumerate(shape)
    )


def scatter_add(x: Array, dim: int, index: Array, src: Array) -> Array:
    """A copy of ``x`` with elements of ``src`` added to those ``index`` names, along ``dim``."""
    if x.ndim == 0:
        return scatter_add(x.reshape(1), 0, index.reshape(-1), src.reshape(-1)).reshape(())
    dim %= x.ndim
    _check_scatter("scatter_add", x.shape, dim, index, src)
    if src.dtype != x.dtype:
        raise DTypeError(
            f"scatter_add: input and src must have the same dtype, got {x.dtype} and {src.dtype}"
        )
    summed = _summed_in_rows(x.shape, dim, index, src)
    if summed is not None:
        return np.add(x, summed, out=summed)
    out = np.array(x, order="C")
    _add_elements(out, dim, index, src)
    return out


def scatter_sum(shape: tuple[int, ...], dim: int, index: Array, src: Array) -> Array:
    """`scatter_add` to zeros of ``shape``: the gradient of ``gather``."""
    if not shape:
        return np.asarray(src.sum(dtype=src.dtype))
    dim %= len(shape)
    _check_scatter("scatter_add", shape, dim, index, src)
    summed = _summed_in_rows(shape, dim, index, src)
    if summed is None:
        summed = np.zeros(shape, src.dtype)
        _add_elements(summed, dim, index, src)
    return summed


def _summed_in_rows(shape: tuple[int, ...], dim: int, index: Array, src: Array) -> Array | None:
    """The sums of the elements that go to each place of a row, where there are many and all rows take part."""
    if (
        index.size < _MANY
        or dim != len(shape) - 1
        or index.shape[:-1] != shape[:-1]
        or src.dtype.char not in _SPARSE_DTYPES
        or _is_line(index, shape, dim)
    ):
        return None
    from scipy import sparse

    count, each = math.prod(shape[:-1]), index.shape[-1]
    # Its parts are set one by one: to check them and to narrow the numbers would cost half as much again.
    matrix = sparse.csr_matrix((count, shape[-1]), dtype=src.dtype)
    matrix.indptr = np.arange(0, count * each + 1, each, dtype=np.intp)
    matrix.indices = index.astype(np.intp, copy=False).ravel()
    matrix.data = _reached(index, src)
    dense: Array = matrix.toarray()
    return dense.reshape(shape)


def _add_elements(out: Array, dim: int, index: Array, src: Array) -> None:
    if index.size == 0:
        return
    if _is_line(index, out.shape, dim):
        line = index[tuple(slice(None) if k == dim else 0 for k in range(index.ndim))]
        _add_slices(out, dim, line, src[tuple(slice(n) for n in index.shape)])
    else:
        np.add.at(out.reshape(-1), _places(index, out.shape, dim), _reached(index, src))


# ----------------------------------------------------------------------------------------------
# Reductions other than the sum

_REDUCTIONS: dict[str, Any] = {
    "sum": np.add,
    "mean": np.add,
    "prod": np.multiply,
    "amax": np.maximum,
    "amin": np.minimum,
}


def _start(reduce: str, dtype: np.dtype[Any]) -> Any:
    """What a reduction of nothing gives."""
    if reduce in ("sum", "mean", "prod"):
        return int(reduce == "prod")
    if dtype.kind == "b":
        return reduce == "amin"
    if dtype.kind in "iu":
        return np.iinfo(dtype).min if reduce == "amax" else np.iinfo(dtype).max
    return -np.inf if reduce == "amax" else np.inf


def scatter_reduce(
    x: Array, dim: int, index: Array, src: Array, reduce: str, include_self: bool = True
) -> Array:
    """A copy of ``x`` where each place named by ``index`` is reduced with all its ``src``.

    ``reduce`` is sum, prod, mean, amax or amin. Without ``include_self`` the old value of a named
    place does not take part.
    """
    if reduce not in _REDUCTIONS:
        raise ValueError(
            f"scatter_reduce: reduce must be one of {', '.join(_REDUCTIONS)}, got {reduce!r}"
        )
    if x.ndim == 0:
        given = x.reshape(1), 0, index.reshape(-1), src.reshape(-1)
        return scatter_reduce(*given, reduce, include_self).reshape(())
    dim %= x.ndim
    _check_scatter("scatter_reduce", x.shape, dim, index, src)
    if src.dtype != x.dtype:
        raise DTypeError(
            f"scatter_reduce: input and src must have the same dtype, got {x.dtype} and {src.dtype}"
        )
    out = np.array(x, order="C")
    if index.size == 0:
        return out
    flat, places = out.reshape(-1), _places(index, x.shape, dim)
    if not include_self:
        flat[places] = _start(reduce, x.dtype)
    _REDUCTIONS[reduce].at(flat, places, _reached(index, src))
    if reduce == "mean":
        counts = _counts(places, flat.size, include_self).astype(x.dtype)
        (np.floor_divide if x.dtype.kind in "iu" else np.divide)(flat, counts, out=flat)
    return out


def _counts(places: Array, size: int, include_self: bool) -> Array:
    """How many values meet at each place; 1 where there would be none to divide by."""
    counts = np.bincount(places, minlength=size)
    return counts + 1 if include_self else np.maximum(counts, 1)


def scatter_reduce_backward(
    g: Array,
    x: Array,
    dim: int,
    index: Array,
    src: Array,
    reduce: str,
    include_self: bool,
    out: Array,
) -> tuple[Array, Array]:
    """Gradients of `scatter_reduce` for ``x`` and ``src`` from that of its result ``out``.

    The largest (smallest) values share the gradient equally among those that are equal.
    """
    if x.ndim == 0:
        lined = [a.reshape(-1) for a in (g, x, index, src, out)]
        found = scatter_reduce_backward(
            lined[0], lined[1], 0, lined[2], lined[3], reduce, include_self, lined[4]
        )
        return found[0].reshape(()), found[1].reshape(src.shape)
    dim %= x.ndim
    g_flat, x_flat = g.reshape(-1), x.reshape(-1)
    places, values = _places(index, x.shape, dim), _reached(index, src)
    if index.size == 0:
        return g.copy(), np.zeros_like(src)
    # Where the old value takes part: everywhere, or only where nothing replaces it.
    takes_part = np.ones(x.size, bool)
    if not include_self:
        takes_part[places] = False
    if reduce in ("sum", "mean"):
        if reduce == "mean":
            g_flat = g_flat / _counts(places, x.size, include_self).astype(g.dtype)
        g_x, g_values = g_flat * takes_part, g_flat[places]
    elif reduce == "prod":
        g_x, g_values = _prod_backward(g_flat, x_flat, takes_part, places, values)
    else:
        g_x, g_values = _extreme_backward(
            g_flat, x_flat, takes_part, places, values, out.reshape(-1)
        )
    g_src = np.zeros(src.shape, src.dtype)
    g_src[tuple(slice(n) for n in index.shape)] = g_values.reshape(index.shape)
    return g_x.reshape(x.shape), g_src


def _prod_backward(
    g: Array, x: Array, takes_part: Array, places: Array, values: Array
) -> tuple[Array, Array]:
    """The derivative by a factor is the product of the others: count zeros, multiply the rest."""
    x = np.where(takes_part, x, x.dtype.type(1))
    x_rest, values_rest = (np.where(a == 0, a.dtype.type(1), a) for a in (x, values))
    zeros = (x == 0).astype(np.intp)
    np.add.at(zeros, places, (values == 0).astype(np.intp))
    product = x_rest.copy()
    np.multiply.at(product, places, values_rest)
    g_x = g * product / x_rest * (takes_part & (zeros == (x == 0)))
    others = zeros[places] == (values == 0)
    return g_x, (g * product)[places] / values_rest * others


def _extreme_backward(
    g: Array, x: Array, takes_part: Array, places: Array, values: Array, out: Array
) -> tuple[Array, Array]:
    x_wins = takes_part & (x == out)
    wins = values == out[places]
    winners = x_wins.astype(g.dtype)
    np.add.at(winners, places, wins.astype(g.dtype))
    with np.errstate(divide="ignore", invalid="ignore"):  # NaN equals nothing, and stays NaN
        share = g / winners
        return share * x_wins, share[places] * wins


# ----------------------------------------------------------------------------------------------
# Counting


def bincount(x: Array, weights: Array | None = None, minlength: int = 0) -> Array:
    """How often each number occurs in ``x``, or the sum of the weights where it does."""
    if x.ndim != 1 or x.dtype.kind not in "iu" or (x.size and int(x.min()) < 0):
        raise ShapeError(
            f"bincount: input must be 1-D and hold non-negative integers, got {x.dtype} of shape "
            f"{x.shape}" + (f" with {x.min()}" if x.size and x.dtype.kind == "i" else "")
        )
    if minlength < 0:
        raise ShapeError(f"bincount: minlength must not be negative, got {minlength}")
    if weights is None or x.size == 0:
        return np.bincount(x, minlength=minlength).astype(np.int64, copy=False)
    if weights.shape != x.shape:
        raise ShapeError(f"bincount: weights must have shape {x.shape}, got {weights.shape}")
    out = np.zeros(
        max(minlength, int(x.max()) + 1), np.float32 if weights.dtype == np.float32 else np.float64
    )
    np.add.at(out, x, weights.astype(out.dtype, copy=False))
    return out
