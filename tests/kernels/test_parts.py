"""Gradients of parts of an array are made in an array like it."""

from __future__ import annotations

import numpy as np
import pytest

import autotn as tn
from autotn.kernels.parts import like_parts, whole_of


def thirds(whole):
    return [whole[..., k * 128 : (k + 1) * 128] for k in range(3)]


def test_gradients_of_thirds_are_thirds_of_a_new_array():
    whole = np.zeros((4, 64, 384), np.float32)
    heads = [x.reshape(4, 64, 4, 32).transpose(0, 2, 1, 3) for x in thirds(whole)]
    made = like_parts(heads)
    assert [x.strides for x in made] == [x.strides for x in heads]
    back = [x.transpose(0, 2, 1, 3).reshape(4, 64, 128) for x in made]
    for k, x in enumerate(back):
        x[...] = k
    found = whole_of(back, 2, whole.shape)
    assert found is made[0].base
    np.testing.assert_array_equal(found, np.repeat(np.arange(3), 128) + np.zeros_like(whole))


def parts_that_do_not_divide():
    whole = np.zeros((4, 64, 384), np.float32)
    q, k, v = thirds(whole)
    yield pytest.param([q, k, k], id="one of them twice")
    yield pytest.param([q, k], id="not all of them")
    yield pytest.param([q, whole[..., 64:192], v], id="overlapping")
    yield pytest.param([q, k, v.copy()], id="another array's")
    yield pytest.param([q[:, ::-1], k, v], id="reversed")
    yield pytest.param([q.view(np.int32), k, v], id="another dtype")
    yield pytest.param([whole[:0], q, k, v], id="an empty one")


@pytest.mark.parametrize("parts", list(parts_that_do_not_divide()))
def test_other_arrays_are_no_parts_of_one(parts):
    assert like_parts(parts) is None


def test_parts_in_another_order_are_copied():
    whole = np.zeros((4, 64, 384), np.float32)
    q, k, v = thirds(whole)
    assert whole_of([k, q, v], 2, whole.shape) is None
    assert whole_of([q, k, v], 2, whole.shape) is whole
    assert whole_of([q, k, v], 2, (256, 384)) is None


def test_a_gradient_kept_is_not_changed_by_the_next_one():
    x = tn.randn(2, 64, 384, requires_grad=True)
    kept = []

    def step():
        parts = x.split(128, -1)
        for part in parts:
            part.register_hook(kept.append)
        heads = [p.view(2, 64, 4, 32).transpose(1, 2) for p in parts]
        tn.nn.functional.scaled_dot_product_attention(*heads, is_causal=True).sum().backward()

    step()
    once = [g.numpy().copy() for g in kept]
    whole = x.grad.numpy().copy()
    step()
    for before, after in zip(once, kept):
        np.testing.assert_array_equal(before, after.numpy())
    np.testing.assert_allclose(x.grad.numpy(), 2 * whole, rtol=1e-5, atol=1e-6)
