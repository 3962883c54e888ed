"""Class numbers counted from one."""

import autotn as tn
from autotn.nn import functional as F

scores = tn.rand(4, 3)
labels = tn.tensor([1, 3, 2, 1])
F.cross_entropy(scores, labels)
