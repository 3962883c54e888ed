"""Maps of vectors, and the registries that lead from any numbers to a constraint: as PyTorch's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autotn as tn

MAPS: dict[str, tuple[Callable[[Any], Any], tuple[int, ...]]] = {
    "softmax": (lambda D: D.SoftmaxTransform(), (2, 4)),
    "stick breaking": (lambda D: D.StickBreakingTransform(), (2, 4)),
    "lower cholesky": (lambda D: D.LowerCholeskyTransform(), (2, 3, 3)),
    "positive definite": (lambda D: D.PositiveDefiniteTransform(), (2, 3, 3)),
    "reshape": (lambda D: D.ReshapeTransform((4,), (2, 2)), (3, 4)),
    "stack": (lambda D: D.StackTransform([D.ExpTransform(), D.TanhTransform()], -1), (3, 2)),
    "cat": (lambda D: D.CatTransform([D.ExpTransform(), D.SigmoidTransform()], -1, [2, 1]), (3, 3)),
}
#: Those that have no volume to speak of.
NO_VOLUME = {"softmax", "lower cholesky", "positive definite"}

CONSTRAINTS: dict[str, Callable[[Any], Any]] = {
    "real": lambda c: c.real,
    "positive": lambda c: c.positive,
    "nonnegative": lambda c: c.nonnegative,
    "above 2": lambda c: c.greater_than(2.0),
    "below 2": lambda c: c.less_than(2.0),
    "between": lambda c: c.interval(-1.0, 3.0),
    "unit": lambda c: c.unit_interval,
    "half open": lambda c: c.half_open_interval(0.0, 2.0),
    "simplex": lambda c: c.simplex,
    "lower cholesky": lambda c: c.lower_cholesky,
    "positive definite": lambda c: c.positive_definite,
    "positive vectors": lambda c: c.independent(c.positive, 1),
}


def numbers(*shape: int) -> Any:
    return np.random.default_rng(0).standard_normal(shape)


@pytest.mark.parametrize("name", MAPS)
def test_maps_are_pytorchs(torch: Any, name: str) -> None:
    make, shape = MAPS[name]
    results = []
    for T in (tn, torch):
        t = make(T.distributions)
        x = T.tensor(numbers(*shape), requires_grad=True)
        y = t(x)
        found = [y, t.inv(y)]
        if name not in NO_VOLUME:
            found.append(t.log_abs_det_jacobian(x, y))
        (y * T.arange(y.numel(), dtype=y.dtype).reshape(y.shape)).sum().backward()
        results.append([*(f.detach().numpy() for f in found), x.grad.numpy()])
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


#: More than one matrix leads to such a one.
NOT_ONE_TO_ONE = {"lower cholesky", "positive definite"}


@pytest.mark.parametrize(
    ("registry", "name"),
    [("transform_to", name) for name in CONSTRAINTS]
    + [("biject_to", name) for name in CONSTRAINTS if name not in NOT_ONE_TO_ONE],
)
def test_registries_lead_into_the_constraint(torch: Any, registry: str, name: str) -> None:
    values = []
    for T in (tn, torch):
        D = T.distributions
        constraint = CONSTRAINTS[name](D.constraints)
        value = getattr(D, registry)(constraint)(T.tensor(numbers(2, 3, 3)))
        assert constraint.check(value).all()
        values.append(value.numpy())
    np.testing.assert_allclose(values[0], values[1], rtol=1e-9, atol=1e-12)


def test_a_constraint_of_ones_own() -> None:
    D = tn.distributions

    class Even(D.constraints.Constraint):  # type: ignore[name-defined, misc]
        pass

    with pytest.raises(NotImplementedError, match="no map to Even"):
        D.transform_to(Even())

    @D.transform_to.register(Even)
    def _(_: Any) -> Any:
        return D.AffineTransform(0, 2)

    assert D.transform_to(Even())(tn.tensor(3.0)).item() == 6


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda D: D.ReshapeTransform((3,), (2, 2)), "different numbers of elements"),
        (lambda D: D.StackTransform([D.ExpTransform()])(tn.ones(2)), "1 maps for 2 places"),
        (
            lambda D: D.CatTransform([D.ExpTransform()], lengths=[1])(tn.ones(2)),
            "do not sum to the 2",
        ),
        (lambda D: D.CatTransform([D.ExpTransform()], lengths=[1, 1]), "2 lengths for 1 maps"),
    ],
)
def test_what_does_not_fit_is_refused(make: Callable[[Any], Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make(tn.distributions)
