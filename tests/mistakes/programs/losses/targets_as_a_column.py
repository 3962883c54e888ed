"""Class numbers as a column."""

import autotn as tn
from autotn.nn import functional as F

scores = tn.rand(4, 3)
targets = tn.tensor([[0], [2], [1], [0]])
F.cross_entropy(scores, targets)
