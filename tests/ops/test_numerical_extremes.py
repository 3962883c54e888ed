"""Where naive formulas overflow, vanish or divide by 0, values and gradients are PyTorch's.

Each case is asked in single and in double precision. What is better here on purpose is stated by itself.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autotn as tn

INF = float("inf")
HUGE = [1e4, -1e4, 300.0, -300.0, 88.8, -88.8, 0.0]
TINY = [1e-30, -1e-30, 1e-10, -1e-10, 0.0, -0.0]
ODD = [INF, -INF, float("nan"), 0.0]


def functional(name: str) -> Callable[..., Any]:
    return lambda lib, *args, **kwargs: getattr(lib.nn.functional, name)(*args, **kwargs)


def of(name: str, *args: Any, **kwargs: Any) -> Callable[[Any, Any], Any]:
    """A function of one tensor, by its name after ``torch.``."""

    def call(lib: Any, x: Any) -> Any:
        function = lib
        for part in name.split("."):
            function = getattr(function, part)
        return function(x, *args, **kwargs)

    return call


F = "nn.functional."
CASES: dict[str, tuple[Callable[[Any, Any], Any], list[Any]]] = {
    "logsumexp huge": (of("logsumexp", 0), HUGE),
    "logsumexp of far apart": (of("logsumexp", 0), [1000.0, -1000.0]),
    "logsumexp of infinity": (of("logsumexp", 0), [INF, 1.0]),
    "softmax huge": (of("softmax", 0), HUGE),
    "softmax of equals": (of("softmax", 0), [1e30, 1e30]),
    "softmax with a gap": (of("softmax", 0), [0.0, -INF, 1.0]),
    "log_softmax huge": (of("log_softmax", 0), HUGE),
    "log_softmax with a gap": (of("log_softmax", 0), [0.0, -INF, 1.0]),
    "softplus": (of(F + "softplus"), [*HUGE, *TINY]),
    "softplus steep": (of(F + "softplus", 10.0), [*HUGE, *TINY]),
    "logsigmoid": (of(F + "logsigmoid"), [*HUGE, *TINY]),
    "sigmoid": (of("sigmoid"), [*HUGE, *TINY, *ODD]),
    "tanh": (of("tanh"), [*HUGE, *TINY, *ODD]),
    "gelu": (of(F + "gelu"), [*HUGE, *TINY]),
    "gelu tanh": (of(F + "gelu", approximate="tanh"), [*HUGE, *TINY]),
    "silu": (of(F + "silu"), [*HUGE, *TINY]),
    "mish": (of(F + "mish"), [*HUGE, *TINY]),
    "elu": (of(F + "elu"), [*HUGE, *TINY]),
    "selu": (of(F + "selu"), [*HUGE, *TINY]),
    "expm1": (of("expm1"), [*TINY, 88.0, -300.0]),
    "log1p": (of("log1p"), [*TINY, 1e30]),
    "sqrt at 0": (of("sqrt"), [0.0, 1e-30, 1e30]),
    "rsqrt": (of("rsqrt"), [1e-30, 1e30]),
    "abs at 0": (of("abs"), [0.0, -0.0]),
    "norm at 0": (of("norm"), [0.0, 0.0]),
    "norm 1 at 0": (of("norm", 1), [0.0, 2.0]),
    "norm inf": (of("norm", INF), [1.0, -3.0, 3.0]),
    "norm 3 at 0": (of("norm", 3), [0.0, 0.0]),
    "matrix norm at 0": (of("linalg.matrix_norm"), [[0.0, 0.0], [0.0, 0.0]]),
    "normalize at 0": (of(F + "normalize", dim=0), [0.0, 0.0]),
    "var of a constant": (of("var"), [3.0, 3.0, 3.0]),
    "var of a far constant": (of("var"), [1e6, 1e6, 1e6]),
    "var far from 0": (of("var"), [1e4, 1e4 + 1, 1e4 + 2]),
    "std of a constant": (of("std"), [3.0, 3.0, 3.0]),
    "var of one": (of("var", correction=0), [3.0]),
    "layer_norm of a constant": (of(F + "layer_norm", (3,)), [5.0, 5.0, 5.0]),
    "prod with a 0": (of("prod"), [2.0, 0.0, 3.0]),
    "prod with two": (of("prod"), [2.0, 0.0, 0.0]),
    "cumprod with a 0": (of("cumprod", 0), [2.0, 0.0, 3.0]),
    "pow at 0": (lambda lib, x: x**2.0, [0.0, -1.0]),
    "pow 0": (lambda lib, x: x**0.0, [0.0, 2.0]),
    "base 0": (lambda lib, x: lib.pow(0.0, x), [0.0, 1.0, 2.0]),
    "xlogy": (lambda lib, x: lib.xlogy(x, x), [0.0, 1.0, 1e-30]),
    "entr": (of("special.entr"), [0.0, 1.0, 1e-30]),
    "logit": (of("logit"), [1e-30, 0.5]),
    "logit clamped": (of("logit", 1e-3), [0.0, 1.0, 0.5]),
    "erfinv": (of("erfinv"), [0.999999, -0.999999, 0.0]),
    "atan2 at 0": (lambda lib, x: lib.atan2(x, x * 0 + 1), [0.0, -0.0, 1e30]),
    "hypot huge": (lambda lib, x: lib.hypot(x, x), [1e30, 1e-30]),
    "logaddexp": (lambda lib, x: lib.logaddexp(x, x - 1), [1e4, -1e4, 0.0]),
    "cosine of nothing": (lambda lib, x: lib.cosine_similarity(x, x * 0, dim=0), [1.0, 2.0]),
    "cross_entropy huge": (
        lambda lib, x: lib.nn.functional.cross_entropy(x.reshape(1, -1), lib.tensor([1])),
        [1e4, -1e4, 0.0],
    ),
    "bce with logits": (
        lambda lib, x: lib.nn.functional.binary_cross_entropy_with_logits(
            x, lib.sigmoid(x.detach() * 0), reduction="none"
        ),
        [*HUGE, *TINY],
    ),
    "bce with logits, sure": (
        lambda lib, x: lib.nn.functional.binary_cross_entropy_with_logits(
            x, lib.ones_like(x), reduction="none"
        ),
        [*HUGE, *TINY],
    ),
    "amax of equals": (of("amax"), [2.0, 2.0, 1.0]),
    "clamp at the ends": (of("clamp", -1.0, 1.0), [-1.0, 1.0, 0.0, 5.0]),
    "relu at 0": (of("relu"), [0.0, -0.0]),
    "logcumsumexp": (of("logcumsumexp", 0), [300.0, -300.0, 1e4]),
    "digamma": (of("digamma"), [1e-10, 1e10]),
    "lgamma": (of("lgamma"), [1e-10, 1e10]),
    "log_ndtr": (of("special.log_ndtr"), [-30.0, 0.0, 8.0]),
    "sinc at 0": (of("sinc"), [0.0, 1.0]),
    "cdist of the same": (lambda lib, x: lib.cdist(x, x.detach()), [[1.0, 2.0], [3.0, 4.0]]),
    "where": (lambda lib, x: lib.where(x > 0, x.sqrt(), x * 0), [4.0, -1.0, 0.0]),
    "where, the safe form": (
        lambda lib, x: lib.where(x > 0, lib.where(x > 0, x, x * 0 + 1).sqrt(), x * 0),
        [4.0, -1.0, 0.0],
    ),
}  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", CASES)
def test_like_pytorch(torch: Any, name: str, dtype: str) -> None:
    function, values = CASES[name]

    def both(lib: Any) -> tuple[Any, Any]:
        x = lib.tensor(values, dtype=getattr(lib, dtype), requires_grad=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            y = function(lib, x)
            y.sum().backward()
        return y.detach().numpy(), x.grad.numpy()

    rtol = 2e-5 if dtype == "float32" else 1e-9
    for ours, theirs, what in zip(both(tn), both(torch), ("value", "gradient"), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=rtol * 1e-30, err_msg=what)
        assert ours.dtype == theirs.dtype


def slope(function: Callable[..., Any], values: Any, dtype: Any) -> tuple[Any, Any]:
    x = tn.tensor(values, dtype=dtype, requires_grad=True)
    y = function(x)
    y.sum().backward()
    assert x.grad is not None
    return y.detach(), x.grad


@pytest.mark.parametrize("size", [1e30, 1e-30])
def test_norms_neither_overflow_nor_vanish(size: float) -> None:
    """PyTorch's single-precision norm of numbers near 1e30 is infinite, of numbers near 1e-30 it is 0."""
    value, gradient = slope(tn.linalg.vector_norm, [3 * size, 4 * size], tn.float32)
    np.testing.assert_allclose(value, np.float32(5 * size), rtol=1e-6)
    np.testing.assert_allclose(gradient, [0.6, 0.8], rtol=1e-6)


def test_logsumexp_of_nothing_does_not_spoil_what_comes_before() -> None:
    """All terms are 0: the slope is 0 (PyTorch: NaN)."""
    value, gradient = slope(lambda x: tn.logsumexp(x, 0), [-INF, -INF], tn.float64)
    assert value.item() == -INF
    assert gradient.tolist() == [0, 0]


def test_the_gradient_of_a_singular_determinant_is_its_cofactors() -> None:
    value, gradient = slope(tn.linalg.det, [[1.0, 2.0], [2.0, 4.0]], tn.float64)
    assert value.item() == pytest.approx(0, abs=1e-12)
    np.testing.assert_allclose(gradient, [[4, -2], [-2, 1]])


def test_variance_far_from_0_keeps_its_digits() -> None:
    """Deviations are taken before they are squared: no difference of large squares."""
    x = tn.tensor([1e6, 1e6 + 1, 1e6 + 2], dtype=tn.float32)
    assert tn.var(x).item() == 1.0
    assert tn.nn.functional.layer_norm(x, (3,)).tolist() == pytest.approx(
        [-1.2247, 0, 1.2247], abs=1e-3
    )
