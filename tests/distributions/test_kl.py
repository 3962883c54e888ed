"""Divergences equal PyTorch's, and new pairs can be registered."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autotn as tn
from tests.distributions.pairs import MATRIX

PAIRS: list[tuple[str, dict, str, dict]] = [
    ("Normal", dict(loc=[0.0, 1.0], scale=[1.0, 2.0]), "Normal", dict(loc=0.5, scale=3.0)),
    ("Bernoulli", dict(probs=[0.2, 0.9]), "Bernoulli", dict(probs=0.4)),
    ("Geometric", dict(probs=[0.2, 0.9]), "Geometric", dict(probs=0.4)),
    ("Poisson", dict(rate=[0.2, 4.0]), "Poisson", dict(rate=2.0)),
    ("Exponential", dict(rate=[0.2, 4.0]), "Exponential", dict(rate=2.0)),
    ("Exponential", dict(rate=[0.2, 4.0]), "Gamma", dict(concentration=2.0, rate=3.0)),
    ("Gamma", dict(concentration=2.0, rate=3.0), "Exponential", dict(rate=[0.2, 4.0])),
    ("Gamma", dict(concentration=[0.5, 2.0], rate=3.0), "Gamma", dict(concentration=2.0, rate=1.0)),
    ("Laplace", dict(loc=[0.0, 1.0], scale=2.0), "Laplace", dict(loc=0.5, scale=3.0)),
    ("Laplace", dict(loc=[0.0, 1.0], scale=2.0), "Normal", dict(loc=0.5, scale=3.0)),
    ("Uniform", dict(low=[0.0, -1.0], high=2.0), "Uniform", dict(low=-0.5, high=3.0)),
    ("Uniform", dict(low=[0.0, -1.0], high=2.0), "Normal", dict(loc=0.5, scale=3.0)),
    ("LogNormal", dict(loc=[0.0, 1.0], scale=2.0), "LogNormal", dict(loc=0.5, scale=3.0)),
    (
        "Beta", dict(concentration1=[0.5, 2.0], concentration0=3.0),
        "Beta", dict(concentration1=1.0, concentration0=2.0),
    ),
    ("Dirichlet", dict(concentration=[0.5, 2.0]), "Dirichlet", dict(concentration=[1.0, 3.0])),
    ("Categorical", dict(probs=[0.5, 0.5, 0.0]), "Categorical", dict(probs=[0.2, 0.5, 0.3])),
    ("Categorical", dict(probs=[0.5, 0.5]), "Categorical", dict(probs=[1.0, 0.0])),
    ("Binomial", dict(total_count=4.0, probs=[0.5, 0.3]), "Binomial", dict(total_count=4.0, probs=0.2)),
    (
        "MultivariateNormal", dict(loc=[[0.0, 1.0]] * 3, covariance_matrix=MATRIX),
        "MultivariateNormal", dict(loc=[1.0, 1.0], precision_matrix=MATRIX),
    ),
    ("Cauchy", dict(loc=[0.0, 1.0], scale=2.0), "Cauchy", dict(loc=0.5, scale=3.0)),
    ("HalfNormal", dict(scale=[0.5, 2.0]), "HalfNormal", dict(scale=1.0)),
    ("Pareto", dict(scale=[0.5, 2.0], alpha=3.0), "Pareto", dict(scale=1.0, alpha=2.0)),
    ("Normal", dict(loc=[0.0, 1.0], scale=2.0), "Laplace", dict(loc=0.5, scale=3.0)),
    ("Bernoulli", dict(probs=[0.2, 0.9]), "Poisson", dict(rate=2.0)),
    (
        "LowRankMultivariateNormal", dict(loc=[0.0, 1.0], cov_factor=[[0.3], [1.2]], cov_diag=[0.5, 2.0]),
        "MultivariateNormal", dict(loc=[1.0, 1.0], covariance_matrix=MATRIX),
    ),
    (
        "MultivariateNormal", dict(loc=[1.0, 1.0], covariance_matrix=MATRIX),
        "LowRankMultivariateNormal", dict(loc=[0.0, 1.0], cov_factor=[[0.3], [1.2]], cov_diag=[0.5, 2.0]),
    ),
]  # fmt: skip

#: One of each family whose divergences from all the others are compared.
MIXED: dict[str, dict] = {
    "Beta": dict(concentration1=[1.5, 2.0], concentration0=3.0),
    "ContinuousBernoulli": dict(probs=[0.2, 0.9]),
    "Exponential": dict(rate=[0.2, 4.0]),
    "Gamma": dict(concentration=[0.5, 2.0], rate=3.0),
    "Gumbel": dict(loc=[0.0, 1.0], scale=[0.5, 2.0]),
    "Laplace": dict(loc=[0.0, 1.0], scale=2.0),
    "Normal": dict(loc=[0.0, 1.0], scale=[0.3, 2.0]),
    "Pareto": dict(scale=[0.5, 2.0], alpha=3.5),
    "Uniform": dict(low=[0.1, 0.6], high=[0.9, 3.0]),
    "Poisson": dict(rate=[0.2, 4.0]),
    "Binomial": dict(total_count=4.0, probs=[0.5, 0.3]),
}


@pytest.mark.parametrize("q", MIXED)
@pytest.mark.parametrize("p", MIXED)
def test_divergence_of_one_family_from_another(torch: Any, p: str, q: str) -> None:
    """Where PyTorch knows it, ours is the same."""
    try:
        theirs = torch.distributions.kl_divergence(
            made(torch, p, MIXED[p]), made(torch, q, MIXED[q])
        )
    except NotImplementedError:
        return
    mine = tn.distributions.kl_divergence(made(tn, p, MIXED[p]), made(tn, q, MIXED[q]))
    np.testing.assert_allclose(mine.numpy(), theirs.numpy(), rtol=1e-5, atol=1e-9)


def made(library: Any, cls: str, given: dict) -> Any:
    tensors = {k: library.tensor(np.asarray(v), dtype=library.float64) for k, v in given.items()}
    return getattr(library.distributions, cls)(**tensors)


@pytest.mark.parametrize(("p", "of_p", "q", "of_q"), PAIRS)
def test_divergence(torch: Any, p: str, of_p: dict, q: str, of_q: dict) -> None:
    mine, theirs = (
        lib.distributions.kl_divergence(made(lib, p, of_p), made(lib, q, of_q))
        for lib in (tn, torch)
    )
    np.testing.assert_allclose(mine.numpy(), theirs.numpy(), rtol=1e-6, atol=1e-12)


def test_divergence_of_independent_ones_is_the_sum() -> None:
    D = tn.distributions
    p, q = D.Normal(tn.zeros(2, 3), 1.0), D.Normal(tn.ones(2, 3), 2.0)
    whole = D.kl_divergence(D.Independent(p, 1), D.Independent(q, 1))
    assert whole.tolist() == D.kl_divergence(p, q).sum(-1).tolist()


def test_an_unknown_pair_is_refused_until_it_is_registered() -> None:
    D = tn.distributions

    class Mine(D.Normal):
        pass

    with pytest.raises(NotImplementedError, match=r"Mine, Poisson"):
        D.kl_divergence(Mine(0.0, 1.0), D.Poisson(1.0))

    @D.register_kl(Mine, Mine)
    def always_seven(p: Any, q: Any) -> Any:
        return tn.tensor(7.0)

    assert D.kl_divergence(Mine(0.0, 1.0), Mine(0.0, 1.0)).item() == 7
    assert D.kl_divergence(Mine(0.0, 1.0), D.Normal(0.0, 1.0)).item() == 0
    with pytest.raises(TypeError, match="register_kl"):
        D.register_kl(int, Mine)
