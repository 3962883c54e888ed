"""Embeddings against PyTorch's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn import nn
from autotn.nn import functional as F
from tests.layers.against import Draw, compare, given, integers, normal


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"padding_idx": 2},
        {"padding_idx": -1},
        {"max_norm": 0.7},
        {"max_norm": 0.7, "norm_type": 1.0},
        {"scale_grad_by_freq": True},
        {"padding_idx": 0, "scale_grad_by_freq": True, "max_norm": 1.0},
    ],
    ids=str,
)
@pytest.mark.parametrize("shape", [(), (7,), (3, 4), (0,)])
def test_embedding(torch: Any, shape: Any, options: dict[str, Any]) -> None:
    compare(torch, "Embedding", (5, 3), options, inputs=[integers(*shape, high=5)])


def offsets(*values: int) -> Draw:
    return lambda rng: np.array(values)


BAGS = [
    [integers(4, 3, high=6)],
    [integers(7, high=6), offsets(0, 2, 2, 5)],
    [integers(7, high=6), offsets(0, 7)],
    [integers(0, high=6), offsets(0, 0)],
]


@pytest.mark.parametrize("inputs", BAGS, ids=["2-D", "with an empty bag", "empty last", "empty"])
@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
@pytest.mark.parametrize("options", [{}, {"padding_idx": 1}, {"max_norm": 0.7}], ids=str)
def test_embedding_bag(torch: Any, inputs: Any, mode: str, options: dict[str, Any]) -> None:
    compare(torch, "EmbeddingBag", (6, 3), {"mode": mode, **options}, inputs=inputs)


@pytest.mark.parametrize("mode", ["sum", "mean"])
def test_gradients_of_bags_divided_by_frequency(mode: str) -> None:
    index = tn.tensor([[0, 1, 1], [3, 1, 0]])
    bags, rows = tn.ones(4, 2, requires_grad=True), tn.ones(4, 2, requires_grad=True)
    F.embedding_bag(index, bags, mode=mode, scale_grad_by_freq=True).sum().backward()
    picked = F.embedding(index, rows, scale_grad_by_freq=True)
    getattr(picked, mode)(1).sum().backward()
    assert tn.allclose(bags.grad, rows.grad)


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_bags_with_the_end_among_the_offsets(torch: Any, mode: str) -> None:
    options = {"mode": mode, "include_last_offset": True}
    inputs = [integers(7, high=6), offsets(0, 2, 2, 7)]
    compare(torch, "EmbeddingBag", (6, 3), options, inputs=inputs)


def test_weighted_bags(torch: Any) -> None:
    for options in ({"mode": "sum"}, {"mode": "sum", "padding_idx": 1}):
        flat = [integers(7, high=6), offsets(0, 2, 2, 5), normal(7)]
        compare(torch, "EmbeddingBag", (6, 3), options, inputs=flat)
        rows = [integers(2, 3, high=6), given(None), normal(2, 3)]
        compare(torch, "EmbeddingBag", (6, 3), options, inputs=rows)


def test_pretrained() -> None:
    table = tn.tensor([[1.0, 2.0], [3.0, 4.0]])
    layer = nn.Embedding.from_pretrained(table)
    assert not layer.weight.requires_grad
    assert layer.weight.data_ptr() == table.data_ptr()
    assert layer(tn.tensor([1])).tolist() == [[3.0, 4.0]]
    assert nn.Embedding.from_pretrained(table, freeze=False).weight.requires_grad
    kept = nn.Embedding.from_pretrained(table, padding_idx=0)
    assert kept.weight.tolist() == table.tolist()
    bag = nn.EmbeddingBag.from_pretrained(table, mode="max")
    assert bag(tn.tensor([[0, 1]])).tolist() == [[3.0, 4.0]]


def test_initial_values() -> None:
    values = nn.Embedding(200, 50, padding_idx=-1).weight.detach().numpy()
    assert not values[-1].any()
    assert values[:-1].std() == pytest.approx(1, rel=0.05)


def test_shrinking_is_a_write_that_the_tape_sees() -> None:
    layer = nn.Embedding(3, 2, max_norm=0.1)
    before = (layer.weight * layer.weight).sum()
    layer(tn.tensor([0]))
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        before.backward()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_functions(torch: Any, dtype: str) -> None:
    rng = np.random.default_rng(0)
    table = rng.standard_normal((5, 3)).astype(dtype)
    index = rng.integers(0, 5, (4, 2))
    found = []
    for library in (tn, torch):
        weight = library.tensor(table, requires_grad=True)
        functional = library.nn.functional
        picked = functional.embedding(library.tensor(index), weight, padding_idx=1)
        bags = functional.embedding_bag(library.tensor(index), weight)
        (picked**2).sum().backward()
        (bags**2).sum().backward()
        found.append([picked.detach().numpy(), bags.detach().numpy(), weight.grad.numpy()])
    for ours, theirs in zip(*found, strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol=1e-5)


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_second_derivatives_of_bags(mode: str) -> None:
    index = tn.tensor([0, 2, 1, 1])
    weight = tn.randn(3, 2, dtype=tn.float64, requires_grad=True)

    def function(weight: Any) -> Any:
        return F.embedding_bag(index, weight, tn.tensor([0, 1]), mode=mode) ** 3

    assert tn.autograd.gradcheck(function, (weight,))
    assert tn.autograd.gradgradcheck(function, (weight,))


@pytest.mark.parametrize("shape", [(), (4,), (2, 3), (0, 2)])
@pytest.mark.parametrize("classes", [-1, 7])
def test_one_hot(torch: Any, shape: Any, classes: int) -> None:
    values = np.random.default_rng(0).integers(0, 5, shape)
    if values.size == 0 and classes == -1:
        with pytest.raises(RuntimeError, match="Can not infer total number of classes"):
            F.one_hot(tn.tensor(values))
        return
    expected = torch.nn.functional.one_hot(torch.tensor(values), classes)
    assert F.one_hot(tn.tensor(values), classes).tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda w: F.embedding(tn.tensor([0.0]), w), RuntimeError, "integer dtype"),
        (lambda w: F.embedding(tn.tensor([4]), w), IndexError, "index 4 at position"),
        (lambda w: F.embedding(tn.tensor([-1]), w), IndexError, "index -1"),
        (lambda w: F.embedding(tn.tensor([0]), w, padding_idx=9), AssertionError, "Padding_idx"),
        (lambda w: F.embedding(tn.tensor([0]), w[0]), RuntimeError, "must be 2-D"),
        (lambda w: F.embedding_bag(tn.tensor([0]), w), ValueError, "has to be a 1D Tensor"),
        (lambda w: F.embedding_bag(tn.tensor([0, 1]), w, tn.tensor([1])), RuntimeError, "to be 0"),
        (lambda w: F.embedding_bag(tn.tensor([0]), w, tn.tensor([0, 5])), RuntimeError, "greater"),
        (
            lambda w: F.embedding_bag(tn.tensor([[0]]), w, mode="max", scale_grad_by_freq=True),
            ValueError,
            "max mode does not support scaling",
        ),
        (lambda w: F.embedding_bag(tn.tensor([0, 1]), w, mode="min"), ValueError, "mode"),
        (lambda w: nn.Embedding(3, 2, padding_idx=3), AssertionError, "Padding_idx"),
        (lambda w: nn.Embedding(3, 2, _weight=w), AssertionError, "Shape of weight"),
        (lambda w: nn.Embedding.from_pretrained(w[0]), AssertionError, "2-dimensional"),
        (lambda w: F.one_hot(tn.tensor([-1])), RuntimeError, "non-negative"),
        (lambda w: F.one_hot(tn.tensor([3]), 3), RuntimeError, "smaller than num_classes"),
        (lambda w: F.one_hot(tn.tensor([1.0])), RuntimeError, "LongTensor"),
    ],
)
def test_refusals(call: Any, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        call(tn.ones(4, 2))
