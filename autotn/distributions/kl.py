r"""Kullback-Leibler divergences, by the pair of distributions: :math:`E_p[\ln p(x) - \ln q(x)]`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from autotn import ops
from autotn.core.tensor import Tensor
from autotn.distributions.categorical import Categorical, OneHotCategorical
from autotn.distributions.composed import Independent
from autotn.distributions.discrete import Bernoulli, Binomial, Geometric, Poisson, log_likelihood
from autotn.distributions.distribution import Distribution, sum_last
from autotn.distributions.gamma import Beta, Dirichlet, Gamma
from autotn.distributions.interval import Exponential, Laplace, Uniform
from autotn.distributions.normal import MultivariateNormal, Normal, solved
from autotn.distributions.transformed import TransformedDistribution

__all__ = ["kl_divergence", "register_kl"]

_FORMULAS: dict[tuple[type, type], Callable[[Any, Any], Tensor]] = {}


def register_kl(type_p: type, type_q: type) -> Callable[[Any], Any]:
    """Decorate the formula for two classes of distributions (and their subclasses)."""
    for given in (type_p, type_q):
        if not (isinstance(given, type) and issubclass(given, Distribution)):
            raise TypeError(f"register_kl: expected subclasses of Distribution, got {given!r}")

    def register(formula: Any) -> Any:
        _FORMULAS[type_p, type_q] = formula
        return formula

    return register


def _formula(p: type, q: type) -> Any:
    """The formula of the nearest ancestors: nearest to p's class first, then to q's."""
    for above_p in p.__mro__:
        for above_q in q.__mro__:
            if (above_p, above_q) in _FORMULAS:
                return _FORMULAS[above_p, above_q]
    raise NotImplementedError(
        f"kl_divergence: no formula is registered for ({p.__name__}, {q.__name__}); see register_kl"
    )


def kl_divergence(p: Distribution, q: Distribution) -> Tensor:
    r"""How much worse q describes draws from p: :math:`E_p[\ln p(x) - \ln q(x)]`.

    >>> D = tn.distributions
    >>> D.kl_divergence(D.Normal(1.0, 1.0), D.Normal(0.0, 1.0))
    tensor(0.5000)
    """
    return _formula(type(p), type(q))(p, q)


@register_kl(Normal, Normal)
def _normal(p: Normal, q: Normal) -> Tensor:
    ratio = (p.scale / q.scale) ** 2
    return 0.5 * (ratio + ((p.loc - q.loc) / q.scale) ** 2 - 1 - ratio.log())


@register_kl(MultivariateNormal, MultivariateNormal)
def _multivariate_normal(p: MultivariateNormal, q: MultivariateNormal) -> Tensor:
    if p.event_shape != q.event_shape:
        raise ValueError(
            "kl_divergence: the normal vectors have different lengths: "
            f"{p.event_shape[0]} and {q.event_shape[0]}"
        )
    lower_p, lower_q = p._unbroadcasted_scale_tril, q._unbroadcasted_scale_tril
    mixed = ops.linalg_solve_triangular(lower_q, lower_p, upper=False)
    apart = solved(lower_q, p.loc - q.loc)
    squares = (mixed**2).sum((-2, -1)) + (apart**2).sum(-1)
    return q._half_log_det() - p._half_log_det() + 0.5 * (squares - p.event_shape[0])


@register_kl(Bernoulli, Bernoulli)
def _bernoulli(p: Bernoulli, q: Bernoulli) -> Tensor:
    return log_likelihood(p.probs, p.logits) - log_likelihood(p.probs, q.logits)


@register_kl(Binomial, Binomial)
def _binomial(p: Binomial, q: Binomial) -> Tensor:
    if (p.total_count < q.total_count).any():
        raise NotImplementedError("kl_divergence: Binomial p with a smaller total_count than q's")
    one = log_likelihood(p.probs, p.logits) - log_likelihood(p.probs, q.logits)
    return ops.where(p.total_count > q.total_count, float("inf"), p.total_count * one)


@register_kl(Geometric, Geometric)
def _geometric(p: Geometric, q: Geometric) -> Tensor:
    return -p.entropy() - ops.log1p(-q.probs) / p.probs - q.logits


@register_kl(Poisson, Poisson)
def _poisson(p: Poisson, q: Poisson) -> Tensor:
    return ops.xlogy(p.rate, p.rate) - ops.xlogy(p.rate, q.rate) - (p.rate - q.rate)


@register_kl(Categorical, Categorical)
def _categorical(p: Categorical, q: Categorical) -> Tensor:
    terms = p.probs * (p.logits - q.logits)
    terms = ops.where((q.probs == 0).expand_as(terms), float("inf"), terms)
    return ops.where((p.probs == 0).expand_as(terms), 0.0, terms).sum(-1)


@register_kl(OneHotCategorical, OneHotCategorical)
def _one_hot_categorical(p: OneHotCategorical, q: OneHotCategorical) -> Tensor:
    return _categorical(p._categorical, q._categorical)


@register_kl(Dirichlet, Dirichlet)
def _dirichlet(p: Dirichlet, q: Dirichlet) -> Tensor:
    a, b = p.concentration, q.concentration
    norms = ops.lgamma(a.sum(-1)) - ops.lgamma(a).sum(-1)
    norms = norms - ops.lgamma(b.sum(-1)) + ops.lgamma(b).sum(-1)
    slopes = ops.digamma(a) - ops.digamma(a.sum(-1, True))
    return norms + ((a - b) * slopes).sum(-1)


@register_kl(Beta, Beta)
def _beta(p: Beta, q: Beta) -> Tensor:
    return _dirichlet(p._dirichlet, q._dirichlet)


@register_kl(Gamma, Gamma)
def _gamma(p: Gamma, q: Gamma) -> Tensor:
    a, b = p.concentration, q.concentration
    rates = b * (p.rate / q.rate).log() + a * (q.rate / p.rate - 1)
    return rates + ops.lgamma(b) - ops.lgamma(a) + (a - b) * ops.digamma(a)


@register_kl(Exponential, Exponential)
def _exponential(p: Exponential, q: Exponential) -> Tensor:
    ratio = q.rate / p.rate
    return ratio - 1 - ratio.log()


@register_kl(Exponential, Gamma)
def _exponential_gamma(p: Exponential, q: Gamma) -> Tensor:
    return _gamma(Gamma(ops.ones_like(p.rate), p.rate), q)


@register_kl(Gamma, Exponential)
def _gamma_exponential(p: Gamma, q: Exponential) -> Tensor:
    return _gamma(p, Gamma(ops.ones_like(q.rate), q.rate))


@register_kl(Laplace, Laplace)
def _laplace(p: Laplace, q: Laplace) -> Tensor:
    ratio, apart = p.scale / q.scale, (p.loc - q.loc).abs()
    return -ratio.log() + apart / q.scale + ratio * (-apart / p.scale).exp() - 1


@register_kl(Laplace, Normal)
def _laplace_normal(p: Laplace, q: Normal) -> Tensor:
    second_moment = 2 * p.scale**2 + (p.loc - q.loc) ** 2
    return (
        second_moment / (2 * q.scale**2) + q.scale.log() + 0.5 * math.log(2 * math.pi) - p.entropy()
    )


@register_kl(Uniform, Uniform)
def _uniform(p: Uniform, q: Uniform) -> Tensor:
    result = ((q.high - q.low) / (p.high - p.low)).log()
    return ops.where((q.low > p.low) | (q.high < p.high), float("inf"), result)


@register_kl(Uniform, Normal)
def _uniform_normal(p: Uniform, q: Normal) -> Tensor:
    second_moment = p.variance + (p.mean - q.loc) ** 2
    return (
        second_moment / (2 * q.scale**2) + q.scale.log() + 0.5 * math.log(2 * math.pi) - p.entropy()
    )


@register_kl(Independent, Independent)
def _independent(p: Independent, q: Independent) -> Tensor:
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError("kl_divergence: the two count different axes to an event")
    return sum_last(kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims)


@register_kl(TransformedDistribution, TransformedDistribution)
def _transformed(p: TransformedDistribution, q: TransformedDistribution) -> Tensor:
    if p.transforms != q.transforms or p.event_shape != q.event_shape:
        raise NotImplementedError("kl_divergence: the two are transformed in different ways")
    return kl_divergence(p.base_dist, q.base_dist)
