"""Class numbers that are floats."""

import autotn as tn
from autotn.nn import functional as F

scores = tn.rand(4, 3)
targets = tn.tensor([0.0, 2.0, 1.0, 0.0])
F.cross_entropy(scores, targets)
