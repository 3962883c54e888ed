"""Rare families against SciPy and against laws of theirs, where PyTorch is no or not enough of an oracle."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

import autotn as tn

D = tn.distributions


def double(*values: Any) -> list[Any]:
    return [tn.tensor(v, dtype=tn.float64) for v in values]


#: (ours, SciPy's of the same)
PAIRS: dict[str, tuple[Any, Any]] = {
    "von mises": (D.VonMises(*double(1.0, 2.5)), stats.vonmises(2.5, loc=1.0)),
    "f": (D.FisherSnedecor(*double(3.0, 5.0)), stats.f(3.0, 5.0)),
    "inverse gamma": (D.InverseGamma(*double(4.0, 2.5)), stats.invgamma(4.0, scale=2.5)),
    "long tail": (D.GeneralizedPareto(*double(1.0, 2.0, 0.3)), stats.genpareto(0.3, 1.0, 2.0)),
    "bounded tail": (D.GeneralizedPareto(*double(1.0, 2.0, -0.4)), stats.genpareto(-0.4, 1.0, 2.0)),
    "exponential tail": (D.GeneralizedPareto(*double(1.0, 2.0, 0.0)), stats.genpareto(0.0, 1.0, 2.0)),
}  # fmt: skip


@pytest.mark.parametrize("name", PAIRS)
def test_densities_and_draws_are_scipys(name: str) -> None:
    ours, theirs = PAIRS[name]
    x = theirs.ppf([0.01, 0.3, 0.8, 0.99])
    np.testing.assert_allclose(ours.log_prob(tn.tensor(x)).numpy(), theirs.logpdf(x), rtol=1e-9)
    places = theirs.cdf(ours.sample((20_000,)).numpy())
    assert stats.kstest(places, "uniform").statistic < 0.015


@pytest.mark.parametrize("name", [n for n in PAIRS if "tail" in n])
def test_generalized_pareto_numbers(name: str) -> None:
    ours, theirs = PAIRS[name]
    x = theirs.ppf([0.01, 0.3, 0.8, 0.99])
    np.testing.assert_allclose(ours.cdf(tn.tensor(x)).numpy(), theirs.cdf(x), rtol=1e-9)
    np.testing.assert_allclose(ours.icdf(ours.cdf(tn.tensor(x))).numpy(), x, rtol=1e-9)
    np.testing.assert_allclose(
        [float(ours.mean), float(ours.variance), float(ours.entropy())],
        [*theirs.stats("mv"), theirs.entropy()],
        rtol=1e-9,
    )
    assert (
        str(ours.log_survival_function(tn.tensor(x)).exp() + ours.cdf(tn.tensor(x)))
        == "tensor([1., 1., 1., 1.], dtype=tn.float64)"
    )


def test_the_circular_variance_is_one_less_the_mean_cosine() -> None:
    d = D.VonMises(*double(0.0, 2.5))
    mean_cosine = float(stats.vonmises(2.5).expect(np.cos))
    assert float(d.variance) == pytest.approx(1 - mean_cosine, rel=1e-9)
    assert float(d.sample((1000,)).abs().max()) <= np.pi


@pytest.mark.parametrize(("a", "b"), [(1.5, 1.2), (4.0, 2.5)])
def test_the_mode_of_kumaraswamys_is_where_the_density_is_highest(a: float, b: float) -> None:
    d = D.Kumaraswamy(*double(a, b))
    x = tn.linspace(0.001, 0.999, 9981, dtype=tn.float64)
    assert float(x[d.log_prob(x).argmax()]) == pytest.approx(float(d.mode), abs=2e-4)


@pytest.mark.parametrize("logit", [-40.0, -3.0, -0.7, -1e-3, 0.0, 1e-9, 0.5, 2.0, 40.0])
def test_continuous_coins_are_a_density_whatever_the_odds(logit: float) -> None:
    d = D.ContinuousBernoulli(logits=tn.tensor(logit, dtype=tn.float64))
    x, w = np.polynomial.legendre.leggauss(200)
    x, w = (x + 1) / 2, w / 2
    density = d.log_prob(tn.tensor(x)).exp().numpy()
    assert w @ density == pytest.approx(1, rel=1e-9)
    assert w @ (density * x) == pytest.approx(float(d.mean), rel=1e-8)
    spread = w @ (density * (x - float(d.mean)) ** 2)
    assert spread == pytest.approx(float(d.variance), rel=1e-6)
    assert -(w @ (density * np.log(density))) == pytest.approx(
        float(d.entropy()), rel=1e-7, abs=1e-9
    )
    places = tn.tensor([0.1, 0.5, 0.9], dtype=tn.float64)
    np.testing.assert_allclose(d.cdf(d.icdf(places)).numpy(), places.numpy(), rtol=1e-9)


def test_a_soft_choice_prefers_what_the_hard_one_does() -> None:
    coin = D.RelaxedBernoulli(tn.tensor(0.5), probs=tn.tensor([0.2, 0.7]))
    often = (coin.sample((20_000,)) > 0.5).float().mean(0)
    np.testing.assert_allclose(often.numpy(), [0.2, 0.7], atol=0.02)
    classes = D.RelaxedOneHotCategorical(tn.tensor(0.5), probs=tn.tensor([0.2, 0.7, 0.1]))
    drawn = classes.sample((20_000,)).argmax(-1).numpy()
    np.testing.assert_allclose(np.bincount(drawn) / 20_000, [0.2, 0.7, 0.1], atol=0.02)


@pytest.mark.parametrize("cls", [D.RelaxedBernoulli, D.RelaxedOneHotCategorical])
def test_gradients_pass_through_a_soft_choice(cls: Any) -> None:
    logits = tn.tensor([0.3, -0.2, 0.5]).requires_grad_()
    (cls(tn.tensor(0.5), logits=logits).rsample() ** 2).sum().backward()
    assert (logits.grad != 0).all()


def test_a_straight_through_draw_is_whole_and_has_the_gradient_of_the_probabilities() -> None:
    p = tn.tensor([0.2, 0.8]).requires_grad_()
    drawn = D.OneHotCategoricalStraightThrough(p).rsample()
    assert sorted(drawn.tolist()) == pytest.approx([0, 1], abs=1e-6)
    (drawn * tn.tensor([3.0, 1.0])).sum().backward()
    assert float(p.grad.abs().sum()) > 0


@pytest.mark.parametrize(("dim", "eta"), [(2, 1.0), (3, 1.0), (4, 2.5)])
def test_correlations_of_drawn_factors_have_the_laws_spread(dim: int, eta: float) -> None:
    """Each is a beta number of both parameters eta - 1 + dim / 2, from -1 to 1, wherever it stands."""
    lower = D.LKJCholesky(dim, tn.tensor(eta, dtype=tn.float64)).sample((40_000,))
    np.testing.assert_allclose((lower**2).sum(-1).numpy(), 1)
    drawn = (lower @ lower.mT).numpy()
    for i, j in zip(*np.tril_indices(dim, -1)):
        assert drawn[:, i, j].var() == pytest.approx(1 / (2 * eta + dim - 1), rel=0.03)


def test_wisharts_three_forms_are_one() -> None:
    lower = tn.tensor([[1.4, 0.0], [0.2, 0.9]], dtype=tn.float64)
    cov = lower @ lower.mT
    forms = [
        D.Wishart(4.0, scale_tril=lower),
        D.Wishart(4.0, covariance_matrix=cov),
        D.Wishart(4.0, precision_matrix=tn.linalg.inv(cov)),
    ]
    x = tn.tensor([[1.0, 0.2], [0.2, 3.0]], dtype=tn.float64)
    found = [float(d.log_prob(x)) for d in forms]
    assert found == pytest.approx([stats.wishart(4, cov.numpy()).logpdf(x.numpy())] * 3)


@pytest.mark.parametrize("name", ["FisherSnedecor", "Kumaraswamy", "InverseGamma", "Wishart"])
def test_gradients_pass_through_draws(name: str) -> None:
    first = tn.tensor(4.0, dtype=tn.float64).requires_grad_()
    second = tn.eye(2, dtype=tn.float64) if name == "Wishart" else tn.tensor(6.0, dtype=tn.float64)
    d = getattr(D, name)(first, second)
    d.rsample((10,)).sum().backward()
    assert float(first.grad) != 0


def test_entropy_of_an_exponential_family_follows_from_its_norm() -> None:
    class Waiting(D.ExponentialFamily):
        _mean_carrier_measure = 0.0

        def __init__(self, rate: Any) -> None:
            self.rate = rate
            super().__init__(rate.shape, validate_args=False)

        @property
        def _natural_params(self) -> Any:
            return (-self.rate,)

        def _log_normalizer(self, x: Any) -> Any:
            return -(-x).log()

    rate = tn.tensor([0.5, 2.0], dtype=tn.float64)
    np.testing.assert_allclose(
        Waiting(rate).entropy().detach().numpy(), D.Exponential(rate).entropy().numpy()
    )


@pytest.mark.parametrize("size", [2, 4])
def test_factors_of_correlations_from_vectors_and_back(torch: Any, size: int) -> None:
    x = np.linspace(-1, 1.5, size * (size - 1) // 2)
    ours, theirs = D.CorrCholeskyTransform(), torch.distributions.CorrCholeskyTransform()
    y = ours(tn.tensor(x))
    np.testing.assert_allclose(y.numpy(), theirs(torch.tensor(x)).numpy(), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(ours.inv(y).numpy(), x, rtol=1e-7, atol=1e-12)
    assert D.constraints.corr_cholesky.check(y)
    volume = theirs.log_abs_det_jacobian(torch.tensor(x), torch.tensor(y.numpy()))
    assert float(ours.log_abs_det_jacobian(tn.tensor(x), y)) == pytest.approx(float(volume))


def test_places_in_a_distribution_are_a_map() -> None:
    t = D.CumulativeDistributionTransform(D.Normal(0.0, 1.0))
    x = tn.tensor([-1.0, 0.5], dtype=tn.float64)
    np.testing.assert_allclose(t.inv(t(x)).numpy(), x.numpy(), rtol=1e-6)
    assert t.log_abs_det_jacobian(x, t(x)).tolist() == D.Normal(0.0, 1.0).log_prob(x).tolist()
