r"""Divergences of a family from another one: :math:`-H(p) - E_p[\ln q(x)]`, by a few expected values of p.

Of p are asked its entropy, mean and variance, and where q needs them :math:`E[\ln x]` and
:math:`E[e^{-x t}]`. Where p lies where q does not, the divergence is infinite.
"""

from __future__ import annotations

import math
from typing import Any

from autotn import ops
from autotn.core.tensor import Tensor
from autotn.distributions.discrete import Bernoulli, Binomial, Poisson
from autotn.distributions.distribution import Distribution
from autotn.distributions.extreme import Cauchy, Gumbel, HalfNormal, Pareto
from autotn.distributions.gamma import Beta, Gamma
from autotn.distributions.interval import Exponential, Laplace, Uniform
from autotn.distributions.kl import register_kl
from autotn.distributions.lowrank import LowRankMultivariateNormal
from autotn.distributions.normal import MultivariateNormal, Normal, solved
from autotn.distributions.relaxed import ContinuousBernoulli

__all__: list[str] = []

#: Euler's constant.
_EULER = 0.57721566490153286
_INF = float("inf")


def _infinite(p: Distribution, q: Distribution) -> Tensor:
    """Q gives no probability to some draws from p."""
    shape = ops.broadcast_tensors(ops.zeros(p.batch_shape), ops.zeros(q.batch_shape))[0].shape
    return ops.full(shape, _INF, dtype=p.sample().dtype)


_NEVER_INSIDE = {
    Beta: (Pareto,),
    ContinuousBernoulli: (Pareto,),
    Exponential: (Beta, ContinuousBernoulli, Pareto, Uniform),
    Gamma: (Beta, ContinuousBernoulli, Pareto, Uniform),
    Gumbel: (Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform),
    Laplace: (Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform),
    Normal: (Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform),
    Pareto: (Beta, ContinuousBernoulli, Uniform),
    Poisson: (Bernoulli, Binomial),
}
for _of, _others in _NEVER_INSIDE.items():
    for _other in _others:
        register_kl(_of, _other)(_infinite)


def _less(p: Distribution, expected: Any) -> Tensor:
    return -p.entropy() - expected


def _mean_log(p: Any) -> Tensor:
    """The expected value of log x."""
    if isinstance(p, Beta):
        a, b = p.concentration1, p.concentration0
        return ops.digamma(a) - ops.digamma(a + b)
    if isinstance(p, Pareto):
        return p.scale.log() + 1 / p.alpha
    low, high = p.low, p.high  # a uniform number
    return (ops.xlogy(high, high) - ops.xlogy(low, low)) / (high - low) - 1


def _mean_power(p: Any, t: Tensor) -> Tensor:
    """The expected value of exp(-t x), for t > 0."""
    if isinstance(p, Normal):
        return (-t * p.loc + (t * p.scale) ** 2 / 2).exp()
    if isinstance(p, Gumbel):
        return (-t * p.loc + ops.lgamma(1 + t * p.scale)).exp()
    if isinstance(p, Exponential):
        return p.rate / (p.rate + t)
    if isinstance(p, Gamma):
        return (1 + t / p.rate) ** -p.concentration
    return ((-t * p.low).exp() - (-t * p.high).exp()) / (t * (p.high - p.low))


def _in_normal(p: Any, q: Normal) -> Tensor:
    square = (p.variance + (p.mean - q.loc) ** 2) / (2 * q.scale**2)
    return _less(p, -square - q.scale.log() - 0.5 * math.log(2 * math.pi))


def _in_gumbel(p: Any, q: Gumbel) -> Tensor:
    t = 1 / q.scale
    return _less(p, -t * (p.mean - q.loc) - _mean_power(p, t) * (t * q.loc).exp() - q.scale.log())


def _in_exponential(p: Any, q: Exponential) -> Tensor:
    return _outside(p, 0.0, None, _less(p, q.rate.log() - q.rate * p.mean))


def _in_gamma(p: Any, q: Gamma) -> Tensor:
    a, b = q.concentration, q.rate
    expected = ops.xlogy(a, b) - ops.lgamma(a) + (a - 1) * _mean_log(p) - b * p.mean
    return _outside(p, 0.0, None, _less(p, expected))


def _in_uniform(p: Any, q: Uniform) -> Tensor:
    inside = _less(p, -(q.high - q.low).log())
    return ops.where((q.low > 0) | (q.high < 1), _INF, inside)  # p lies between 0 and 1


