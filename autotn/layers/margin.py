"""Losses that want one score above another by a margin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autotn.core.tensor import Tensor
from autotn.layers.distance import PairwiseDistance
from autotn.layers.loss import Loss, WeightedLoss
from autotn.ops import (
    cosine_embedding_loss,
    hinge_embedding_loss,
    margin_ranking_loss,
    triplet_margin_loss,
)
from autotn.ops.loss import soft_margin_loss
from autotn.ops.margin import (
    multi_margin_loss,
    multilabel_margin_loss,
    multilabel_soft_margin_loss,
    triplet_margin_with_distance_loss,
)

__all__ = [
    "CosineEmbeddingLoss",
    "HingeEmbeddingLoss",
    "MarginRankingLoss",
    "MultiLabelMarginLoss",
    "MultiLabelSoftMarginLoss",
    "MultiMarginLoss",
    "SoftMarginLoss",
    "TripletMarginLoss",
    "TripletMarginWithDistanceLoss",
]


class HingeEmbeddingLoss(Loss):
    r"""A distance to be small where the target is 1, above a margin where it is -1:
    :math:`x`, or :math:`\max(0, m - x)`.

    >>> nn.HingeEmbeddingLoss()(tn.tensor([0.5, 0.2]), tn.tensor([1.0, -1.0]))
    tensor(0.6500)
    """

    def __init__(
        self,
        margin: float = 1.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input: Any, target: Any) -> Any:
        """The loss."""
        return hinge_embedding_loss(input, target, margin=self.margin, reduction=self.reduction)


class MultiLabelMarginLoss(Loss):
    r"""Every class of a sample to score above every other by 1; targets are class numbers, ended
    by -1.

    >>> nn.MultiLabelMarginLoss()(tn.tensor([[0.1, 0.2, 0.4]]), tn.tensor([[2, -1, 0]]))
    tensor(0.5000)
    """

    def forward(self, input: Any, target: Any) -> Any:
        """The loss."""
        return multilabel_margin_loss(input, target, reduction=self.reduction)


class SoftMarginLoss(Loss):
    r"""The logistic loss for targets 1 and -1: :math:`\log(1 + e^{-y x})`.

    >>> nn.SoftMarginLoss()(tn.tensor([0.0]), tn.tensor([1.0]))
    tensor(0.6931)
    """

    def forward(self, input: Any, target: Any) -> Any:
        """The loss."""
        return soft_margin_loss(input, target, reduction=self.reduction)


class MultiLabelSoftMarginLoss(WeightedLoss):
    """`BCEWithLogitsLoss`, averaged over the classes of each sample.

    >>> nn.MultiLabelSoftMarginLoss()(tn.zeros(1, 2), tn.tensor([[1.0, 0.0]]))
    tensor(0.6931)
    """

    def forward(self, input: Any, target: Any) -> Any:
        """The loss."""
        return multilabel_soft_margin_loss(
            input, target, weight=self.weight, reduction=self.reduction
        )


class CosineEmbeddingLoss(Loss):
    r"""Vectors to point the same way where the target is 1, apart where it is -1:
    :math:`1 - \cos`, or :math:`\max(0, \cos - m)`.

    >>> nn.CosineEmbeddingLoss()(tn.eye(2), tn.eye(2), tn.tensor([1, -1]))
    tensor(0.5000)
    """

    def __init__(
        self,
        margin: float = 0.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1: Any, input2: Any, target: Any) -> Any:
        """The loss."""
        return cosine_embedding_loss(
            input1, input2, target, margin=self.margin, reduction=self.reduction
        )


class MarginRankingLoss(Loss):
    r"""The first to be larger than the second where the target is 1, smaller where it is -1:
    :math:`\max(0, -y (x_1 - x_2) + m)`.

    >>> nn.MarginRankingLoss()(tn.tensor([1.0]), tn.tensor([3.0]), tn.tensor([1.0]))
    tensor(2.)
    """

    def __init__(
        self,
        margin: float = 0.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1: Any, input2: Any, target: Any) -> Any:
        """The loss."""
        return margin_ranking_loss(
            input1, input2, target, margin=self.margin, reduction=self.reduction
        )


class MultiMarginLoss(WeightedLoss):
    r"""The target class to score above every other by a margin:
    :math:`\sum_{i \ne y} w_y \max(0, m - x_y + x_i)^p / C`.

    >>> nn.MultiMarginLoss()(tn.tensor([[0.1, 0.8]]), tn.tensor([1]))
    tensor(0.1500)
    """

    def __init__(
        self,
        p: int = 1,
        margin: float = 1.0,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        if p not in (1, 2):
            raise ValueError(f"MultiMarginLoss: only p == 1 and p == 2 supported, got {p}")
        if weight is not None and weight.dim() != 1:
            raise ValueError(
                f"MultiMarginLoss: weight must be None or have one dimension, got {weight.dim()}"
            )
        self.p = p
        self.margin = margin

    def forward(self, input: Any, target: Any) -> Any:
        """The loss."""
        return multi_margin_loss(
            input,
            target,
            p=self.p,
            margin=self.margin,
            weight=self.weight,
            reduction=self.reduction,
        )


class TripletMarginLoss(Loss):
    r"""The anchor to be nearer to the positive than to the negative, by a margin:
    :math:`\max(0, d(a, p) - d(a, n) + m)`.

    Parameters
    ----------
    swap : bool
        Take the negative's distance to the positive where that is smaller.

    >>> nn.TripletMarginLoss()(tn.zeros(1, 2), tn.zeros(1, 2), tn.zeros(1, 2))
    tensor(1.)
    """

    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-6,
        swap: bool = False,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        if margin <= 0:
            raise ValueError(
                f"TripletMarginLoss: expected margin to be greater than 0, got {margin}"
            )
        self.margin = margin
        self.p = p
        self.eps = eps
        self.swap = swap

    def forward(self, anchor: Any, positive: Any, negative: Any) -> Any:
        """The loss."""
        return triplet_margin_loss(
            anchor,
            positive,
            negative,
            margin=self.margin,
            p=self.p,
            eps=self.eps,
            swap=self.swap,
            reduction=self.reduction,
        )


class TripletMarginWithDistanceLoss(Loss):
    """`TripletMarginLoss` with a distance of one's own.

    >>> city_block = lambda a, b: (a - b).abs().sum(-1)
    >>> loss = nn.TripletMarginWithDistanceLoss(distance_function=city_block)
    >>> loss(tn.zeros(1, 2), tn.ones(1, 2), tn.zeros(1, 2))
    tensor(3.)
    """

    def __init__(
        self,
        *,
        distance_function: Callable[[Any, Any], Any] | None = None,
        margin: float = 1.0,
        swap: bool = False,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction=reduction)
        if margin <= 0:
            raise ValueError(
                f"TripletMarginWithDistanceLoss: expected margin to be greater than 0, got {margin}"
            )
        self.distance_function = distance_function or PairwiseDistance()
        self.margin = margin
        self.swap = swap

    def forward(self, anchor: Any, positive: Any, negative: Any) -> Any:
        """The loss."""
        return triplet_margin_with_distance_loss(
            anchor,
            positive,
            negative,
            distance_function=self.distance_function,
            margin=self.margin,
            swap=self.swap,
            reduction=self.reduction,
        )
