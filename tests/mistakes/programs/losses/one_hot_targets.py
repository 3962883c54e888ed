"""One-hot integers where class numbers are expected."""

import autotn as tn
from autotn.nn import functional as F

scores = tn.rand(4, 3)
targets = F.one_hot(tn.tensor([0, 2, 1, 0]), 3)
F.cross_entropy(scores, targets)
