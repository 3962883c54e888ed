"""Scaled dot-product attention, with one head or several (Vaswani et al. 2017, section 3.2)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autotn.core.call import as_array
from autotn.core.failure import with_origin
from autotn.core.op import Arr, Fixed, composite, op
from autotn.core.tensor import Tensor, wrap
from autotn.core.traced import watched
from autotn.errors import ShapeError
from autotn.kernels import attention as kernel
from autotn.ops.dropout import dropout
from autotn.ops.join import cat
from autotn.ops.matmul import linear, matmul, swap
from autotn.ops.softmax import softmax

__all__: list[str] = []

FUNCTIONAL = ("multi_head_attention_forward", "scaled_dot_product_attention")


@op(aux=("kept",))
def _attention(query: Arr, key: Arr, value: Arr, mask: Fixed, scale: float) -> Arr:
    """Attention in one pass; the mask has booleans (True: blocked) or numbers to add, or is None.

    >>> F.scaled_dot_product_attention(tn.ones(1, 1, 2), tn.ones(1, 1, 2), tn.tensor([[[5.0]]]))
    tensor([[[5.]]])
    """
    out, kept = kernel.attend(query, key, value, mask, scale)
    return out, (kept,)


@_attention.grad
def _(
    g: Any,
    query: Any,
    key: Any,
    value: Any,
    out: Any,
    kept: Any,
    scale: float,
    needs: tuple[bool, ...],
) -> Any:
    return kernel.gradients(g, (query, key, value), out, kept, scale, needs)


@_attention.reference
def _(query: Any, key: Any, value: Any, mask: Any, scale: float) -> Any:
    scores = matmul(query * scale, swap(key))
    if mask is None:
        return matmul(softmax(scores, -1), value)
    plain = _plain(mask)
    blocked = np.broadcast_to(plain if plain.dtype.kind == "b" else plain == -np.inf, scores.shape)
    kind = _plain(scores).dtype
    added = np.zeros(blocked.shape, kind) if plain.dtype.kind == "b" else plain.astype(kind)
    dead = blocked.all(-1, keepdims=True)
    added = np.where(dead, 0, np.where(blocked, -np.inf, added)).astype(kind)
    alive = (~dead).astype(kind)
    return matmul(softmax(scores + _like(scores, added), -1) * _like(scores, alive), value)


def _like(x: Any, array: Any) -> Any:
    return wrap(array) if isinstance(x, Tensor) else array


def _plain(x: Any) -> Any:
    return x._data if isinstance(x, Tensor) else as_array(x)


def _is_bool(x: Any) -> bool:
    return bool(_plain(x).dtype.kind == "b")


@composite()
def scaled_dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Any:
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
    for what, one in (("query", query), ("key", key), ("value", value)):
        if one.ndim < 2:
            raise ShapeError(f"{name}: {what} must have at least 2 dimensions, got {one.ndim}")
    if query.shape[-1] != key.shape[-1] or key.shape[-2] != value.shape[-2]:
        raise ShapeError(
            f"{name}: query {tuple(query.shape)} and key {tuple(key.shape)} must agree in the last "
            f"dimension, key and value {tuple(value.shape)} in the one before it"
        )
    if is_causal and attn_mask is not None:
        raise RuntimeError(f"{name}: explicit attn_mask should not be set when is_causal=True")
    if enable_gqa:
        key, value = _shared_heads(name, query, key), _shared_heads(name, query, value)
    factor = 1 / math.sqrt(query.shape[-1]) if scale is None else float(scale)
    blocked: Any = None
    if is_causal:
        blocked = kernel.future(query.shape[-2], key.shape[-2])
    elif attn_mask is not None and _is_bool(attn_mask):
        blocked = ~_plain(attn_mask)
    mask = attn_mask if blocked is None else blocked
    if dropout_p == 0.0 and _one_pass(query, key, value, mask):
        return _attention(query, key, value, None if mask is None else _plain(mask), factor)
    scores = matmul(query * factor, swap(key))
    if blocked is not None:
        scores = scores.masked_fill(_like(scores, blocked), -math.inf)
    elif attn_mask is not None:
        scores = scores + attn_mask
    dead = _like(scores, (_plain(scores) == -np.inf).all(-1, keepdims=True))
    weights = softmax(scores.masked_fill(dead, 0.0), -1).masked_fill(dead, 0.0)
    if dropout_p > 0.0:
        weights = dropout(weights, dropout_p, True)
    return matmul(weights, value)


def _shared_heads(name: str, query: Any, heads: Any) -> Any:
    group, rest = divmod(query.shape[-3], heads.shape[-3])
    if rest:
        raise ShapeError(
            f"{name}: {query.shape[-3]} query heads can't be shared among {heads.shape[-3]} "
            "key or value heads"
        )
    return heads.repeat_interleave(group, -3)


def _one_pass(query: Any, key: Any, value: Any, mask: Any) -> bool:
    """Whether the fused op will do: equal batches, and a mask that fits and is no variable."""
    lead = tuple(query.shape[:-2])
    if tuple(key.shape[:-2]) != lead or tuple(value.shape[:-2]) != lead:
        return False
    if mask is None:
        return True
    if isinstance(mask, Tensor) and watched(mask):
        return False
    scores = (*lead, query.shape[-2], key.shape[-2])
    pairs = zip(reversed(mask.shape), reversed(scores))
    return mask.ndim <= len(scores) and all(m in (1, s) for m, s in pairs)


# -- several heads -----------------------------------------------------------------------------


@composite()
def multi_head_attention_forward(
    query: Any,
    key: Any,
    value: Any,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Any,
    in_proj_bias: Any,
    bias_k: Any,
    bias_v: Any,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Any,
    out_proj_bias: Any,
    training: bool = True,
    key_padding_mask: Any = None,
    need_weights: bool = True,
    attn_mask: Any = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Any = None,
    k_proj_weight: Any = None,
    v_proj_weight: Any = None,
    static_k: Any = None,
    static_v: Any = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Any, Any]:
    """What `nn.MultiheadAttention` computes, its parameters given one by one.

    Inputs are (length, batch, features) or, for one sample, (length, features). In masks True
    means blocked, numbers are added to the scores.

    >>> x, w = tn.ones(3, 1, 2), tn.eye(2)
    >>> arguments = (2, 1, w.repeat(3, 1), None, None, None, False, 0.0, w, None)
    >>> F.multi_head_attention_forward(x, x, x, *arguments)[0].shape
    tn.Size([3, 1, 2])
    """
    single = _check_heads(query, key, value, embed_dim_to_check, num_heads)
    if is_causal and attn_mask is None:
        raise RuntimeError(
            "multi_head_attention_forward: Need attn_mask if specifying the is_causal hint."
        )
    if single:
        query, key, value = _unsqueezed(query, key, value)
        if key_padding_mask is not None:
            key_padding_mask = key_padding_mask.unsqueeze(0)
    target, batch, width = query.shape
    if use_separate_proj_weight:
        q, k, v = _project_apart(
            query, key, value, (q_proj_weight, k_proj_weight, v_proj_weight), in_proj_bias
        )
    else:
        q, k, v = _project(query, key, value, in_proj_weight, in_proj_bias)
    if bias_k is not None and bias_v is not None:
        k = cat([k, bias_k.expand(1, batch, width)])
        v = cat([v, bias_v.expand(1, batch, width)])
    q, k, v = (_split_heads(x, num_heads) for x in (q, k, v))
    k = k if static_k is None else static_k.reshape((batch, num_heads, *static_k.shape[1:]))
    v = v if static_v is None else static_v.reshape((batch, num_heads, *static_v.shape[1:]))
    if add_zero_attn:
        k = cat([k, k.new_zeros((batch, num_heads, 1, k.shape[3]))], 2)
        v = cat([v, v.new_zeros((batch, num_heads, 1, v.shape[3]))], 2)
    extra = int(bias_k is not None) + int(add_zero_attn)
    mask = _merged_masks(attn_mask, key_padding_mask, (batch, num_heads, target), k, extra)
    share = dropout_p if training else 0.0
    weights = None
    if need_weights:
        scores = matmul(q * (1 / math.sqrt(q.shape[-1])), swap(k))
        if mask is not None:
            scores = scores.masked_fill(mask, -math.inf) if _is_bool(mask) else scores + mask
        weights = softmax(scores, -1)
        if share:
            weights = dropout(weights, share, True)
        found = matmul(weights, v)
        weights = weights.mean(1) if average_attn_weights else weights
    else:
        seen = ~mask if mask is not None and _is_bool(mask) else mask
        found = scaled_dot_product_attention(q, k, v, seen, share)
    joined = found.permute(2, 0, 1, 3).reshape((target, batch, width))
    output = linear(joined, out_proj_weight, out_proj_bias)
    if single:
        return output.squeeze(1), None if weights is None else weights.squeeze(0)
    return output, weights


def _check_heads(query: Any, key: Any, value: Any, width: int, heads: int) -> bool:
    """Refuse what does not fit; whether it is a single sample."""
    name = "multi_head_attention_forward"
    if query.ndim not in (2, 3):
        raise ShapeError(
            f"{name}: query should be unbatched 2D or batched 3D tensor but received "
            f"{query.ndim}-D query tensor"
        )
    if key.ndim != query.ndim or value.ndim != query.ndim:
        raise ShapeError(
            f"{name}: for {query.ndim}-D query expected key and value to be {query.ndim}-D but "
            f"found {key.ndim}-D and {value.ndim}-D tensors"
        )
    if query.shape[-1] != width:
        raise with_origin(
            ShapeError(
                f"{name}: was expecting embedding dimension of {width}, but got {query.shape[-1]}: query "
                f"is {tuple(query.shape)}"
            ),
            query,
            -1,
        )
    if heads < 1 or width % heads:
        raise ShapeError(f"{name}: embed_dim {width} not divisible by num_heads {heads}")
    if tuple(key.shape[:-1]) != tuple(value.shape[:-1]):
        raise ShapeError(
            f"{name}: key's sequence and batch dims {tuple(key.shape[:-1])} do not match "
            f"value's {tuple(value.shape[:-1])}"
        )
    return bool(query.ndim == 2)


def _unsqueezed(query: Any, key: Any, value: Any) -> tuple[Any, Any, Any]:
    """As batches of one; the same tensor stays the same."""
    q = query.unsqueeze(1)
    k = q if key is query else key.unsqueeze(1)
    v = k if value is key else q if value is query else value.unsqueeze(1)
    return q, k, v


def _project(query: Any, key: Any, value: Any, weight: Any, bias: Any) -> list[Any]:
    """Queries, keys and values by one stacked weight: as few products as inputs differ."""
    width = weight.shape[0] // 3

    def part(x: Any, start: int, stop: int) -> Any:
        rows = slice(start * width, stop * width)
        return linear(x, weight[rows], None if bias is None else bias[rows])

    def columns(x: Any, k: int) -> Any:
        return x[..., k * width : (k + 1) * width]

    if key is value:
        if query is key:
            together = linear(query, weight, bias)
            return [columns(together, k) for k in range(3)]
        pair = part(key, 1, 3)
        return [part(query, 0, 1), columns(pair, 0), columns(pair, 1)]
    return [part(x, k, k + 1) for k, x in enumerate((query, key, value))]


def _project_apart(query: Any, key: Any, value: Any, weights: Any, bias: Any) -> list[Any]:
    """Queries, keys and values by three weights, whose biases are stacked."""
    width = query.shape[-1]
    biases = [None if bias is None else bias[k * width : (k + 1) * width] for k in range(3)]
    return [linear(x, w, b) for x, w, b in zip((query, key, value), weights, biases)]


def _split_heads(x: Any, heads: int) -> Any:
    """(length, batch, features) as (batch, heads, length, features of a head)."""
    length, batch, width = x.shape
    return x.reshape((length, batch, heads, width // heads)).permute(1, 2, 0, 3)


def _merged_masks(mask: Any, padding: Any, shape: tuple[int, int, int], k: Any, extra: int) -> Any:
    """One mask for (batch, heads, target, source), or None; `extra` last places stay open."""
    name = "multi_head_attention_forward"
    batch, heads, target = shape
    source = k.shape[2] - extra
    if mask is not None:
        allowed = {2: (target, source), 3: (batch * heads, target, source)}
        if tuple(mask.shape) != allowed.get(mask.ndim):
            raise ShapeError(
                f"{name}: the shape of the attn_mask is {tuple(mask.shape)}, but should be "
                f"{allowed[2]} or {allowed[3]}"
            )
        if mask.ndim == 3:
            mask = mask.reshape((batch, heads, target, source))
    if padding is not None:
        if tuple(padding.shape) != (batch, source):
            raise ShapeError(
                f"{name}: expected key_padding_mask of shape {(batch, source)}, but got "
                f"{tuple(padding.shape)}"
            )
        padding = padding.reshape((batch, 1, 1, source))
    if mask is not None and padding is not None:
        if _is_bool(mask) and _is_bool(padding):
            mask = mask | padding
        else:
            mask = _as_numbers(mask, k) + _as_numbers(padding, k)
    elif mask is None:
        mask = padding
    if mask is not None and extra:
        mask = cat([mask, mask.new_zeros((*mask.shape[:-1], extra))], -1)
    return mask


def _as_numbers(mask: Any, like: Any) -> Any:
    """A mask as numbers to add."""
    if not _is_bool(mask):
        return mask
    return like.new_zeros(tuple(mask.shape)).masked_fill(mask, -math.inf)


_attention.takes("f", "Use .float()")
