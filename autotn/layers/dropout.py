"""Dropout: in training, leave out a random part of the numbers."""

from __future__ import annotations

from typing import Any

from autotn.layers.module import Module
from autotn.ops import alpha_dropout, dropout, feature_alpha_dropout
from autotn.ops.dropout import dropout1d, dropout2d, dropout3d

__all__ = ["AlphaDropout", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout"]


class _Dropout(Module):
    """A probability, and whether to work in place."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p = p
        self.inplace = inplace

    def extra_repr(self) -> str:
        """The probability."""
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_Dropout):
    r"""In training, set each number to zero with probability p and scale the rest by 1 / (1 - p).

    Srivastava et al., "Dropout", 2014.

    >>> nn.Dropout(0.5).eval()(tn.ones(3))
    tensor([1., 1., 1.])
    """

    def forward(self, input: Any) -> Any:
        """The thinned input."""
        return dropout(input, self.p, self.training, self.inplace)


class Dropout1d(_Dropout):
    """`Dropout` of whole channels of signals.

    >>> nn.Dropout1d(0.5).eval()(tn.ones(1, 2, 1)).flatten()
    tensor([1., 1.])
    """

    def forward(self, input: Any) -> Any:
        """The thinned input."""
        return dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(_Dropout):
    """`Dropout` of whole channels of images.

    >>> nn.Dropout2d(0.5).eval()(tn.ones(1, 2, 1, 1)).flatten()
    tensor([1., 1.])
    """

    def forward(self, input: Any) -> Any:
        """The thinned input."""
        return dropout2d(input, self.p, self.training, self.inplace)


class Dropout3d(_Dropout):
    """`Dropout` of whole channels of volumes.

    >>> nn.Dropout3d(0.5).eval()(tn.ones(1, 2, 1, 1, 1)).flatten()
    tensor([1., 1.])
    """

    def forward(self, input: Any) -> Any:
        """The thinned input."""
        return dropout3d(input, self.p, self.training, self.inplace)


class AlphaDropout(_Dropout):
    """`Dropout` that keeps mean and variance: for networks with `SELU`.

    >>> nn.AlphaDropout(0.5).eval()(tn.ones(3))
    tensor([1., 1., 1.])
    """

    def forward(self, input: Any) -> Any:
        """The thinned input."""
        return alpha_dropout(input, self.p, self.training)


class FeatureAlphaDropout(_Dropout):
    """`AlphaDropout` of whole channels.

    >>> nn.FeatureAlphaDropout(0.5).eval()(tn.ones(1, 2, 1)).flatten()
    tensor([1., 1.])
    """

    def forward(self, input: Any) -> Any:
        """The thinned input."""
        return feature_alpha_dropout(input, self.p, self.training)
