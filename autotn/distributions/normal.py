"""The normal distribution, of one number and of a vector."""

from __future__ import annotations

import math
from typing import Any

from autotn import ops
from autotn.core.tensor import Tensor
from autotn.distributions import constraints
from autotn.distributions.distribution import (
    Distribution,
    broadcast_all,
    lazy,
    standard_normal,
)

__all__ = ["MultivariateNormal", "Normal"]

_LOG_TWO_PI = math.log(2 * math.pi)


class Normal(Distribution):
    r"""The normal distribution of mean `loc` and standard deviation `scale`.

    >>> d = tn.distributions.Normal(0.0, 2.0)
    >>> d.log_prob(tn.tensor(0.0))
    tensor(-1.6121)
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}  # noqa: RUF012
    support = constraints.real
    has_rsample = True

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = broadcast_all(loc, scale)
        super().__init__(self.loc.shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        """`loc`."""
        return self.loc

    @property
    def mode(self) -> Tensor:
        """`loc`."""
        return self.loc

    @property
    def stddev(self) -> Tensor:
        """`scale`."""
        return self.scale

    @property
    def variance(self) -> Tensor:
        """`scale` squared."""
        return self.scale**2

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws: standard normal numbers, stretched and moved."""
        noise = standard_normal(self._extended_shape(sample_shape), self.loc)
        return self.loc + noise * self.scale

    def log_prob(self, value: Tensor) -> Tensor:
        """Logarithm of the density."""
        self._checked(value)
        z = (value - self.loc) / self.scale
        return z * z * -0.5 - self.scale.log() - 0.5 * _LOG_TWO_PI

    def cdf(self, value: Tensor) -> Tensor:
        """Area below the density up to `value`."""
        self._checked(value)
        return 0.5 * (1 + ops.erf((value - self.loc) / (self.scale * math.sqrt(2))))

    def icdf(self, value: Tensor) -> Tensor:
        """The point up to which the area is `value`."""
        return self.loc + self.scale * ops.erfinv(2 * value - 1) * math.sqrt(2)

    def entropy(self) -> Tensor:
        r""":math:`\frac12 \ln(2 \pi e \sigma^2)`."""
        return 0.5 + 0.5 * _LOG_TWO_PI + self.scale.log()


def solved(scale_tril: Tensor, vectors: Tensor) -> Tensor:
    """``scale_tril⁻¹ vectors``, all batches broadcast."""
    return ops.linalg_solve_triangular(scale_tril, vectors.unsqueeze(-1), upper=False).squeeze(-1)


class MultivariateNormal(Distribution):
    r"""Normal vectors of mean `loc` and covariance :math:`\Sigma = L L^T`.

    Exactly one of `covariance_matrix`, `precision_matrix` (:math:`\Sigma^{-1}`) and `scale_tril`
    (:math:`L`) is given.

    >>> d = tn.distributions.MultivariateNormal(tn.zeros(2), tn.eye(2))
    >>> d.log_prob(tn.zeros(2))
    tensor(-1.8379)
    """

    arg_constraints = {  # noqa: RUF012
        "loc": constraints.real_vector,
        "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
    }
    support = constraints.real_vector
    has_rsample = True

    def __init__(
        self,
        loc: Tensor,
        covariance_matrix: Tensor | None = None,
        precision_matrix: Tensor | None = None,
        scale_tril: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        if loc.dim() < 1:
            raise ValueError("MultivariateNormal: loc must be a vector, got a 0-d tensor")
        forms = {
            "covariance_matrix": covariance_matrix,
            "precision_matrix": precision_matrix,
            "scale_tril": scale_tril,
        }
        given = {name: matrix for name, matrix in forms.items() if matrix is not None}
        if len(given) != 1:
            raise ValueError(
                "MultivariateNormal: exactly one of covariance_matrix, precision_matrix and scale_tril "
                f"must be given, got {sorted(given) or 'none'}"
            )
        ((name, matrix),) = given.items()
        if matrix.dim() < 2:
            raise ValueError(
                f"MultivariateNormal: {name} must have at least 2 axes, got {matrix.dim()}"
            )
        events = loc.shape[-1:]
        blank = ops.broadcast_tensors(ops.zeros(matrix.shape[:-2]), ops.zeros(loc.shape[:-1]))[0]
        self.loc = loc.expand(blank.shape + events)
        self.__dict__[name] = matrix.expand(blank.shape + matrix.shape[-2:])
        super().__init__(blank.shape, events, validate_args)
        if name == "scale_tril":
            self._unbroadcasted_scale_tril = matrix
        elif name == "covariance_matrix":
            self._unbroadcasted_scale_tril = ops.linalg_cholesky(matrix)
        else:
            self._unbroadcasted_scale_tril = tril_of_precision(matrix)

    def _broadcast(self, matrix: Tensor) -> Tensor:
        return matrix.expand(self._batch_shape + self._event_shape + self._event_shape)

    @lazy
    def scale_tril(self) -> Tensor:
        """The lower Cholesky factor of the covariance."""
        return self._broadcast(self._unbroadcasted_scale_tril)

    @lazy
    def covariance_matrix(self) -> Tensor:
        """The covariance, from its factor."""
        lower = self._unbroadcasted_scale_tril
        return self._broadcast(lower @ lower.mT)

    @lazy
    def precision_matrix(self) -> Tensor:
        """The inverse of the covariance."""
        lower = self._unbroadcasted_scale_tril
        eye = ops.eye(lower.shape[-1], dtype=lower.dtype).expand(lower.shape)
        inverse = ops.linalg_solve_triangular(lower, eye, upper=False)
        return self._broadcast(inverse.mT @ inverse)

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
        variance = (self._unbroadcasted_scale_tril**2).sum(-1)
        return variance.expand(self._batch_shape + self._event_shape)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws: standard normal vectors through `scale_tril`, and moved."""
        noise = standard_normal(self._extended_shape(sample_shape), self.loc)
        return self.loc + (self._unbroadcasted_scale_tril @ noise.unsqueeze(-1)).squeeze(-1)

    def _half_log_det(self) -> Tensor:
        return self._unbroadcasted_scale_tril.diagonal(dim1=-2, dim2=-1).log().sum(-1)

    def log_prob(self, value: Tensor) -> Tensor:
        """Logarithm of the density."""
        self._checked(value)
        z = solved(self._unbroadcasted_scale_tril, value - self.loc)
        constant = 0.5 * self._event_shape[0] * _LOG_TWO_PI
        return (z * z).sum(-1) * -0.5 - self._half_log_det() - constant

    def entropy(self) -> Tensor:
        r""":math:`\frac{k}{2} (1 + \ln 2\pi) + \ln \det L`."""
        constant = 0.5 * self._event_shape[0] * (1 + _LOG_TWO_PI)
        return (self._half_log_det() + constant).expand(self._batch_shape)


def tril_of_precision(precision: Tensor) -> Tensor:
    """The lower factor of the inverse, from a factor of the matrix flipped both ways."""
    flipped = ops.linalg_cholesky(ops.flip(precision, (-2, -1)))
    upper = ops.flip(flipped, (-2, -1)).mT  # transposed: precision = upperᵀ upper
    eye = ops.eye(precision.shape[-1], dtype=precision.dtype).expand(precision.shape)
    return ops.linalg_solve_triangular(upper, eye, upper=False)
