"""A text longer than its picture has columns."""

import autotn as tn
from autotn.nn import functional as F

log_probabilities = tn.rand(5, 1, 4).log_softmax(2)
text = tn.tensor([[1, 2, 3, 1, 2, 3]])
F.ctc_loss(log_probabilities, text, tn.tensor([6]), tn.tensor([6]))
