"""Scores of a segmentation with the classes last."""

import autotn as tn
from autotn.nn import functional as F

scores = tn.rand(2, 8, 8, 5)
targets = tn.zeros(2, 8, 8, dtype=tn.int64)
F.cross_entropy(scores, targets)