def _outside(p: Any, low: Any, high: Any, inside: Tensor) -> Tensor:
    """Infinite for a uniform p that reaches beyond q."""
    if not isinstance(p, Uniform):
        return inside
    beyond = p.low < low
    if high is not None:
        beyond = beyond | (p.high > high)
    return ops.where(beyond, _INF, inside)


for _of in (Beta, ContinuousBernoulli, Exponential, Gamma, Gumbel, Pareto):
    register_kl(_of, Normal)(_in_normal)
for _of in (Exponential, Gamma, Gumbel, Normal, Uniform):
    register_kl(_of, Gumbel)(_in_gumbel)
for _of in (Beta, ContinuousBernoulli, Pareto, Uniform):
    register_kl(_of, Exponential)(_in_exponential)
for _of in (Beta, Pareto, Uniform):
    register_kl(_of, Gamma)(_in_gamma)
for _of in (Beta, ContinuousBernoulli):
    register_kl(_of, Uniform)(_in_uniform)


@register_kl(Uniform, Beta)
def _uniform_beta(p: Uniform, q: Beta) -> Tensor:
    a, b = q.concentration1, q.concentration0
    mirrored = Uniform(1 - p.high, 1 - p.low, validate_args=False)
    norm = ops.lgamma(a + b) - ops.lgamma(a) - ops.lgamma(b)
    expected = (a - 1) * _mean_log(p) + (b - 1) * _mean_log(mirrored) + norm
    return _outside(p, 0.0, 1.0, _less(p, expected))


@register_kl(Uniform, ContinuousBernoulli)
@register_kl(Beta, ContinuousBernoulli)
@register_kl(ContinuousBernoulli, ContinuousBernoulli)
def _in_continuous_bernoulli(p: Any, q: ContinuousBernoulli) -> Tensor:
    return _outside(p, 0.0, 1.0, _less(p, q.logits * p.mean - q._log_norm()))


@register_kl(Uniform, Pareto)
def _uniform_pareto(p: Uniform, q: Pareto) -> Tensor:
    expected = q.alpha.log() + q.alpha * q.scale.log() - (q.alpha + 1) * _mean_log(p)
    return _outside(p, q.scale, None, _less(p, expected))


@register_kl(Pareto, Pareto)
def _pareto(p: Pareto, q: Pareto) -> Tensor:
    ratio, scales = q.alpha / p.alpha, p.scale / q.scale
    inside = q.alpha * scales.log() - ratio.log() + ratio - 1
    return ops.where(p.scale < q.scale, _INF, inside)


@register_kl(Normal, Laplace)
def _normal_laplace(p: Normal, q: Laplace) -> Tensor:
    apart = p.loc - q.loc
    z = apart / p.scale
    distance = p.scale * math.sqrt(2 / math.pi) * (-(z**2) / 2).exp()
    distance = distance + apart * ops.erf(z / math.sqrt(2))
    return _less(p, -distance / q.scale - (2 * q.scale).log())


@register_kl(Cauchy, Cauchy)
def _cauchy(p: Cauchy, q: Cauchy) -> Tensor:
    both = (p.scale + q.scale) ** 2 + (p.loc - q.loc) ** 2
    return both.log() - (4 * p.scale * q.scale).log()


@register_kl(HalfNormal, HalfNormal)
def _half_normal(p: HalfNormal, q: HalfNormal) -> Tensor:
    ratio = (p.scale / q.scale) ** 2
    return 0.5 * (ratio - 1 - ratio.log())


@register_kl(Bernoulli, Poisson)
def _bernoulli_poisson(p: Bernoulli, q: Poisson) -> Tensor:
    return -p.entropy() - (p.probs * q.rate.log() - q.rate)


@register_kl(LowRankMultivariateNormal, LowRankMultivariateNormal)
@register_kl(LowRankMultivariateNormal, MultivariateNormal)
@register_kl(MultivariateNormal, LowRankMultivariateNormal)
def _normal_vectors(p: Any, q: Any) -> Tensor:
    if p.event_shape != q.event_shape:
        raise ValueError(
            "kl_divergence: the normal vectors have different lengths: "
            f"{p.event_shape[0]} and {q.event_shape[0]}"
        )
    lower_p, lower_q = p.scale_tril, q.scale_tril
    mixed = ops.linalg_solve_triangular(lower_q, lower_p, upper=False)
    apart = solved(lower_q, p.loc - q.loc)
    squares = (mixed**2).sum((-2, -1)) + (apart**2).sum(-1)
    return q.entropy() - p.entropy() + 0.5 * (squares - p.event_shape[0])
