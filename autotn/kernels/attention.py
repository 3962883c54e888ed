r"""Attention, :math:`\mathrm{softmax}(s\,q k^\top + m)\,v`, and its gradients, in few passes.

What NumPy does not divide costs no pass: exponentials :math:`e` stay as they are, and what has a
column per feature is divided by their sums :math:`t`, not what has one per key. With
:math:`h = g/t` and :math:`D = \sum h\,o` over the features of the result :math:`o`, the gradient by
the scores is :math:`e\,(h v^\top - D)`.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np

from autotn.kernels import parts, softmax
from autotn.kernels.onednn import gemm, rows as onednn
from autotn.kernels.window import Array

#: From so many queries on, a transposed copy of the keys is made up for by the product.
_MANY = 16


class Kept(NamedTuple):
    """The weights of the values, times `total` of each row; or the weights themselves, without it."""

    weights: Array
    total: Array | None


def attend(
    query: Array, key: Array, value: Array, mask: Array | None, scale: float
) -> tuple[Array, Kept]:
    """The result, and what the gradients need; a mask has booleans (True: blocked) or is added."""
    p = _scores(query, key, scale)
    causal = False
    if mask is not None:
        causal = mask.ndim == 2 and not mask.flags.writeable and mask is future(*mask.shape)
        added = future_to_add(*mask.shape, p.dtype) if causal else _to_add(mask, p.dtype)
        if not onednn.add_to_each(p, added):
            p += added
    found = None
    if mask is None or (onednn.takes(onednn.LEAST, p) and (causal or _all_rows_see(mask, p.size))):
        found = onednn.softmax(p, out=p)
    if found is not None:
        return gemm.stacked(found, value, _like(query, value)), Kept(found, None)
    if not p.size:
        return np.matmul(p, value), Kept(p, None)
    e, total = softmax.exponentials(p, -1, may_be_blocked=mask is not None)
    out = np.matmul(e, value, out=_like(query, value))
    out /= total
    return out, Kept(e, total)


def gradients(
    g: Array,
    arrays: tuple[Array, Array, Array],
    out: Array,
    kept: Kept,
    scale: float,
    needs: tuple[bool, ...],
) -> tuple[Array | None, Array | None, Array | None]:
    """The gradients by query, key and value as far as they are needed."""
    query, key, value = arrays
    p, total = kept
    share = g if total is None else g / total
    g_value = None
    # What one product gave takes its gradients in one array, too.
    places: Any = parts.like_parts(arrays) if all(needs) else None
    if places is None:
        places = [_like(x, x) if need else None for x, need in zip(arrays, needs)]
    if needs[2]:
        g_value = gemm.stacked(p.swapaxes(-1, -2), share, places[2])
    if not (needs[0] or needs[1]):
        return None, None, g_value
    if total is None:
        gp = gemm.stacked(g, value.swapaxes(-1, -2))
        found = onednn.softmax_gradient(gp, p, out=gp)
        gp = softmax.gradient(gp, p, -1) if found is None else found
    else:
        gp = np.matmul(share, _lying(value))
        gp -= np.vecdot(share, out)[..., None]
        gp *= p
    g_query = gemm.stacked(gp, key, places[0], scale) if needs[0] else None
    g_key = gemm.stacked(gp.swapaxes(-1, -2), query, places[1], scale) if needs[1] else None
    return g_query, g_key, g_value


@functools.lru_cache(1)
def future(queries: int, keys: int) -> Array:
    """True where a key comes after its query: the mask of causal attention."""
    blocked: Array = np.arange(keys) > np.arange(queries)[:, None]
    blocked.setflags(write=False)
    return blocked


@functools.lru_cache(1)
def future_to_add(queries: int, keys: int, dtype: Any) -> Array:
    """The same as numbers to add to the scores."""
    return _to_add(future(queries, keys), dtype)


def _like(model: Array, columns: Array) -> Array | None:
    """An array for a result with the last size of `columns`, its axes in memory in the order of `model`."""
    if model.shape[-1] != columns.shape[-1]:
        return None
    return np.empty_like(model)


def _scores(query: Array, key: Array, scale: float) -> Array:
    """The products of queries and keys, times `scale`."""
    found = gemm.by_stacks(query, key.swapaxes(-1, -2), scale=scale)
    return np.matmul(query * scale, _lying(key)) if found is None else found


def _lying(x: Array) -> Array:
    """The matrices transposed, and copied where they are large: OpenBLAS likes small ones so."""
    turned = x.swapaxes(-1, -2)
    return np.ascontiguousarray(turned) if x.shape[-2] >= _MANY else turned


def _to_add(mask: Array, dtype: Any) -> Array:
    """A mask as numbers to add to the scores."""
    if mask.dtype.kind != "b":
        return mask
    found: Array = np.where(mask, dtype.type(-np.inf), dtype.type(0))
    return found


def _all_rows_see(mask: Array, scores: int) -> bool:
    """True when no row of a mask that several share blocks everything."""
    if mask.ndim < 1 or (mask.dtype.kind != "b" and 4 * mask.size > scores):
        return False
    blocked = mask if mask.dtype.kind == "b" else mask == -np.inf
    return not blocked.all(-1).any()
