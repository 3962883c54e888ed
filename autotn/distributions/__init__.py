"""Probability distributions: densities, draws that gradients pass through, divergences."""

from __future__ import annotations

from typing import Any as _Any

from autotn.absent import attribute_of as _attribute_of
from autotn.distributions import constraints, kl_mixed as _kl_mixed, transforms, vector_transforms
from autotn.distributions.categorical import Categorical, Multinomial, OneHotCategorical
from autotn.distributions.circular import VonMises
from autotn.distributions.composed import Independent, MixtureSameFamily
from autotn.distributions.constraint_registry import ConstraintRegistry, biject_to, transform_to
from autotn.distributions.discrete import Bernoulli, Binomial, Geometric, NegativeBinomial, Poisson
from autotn.distributions.distribution import Distribution, ExponentialFamily
from autotn.distributions.extreme import Cauchy, Gumbel, HalfCauchy, HalfNormal, Pareto, Weibull
from autotn.distributions.gamma import Beta, Chi2, Dirichlet, Gamma, StudentT
from autotn.distributions.interval import Exponential, Laplace, Uniform
from autotn.distributions.kl import kl_divergence, register_kl
from autotn.distributions.lowrank import LowRankMultivariateNormal
from autotn.distributions.matrices import LKJCholesky, Wishart
from autotn.distributions.normal import MultivariateNormal, Normal
from autotn.distributions.ratios import FisherSnedecor, GeneralizedPareto, InverseGamma, Kumaraswamy
from autotn.distributions.relaxed import (
    ContinuousBernoulli,
    OneHotCategoricalStraightThrough,
    RelaxedBernoulli,
    RelaxedOneHotCategorical,
)
from autotn.distributions.transformed import LogisticNormal, LogNormal, TransformedDistribution
from autotn.distributions.transforms import *
from autotn.distributions.vector_transforms import *

__all__ = [
    "Bernoulli", "Beta", "Binomial", "Categorical", "Chi2", "Dirichlet", "Distribution", "Exponential",
    "Gamma", "Geometric", "Independent", "Laplace", "LogNormal", "MixtureSameFamily", "Multinomial",
    "MultivariateNormal", "Normal", "OneHotCategorical", "Poisson", "StudentT",
    "TransformedDistribution", "Uniform", "constraints", "kl_divergence", "register_kl", "transforms",
    "Cauchy", "ConstraintRegistry", "Gumbel", "HalfCauchy", "HalfNormal", "Pareto", "Weibull", "biject_to",
    "transform_to", "ContinuousBernoulli", "ExponentialFamily", "FisherSnedecor", "GeneralizedPareto",
    "InverseGamma", "Kumaraswamy", "LKJCholesky", "LogisticNormal", "LowRankMultivariateNormal", "NegativeBinomial",
    "OneHotCategoricalStraightThrough", "RelaxedBernoulli", "RelaxedOneHotCategorical", "VonMises", "Wishart",
    *transforms.__all__, *vector_transforms.__all__,
]  # fmt: skip


def __getattr__(name: str) -> _Any:
    return _attribute_of(__name__, name)
