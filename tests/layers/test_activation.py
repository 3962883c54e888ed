"""Every activation module against PyTorch's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn import nn
from tests.layers.against import compare, label, normal

X = [normal(3, 4, scale=2.0)]

CASES: list[tuple[Any, ...]] = [
    ("ReLU", (), {}, X),
    ("ReLU6", (), {}, [normal(3, 4, scale=6.0)]),
    ("Hardtanh", (), {}, X),
    ("Hardtanh", (-0.5, 2.0), {}, X),
    ("Hardtanh", (), {"min_value": -2.0, "max_value": 0.5}, X),
    ("Threshold", (0.1, 20), {}, X),
    ("Sigmoid", (), {}, X),
    ("Hardsigmoid", (), {}, [normal(3, 4, scale=4.0)]),
    ("Tanh", (), {}, X),
    ("SiLU", (), {}, X),
    ("Mish", (), {}, X),
    ("Hardswish", (), {}, [normal(3, 4, scale=4.0)]),
    ("ELU", (), {}, X),
    ("ELU", (0.3,), {}, X),
    ("CELU", (), {}, X),
    ("CELU", (2.0,), {}, X),
    ("SELU", (), {}, X),
    ("GLU", (), {}, X),
    ("GLU", (0,), {}, [normal(4, 3)]),
    ("GELU", (), {}, X),
    ("GELU", ("tanh",), {}, X),
    ("Hardshrink", (), {}, X),
    ("Hardshrink", (1.5,), {}, X),
    ("Softshrink", (), {}, X),
    ("Softshrink", (1.5,), {}, X),
    ("Tanhshrink", (), {}, X),
    ("LeakyReLU", (), {}, X),
    ("LeakyReLU", (0.3,), {}, X),
    ("PReLU", (), {}, X),
    ("PReLU", (4, 0.1), {}, X),
    ("PReLU", (3,), {}, [normal(2, 3, 2, 2)]),
    ("Softplus", (), {}, X),
    ("Softplus", (2.0, 1.0), {}, X),
    ("Softsign", (), {}, X),
    ("LogSigmoid", (), {}, X),
    ("Softmax", (1,), {}, X),
    ("Softmax", (-2,), {}, X),
    ("Softmin", (0,), {}, X),
    ("LogSoftmax", (1,), {}, X),
    ("Softmax2d", (), {}, [normal(2, 3, 2, 2)]),
    ("Softmax2d", (), {}, [normal(3, 2, 2)]),
    ("Identity", (1,), {"a": 2}, X),
]


@pytest.mark.filterwarnings("ignore:keyword argument `m.._value` is deprecated")
@pytest.mark.parametrize(("name", "args", "kwargs", "inputs"), CASES, ids=label)
def test_activation(torch: Any, name: str, args: Any, kwargs: Any, inputs: Any) -> None:
    compare(torch, name, args, kwargs, inputs=inputs)


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("ReLU", ()), ("ReLU6", ()), ("Hardtanh", ()), ("Threshold", (0.1, 20)), ("ELU", ()),
        ("CELU", ()), ("SELU", ()), ("LeakyReLU", ()), ("Hardsigmoid", ()), ("Hardswish", ()),
        ("SiLU", ()), ("Mish", ()),
    ],
)  # fmt: skip
def test_in_place(torch: Any, name: str, args: Any) -> None:
    values = np.linspace(-4, 4, 9, dtype=np.float32)
    results = []
    for library in (tn, torch):
        module = getattr(library.nn, name)(*args, inplace=True)
        assert module.inplace
        x = library.tensor(values, requires_grad=True)
        y = x * 2
        out = module(y)
        assert out is y
        (out * library.tensor(values)).sum().backward()
        results.append((repr(module), out.tolist(), x.grad.numpy()))
    assert results[0][0] == results[1][0]
    assert results[0][1] == pytest.approx(results[1][1], abs=1e-6)
    np.testing.assert_allclose(results[0][2], results[1][2], rtol=1e-5, atol=1e-6)


def test_random_slopes_lie_in_their_range(torch: Any) -> None:
    compare(torch, "RReLU", (0.1, 0.4), {}, inputs=X, modes=[False])
    module = nn.RReLU(0.1, 0.4)
    x = tn.full((1000,), -2.0, requires_grad=True)
    out = module(x)
    slopes = out.detach().numpy() / -2.0
    assert 0.1 <= slopes.min() < 0.13
    assert 0.37 < slopes.max() <= 0.4
    out.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), slopes, rtol=1e-6)  # type: ignore[union-attr]
    assert module(tn.ones(3)).tolist() == [1.0] * 3


def test_impossible_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="max_val 0 must not be smaller"):
        nn.Hardtanh(1, 0)
    with pytest.raises(ValueError, match="3D or 4D"):
        nn.Softmax2d()(tn.ones(2, 2))
