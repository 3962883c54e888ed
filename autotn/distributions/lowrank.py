"""Normal vectors whose covariance is a diagonal and a product of thin matrices."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autotn import ops
from autotn.core.tensor import Size, Tensor
from autotn.distributions import constraints
from autotn.distributions.distribution import Distribution, lazy, standard_normal
from autotn.distributions.normal import solved

__all__ = ["LowRankMultivariateNormal"]


class LowRankMultivariateNormal(Distribution):
    r"""Normal vectors of mean `loc` and covariance :math:`W W^T + \mathrm{diag}(d)`: nothing of its size is factored.

    >>> d = tn.distributions.LowRankMultivariateNormal(tn.zeros(2), tn.ones(2, 1), tn.ones(2))
    >>> d.covariance_matrix
    tensor([[2., 1.],
            [1., 2.]])
    """

    arg_constraints = {  # noqa: RUF012
        "loc": constraints.real_vector,
        "cov_factor": constraints.independent(constraints.real, 2),
        "cov_diag": constraints.independent(constraints.positive, 1),
    }
    support = constraints.real_vector
    has_rsample = True

    def __init__(
        self, loc: Tensor, cov_factor: Tensor, cov_diag: Tensor, validate_args: bool | None = None
    ) -> None:
        if loc.dim() < 1:
            raise ValueError("LowRankMultivariateNormal: loc must be a vector, got a 0-d tensor")
        n = loc.shape[-1]
        if cov_factor.dim() < 2 or cov_factor.shape[-2] != n:
            raise ValueError(
                f"LowRankMultivariateNormal: cov_factor must be a batch of matrices with {n} rows, got shape "
                f"{tuple(cov_factor.shape)}"
            )
        if cov_diag.dim() < 1 or cov_diag.shape[-1] != n:
            raise ValueError(
                f"LowRankMultivariateNormal: cov_diag must be a batch of vectors of {n} elements, got shape "
                f"{tuple(cov_diag.shape)}"
            )
        batch = np.broadcast_shapes(loc.shape[:-1], cov_factor.shape[:-2], cov_diag.shape[:-1])
        self.loc, self.cov_diag = loc.expand((*batch, n)), cov_diag.expand((*batch, n))
        self.cov_factor = cov_factor.expand((*batch, *cov_factor.shape[-2:]))
        super().__init__(batch, (n,), validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> LowRankMultivariateNormal:
        """The same distributions, repeated to a larger batch shape."""
        shape = Size(batch_shape)
        return LowRankMultivariateNormal(
            self.loc.expand(shape + self.loc.shape[-1:]),
            self.cov_factor.expand(shape + self.cov_factor.shape[-2:]),
            self.cov_diag.expand(shape + self.cov_diag.shape[-1:]),
            self._validate_args,
        )

    @property
    def _weighted(self) -> Tensor:
        """``Wᵀ`` over the diagonal."""
        return self.cov_factor.mT / self.cov_diag.unsqueeze(-2)

    @lazy
    def _capacitance_tril(self) -> Tensor:
        """The factor of ``I + Wᵀ diag(d)⁻¹ W``, by which Woodbury's identity inverts."""
        inner = self._weighted @ self.cov_factor
        return ops.linalg_cholesky(inner + ops.eye(inner.shape[-1], dtype=inner.dtype))

    @lazy
    def covariance_matrix(self) -> Tensor:
        """``W Wᵀ + diag(d)``."""
        return self.cov_factor @ self.cov_factor.mT + self.cov_diag.diag_embed()

    @lazy
    def scale_tril(self) -> Tensor:
        """The lower factor of the covariance."""
        return ops.linalg_cholesky(self.covariance_matrix)

    @lazy
    def precision_matrix(self) -> Tensor:
        """The inverse of the covariance."""
        part = ops.linalg_solve_triangular(self._capacitance_tril, self._weighted, upper=False)
        return self.cov_diag.reciprocal().diag_embed() - part.mT @ part

    @property
    def mean(self) -> Tensor:
        """`loc`."""
        return self.loc

    @property
    def mode(self) -> Tensor:
        """`loc`."""
        return self.loc

    @property
    def variance(self) -> Tensor:
        """The diagonal of the covariance."""
        return (self.cov_factor**2).sum(-1) + self.cov_diag

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws: few normal numbers through the factor, and one for each element."""
        shape = self._extended_shape(sample_shape)
        few = standard_normal((*shape[:-1], self.cov_factor.shape[-1]), self.loc)
        shared = (self.cov_factor @ few.unsqueeze(-1)).squeeze(-1)
        return self.loc + shared + self.cov_diag.sqrt() * standard_normal(shape, self.loc)

    def _log_det(self) -> Tensor:
        inner = self._capacitance_tril.diagonal(dim1=-2, dim2=-1).log().sum(-1)
        return 2 * inner + self.cov_diag.log().sum(-1)

    def distance(self, apart: Tensor) -> Tensor:
        """Mahalanobis' squared length of a difference from `loc`."""
        shared = (self._weighted @ apart.unsqueeze(-1)).squeeze(-1)
        saved = solved(self._capacitance_tril, shared)
        return (apart**2 / self.cov_diag).sum(-1) - (saved**2).sum(-1)

    def log_prob(self, value: Tensor) -> Tensor:
        """Logarithm of the density."""
        self._checked(value)
        constant = self._event_shape[0] * math.log(2 * math.pi)
        return -0.5 * (constant + self._log_det() + self.distance(value - self.loc))

    def entropy(self) -> Tensor:
        r""":math:`\frac12 (k (1 + \ln 2\pi) + \ln \det \Sigma)`."""
        return 0.5 * (self._event_shape[0] * (1 + math.log(2 * math.pi)) + self._log_det())
