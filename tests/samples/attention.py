"""Samples for ``ops/attention.py``; modules and functions are tested beside PyTorch."""

from __future__ import annotations

import numpy as np

from autotn.testing import ErrorSample, Sample, constant, samples


@samples("attention", torch=None)
def _(array):
    q, k, v = array(2, 3, 4), array(2, 5, 4), array(2, 5, 2)
    blocked = np.zeros((3, 5), np.bool_)
    blocked[0, 1:] = True
    blocked[1] = True  # a place that sees nothing
    yield Sample(q, k, v, None, 0.5)
    yield Sample(q, k, v, blocked, 0.5)
    added = np.where(blocked, -np.inf, np.arange(5.0))
    yield Sample(q, k, v, added, 0.5, _skip=("gradient", "second_order"))
    # Finite differences would vary the mask, which is not differentiated.
    yield Sample(array(3, 4), array(5, 4), array(5, 2), None, 0.5)
    yield Sample(array(2, 0, 4), k, v, None, 0.5)
    small = [array(*x.shape, dtype=np.float32) for x in (q, k, v)]
    yield Sample(*small, blocked, 0.5)


@samples("scaled_dot_product_attention", torch="nn.functional.scaled_dot_product_attention")
def _(array):
    q, k, v = array(2, 2, 3, 4), array(2, 2, 5, 4), array(2, 2, 5, 2)
    yield Sample(q, k, v)
    yield Sample(q, k, v, scale=0.3)
    yield Sample(array(3, 4), array(5, 4), array(5, 2))
    yield Sample(q, k, v, np.tril(np.ones((3, 5), np.bool_)))
    yield Sample(q, k[:, :, :3], v[:, :, :3], is_causal=True)
    yield Sample(q, k, v, constant(array(3, 5)))  # of a mask there is no gradient here
    yield Sample(array(1, 4, 3, 2), array(1, 2, 3, 2), array(1, 2, 3, 2), enable_gqa=True)
    yield ErrorSample(
        q, k, v, np.ones((3, 3), np.bool_), is_causal=True, raises=RuntimeError, match="is_causal"
    )
    yield ErrorSample(q, k, v[:, :, :4], raises=RuntimeError, match="attention")
    yield ErrorSample(q, array(2, 2, 5, 3), v, raises=RuntimeError, match="attention")


@samples("multi_head_attention_forward", torch="nn.functional.multi_head_attention_forward")
def _(array):
    def heads(query, key, value, **more):
        width = query.shape[-1]
        return Sample(
            query, key, value, width, 2, array(3 * width, width), array(3 * width), None, None, False,
            0.0, array(width, width), array(width), **more,
        )  # fmt: skip

    x = array(3, 2, 4)
    yield heads(x, array(5, 2, 4), array(5, 2, 4))
    yield heads(x, array(3, 2, 4), array(3, 2, 4), need_weights=False)
    blocked = np.triu(np.ones((3, 3), np.bool_), 1)
    yield heads(x, array(3, 2, 4), array(3, 2, 4), attn_mask=blocked, average_attn_weights=False)
