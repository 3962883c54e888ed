"""Draws that gradients pass through, and what is made of other distributions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import special

import autotn as tn
from autotn.distributions.gamma_draws import log_standard_gamma, standard_gamma_slope

D = tn.distributions


@pytest.mark.parametrize("alpha", [0.05, 0.3, 1.0, 2.5, 30.0, 1e3])
def test_the_slope_of_a_gamma_draw(torch: Any, alpha: float) -> None:
    """Against the inverse of the distribution, moved a little, and against PyTorch's formula."""
    places = np.array([0.01, 0.2, 0.5, 0.9, 0.999])
    x = special.gammaincinv(alpha, places)
    h = 2e-5 * min(alpha, np.sqrt(alpha))
    upper = special.gammainccinv(alpha + h, 1 - places) - special.gammainccinv(
        alpha - h, 1 - places
    )
    lower = special.gammaincinv(alpha + h, places) - special.gammaincinv(alpha - h, places)
    expected = np.where(places > 0.5, upper, lower) / (2 * h)
    found = standard_gamma_slope(alpha, x)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    shape = torch.full((5,), alpha, dtype=torch.float64)
    theirs = torch._standard_gamma_grad(shape, torch.tensor(x))
    np.testing.assert_allclose(found, theirs.numpy(), rtol=5e-3)


def test_the_slope_meets_its_series_near_zero() -> None:
    alpha = np.full(2, 0.7)
    edge = 1e-7 * 1.7
    below, above = standard_gamma_slope(alpha, np.array([edge * 0.9999, edge * 1.0001]))
    assert below == pytest.approx(above, rel=1e-3)


#: (class, parameters, which one, derivative of the mean by it)
EXPECTED_SLOPES: list[tuple[str, dict, str, float]] = [
    ("Normal", dict(loc=1.0, scale=2.0), "loc", 1.0),
    ("Uniform", dict(low=1.0, high=2.0), "high", 0.5),
    ("Exponential", dict(rate=2.0), "rate", -0.25),
    ("Laplace", dict(loc=1.0, scale=2.0), "loc", 1.0),
    ("LogNormal", dict(loc=0.0, scale=0.5), "loc", float(np.exp(0.125))),
    ("Gamma", dict(concentration=1.5, rate=2.0), "concentration", 0.5),
    ("Gamma", dict(concentration=1.5, rate=2.0), "rate", -0.375),
    ("Beta", dict(concentration1=2.0, concentration0=3.0), "concentration1", 3 / 25),
    ("StudentT", dict(df=5.0, loc=1.0, scale=2.0), "loc", 1.0),
]


@pytest.mark.parametrize(("cls", "given", "by", "slope"), EXPECTED_SLOPES)
def test_the_mean_gradient_of_draws_is_the_gradient_of_the_mean(
    cls: str, given: dict, by: str, slope: float
) -> None:
    made = {k: tn.tensor(v, dtype=tn.float64).requires_grad_() for k, v in given.items()}
    d = getattr(D, cls)(**made)
    assert d.has_rsample
    d.rsample((40_000,)).mean().backward()
    assert made[by].grad.item() == pytest.approx(slope, rel=0.05)


def test_dirichlet_draws_let_gradients_through() -> None:
    a = tn.tensor([1.0, 2.0, 3.0], dtype=tn.float64).requires_grad_()
    D.Dirichlet(a).rsample((40_000,)).mean(0)[0].backward()
    np.testing.assert_allclose(a.grad.numpy(), [5 / 36, -1 / 36, -1 / 36], atol=0.004)


def test_multivariate_normal_draws_let_gradients_through() -> None:
    lower = tn.tensor([[1.0, 0.0], [0.5, 2.0]], dtype=tn.float64).requires_grad_()
    drawn = D.MultivariateNormal(tn.zeros(2, dtype=tn.float64), scale_tril=lower).rsample((40_000,))
    np.testing.assert_allclose(
        np.cov(drawn.detach().numpy().T), (lower @ lower.T).detach().numpy(), atol=0.1
    )
    (drawn**2).mean(0).sum().backward()
    np.testing.assert_allclose(np.tril(lower.grad.numpy()), 2 * lower.detach().numpy(), atol=0.15)


def test_counts_have_no_differentiable_draws() -> None:
    with pytest.raises(NotImplementedError, match="Poisson has no rsample"):
        D.Poisson(1.0).rsample()


def mixture(library: Any) -> Any:
    d = library.distributions
    weights = library.tensor([[0.2, 0.8], [0.5, 0.5]], dtype=library.float64)
    means = library.tensor([[-1.0, 1.0], [0.0, 3.0]], dtype=library.float64)
    return d.MixtureSameFamily(d.Categorical(weights), d.Normal(means, 0.5))


def vector_mixture(library: Any) -> Any:
    d = library.distributions
    means = library.tensor([[-1.0, 1.0, 0.0], [0.0, 3.0, 1.0]], dtype=library.float64)
    weights = library.tensor([0.3, 0.7], dtype=library.float64)
    return d.MixtureSameFamily(d.Categorical(weights), d.Independent(d.Normal(means, 0.5), 1))


