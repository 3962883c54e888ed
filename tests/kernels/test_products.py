"""Products by oneDNN are NumPy's: a layer's affine map, and stacks of small matrices in any layout."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn.kernels.onednn import gemm
from autotn.nn import functional as F

Array = np.ndarray[Any, Any]


def drawn(*shape: int) -> Array:
    return np.random.default_rng(len(shape)).standard_normal(shape, dtype=np.float32)


@pytest.mark.parametrize("biased", [True, False], ids=["bias", "no bias"])
@pytest.mark.parametrize("lead", [(1,), (5,), (2, 3), (2, 1, 3), (0,)], ids=str)
@pytest.mark.parametrize("features", [(4, 3), (1, 6), (7, 1)], ids=str)
def test_affine_maps(
    lead: tuple[int, ...], features: tuple[int, int], biased: bool, kernels: str
) -> None:
    inner, columns = features
    x, weight = drawn(*lead, inner), drawn(columns, inner)
    bias = drawn(columns) if biased else None
    found = F.linear(x, weight, bias)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, x @ weight.T + (0 if bias is None else bias), atol=1e-5)


ODD: dict[str, Callable[[Array, Array, Array], tuple[Array, Array, Any]]] = {
    "input in another order": lambda x, w, b: (np.asfortranarray(x), w, b),
    "weight in another order": lambda x, w, b: (x, np.asfortranarray(w), b),
    "bias in steps": lambda x, w, b: (x, w, np.repeat(b, 2)[::2]),
    "bias of one number": lambda x, w, b: (x, w, b[:1]),
    "double precision": lambda x, w, b: (x.astype("d"), w.astype("d"), b.astype("d")),
}


@pytest.mark.parametrize("oddity", ODD)
def test_affine_maps_of_other_arrays(oddity: str, kernels: str) -> None:
    x, weight, bias = ODD[oddity](drawn(6, 4), drawn(3, 4), drawn(3))
    np.testing.assert_allclose(F.linear(x, weight, bias), x @ weight.T + bias, atol=1e-5)


@pytest.mark.parametrize("kind", ["f", "d"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_large_layer_of_one_row(
    order: Any, kind: str, kernels: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And its gradient, every product of an input and an output."""
    monkeypatch.setattr("autotn.kernels.onednn.gemm.ROW_WORK", 1)
    x, g = drawn(1, 700).astype(kind), drawn(1, 300).astype(kind)
    weight = tn.from_numpy(np.asarray(drawn(300, 700), kind, order=order)).requires_grad_()
    y = F.linear(tn.from_numpy(x), weight)
    y.backward(tn.from_numpy(g))
    np.testing.assert_allclose(y.detach().numpy(), x @ weight._data.T, rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(weight.grad.numpy(), g.T * x)


def test_a_row_that_does_not_fit_is_refused(kernels: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autotn.kernels.onednn.gemm.ROW_WORK", 1)
    with pytest.raises(tn.errors.ShapeError, match="expected 7 features"):
        F.linear(tn.ones(1, 6), tn.ones(3, 7))


LAYOUTS: dict[str, Callable[[Array], Array]] = {
    "plain": lambda a: a,
    "transposed": lambda a: np.ascontiguousarray(a.swapaxes(-1, -2)).swapaxes(-1, -2),
    "heads inside": lambda a: np.ascontiguousarray(a.swapaxes(1, 2)).swapaxes(1, 2),
    "columns of more": lambda a: np.concatenate([a, a], -1)[..., : a.shape[-1]],
    "every second": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    "expanded": lambda a: np.broadcast_to(a[:1], a.shape),
    "reversed": lambda a: a[:, ::-1],
}


@pytest.mark.parametrize("first", LAYOUTS)
@pytest.mark.parametrize("second", LAYOUTS)
def test_stacks_of_any_layout(first: str, second: str, kernels: str) -> None:
    a, b = LAYOUTS[first](drawn(2, 3, 5, 4)), LAYOUTS[second](drawn(2, 3, 4, 6))
    np.testing.assert_allclose(gemm.stacked(a, b), a @ b, atol=1e-5)


@pytest.mark.parametrize("layout", ["plain", "heads inside"])
def test_the_result_of_stacks_in_a_view(layout: str, kernels: str) -> None:
    a, b = drawn(2, 3, 5, 4), drawn(2, 3, 4, 6)
    out = LAYOUTS[layout](np.zeros((2, 3, 5, 6), np.float32))
    assert gemm.stacked(a, b, out) is out
    np.testing.assert_allclose(out, a @ b, atol=1e-5)


def test_stacks_that_broadcast_are_numpys(kernels: str) -> None:
    a, b = drawn(2, 3, 5, 4), drawn(3, 4, 6)
    np.testing.assert_allclose(gemm.stacked(a, b), a @ b, atol=1e-5)
    with pytest.raises(ValueError, match="mismatch"):
        gemm.stacked(a, drawn(2, 3, 5, 6))
    assert gemm.stacked(drawn(0, 5, 4), drawn(0, 4, 6)).shape == (0, 5, 6)


@pytest.mark.parametrize("layout", ["plain", "heads inside", "expanded"])
@pytest.mark.parametrize("mask", ["none", "booleans", "a dead row", "numbers"])
@pytest.mark.parametrize("size", [1.0, 100.0])
def test_attention_of_any_layout(size: float, mask: str, layout: str, kernels: str) -> None:
    """In few and many places, with small scores and with such as must not overflow."""
    from autotn.kernels import attention

    draw = np.random.default_rng(0)
    for queries, keys in ((3, 5), (20, 64)):
        query, key, value, g = (
            LAYOUTS[layout]((draw.standard_normal((2, 3, n, d)) * s).astype("f"))
            for n, d, s in ((queries, 4, size), (keys, 4, 1), (keys, 7, 1), (queries, 7, 1))
        )
        blocked = draw.random((queries, keys)) < 0.5
        blocked[:, 0] = False
        if mask == "a dead row":
            blocked[1] = True
        given = {"none": None, "numbers": np.where(blocked, -np.inf, 1).astype("f")}
        with_mask = given.get(mask, blocked)
        out, kept = attention.attend(query, key, value, with_mask, 0.5)
        q, k, v, gd = (x.astype("d") for x in (query, key, value, g))
        scores = q @ k.swapaxes(-1, -2) * 0.5
        if mask != "none":
            scores = np.where(blocked, -np.inf, scores)
        top = scores.max(-1, keepdims=True)
        e = np.exp(scores - np.where(np.isinf(top), 0, top))
        p = e / np.maximum(e.sum(-1, keepdims=True), 1e-300)
        np.testing.assert_allclose(out, p @ v, atol=2e-5)
        found = attention.gradients(g, (query, key, value), out, kept, 0.5, (True, True, True))
        gp = gd @ v.swapaxes(-1, -2)
        gs = p * (gp - (gp * p).sum(-1, keepdims=True)) * 0.5
        for one, other in zip(
            found, (gs @ k, gs.swapaxes(-1, -2) @ q, p.swapaxes(-1, -2) @ gd), strict=True
        ):
            np.testing.assert_allclose(one, other, atol=2e-5 * size)
