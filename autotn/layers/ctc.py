"""The loss of a label sequence whose alignment with the output is not known."""

from __future__ import annotations

from typing import Any

from autotn.layers.loss import Loss
from autotn.ops import ctc_loss

__all__ = ["CTCLoss"]


class CTCLoss(Loss):
    """The negative log-probability of a label sequence, over all its alignments with the output.

    Graves et al., "Connectionist temporal classification", 2006.

    Parameters
    ----------
    blank : int
        The class that stands between labels.
    zero_infinity : bool
        Count impossible alignments as zero.

    >>> scores = tn.zeros(4, 1, 3).log_softmax(2)
    >>> nn.CTCLoss()(scores, tn.tensor([[1, 2]]), tn.tensor([4]), tn.tensor([2]))
    tensor(0.8432)
    """

    def __init__(
        self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False
    ) -> None:
        super().__init__(reduction=reduction)
        self.blank = blank
        self.zero_infinity = zero_infinity

    def forward(self, log_probs: Any, targets: Any, input_lengths: Any, target_lengths: Any) -> Any:
        """The loss."""
        return ctc_loss(
            log_probs,
            targets,
            input_lengths,
            target_lengths,
            blank=self.blank,
            reduction=self.reduction,
            zero_infinity=self.zero_infinity,
        )
