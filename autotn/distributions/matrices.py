"""Random matrices: Wishart's covariances, and the factors of correlations of Lewandowski, Kurowicka and Joe."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autotn import ops
from autotn.core.dtypes import finfo
from autotn.core.modes import no_grad
from autotn.core.tensor import Size, Tensor
from autotn.distributions import constraints
from autotn.distributions.distribution import Distribution, broadcast_all, lazy, standard_normal
from autotn.distributions.gamma import Beta
from autotn.distributions.gamma_draws import standard_gamma
from autotn.distributions.normal import tril_of_precision

__all__ = ["LKJCholesky", "Wishart"]


class Wishart(Distribution):
    r"""Sums of `df` outer products of normal vectors of covariance :math:`\Sigma = L L^T`.

    Exactly one of `covariance_matrix`, `precision_matrix` (:math:`\Sigma^{-1}`) and `scale_tril`
    (:math:`L`) is given.

    >>> tn.distributions.Wishart(3.0, tn.eye(2)).mean
    tensor([[3., 0.],
            [0., 3.]])
    """

    support = constraints.positive_definite
    has_rsample = True

    def __init__(
        self,
        df: Any,
        covariance_matrix: Tensor | None = None,
        precision_matrix: Tensor | None = None,
        scale_tril: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        forms = {
            "covariance_matrix": covariance_matrix,
            "precision_matrix": precision_matrix,
            "scale_tril": scale_tril,
        }
        given = {name: matrix for name, matrix in forms.items() if matrix is not None}
        if len(given) != 1:
            raise ValueError(
                "Wishart: exactly one of covariance_matrix, precision_matrix and scale_tril must be given, "
                f"got {sorted(given) or 'none'}"
            )
        ((name, matrix),) = given.items()
        if matrix.dim() < 2:
            raise ValueError(f"Wishart: {name} must have at least 2 axes, got {matrix.dim()}")
        size = matrix.shape[-1]
        df = df if isinstance(df, Tensor) else ops.tensor(float(df), dtype=matrix.dtype)
        if not (df > size - 1).all():
            raise ValueError(
                f"Wishart: df must be greater than the size of the matrix less 1, {size - 1}, got {df}"
            )
        batch = np.broadcast_shapes(matrix.shape[:-2], df.shape)
        self.df = df.expand(batch)
        self.__dict__[name] = matrix.expand((*batch, size, size))
        super().__init__(batch, (size, size), validate_args)
        if name == "covariance_matrix":
            self.__dict__["scale_tril"] = ops.linalg_cholesky(self.covariance_matrix)
        elif name == "precision_matrix":
            self.__dict__["scale_tril"] = tril_of_precision(self.precision_matrix)

    @property
    def arg_constraints(self) -> Any:
        """What the parameters are, and where they may lie."""
        return {
            "covariance_matrix": constraints.positive_definite,
            "precision_matrix": constraints.positive_definite,
            "scale_tril": constraints.lower_cholesky,
            "df": constraints.greater_than(self._event_shape[-1] - 1),
        }

    scale_tril: Tensor

    @lazy
    def covariance_matrix(self) -> Tensor:
        """The covariance, from its factor."""
        return self.scale_tril @ self.scale_tril.mT

    @lazy
    def precision_matrix(self) -> Tensor:
        """The inverse of the covariance."""
        return ops.linalg_inv(self.covariance_matrix)

    def _check_parameters(self) -> None:
        given = [name for name in self.arg_constraints if name in self.__dict__]
        for name in given:
            if not self.arg_constraints[name].check(self.__dict__[name]).all():
                raise ValueError(
                    f"Wishart: parameter {name} must satisfy the constraint "
                    f"{self.arg_constraints[name]!r}, got\n{self.__dict__[name]}"
                )

    @property
    def _size(self) -> int:
        return int(self._event_shape[-1])

    @property
    def mean(self) -> Tensor:
        """``df Σ``."""
        return self.df[..., None, None] * self.covariance_matrix

    @property
    def mode(self) -> Tensor:
        """``(df - p - 1) Σ``, NaN where that is not positive."""
        factor = self.df - self._size - 1
        factor = ops.where(factor > 0, factor, float("nan"))
        return factor[..., None, None] * self.covariance_matrix

    @property
    def variance(self) -> Tensor:
        """``df (Σᵢⱼ² + Σᵢᵢ Σⱼⱼ)``."""
        cov = self.covariance_matrix
        diagonal = cov.diagonal(dim1=-2, dim2=-1)
        outer = diagonal.unsqueeze(-1) * diagonal.unsqueeze(-2)
        return self.df[..., None, None] * (cov**2 + outer)

    def rsample(self, sample_shape: Any = (), max_try_correction: Any = None) -> Tensor:
        """Draws: Bartlett's factor, roots of chi-squared numbers above normal ones."""
        shape = self._extended_shape(sample_shape)
        p = self._size
        half = (self.df.unsqueeze(-1) - ops.arange(p, dtype=self.df.dtype)) / 2
        squares = 2 * standard_gamma(half.expand(shape[:-1]))
        roots = squares.clamp(min=finfo(squares.dtype).tiny).sqrt()
        factor = standard_normal(shape, self.df).tril(-1) + roots.diag_embed()
        whole = self.scale_tril @ factor
        return whole @ whole.mT

    def _log_det(self, factor: Tensor) -> Tensor:
        return 2 * factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)

    def log_prob(self, value: Tensor) -> Tensor:
        """Logarithm of the density."""
        self._checked(value)
        nu, p = self.df, self._size
        lower = self.scale_tril
        solved = ops.linalg_solve_triangular(lower, ops.linalg_cholesky(value), upper=False)
        trace = (solved**2).sum((-2, -1))
        log_det = self._log_det(lower)
        log_det_value = ops.linalg_slogdet(value)[1]
        norm = nu * (log_det + p * math.log(2)) / 2 + ops.mvlgamma(nu / 2, p)
        return (nu - p - 1) / 2 * log_det_value - trace / 2 - norm

    def entropy(self) -> Tensor:
        """The expected negative logarithm of the density."""
        nu, p = self.df, self._size
        slopes = ops.digamma(nu.unsqueeze(-1) / 2 - ops.arange(p, dtype=nu.dtype) / 2).sum(-1)
        scale = (p + 1) / 2 * (p * math.log(2) + self._log_det(self.scale_tril))
        return scale + ops.mvlgamma(nu / 2, p) - (nu - p - 1) / 2 * slopes + nu * p / 2

    def expand(self, batch_shape: Any, _instance: Any = None) -> Wishart:
        """The same distributions, repeated to a larger batch shape."""
        shape = Size(batch_shape)
        lower = self.scale_tril.expand(shape + self._event_shape)
        return Wishart(self.df.expand(shape), scale_tril=lower, validate_args=self._validate_args)


