"""Dtypes meet as PyTorch's do: the promotion table, weak numbers and 0-d tensors, defaults, conversions."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import autotn as tn

NAMES = [
    *("bool", "uint8", "int8", "int16", "int32", "int64"),
    *("float16", "bfloat16", "float32", "float64", "complex64", "complex128"),
]
PAIRS = list(itertools.product(NAMES, NAMES))


def named(dtype: Any) -> str:
    return str(dtype).rpartition(".")[2]


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_promote_types(torch: Any, a: str, b: str) -> None:
    found = tn.promote_types(getattr(tn, a), getattr(tn, b))
    assert named(found) == named(torch.promote_types(getattr(torch, a), getattr(torch, b)))


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_can_cast(torch: Any, a: str, b: str) -> None:
    assert tn.can_cast(getattr(tn, a), getattr(tn, b)) == torch.can_cast(
        getattr(torch, a), getattr(torch, b)
    )


def operands(T: Any, dtype: str) -> Iterator[Any]:
    """A tensor with dimensions, one without, and Python's numbers: each promotes in its own way."""
    yield T.ones(2, dtype=getattr(T, dtype))
    yield T.tensor(1, dtype=getattr(T, dtype))


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_a_0d_tensor_is_weaker_than_one_with_dimensions(torch: Any, a: str, b: str) -> None:
    results = []
    for T in (tn, torch):
        pairs = [*itertools.product(operands(T, a), operands(T, b))]
        if "float16" in (a, b) and "complex" in a + b:
            del pairs[1:3]  # PyTorch's complex32, which NumPy does not have
        results.append([named((x * y).dtype) for x, y in pairs])
    assert results[0] == results[1]


