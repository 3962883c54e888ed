"""How far apart vectors are."""

from __future__ import annotations

from typing import Any

from autotn.layers.module import Module
from autotn.ops import cosine_similarity, pairwise_distance

__all__ = ["CosineSimilarity", "PairwiseDistance"]


class CosineSimilarity(Module):
    r"""The cosine of the angle between vectors: :math:`x_1 \cdot x_2 / (|x_1| |x_2|)`.

    >>> nn.CosineSimilarity(dim=0)(tn.tensor([1.0, 0.0]), tn.tensor([0.0, 2.0]))
    tensor(0.)
    """

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        super().__init__()
        self.dim = dim
        self.eps = eps

    def forward(self, x1: Any, x2: Any) -> Any:
        """The cosines."""
        return cosine_similarity(x1, x2, self.dim, self.eps)


class PairwiseDistance(Module):
    r"""The p-norm of differences: :math:`\| x_1 - x_2 + \epsilon \|_p`, over the last dimension.

    >>> nn.PairwiseDistance(p=1)(tn.zeros(1, 3), tn.ones(1, 3))
    tensor([3.0000])
    """

    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> None:
        super().__init__()
        self.norm = p
        self.eps = eps
        self.keepdim = keepdim

    def forward(self, x1: Any, x2: Any) -> Any:
        """The distances."""
        return pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)
