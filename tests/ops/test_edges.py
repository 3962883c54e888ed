"""Edges that random calls beside PyTorch have found: infinities, ties, mixed dtypes, empty choices."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn.kernels.running import running
from autotn.kernels.sorting import stable_order
from autotn.testing.sample import make_array

INF, NAN = math.inf, math.nan


@pytest.mark.parametrize("name", ["elu", "celu", "selu", "hardswish", "relu6", "hardtanh"])
def test_slopes_at_infinity(torch: Any, name: str) -> None:
    values = [INF, -INF, 0.5, -1.0]
    x, there = tn.tensor(values, requires_grad=True), torch.tensor(values, requires_grad=True)
    getattr(tn.nn.functional, name)(x).sum().backward()
    getattr(torch.nn.functional, name)(there).sum().backward()
    assert x.grad is not None
    np.testing.assert_allclose(x.grad, there.grad)


@pytest.mark.parametrize("name", ["multi_margin_loss", "multilabel_margin_loss"])
def test_a_margin_that_is_just_kept_has_no_slope(torch: Any, name: str) -> None:
    scores = [[-1.0, 0.0, 0.0, -2.0]]
    target = [2] if name == "multi_margin_loss" else [[2, -1, 0, 0]]
    x, there = tn.tensor(scores, requires_grad=True), torch.tensor(scores, requires_grad=True)
    getattr(tn.nn.functional, name)(x, tn.tensor(target)).backward()
    getattr(torch.nn.functional, name)(there, torch.tensor(target)).backward()
    np.testing.assert_allclose(x.grad, there.grad)


def test_half_numbers_have_ends_of_their_own() -> None:
    x = tn.tensor([INF, -INF, NAN], dtype=tn.float16)
    assert tn.nan_to_num(x).tolist() == [65504.0, -65504.0, 0.0]
    assert tn.nan_to_num(x, 2.0, -1.0).tolist() == [-1.0, -65504.0, 2.0]


def test_losses_of_odd_targets(torch: Any) -> None:
    assert np.isnan(tn.nn.functional.kl_div(tn.zeros(1), tn.tensor([-1.0]), reduction="sum"))
    with pytest.raises(RuntimeError, match="between 0 and 1"):
        tn.nn.functional.binary_cross_entropy(tn.tensor([NAN]), tn.tensor([1.0]))
    scores, bytes_ = [[-0.5, 1.0]], np.array([[4, 2]], np.uint8)
    ours = tn.nn.functional.soft_margin_loss(tn.tensor(scores), tn.tensor(bytes_), reduction="sum")
    theirs = torch.nn.functional.soft_margin_loss(
        torch.tensor(scores), torch.tensor(bytes_), reduction="sum"
    )
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)


def test_integers_take_no_fractions() -> None:
    a = tn.ones(2, 2, dtype=tn.int64)
    assert tn.addmm(a, a, a, beta=2, alpha=3).tolist() == [[8, 8], [8, 8]]
    with pytest.raises(TypeError, match="addmm: for integers alpha"):
        tn.addmm(a, a, a, alpha=0.5)


def test_nothing_chosen_and_nothing_there() -> None:
    assert tn.combinations(tn.ones(3), 0).shape == (0,)
    assert tn.linalg.cond(tn.zeros(0, 0)).item() == 0
    assert tn.bincount(tn.zeros(0, dtype=tn.int64), tn.zeros(0)).dtype == tn.int64


def test_a_rank_that_is_not_full_has_a_pseudo_inverse_with_slopes(torch: Any) -> None:
    a = np.array([[-2.0, 0.0], [0.0, 0.0], [-2.0, 0.0]])
    x, there = tn.tensor(a, requires_grad=True), torch.tensor(a, requires_grad=True)
    weights = make_array(2, 3)
    (tn.linalg.pinv(x) * tn.tensor(weights)).sum().backward()
    (torch.linalg.pinv(there) * torch.tensor(weights)).sum().backward()
    np.testing.assert_allclose(x.grad, there.grad, atol=1e-12)


@pytest.mark.parametrize("p", [1.0, 2.0, 3.0])
def test_a_window_of_zeros_has_no_slope(torch: Any, p: float) -> None:
    values = [[0.0, 0.0, 1.0, 2.0]]
    x, there = tn.tensor(values, requires_grad=True), torch.tensor(values, requires_grad=True)
    tn.nn.functional.lp_pool1d(x, p, 2).sum().backward()
    torch.nn.functional.lp_pool1d(there, p, 2).sum().backward()
    np.testing.assert_allclose(x.grad, there.grad)


def test_results_of_one_number_and_of_two_dtypes() -> None:
    assert tn.fft.fftn(tn.tensor(2.0)).dtype == tn.complex64
    assert tn.special.spherical_bessel_j0(tn.tensor([INF, -INF, 0.0])).tolist() == [0, 0, 1]
    weight = tn.ones(2, dtype=tn.float64)
    x = tn.tensor([[3.0, 4.0]], dtype=tn.bfloat16)
    assert tn.rms_norm(x, (2,), weight).dtype == tn.bfloat16


# -- long lines ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.complex128])
@pytest.mark.parametrize(
    ("shape", "axis"),
    [
        ((5000,), 0),
        ((100, 100), 0),
        ((100, 100), 1),
        ((9, 40, 40), 1),
        ((900, 7), 1),
        ((70000,), 0),
    ],
)
def test_running_sums_are_numpys(shape: tuple[int, ...], axis: int, dtype: Any) -> None:
    x = (make_array(*shape, dtype=dtype) * 10).astype(dtype)
    wide = np.float64 if dtype == np.float32 else dtype
    expected = np.cumsum(x, axis, dtype=wide).astype(dtype)
    np.testing.assert_allclose(running(np.add, x, axis), expected, rtol=1e-4, atol=1e-3)
    small = np.where(x.real > 0, 1, -1).astype(dtype)
    expected = np.cumprod(small, axis, dtype=wide).astype(dtype)
    np.testing.assert_allclose(running(np.multiply, small, axis), expected, rtol=1e-5)


def test_a_running_sum_of_singles_is_exact_to_the_last_digit() -> None:
    x = tn.full((1_000_000,), 0.1)
    assert tn.cumsum(x, 0)[-1].item() == pytest.approx(100000.0, rel=1e-7)


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, np.uint8, np.int64])
def test_equal_elements_keep_their_order(dtype: Any, descending: bool) -> None:
    x = make_array(40, 50, low=0, high=9).astype(np.int64).astype(dtype)
    if np.dtype(dtype).kind == "f":
        x[3, 5:9], x[4], x[5, ::2], x[6, 3] = NAN, INF, -0.0, -INF
    for axis in (0, 1):
        turned = np.flip(x, axis) if descending else x
        expected = np.argsort(turned, axis, kind="stable")
        if descending:
            expected = x.shape[axis] - 1 - np.flip(expected, axis)
        np.testing.assert_array_equal(stable_order(x, axis, descending), expected)


@pytest.mark.filterwarnings("ignore:.*degrees of freedom")
def test_more_is_corrected_than_there_is(torch: Any) -> None:
    """The variance is then infinite, or nan where all are equal."""
    for T in (tn, torch):
        x = T.tensor([[1.0, 2.0], [3.0, 3.0]])
        for correction in (2, 3):
            found = x.var(1, correction=correction)
            assert (found[0].item(), found[1].isnan().item()) == (np.inf, True)


def test_a_single_place_may_be_named_without_dimensions(torch: Any) -> None:
    """An index of no dimensions reads and writes one place of a vector, in both directions."""

    def results(T: Any) -> list[Any]:
        a, b = T.tensor(3.0, requires_grad=True), T.ones(3, requires_grad=True)
        at = T.tensor(1)
        made = [
            b.gather(0, at),
            b.scatter(0, at, a),
            b.scatter(0, at, 5.0),
            b.scatter_add(0, at, a),
            b.scatter_reduce(0, at, a, "amax"),
        ]
        gradients = [T.autograd.grad(y.sum(), [a, b], allow_unused=True) for y in made]
        return [y.tolist() for y in made] + [
            None if g is None else g.tolist() for pair in gradients for g in pair
        ]

    assert results(tn) == results(torch)


def test_a_number_has_no_dimensions_to_move() -> None:
    assert tn.tensor(3.0).movedim(0, -1).item() == 3.0
    assert tn.searchsorted(tn.zeros(2, 0), tn.zeros(2, 3)).tolist() == [[0, 0, 0], [0, 0, 0]]


SHUTTING = {
    "relu": lambda x, F: F.relu(x),
    "relu6": lambda x, F: F.relu6(x),
    "hardtanh": lambda x, F: F.hardtanh(x),
    "hardsigmoid": lambda x, F: F.hardsigmoid(x),
    "threshold": lambda x, F: F.threshold(x, 0.1, 0.0),
    "hardshrink": lambda x, F: F.hardshrink(x),
    "softshrink": lambda x, F: F.softshrink(x),
    "masked_fill": lambda x, F: x.masked_fill(x <= 0, 0.0),
    "clamp": lambda x, F: x.clamp(min=0),
    "max": lambda x, F: x.max(),
    "median": lambda x, F: x.median(),
    "cross_entropy": lambda x, F: F.cross_entropy(x.reshape(2, 3), x.long()[:2] * 0 - 100),
}


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("name", SHUTTING)
def test_nothing_comes_through_what_is_shut(torch: Any, name: str, again: bool) -> None:
    """Not even NaN and infinity: rows that are hidden do not spoil the rest."""
    for size in (1, 2000):
        for value in (np.inf, np.nan):
            found = []
            for T in (tn, torch):
                x = T.tensor([-1.0, 0.25, 0.5, 2.0, -7.0, 3.0] * size, requires_grad=True)
                if name == "cross_entropy" and size > 1:
                    continue
                y = SHUTTING[name](x, T.nn.functional)
                (g,) = T.autograd.grad(y, x, T.full_like(y, value), create_graph=again)
                found.append(g.detach().numpy())
            if found:
                np.testing.assert_array_equal(*found)


@pytest.mark.parametrize("size", [1, 2000])
def test_relu_is_open_where_its_input_is_nan(torch: Any, size: int) -> None:
    slopes = []
    for T in (tn, torch):
        x = T.tensor([np.nan, -1.0, 2.0] * size, requires_grad=True)
        T.relu(x).backward(T.full_like(x, 3))
        slopes.append(x.grad.tolist())
    assert slopes[0] == slopes[1] == [3, 0, 3] * size


def test_a_batch_in_which_nothing_counts_teaches_nothing(torch: Any) -> None:
    """The mean of no losses is nan; the weights stay what they are."""
    for T in (tn, torch):
        x = T.zeros(2, 3, requires_grad=True)
        loss = T.nn.functional.cross_entropy(x, T.tensor([-100, -100]))
        assert loss.isnan().item()
        loss.backward()
        assert not x.grad.any()


@pytest.mark.parametrize("index", [[True, False, True], [0, 2], 1])
def test_what_is_written_may_have_ones_in_front(torch: Any, index: Any) -> None:
    def written(T: Any) -> Any:
        x, value = T.zeros(3), T.ones(1, 1, 2 if isinstance(index, list) else 1)
        value.requires_grad_()
        x[T.tensor(index)] = value
        x.sum().backward()
        return x.tolist(), value.grad.tolist()

    assert written(tn) == written(torch)
