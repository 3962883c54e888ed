"""L-BFGS takes PyTorch's steps: the same points are evaluated, the same are accepted."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from autotn import optim
from autotn.core.tensor import Tensor, wrap
from tests.optim.twins import leaf

OPTIONS: list[dict[str, Any]] = [
    {},
    dict(lr=0.1),
    dict(line_search_fn="strong_wolfe"),
    dict(line_search_fn="strong_wolfe", lr=0.01),
    dict(line_search_fn="strong_wolfe", lr=30.0),
    dict(line_search_fn="strong_wolfe", history_size=2),
    dict(line_search_fn="strong_wolfe", max_eval=4),
    dict(line_search_fn="strong_wolfe", max_eval=1),
    dict(max_iter=3, lr=0.2),
    dict(max_iter=1, lr=0.2),
    dict(max_eval=2, lr=0.2),
    dict(tolerance_grad=0.5, lr=0.2),
    dict(tolerance_change=0.1, lr=0.2),
]


def bowl(x: Any) -> tuple[Any, Any]:
    """A stretched, skewed bowl with a quartic rim: its value and gradient, from float64 numbers."""
    rng = np.random.default_rng(7)
    half = rng.standard_normal((x.size, x.size))
    matrix = half @ half.T / x.size + np.diag(np.linspace(0.5, 3.0, x.size))
    goal = rng.standard_normal(x.size)
    d = x - goal
    return 0.5 * d @ matrix @ d + 0.05 * (d**4).sum(), matrix @ d + 0.2 * d**3


def as_vector(arrays: list[Any]) -> Any:
    flat = [np.ascontiguousarray(a).reshape(-1) for a in arrays]
    return np.concatenate([a.view(a.real.dtype) for a in flat]).astype(np.float64)


def as_arrays(vector: Any, like: list[Any]) -> list[Any]:
    pieces, start = [], 0
    for a in like:
        size = a.size * (2 if a.dtype.kind == "c" else 1)
        piece = vector[start : start + size].astype(a.real.dtype).view(a.dtype)
        pieces.append(piece.reshape(a.shape))
        start += size
    return pieces


class Problem:
    """The bowl's closure for one library, which writes down where it was evaluated."""

    def __init__(self, params: list[Any], arrays: Any, make_grad: Any) -> None:
        self.params = params
        self.arrays = arrays
        self.make_grad = make_grad
        self.visited: list[Any] = []

    def __call__(self) -> float:
        arrays = self.arrays()
        x = as_vector(arrays)
        self.visited.append(x)
        value, gradient = bowl(x)
        for p, g in zip(self.params, as_arrays(gradient, arrays)):
            p.grad = self.make_grad(g)
        return float(value)


def start(dtype: Any) -> list[Any]:
    rng = np.random.default_rng(3)
    return [
        np.asarray(3 * rng.standard_normal(shape)).astype(dtype) for shape in [(2, 3), (), (4,)]
    ]


def ours_and_theirs(torch: Any, dtype: Any = np.float64) -> tuple[Problem, Problem]:
    mine = [leaf(x) for x in start(dtype)]
    other = [torch.tensor(x, requires_grad=True) for x in start(dtype)]
    return (
        Problem(mine, lambda: [p._data.copy() for p in mine], wrap),
        Problem(other, lambda: [p.detach().numpy().copy() for p in other], torch.tensor),
    )


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
def test_visits_the_same_points(torch: Any, options: dict[str, Any], dtype: Any) -> None:
    ours, theirs = ours_and_theirs(torch, dtype)
    first = optim.LBFGS(ours.params, **options)
    second = torch.optim.LBFGS(theirs.params, **options)
    for _ in range(4):
        assert first.step(ours) == pytest.approx(second.step(theirs), rel=1e-9)
        np.testing.assert_allclose(
            as_vector(ours.arrays()), as_vector(theirs.arrays()), rtol=1e-7, atol=1e-7
        )
    assert len(ours.visited) == len(theirs.visited)
    for a, b in zip(ours.visited, theirs.visited):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6)
    mine, other = first.state[ours.params[0]], second.state[theirs.params[0]]
    assert mine["func_evals"] == other["func_evals"]
    assert mine["n_iter"] == other["n_iter"]
    assert set(other) - set(mine) <= {"al"}
    assert len(mine.get("ro", ())) == len(other.get("ro", ()))


def test_float32_is_near(torch: Any) -> None:
    ours, theirs = ours_and_theirs(torch, np.float32)
    first = optim.LBFGS(ours.params, line_search_fn="strong_wolfe", max_iter=5)
    second = torch.optim.LBFGS(theirs.params, line_search_fn="strong_wolfe", max_iter=5)
    first.step(ours)
    second.step(theirs)
    np.testing.assert_allclose(as_vector(ours.arrays()), as_vector(theirs.arrays()), rtol=1e-3)
    assert all(p._data.dtype == np.float32 for p in ours.params)


def test_finds_the_minimum(torch: Any) -> None:
    ours, _ = ours_and_theirs(torch)
    opt = optim.LBFGS(ours.params, line_search_fn="strong_wolfe", max_iter=100)
    opt.step(ours)
    _, gradient = bowl(as_vector(ours.arrays()))
    assert np.abs(gradient).max() < 1e-4


@pytest.mark.parametrize("how", ["ours", "theirs"])
def test_resumes_from_a_state_dict(torch: Any, how: str) -> None:
    ours, theirs = ours_and_theirs(torch)
    options = dict(line_search_fn="strong_wolfe", max_iter=3)
    first = optim.LBFGS(ours.params, **options)  # type: ignore[arg-type]
    second = torch.optim.LBFGS(theirs.params, **options)
    first.step(ours)
    second.step(theirs)
    again = optim.LBFGS(ours.params)
    again.load_state_dict(copy.deepcopy((first if how == "ours" else second).state_dict()))
    again.step(ours)
    second.step(theirs)
    np.testing.assert_allclose(as_vector(ours.arrays()), as_vector(theirs.arrays()), rtol=1e-9)


def test_parameters_without_gradient_stay() -> None:
    a, b = leaf(np.ones(2)), leaf(np.ones(3))

    def closure() -> float:
        a.grad = wrap(2 * a._data)
        return float((a._data**2).sum())

    optim.LBFGS([a, b]).step(closure)
    np.testing.assert_allclose(a._data, 0, atol=1e-6)
    np.testing.assert_array_equal(b._data, 1)


def test_an_optimum_is_left_at_once() -> None:
    p = leaf(np.zeros(2))
    calls = []

    def closure() -> float:
        calls.append(1)
        p.grad = wrap(np.zeros(2))
        return 0.0

    opt = optim.LBFGS([p])
    assert opt.step(closure) == 0.0
    assert len(calls) == 1
    assert opt.state[p] == {"func_evals": 1, "n_iter": 0}


def test_line_searches_nobody_has_are_refused() -> None:
    p: Tensor = leaf(np.ones(2))
    p.grad = wrap(np.ones(2))
    with pytest.raises(RuntimeError, match="only 'strong_wolfe' is supported"):
        optim.LBFGS([p], line_search_fn="armijo").step(lambda: 1.0)


def test_steps_are_writes_that_the_tape_notices() -> None:
    p = leaf(np.ones(2))

    def closure() -> float:
        p.grad = wrap(2 * p._data)
        return float((p._data**2).sum())

    version = p._version
    optim.LBFGS([p]).step(closure)
    assert p._version > version
