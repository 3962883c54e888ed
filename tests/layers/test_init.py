"""Initial values: their distribution, their bounds, and what is refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn import nn
from autotn.nn import init

NONLINEARITIES = [
    ("linear", None), ("conv2d", None), ("conv_transpose3d", None), ("sigmoid", None),
    ("tanh", None), ("relu", None), ("leaky_relu", None), ("leaky_relu", 0.3),
    ("leaky_relu", 2), ("selu", None),
]  # fmt: skip


@pytest.mark.parametrize(("nonlinearity", "param"), NONLINEARITIES)
def test_gains_are_pytorch_s(torch: Any, nonlinearity: str, param: Any) -> None:
    theirs = torch.nn.init.calculate_gain(nonlinearity, param)
    assert init.calculate_gain(nonlinearity, param) == theirs


def test_impossible_gains_are_refused() -> None:
    with pytest.raises(ValueError, match="Unsupported nonlinearity swish"):
        init.calculate_gain("swish")
    with pytest.raises(ValueError, match="not a valid number"):
        init.calculate_gain("leaky_relu", "x")  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [(30, 40), (20, 10, 3, 2), (4, 6, 5)])
@pytest.mark.parametrize("dtype", [tn.float32, tn.float64, tn.float16])
@pytest.mark.parametrize("mode", ["fan_in", "fan_out"])
def test_bounds_and_deviations_follow_the_fans(shape: Any, dtype: Any, mode: str) -> None:
    receptive = math.prod(shape[2:])
    fan_in, fan_out = shape[1] * receptive, shape[0] * receptive
    fan = {"fan_in": fan_in, "fan_out": fan_out}[mode]
    w = nn.Parameter(tn.zeros(*shape, dtype=dtype))
    assert init.kaiming_uniform_(w, mode=mode, nonlinearity="relu") is w
    bound = math.sqrt(6 / fan)
    largest = float(np.abs(w.detach().numpy()).max())
    assert 0.8 * bound < largest <= bound * 1.001
    assert w.dtype == dtype
    init.xavier_uniform_(w, gain=2.0)
    bound = 2 * math.sqrt(6 / (fan_in + fan_out))
    assert 0.8 * bound < float(np.abs(w.detach().numpy()).max()) <= bound * 1.001
    init.kaiming_normal_(w, a=1, mode=mode)
    assert float(w.detach().numpy().std()) == pytest.approx(math.sqrt(1 / fan), rel=0.2)
    init.xavier_normal_(w)
    expected = math.sqrt(2 / (fan_in + fan_out))
    assert float(w.detach().numpy().std()) == pytest.approx(expected, rel=0.2)


def test_simple_distributions() -> None:
    w = tn.zeros(200, 100)
    init.uniform_(w, 2.0, 3.0)
    assert float(w.numpy().min()) >= 2.0
    assert float(w.numpy().max()) <= 3.0
    assert float(w.numpy().mean()) == pytest.approx(2.5, abs=0.01)
    init.normal_(w, 1.0, 3.0)
    assert float(w.numpy().mean()) == pytest.approx(1.0, abs=0.1)
    assert float(w.numpy().std()) == pytest.approx(3.0, rel=0.02)


def test_truncated_normal_has_the_right_distribution() -> None:
    from scipy import stats

    w = init.trunc_normal_(tn.zeros(20_000), mean=1.0, std=2.0, a=0.0, b=4.0).numpy()
    assert w.min() >= 0
    assert w.max() <= 4
    expected = stats.truncnorm((0 - 1) / 2, (4 - 1) / 2, loc=1, scale=2)
    assert stats.kstest(w, expected.cdf).pvalue > 0.01
    with pytest.warns(UserWarning, match="more than 2 std"):
        init.trunc_normal_(tn.zeros(3), mean=10.0)


def test_fixed_values_are_pytorch_s(torch: Any) -> None:
    for name, args, shapes in (
        ("constant_", (0.3,), [(2, 3), (4,)]),
        ("ones_", (), [(2, 3)]),
        ("zeros_", (), [(2, 3)]),
        ("eye_", (), [(2, 3), (3, 2)]),
        ("dirac_", (), [(3, 2, 3), (4, 4, 2, 3), (2, 3, 3, 3, 3)]),
        ("dirac_", (2,), [(4, 2, 3), (6, 5, 3, 2)]),
    ):
        for shape in shapes:
            ours = getattr(init, name)(tn.full(shape, 9.0), *args)
            theirs = getattr(torch.nn.init, name)(torch.full(shape, 9.0), *args)
            assert ours.tolist() == theirs.tolist()


@pytest.mark.parametrize("shape", [(3, 3), (5, 3), (3, 5), (4, 2, 3), (1, 1)])
def test_orthogonal_rows_or_columns(shape: Any) -> None:
    w = init.orthogonal_(tn.zeros(*shape, dtype=tn.float64), gain=2.0).numpy().reshape(shape[0], -1)
    product = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
    assert np.allclose(product, 4 * np.eye(len(product)))


def test_sparse_columns() -> None:
    w = init.sparse_(tn.ones(10, 50), sparsity=0.35, std=2.0).numpy()
    assert ((w == 0).sum(0) == 4).all()
    assert w[w != 0].std() == pytest.approx(2.0, rel=0.2)
    assert len({tuple(column) for column in (w == 0).T.tolist()}) > 10


def test_a_generator_decides() -> None:
    for draw in (init.uniform_, init.normal_, init.trunc_normal_):
        first = draw(tn.zeros(4), generator=tn.Generator().manual_seed(5))
        again = draw(tn.zeros(4), generator=tn.Generator().manual_seed(5))
        assert first.tolist() == again.tolist()
        tn.manual_seed(5)
        assert draw(tn.zeros(4)).tolist() == first.tolist()


def test_nothing_is_recorded_and_the_write_is_seen() -> None:
    w = nn.Parameter(tn.ones(2, 2))
    before = w._version
    init.kaiming_normal_(w)
    assert w.grad_fn is None
    assert w.requires_grad
    assert w._version > before


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: init.eye_(tn.zeros(2)), "eye_: expected a tensor of 2 dimensions"),
        (lambda: init.dirac_(tn.zeros(2, 2)), "dirac_: expected a tensor of 3, 4 or 5"),
        (lambda: init.dirac_(tn.zeros(3, 2, 2), 2), "can't be split into 2 groups"),
        (lambda: init.xavier_uniform_(tn.zeros(2)), "fewer than 2 dimensions"),
        (lambda: init.orthogonal_(tn.zeros(2)), "orthogonal_: expected"),
        (lambda: init.sparse_(tn.zeros(2), 0.1), "sparse_: expected"),
        (lambda: init.kaiming_uniform_(tn.zeros(2, 2), mode="fan_up"), "Mode fan_up not supported"),
    ],
)
def test_impossible_shapes_are_refused(call: Any, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        call()


def test_old_names_warn() -> None:
    for name in (
        "uniform", "normal", "eye", "xavier_uniform", "xavier_normal", "kaiming_uniform",
        "kaiming_normal", "orthogonal",
    ):  # fmt: skip
        with pytest.warns(FutureWarning, match=f"nn.init.{name}_"):
            getattr(init, name)(tn.zeros(2, 2))
    with pytest.warns(FutureWarning):
        init.constant(tn.zeros(2), 1.0)
    with pytest.warns(FutureWarning):
        init.sparse(tn.zeros(2, 2), 0.5)
    with pytest.warns(FutureWarning):
        init.dirac(tn.zeros(2, 2, 2))


def test_empty_tensors_are_left_alone() -> None:
    with pytest.warns(UserWarning, match="zero-element"):
        init.kaiming_uniform_(tn.zeros(0, 3))
    with pytest.warns(UserWarning, match="zero-element"):
        init.kaiming_normal_(tn.zeros(3, 0))
    assert init.orthogonal_(tn.zeros(0, 3)).shape == (0, 3)
