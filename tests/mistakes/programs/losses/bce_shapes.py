"""Binary targets without the last axis."""

import autotn as tn
from autotn.nn import functional as F

scores = tn.rand(16, 1)
targets = tn.ones(16)
F.binary_cross_entropy_with_logits(scores, targets)
