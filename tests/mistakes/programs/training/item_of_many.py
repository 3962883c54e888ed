"""The number of a loss that was not reduced."""

import autotn as tn
from autotn.nn import functional as F

losses = F.mse_loss(tn.rand(4), tn.rand(4), reduction="none")
losses.item()
