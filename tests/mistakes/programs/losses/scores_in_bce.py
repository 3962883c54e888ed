"""Scores in a loss of probabilities."""

import autotn as tn
from autotn.nn import functional as F

scores = tn.tensor([0.3, 2.5, -1.0])
F.binary_cross_entropy(scores, tn.tensor([0.0, 1.0, 0.0]))
