"""Angles: the von Mises distribution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autotn import ops
from autotn.core.random import numpy_generator
from autotn.core.tensor import Tensor, wrap
from autotn.distributions import constraints
from autotn.distributions.distribution import Distribution, broadcast_all
from autotn.ops.bessel import special_i0e, special_i1e

__all__ = ["VonMises"]


class VonMises(Distribution):
    r"""Angles round `loc`: density :math:`\propto e^{\kappa \cos(x - \mu)}`, κ = `concentration`.

    >>> tn.distributions.VonMises(0.0, 1.0).log_prob(tn.tensor(0.0))
    tensor(-1.0738)
    """

    arg_constraints = {"loc": constraints.real, "concentration": constraints.positive}  # noqa: RUF012
    support = constraints.real

    def __init__(self, loc: Any, concentration: Any, validate_args: bool | None = None) -> None:
        self.loc, self.concentration = broadcast_all(loc, concentration)
        super().__init__(self.loc.shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        """The mean direction: `loc`."""
        return self.loc

    @property
    def mode(self) -> Tensor:
        """`loc`."""
        return self.loc

    @property
    def variance(self) -> Tensor:
        """The circular variance ``1 - I₁(κ) / I₀(κ)``."""
        return 1 - special_i1e(self.concentration) / special_i0e(self.concentration)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws from -π to π."""
        shape = tuple(self._extended_shape(sample_shape))
        loc, kappa = (p._data.astype(np.float64) for p in (self.loc, self.concentration))
        drawn = numpy_generator(None).vonmises(0.0, kappa, shape) + loc
        turned = (drawn + math.pi) % (2 * math.pi) - math.pi
        return wrap(np.asarray(turned).astype(self.loc._data.dtype))

    def log_prob(self, value: Tensor) -> Tensor:
        """Logarithm of the density."""
        self._checked(value)
        kappa = self.concentration  # i0e is the Bessel function without its growth e^κ
        off = kappa * (ops.cos(value - self.loc) - 1)
        return off - math.log(2 * math.pi) - special_i0e(kappa).log()
