"""Scaled dot-product attention (Vaswani et al. 2017, section 3.2.1)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autotn.core.op import Arr, Fixed, op
from autotn.core.tensor import Tensor
from autotn.errors import ShapeError
from autotn.ops.matmul import matmul, swap
from autotn.ops.softmax import softmax

__all__: list[str] = []

FUNCTIONAL = ("scaled_dot_product_attention",)


@op(aux=("p",))
def _attention(query: Arr, key: Arr, value: Arr, blocked: Fixed, scale: float) -> Arr:
    """Attention in one pass, with a mask of blocked places.

    >>> F.scaled_dot_product_attention(tn.ones(1, 1, 2), tn.ones(1, 1, 2), tn.tensor([[[5.0]]]))
    tensor([[[5.]]])
    """
    p = np.matmul(query * query.dtype.type(scale), key.swapaxes(-1, -2))
    if blocked is not None:
        np.copyto(p, p.dtype.type(-np.inf), where=blocked)
    top = p.max(-1, keepdims=True) if p.shape[-1] else p
    if blocked is not None:
        top[~np.isfinite(top)] = 0  # a row in which all is blocked
    p -= top
    np.exp(p, out=p)
    total = p.sum(-1, keepdims=True)
    if blocked is not None:
        total[total == 0] = 1
    p /= total
    return np.matmul(p, value), (p,)


@_attention.grad
def _(
    g: Any, query: Any, key: Any, value: Any, p: Any, scale: float, needs: tuple[bool, ...]
) -> Any:
    g_value = np.matmul(p.swapaxes(-1, -2), g) if needs[2] else None
    if not (needs[0] or needs[1]):
        return None, None, g_value
    gp = np.matmul(g, value.swapaxes(-1, -2))
    gp *= p
    gp -= p * gp.sum(-1, keepdims=True)
    gp *= p.dtype.type(scale)
    g_query = np.matmul(gp, key) if needs[0] else None
    g_key = np.matmul(gp.swapaxes(-1, -2), query) if needs[1] else None
    return g_query, g_key, g_value


@_attention.reference
def _(query: Any, key: Any, value: Any, blocked: Any, scale: float) -> Any:
    scores = matmul(query * scale, swap(key))
    if blocked is None:
        return matmul(softmax(scores, -1), value)
    from autotn.ops.compare import where

    plain = blocked._data if isinstance(blocked, Tensor) else blocked
    kind = (scores._data if isinstance(scores, Tensor) else scores).dtype
    low = np.asarray(-np.inf, kind)
    dead = np.broadcast_to(plain, tuple(scores.shape)).all(-1, keepdims=True)
    scores = where(np.broadcast_to(plain & ~dead, tuple(scores.shape)), _like(scores, low), scores)
    alive = (~np.broadcast_to(dead, tuple(scores.shape))).astype(kind)
    return matmul(softmax(scores, -1) * alive, value)


def _like(x: Any, array: Any) -> Any:
    from autotn.core.tensor import wrap

    return wrap(array) if isinstance(x, Tensor) else array


def scaled_dot_product_attention(
    query: Any, key: Any, value: Any, attn_mask: Any = None, dropout_p: float = 0.0, is_causal: bool = False,
    scale: float | None = None, enable_gqa: bool = False,
) -> Any:  # fmt: skip
    r"""Attention: :math:`\mathrm{softmax}(q k^\top s + m)\,v` with :math:`s = 1/\sqrt{d}`.

    Parameters
    ----------
    attn_mask : Tensor, optional
        Booleans (True: may be seen) or numbers added to the scores.
    dropout_p : float
        The share of weights dropped; give 0.0 in evaluation.
    is_causal : bool
        Each place sees itself and what is before it.
    enable_gqa : bool
        Fewer key and value heads than query heads, each shared by a group.

    >>> F.scaled_dot_product_attention(tn.ones(1, 1, 2), tn.ones(1, 1, 2), tn.tensor([[[5.0]]]))
    tensor([[[5.]]])
    """
    name = "scaled_dot_product_attention"
    if query.shape[-1] != key.shape[-1] or key.shape[-2] != value.shape[-2]:
        raise ShapeError(
            f"{name}: query {tuple(query.shape)} and key {tuple(key.shape)} must agree in the last dimension, key and "
            f"value {tuple(value.shape)} in the one before it"
        )
    if is_causal and attn_mask is not None:
        raise RuntimeError(f"{name}: explicit attn_mask should not be set when is_causal=True")
    if enable_gqa:
        group = query.shape[-3] // key.shape[-3]
        if key.shape[-3] * group != query.shape[-3]:
            raise ShapeError(
                f"{name}: {query.shape[-3]} query heads can't be shared among {key.shape[-3]} key heads"
            )
        key, value = key.repeat_interleave(group, -3), value.repeat_interleave(group, -3)
    factor = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    blocked = None
    if is_causal:
        blocked = ~np.tril(np.ones((query.shape[-2], key.shape[-2]), np.bool_))
    elif attn_mask is not None and _kind(attn_mask) == "b":
        blocked = ~(attn_mask._data if isinstance(attn_mask, Tensor) else attn_mask)
    same_batch = tuple(query.shape[:-2]) == tuple(key.shape[:-2]) == tuple(value.shape[:-2])
    if dropout_p == 0.0 and same_batch and (attn_mask is None or blocked is not None):
        return _attention(query, key, value, blocked, factor)
    scores = matmul(query * factor, swap(key))
    if blocked is not None:
        scores = scores.masked_fill(_like(scores, blocked), -math.inf)
    elif attn_mask is not None:
        scores = scores + attn_mask
    weights = softmax(scores, -1)
    if blocked is not None:
        weights = weights.nan_to_num(0.0)
    if dropout_p > 0.0:
        from autotn.ops.dropout import dropout

        weights = dropout(weights, dropout_p, True)
    return matmul(weights, value)


def _kind(x: Any) -> str:
    return (x._data if isinstance(x, Tensor) else x).dtype.kind  # type: ignore[no-any-return]