class LKJCholesky(Distribution):
    r"""Lower factors L of correlation matrices, of density :math:`\propto \det(L L^T)^{\eta - 1}` for the matrix.

    >>> tn.distributions.LKJCholesky(3, 1.0).sample().shape
    tn.Size([3, 3])
    """

    arg_constraints = {"concentration": constraints.positive}  # noqa: RUF012
    support = constraints.corr_cholesky

    def __init__(
        self, dim: int, concentration: Any = 1.0, validate_args: bool | None = None
    ) -> None:
        if dim < 2:
            raise ValueError(f"LKJCholesky: dim must be an int of at least 2, got {dim}")
        self.dim = dim
        (self.concentration,) = broadcast_all(concentration)
        super().__init__(self.concentration.shape, (dim, dim), validate_args)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws by the onion: row i is a direction in i dimensions, of a length from a beta distribution."""
        with no_grad():
            shape = self._extended_shape(sample_shape)
            row = ops.arange(1, self.dim, dtype=self.concentration.dtype)
            rest = self.concentration.unsqueeze(-1) + (self.dim - 1 - row) / 2
            square = Beta((row / 2).expand(rest.shape), rest).sample(sample_shape)
            below = standard_normal(shape, self.concentration).tril(-1)[..., 1:, :]
            below = below / below.norm(dim=-1, keepdim=True) * square.sqrt().unsqueeze(-1)
            lower = ops.cat([ops.zeros_like(below[..., :1, :]), below], -2)
            tiny = finfo(lower.dtype).tiny
            return lower + (1 - (lower**2).sum(-1)).clamp(min=tiny).sqrt().diag_embed()

    def log_prob(self, value: Tensor) -> Tensor:
        """Logarithm of the density of the factor (of the elements below its diagonal)."""
        self._checked(value)
        rows = value.diagonal(dim1=-2, dim2=-1)[..., 1:]
        eta = self.concentration
        power = (self.dim - ops.arange(2, self.dim + 1, dtype=eta.dtype)) + 2 * (eta - 1).unsqueeze(
            -1
        )
        below = self.dim - 1
        alpha = eta + 0.5 * below
        log_norm = (
            0.5 * below * math.log(math.pi)
            + ops.mvlgamma(alpha - 0.5, below)
            - below * ops.lgamma(alpha)
        )
        return (power * rows.log()).sum(-1) - log_norm
