"""Distributions described once and built in both libraries."""

from __future__ import annotations

from typing import Any

import numpy as np

MATRIX = np.array([[2.0, 0.3], [0.3, 1.0]])
LOWER = np.linalg.cholesky(MATRIX)
CORRELATED = np.linalg.cholesky(np.array([[1.0, 0.3, -0.2], [0.3, 1.0, 0.5], [-0.2, 0.5, 1.0]]))

#: name: (class, parameters, values to ask about)
FAMILIES: dict[str, tuple[str, dict[str, Any], Any]] = {
    "normal": ("Normal", dict(loc=[0.0, 1.5], scale=[0.5, 2.0]), [[0.3, -1.0], [2.0, 0.1]]),
    "uniform": ("Uniform", dict(low=[0.0, -1.0], high=[2.0, 3.0]), [[0.3, -0.5], [1.9, 2.0]]),
    "exponential": ("Exponential", dict(rate=[0.5, 3.0]), [[0.3, 0.1], [2.0, 1.1]]),
    "laplace": ("Laplace", dict(loc=[0.0, 1.5], scale=[0.5, 2.0]), [[0.3, -1.0], [2.0, 0.1]]),
    "lognormal": ("LogNormal", dict(loc=[0.0, 0.5], scale=[0.5, 0.7]), [[0.3, 1.0], [2.0, 0.1]]),
    "gamma": ("Gamma", dict(concentration=[0.5, 4.0], rate=[1.0, 2.5]), [[0.3, 1.0], [2.0, 0.1]]),
    "chi2": ("Chi2", dict(df=[1.0, 5.0]), [[0.3, 1.0], [2.0, 0.1]]),
    "beta": (
        "Beta", dict(concentration1=[0.5, 4.0], concentration0=[1.2, 2.5]), [[0.3, 0.9], [0.5, 0.1]],
    ),
    "dirichlet": ("Dirichlet", dict(concentration=[[0.5, 4.0, 1.0], [2.0, 3.0, 4.0]]), [0.2, 0.5, 0.3]),
    "student": (
        "StudentT", dict(df=[3.0, 5.0], loc=[0.0, 1.0], scale=[1.0, 2.0]), [[0.3, -1.0], [2.0, 0.1]],
    ),
    "bernoulli": ("Bernoulli", dict(probs=[0.2, 0.7]), [[0.0, 1.0], [1.0, 0.0]]),
    "bernoulli logits": ("Bernoulli", dict(logits=[-2.0, 30.0]), [[0.0, 1.0], [1.0, 0.0]]),
    "geometric": ("Geometric", dict(probs=[0.2, 0.7]), [[0.0, 3.0], [1.0, 2.0]]),
    "geometric logits": ("Geometric", dict(logits=[-1.0, 0.7]), [[0.0, 3.0], [1.0, 2.0]]),
    "poisson": ("Poisson", dict(rate=[0.5, 4.2]), [[0.0, 3.0], [1.0, 7.0]]),
    "binomial": ("Binomial", dict(total_count=5, probs=[0.2, 0.7]), [[0.0, 3.0], [1.0, 5.0]]),
    "binomial logits": ("Binomial", dict(total_count=5, logits=[-1.0, 0.7]), [[0.0, 3.0], [1.0, 5.0]]),
    "categorical": ("Categorical", dict(probs=[[0.2, 0.7, 0.1], [1.0, 2.0, 3.0]]), [[0, 2], [1, 1]]),
    "categorical logits": ("Categorical", dict(logits=[[0.2, 0.7, 0.1], [1.0, 2.0, 3.0]]), [2, 0]),
    "one-hot": ("OneHotCategorical", dict(probs=[[0.2, 0.7, 0.1], [1.0, 2.0, 3.0]]), [0.0, 1.0, 0.0]),
    "multinomial": (
        "Multinomial", dict(total_count=4, probs=[[0.2, 0.7, 0.1], [1.0, 2.0, 3.0]]), [1.0, 3.0, 0.0],
    ),
    "mvn covariance": (
        "MultivariateNormal", dict(loc=[0.0, 1.0], covariance_matrix=MATRIX), [[0.3, -1.0], [2.0, 0.1]],
    ),
    "mvn precision": (
        "MultivariateNormal", dict(loc=[0.0, 1.0], precision_matrix=MATRIX), [[0.3, -1.0], [2.0, 0.1]],
    ),
    "cauchy": ("Cauchy", dict(loc=[0.0, 1.5], scale=[0.5, 2.0]), [[0.3, -1.0], [2.0, 0.1]]),
    "gumbel": ("Gumbel", dict(loc=[0.0, 1.5], scale=[0.5, 2.0]), [[0.3, -1.0], [2.0, 0.1]]),
    "half normal": ("HalfNormal", dict(scale=[0.5, 2.0]), [[0.3, 1.0], [2.0, 0.1]]),
    "half cauchy": ("HalfCauchy", dict(scale=[0.5, 2.0]), [[0.3, 1.0], [2.0, 0.1]]),
    "weibull": ("Weibull", dict(scale=[0.5, 2.0], concentration=[1.7, 3.0]), [[0.3, 1.0], [2.0, 0.1]]),
    "pareto": ("Pareto", dict(scale=[0.5, 2.0], alpha=[3.5, 5.0]), [[0.6, 2.5], [2.0, 2.1]]),
    "von mises": ("VonMises", dict(loc=[0.0, 1.5], concentration=[0.5, 20.0]), [[0.3, -1.0], [2.0, 0.1]]),
    "negative binomial": (
        "NegativeBinomial", dict(total_count=[5.0, 2.5], probs=[0.2, 0.7]), [[0.0, 3.0], [1.0, 7.0]],
    ),
    "negative binomial logits": (
        "NegativeBinomial", dict(total_count=[5.0, 2.5], logits=[-1.0, 0.7]), [[0.0, 3.0], [1.0, 7.0]],
    ),
    "f": ("FisherSnedecor", dict(df1=[3.0, 5.0], df2=[5.0, 6.0]), [[0.3, 1.0], [2.0, 0.1]]),
    "inverse gamma": (
        "InverseGamma", dict(concentration=[0.5, 4.0], rate=[1.0, 2.5]), [[0.3, 1.0], [2.0, 0.1]],
    ),
    "kumaraswamy": (
        "Kumaraswamy", dict(concentration1=[1.5, 4.0], concentration0=[1.2, 2.5]), [[0.3, 0.9], [0.5, 0.1]],
    ),
    "continuous bernoulli": (
        "ContinuousBernoulli", dict(probs=[0.2, 0.7, 0.95]), [[0.3, 0.9, 0.2], [0.5, 0.1, 0.99]],
    ),
    "continuous bernoulli logits": (
        "ContinuousBernoulli", dict(logits=[-2.0, 5.0]), [[0.3, 0.9], [0.5, 0.1]],
    ),
    "relaxed bernoulli": (
        "RelaxedBernoulli", dict(temperature=0.6, probs=[0.2, 0.7]), [[0.3, 0.9], [0.5, 0.1]],
    ),
    "relaxed bernoulli logits": (
        "RelaxedBernoulli", dict(temperature=2.0, logits=[-1.0, 0.7]), [[0.3, 0.9], [0.5, 0.1]],
    ),
    "relaxed one-hot": (
        "RelaxedOneHotCategorical", dict(temperature=0.6, probs=[[0.2, 0.7, 0.1], [1.0, 2.0, 3.0]]),
        [0.2, 0.5, 0.3],
    ),
    "straight-through": (
        "OneHotCategoricalStraightThrough", dict(probs=[[0.2, 0.7, 0.1], [1.0, 2.0, 3.0]]), [0.0, 1.0, 0.0],
    ),
    "logistic normal": ("LogisticNormal", dict(loc=[0.5, 1.5], scale=[0.5, 2.0]), [0.2, 0.5, 0.3]),
    "mvn low rank": (
        "LowRankMultivariateNormal",
        dict(loc=[0.0, 1.0], cov_factor=[[0.3], [1.2]], cov_diag=[0.5, 2.0]), [[0.3, -1.0], [2.0, 0.1]],
    ),
    "wishart": ("Wishart", dict(df=[4.0, 5.5], covariance_matrix=MATRIX), [[1.0, 0.2], [0.2, 3.0]]),
    "wishart precision": ("Wishart", dict(df=4.0, precision_matrix=MATRIX), [[1.0, 0.2], [0.2, 3.0]]),
    "lkj": ("LKJCholesky", dict(dim=3, concentration=[0.5, 2.0]), CORRELATED),
    "mvn tril": (
        "MultivariateNormal", dict(loc=[[0.0, 1.0]] * 3, scale_tril=LOWER), [0.3, -1.0],
    ),
}  # fmt: skip


def build(library: Any, name: str, grad: bool = False, dtype: str = "float64") -> tuple[Any, dict]:
    """The distribution of this name in `library`, and its parameters that are tensors."""
    cls, given, _ = FAMILIES[name]
    tensors = {
        key: library.tensor(np.asarray(value), dtype=getattr(library, dtype)).requires_grad_(grad)
        for key, value in given.items()
        if not isinstance(value, int)
    }
    return getattr(library.distributions, cls)(**{**given, **tensors}), tensors


def value_of(library: Any, name: str, dtype: str = "float64") -> Any:
    value = np.asarray(FAMILIES[name][2])
    kind = "int64" if value.dtype.kind == "i" else dtype
    return library.tensor(value, dtype=getattr(library, kind))