@pytest.mark.parametrize("number", [True, 2, 2.5, 1j], ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_pythons_numbers_are_weak(torch: Any, name: str, number: Any) -> None:
    functions = [operator.add, operator.mul, operator.truediv, operator.pow]
    for function in functions:
        if name in ("float16", "bfloat16") and isinstance(number, complex):
            continue  # PyTorch's result is complex32, which NumPy does not have
        if name == "bool" and function is operator.pow and number is True:
            continue  # PyTorch refuses bool ** bool
        results = [
            [named(function(x, number).dtype) for x in operands(T, name)] for T in (tn, torch)
        ]
        assert results[0] == results[1], function.__name__


@pytest.mark.parametrize("name", NAMES)
def test_division_and_means_of_integers_are_floats(torch: Any, name: str) -> None:
    functions = [
        lambda x: x / x, lambda x: x.sum(), lambda x: x.prod(), lambda x: x.cumsum(0), lambda x: x == x,
        lambda x: x if x.is_complex() or name == "bool" else x.argmax(),
        lambda x: x.mean() if x.is_floating_point() else x,
    ]  # fmt: skip
    for place, function in enumerate(functions):
        results = [named(function(T.ones(2, dtype=getattr(T, name))).dtype) for T in (tn, torch)]
        assert results[0] == results[1], place


VALUES: dict[str, Any] = {
    "ints": [1, 2], "floats": [1.0, 2.0], "mixed": [1, 2.5], "bools": [True, False], "complex": [1j],
    "bool and int": [True, 3], "nested": [[1, 2], [3, 4]], "empty": [], "a number": 3, "a float": 0.5,
    "float64 array": np.ones(2), "int32 array": np.ones(2, np.int32), "NumPy's scalar": np.float64(3),
    "list of NumPy's scalars": [np.float32(1), np.float32(2)],
}  # fmt: skip


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_what_tensor_makes_of_values(torch: Any, value: Any) -> None:
    ours, theirs = tn.tensor(value), torch.tensor(value)
    assert named(ours.dtype) == named(theirs.dtype)
    np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


def test_the_default_dtype_decides_about_floats(torch: Any) -> None:
    results = []
    for T in (tn, torch):
        before = T.get_default_dtype()
        try:
            T.set_default_dtype(T.float64)
            made = [T.tensor([0.5]), T.ones(2), T.tensor([1]) / 2, T.tensor([1j]), T.rand(2)]
            results.append([named(x.dtype) for x in made])
        finally:
            T.set_default_dtype(before)
        assert T.tensor([0.5]).dtype == T.float32
    assert results[0] == results[1]


def test_the_default_dtype_must_be_a_float() -> None:
    with pytest.raises(TypeError, match="float"):
        tn.set_default_dtype(tn.int32)
    assert tn.get_default_dtype() == tn.float32


@pytest.mark.parametrize("other", [tn.float64, tn.int32, tn.complex64], ids=named)
def test_float32_nets_stay_float32(other: Any) -> None:
    """Numbers, 0-d tensors of any real dtype and integer tensors never widen a float32 graph."""
    x = tn.ones(3, requires_grad=True)
    factor = tn.tensor(2, dtype=other)
    if other.is_complex:
        assert (x * factor).dtype == tn.complex64
        return
    y = ((x * factor + 1) ** 2 / 3 - np.float64(1.5).item()).mean()
    y.backward()
    assert y.dtype == x.grad.dtype == tn.float32


@pytest.mark.parametrize("name", NAMES)
def test_facts_about_a_dtype(torch: Any, name: str) -> None:
    ours, theirs = getattr(tn, name), getattr(torch, name)
    for fact in ("is_floating_point", "is_complex", "itemsize", "is_signed"):
        assert getattr(ours, fact) == getattr(theirs, fact), fact


@pytest.mark.parametrize("name", ["float16", "float32", "float64", "bfloat16"])
def test_finfo(torch: Any, name: str) -> None:
    ours, theirs = tn.finfo(getattr(tn, name)), torch.finfo(getattr(torch, name))
    for fact in ("bits", "eps", "max", "min", "tiny", "smallest_normal", "resolution"):
        assert getattr(ours, fact) == pytest.approx(getattr(theirs, fact), rel=1e-12), fact


@pytest.mark.parametrize("name", ["uint8", "int8", "int16", "int32", "int64"])
def test_iinfo(torch: Any, name: str) -> None:
    ours, theirs = tn.iinfo(getattr(tn, name)), torch.iinfo(getattr(torch, name))
    assert (ours.bits, ours.max, ours.min) == (theirs.bits, theirs.max, theirs.min)


def test_gradients_come_back_in_the_dtype_of_their_tensor() -> None:
    x = tn.ones(2, dtype=tn.float16, requires_grad=True)
    y = tn.ones(2, dtype=tn.float64, requires_grad=True)
    (x * y).sum().backward()
    assert (x.grad.dtype, y.grad.dtype) == (tn.float16, tn.float64)


@pytest.mark.parametrize(
    "convert",
    [
        lambda x, T: x.long(),
        lambda x, T: x.bool(),
        lambda x, T: x.to(T.int32),
        lambda x, T: x.view(T.int32),
    ],
)
def test_integers_made_of_what_requires_grad_do_not(torch: Any, convert: Any) -> None:
    """So they become arrays without a detach()."""
    for T in (tn, torch):
        x = T.ones(3, requires_grad=True)
        for y in (convert(x, T), convert(x * 1, T)):
            assert not y.requires_grad
            assert y.grad_fn is None
            assert y.numpy().dtype.kind in "ib"


WIDENING = {
    "softmax": lambda x, T: T.softmax(x, 0, dtype=T.float64),
    "log_softmax": lambda x, T: T.log_softmax(x, 0, dtype=T.float64),
    "sum": lambda x, T: x.sum(0, dtype=T.float64),
    "nansum": lambda x, T: x.nansum(0, dtype=T.float64),
    "mean": lambda x, T: x.mean(0, dtype=T.float64),
    "prod": lambda x, T: x.prod(0, dtype=T.float64),
    "cumsum": lambda x, T: x.cumsum(0, dtype=T.float64),
    "cumprod": lambda x, T: x.cumprod(0, dtype=T.float64),
    "vector_norm": lambda x, T: T.linalg.vector_norm(x, dtype=T.float64),
}


@pytest.mark.parametrize("name", WIDENING)
@pytest.mark.parametrize("kind", ["float16", "float32"])
def test_gradients_come_back_from_a_dtype_that_was_asked_for(
    torch: Any, name: str, kind: str
) -> None:
    """Of the leaf, recorded, and of second order."""

    def derivatives(T: Any) -> list[Any]:
        x = T.tensor([[0.5, -1.0], [2.0, 1.5]], dtype=getattr(T, kind), requires_grad=True)
        y = (WIDENING[name](x, T) ** 2).sum()
        (first,) = T.autograd.grad(y, x, create_graph=True)
        (first * first).sum().backward()
        once = x.grad.clone()
        x.grad = None
        (WIDENING[name](x, T) ** 2).sum().backward()
        return [y, first, once, x.grad]

    for found, expected in zip(derivatives(tn), derivatives(torch), strict=True):
        assert named(found.dtype) == named(expected.dtype)
        np.testing.assert_allclose(
            found.detach().numpy(), expected.detach().numpy(), rtol=5e-3, atol=5e-3
        )
