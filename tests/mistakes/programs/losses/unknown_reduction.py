"""A reduction that does not exist."""

import autotn as tn
from autotn.nn import functional as F

F.mse_loss(tn.rand(4), tn.rand(4), reduction="avg")