@pytest.mark.parametrize(("make", "event"), [(mixture, ()), (vector_mixture, (3,))])
def test_mixtures(torch: Any, make: Any, event: tuple[int, ...]) -> None:
    p, q = make(tn), make(torch)
    assert tuple(p.batch_shape) == tuple(q.batch_shape)
    assert tuple(p.event_shape) == tuple(q.event_shape) == event
    value = np.linspace(-1, 2, 3)[:, None] * np.ones(q._extended_shape())[None]
    np.testing.assert_allclose(
        p.log_prob(tn.tensor(value)).numpy(), q.log_prob(torch.tensor(value)).numpy(), rtol=1e-9
    )
    np.testing.assert_allclose(p.mean.numpy(), q.mean.numpy())
    np.testing.assert_allclose(p.variance.numpy(), q.variance.numpy())
    drawn = p.sample((40_000,))
    np.testing.assert_allclose(drawn.mean(0).numpy(), p.mean.numpy(), atol=0.05)
    np.testing.assert_allclose(drawn.var(0).numpy(), p.variance.numpy(), rtol=0.05)
    if not event:
        np.testing.assert_allclose(
            p.cdf(tn.tensor(value)).numpy(), q.cdf(torch.tensor(value)).numpy(), rtol=1e-9
        )
    assert tuple(p.expand((4, 2)).sample((3,)).shape) == (3, 4, 2, *event)


CHAINS: dict[str, Any] = {
    "affine": lambda d: [d.AffineTransform(1.0, -2.0)],
    "exp": lambda d: [d.ExpTransform()],
    "sigmoid of affine": lambda d: [d.AffineTransform(1.0, 2.0), d.SigmoidTransform()],
    "tanh": lambda d: [d.TanhTransform()],
    "softplus": lambda d: [d.SoftplusTransform()],
    "power": lambda d: [d.ExpTransform(), d.PowerTransform(2.0)],
    "composed": lambda d: d.ComposeTransform([d.AffineTransform(0.0, 0.5), d.TanhTransform()]),
    "back": lambda d: [d.SigmoidTransform(), d.SigmoidTransform().inv],
    "independent": lambda d: [d.IndependentTransform(d.TanhTransform(), 1)],
}


@pytest.mark.parametrize("name", CHAINS)
def test_transformed_distributions(torch: Any, name: str) -> None:
    made = []
    for lib in (tn, torch):
        d, base = lib.distributions, lib.tensor([0.0, 0.5], dtype=lib.float64)
        made.append(d.TransformedDistribution(d.Normal(base, 0.7), CHAINS[name](d)))
    p, q = made
    assert tuple(p.batch_shape) == tuple(q.batch_shape)
    assert tuple(p.event_shape) == tuple(q.event_shape)
    x = p.rsample((5,))
    other = torch.tensor(x.numpy())
    np.testing.assert_allclose(p.log_prob(x).numpy(), q.log_prob(other).numpy(), rtol=1e-8)
    if not p.event_shape:
        np.testing.assert_allclose(p.cdf(x).numpy(), q.cdf(other).numpy(), rtol=1e-8)
        np.testing.assert_allclose(p.icdf(p.cdf(x)).numpy(), x.numpy(), rtol=1e-6)
    assert tuple(p.expand((3, *p.batch_shape)).batch_shape) == (3, *p.batch_shape)


def test_a_cached_transform_inverts_exactly() -> None:
    x = tn.tensor(30.0)
    assert D.TanhTransform().inv(D.TanhTransform()(x)).item() == np.inf
    remembering = D.TanhTransform(cache_size=1)
    assert remembering.inv(remembering(x)) is x


def test_independent_sums_over_its_event() -> None:
    base = D.Normal(tn.zeros(2, 3), 2.0)
    whole = D.Independent(base, 1)
    assert (tuple(whole.batch_shape), tuple(whole.event_shape)) == ((2,), (3,))
    assert whole.entropy().tolist() == base.entropy().sum(-1).tolist()
    assert tuple(whole.expand((4, 2)).rsample((5,)).shape) == (5, 4, 2, 3)


