"""A softmax over very many classes, most of them rare."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from autotn.errors import ShapeError
from autotn.layers.container import ModuleList, Sequential
from autotn.layers.linear import Linear
from autotn.layers.module import Module
from autotn.ops import cat, log_softmax

__all__ = ["AdaptiveLogSoftmaxWithLoss"]


class ASMoutput(NamedTuple):
    """What `AdaptiveLogSoftmaxWithLoss` gives."""

    output: Any
    loss: Any


class AdaptiveLogSoftmaxWithLoss(Module):
    """Log-probabilities of targets among very many classes, in clusters from frequent to rare.

    The head scores the frequent classes and one entry per cluster; a cluster's own, smaller
    layers run only for the samples whose target lies in it. Grave et al., "Efficient softmax
    approximation for GPUs", 2016.

    Parameters
    ----------
    cutoffs : sequence of int
        Where clusters begin.
    div_value : float
        By how much each cluster's inner size is smaller than the one before.

    >>> softmax = nn.AdaptiveLogSoftmaxWithLoss(8, 20, cutoffs=[5, 10], div_value=2.0)
    >>> output, loss = softmax(tn.ones(3, 8), tn.tensor([1, 7, 19]))
    >>> output.shape, loss.shape
    (tn.Size([3]), tn.Size([]))
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        cutoffs = list(cutoffs)
        if not cutoffs:
            raise ValueError("cutoffs should be a sequence of length larger than 0")
        if (
            cutoffs != sorted(set(cutoffs))
            or cutoffs[0] <= 0
            or cutoffs[-1] > n_classes - 1
            or any(int(c) != c for c in cutoffs)
        ):
            raise ValueError(
                "cutoffs should be a sequence of unique, positive integers sorted in an increasing "
                f"order, where each value is between 1 and n_classes-1; got {cutoffs}"
            )
        self.in_features = in_features
        self.n_classes = n_classes
        self.cutoffs = [*cutoffs, n_classes]
        self.div_value = div_value
        self.head_bias = head_bias
        self.shortlist_size = self.cutoffs[0]
        self.n_clusters = len(self.cutoffs) - 1
        self.head_size = self.shortlist_size + self.n_clusters
        self.head = Linear(in_features, self.head_size, head_bias, device, dtype)
        self.tail = ModuleList()
        for k in range(self.n_clusters):
            inner = int(in_features // (div_value ** (k + 1)))
            outer = self.cutoffs[k + 1] - self.cutoffs[k]
            self.tail.append(
                Sequential(
                    Linear(in_features, inner, False, device, dtype),
                    Linear(inner, outer, False, device, dtype),
                )
            )

    def reset_parameters(self) -> None:
        """Draw fresh initial values."""
        self.head.reset_parameters()
        for inner, outer in self.tail:
            inner.reset_parameters()
            outer.reset_parameters()

    def forward(self, input_: Any, target_: Any) -> ASMoutput:
        """The targets' log-probabilities, and their negative mean."""
        if target_.ndim not in (0, 1) or input_.ndim != target_.ndim + 1:
            raise ShapeError(
                "AdaptiveLogSoftmaxWithLoss: expected input of shape (N, in_features) with targets "
                "of shape (N,), or (in_features,) with a 0-d target; got "
                f"{tuple(input_.shape)} and {tuple(target_.shape)}"
            )
        if target_.ndim == 1 and len(input_) != len(target_):
            raise ShapeError(
                f"AdaptiveLogSoftmaxWithLoss: {len(input_)} inputs but {len(target_)} targets"
            )
        if target_.ndim == 0:
            output = self._of_targets(input_.unsqueeze(0), target_.unsqueeze(0)).squeeze(0)
        else:
            output = self._of_targets(input_, target_)
        return ASMoutput(output, (-output).mean())

    def _of_targets(self, input: Any, target: Any) -> Any:
        wanted = target.detach().numpy()
        if wanted.size and (wanted.min() < 0 or wanted.max() >= self.n_classes):
            raise RuntimeError(
                f"Target values should be in [0, {self.n_classes - 1}], but values in range "
                f"[{wanted.min()}, {wanted.max()}] were found."
            )
        head = log_softmax(self.head(input), 1)
        # Cluster by cluster; then back into the order of the samples.
        rows = np.flatnonzero(wanted < self.shortlist_size)
        order, parts = [rows], [head[rows, wanted[rows]]]
        for k, layers in enumerate(self.tail):
            low, high = self.cutoffs[k], self.cutoffs[k + 1]
            rows = np.flatnonzero((wanted >= low) & (wanted < high))
            if rows.size:
                own = log_softmax(layers(input[rows]), 1)
                inside = own[np.arange(rows.size), wanted[rows] - low]
                order.append(rows)
                parts.append(head[rows, self.shortlist_size + k] + inside)
        return cat(parts)[np.argsort(np.concatenate(order))]

    def log_prob(self, input: Any) -> Any:
        """The log-probabilities of all classes."""
        head = log_softmax(self.head(input), 1)
        parts = [head[:, : self.shortlist_size]]
        for k, layers in enumerate(self.tail):
            place = self.shortlist_size + k
            parts.append(log_softmax(layers(input), 1) + head[:, place : place + 1])
        return cat(parts, 1)

    def predict(self, input: Any) -> Any:
        """The most probable class of each sample."""
        return self.log_prob(input).argmax(1)
