"""Predictions (100, 1) against targets (100,)."""

import autotn as tn
from autotn.nn import functional as F

prediction = tn.rand(100, 1)
target = tn.rand(100)
F.mse_loss(prediction, target)