REFUSED: dict[str, tuple[Any, str]] = {
    "scale": (lambda: D.Normal(0.0, -1.0), "Normal: parameter scale"),
    "degrees": (lambda: D.Chi2(-1.0), "Chi2: parameter"),
    "beta": (lambda: D.Beta(-1.0, 1.0), "parameter concentration"),
    "nan": (lambda: D.Normal(float("nan"), 1.0), "Normal: parameter loc"),
    "order": (lambda: D.Uniform(2.0, 1.0), "low must be less than high"),
    "probability": (lambda: D.Bernoulli(1.5), "Bernoulli: parameter probs"),
    "both": (lambda: D.Bernoulli(0.5, 0.5), "exactly one of probs and logits"),
    "neither": (lambda: D.Categorical(), "exactly one of probs and logits"),
    "negative": (lambda: D.Categorical(tn.tensor([-1.0, 2.0])), "probs must not be negative"),
    "never": (lambda: D.Geometric(0.0), "Geometric: probs must be greater than 0"),
    "no matrix": (lambda: D.MultivariateNormal(tn.zeros(2)), "exactly one of covariance_matrix"),
    "not definite": (lambda: D.MultivariateNormal(tn.zeros(2), -tn.eye(2)), "covariance_matrix"),
    "outside": (lambda: D.Exponential(1.0).log_prob(tn.tensor(-1.0)), "must lie in the support"),
    "half a count": (lambda: D.Poisson(1.0).log_prob(tn.tensor(0.5)), "must lie in the support"),
    "no such class": (lambda: D.Categorical(tn.ones(2)).log_prob(tn.tensor(2)), "support"),
    "shape": (lambda: D.Normal(tn.zeros(2), 1.0).log_prob(tn.zeros(3)), "does not broadcast"),
    "event": (lambda: D.Dirichlet(tn.ones(2)).log_prob(tn.ones(3) / 3), "event shape"),
    "no tensor": (lambda: D.Normal(0.0, 1.0).log_prob(0.5), "must be a Tensor"),
    "text": (lambda: D.Normal("a", 1.0), "numbers or tensors"),
    "axes": (lambda: D.Independent(D.Normal(0.0, 1.0), 1), "reinterpreted_batch_ndims"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_input_is_refused_with_its_name(name: str) -> None:
    make, message = REFUSED[name]
    with pytest.raises(ValueError, match=message):
        make()


def test_checks_can_be_switched_off() -> None:
    assert D.Normal(0.0, -1.0, validate_args=False).scale.item() == -1
    D.Distribution.set_default_validate_args(False)
    try:
        assert D.Exponential(1.0).log_prob(tn.tensor(-1.0)).item() == 1
    finally:
        D.Distribution.set_default_validate_args(True)


SETS: dict[str, Any] = {
    "boolean": [0.0, 0.5, 1.0],
    "nonnegative_integer": [-1.0, 0.0, 0.5],
    "positive": [0.0, 1.0],
    "nonnegative": [0.0, -1.0],
    "unit_interval": [0.0, 1.1, 1.0],
    "real": [0.0, np.nan, np.inf],
    "simplex": [[0.5, 0.5], [0.5, 0.6], [1.5, -0.5]],
    "one_hot": [[0.0, 1.0], [1.0, 1.0]],
    "real_vector": [[0.0, 1.0], [np.nan, 1.0]],
    "lower_triangular": [[[1.0, 0.0], [1.0, -1.0]], [[1.0, 1.0], [0.0, 1.0]]],
    "lower_cholesky": [[[1.0, 0.0], [1.0, -1.0]], [[1.0, 0.0], [0.0, 1.0]]],
    "symmetric": [[[1.0, 0.5], [0.5, 1.0]], [[1.0, 1.0], [0.0, 1.0]]],
    "positive_definite": [[[1.0, 0.5], [0.5, 1.0]], [[1.0, 2.0], [2.0, 1.0]]],
    "positive_semidefinite": [[[1.0, 0.5], [0.5, 1.0]], [[1.0, 2.0], [2.0, 1.0]]],
}


@pytest.mark.parametrize("name", SETS)
def test_constraints(torch: Any, name: str) -> None:
    mine, theirs = (
        getattr(lib.distributions.constraints, name).check(lib.tensor(SETS[name])).tolist()
        for lib in (tn, torch)
    )
    assert mine == theirs


@pytest.mark.parametrize("alpha", [1e-4, 0.02, 0.7, 20.0])
def test_logarithms_of_gamma_draws_have_their_distribution(alpha: float) -> None:
    """Also where the draws themselves would underflow: the places of the draws are uniform."""
    from scipy import stats

    drawn = log_standard_gamma(tn.full((20_000,), alpha, dtype=tn.float64)).numpy()
    # Near 0 the distribution is x^α / Γ(α + 1).
    small = np.exp(alpha * drawn - special.gammaln(alpha + 1))
    places = np.where(drawn < -20, small, special.gammainc(alpha, np.exp(drawn)))
    assert stats.kstest(places, "uniform").pvalue > 1e-3


def test_tiny_concentrations_give_corners_of_the_simplex() -> None:
    a = tn.tensor([1e-4, 3e-4], requires_grad=True)
    drawn = D.Dirichlet(a).rsample((20_000,))
    assert tn.isfinite(drawn).all()
    np.testing.assert_allclose(drawn.detach().sum(-1).numpy(), 1, rtol=1e-6)
    assert drawn.detach()[:, 0].mean().item() == pytest.approx(0.25, abs=0.02)
    drawn.sum().backward()
    assert tn.isfinite(a.grad).all()
    assert D.Beta(1e-4, 3e-4).sample((100,)).isfinite().all()
