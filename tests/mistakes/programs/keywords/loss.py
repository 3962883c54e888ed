"""A misspelt keyword of a loss."""

import autotn as tn
import autotn.nn.functional as F

F.cross_entropy(tn.rand(4, 3), tn.arange(4) % 3, weigths=tn.ones(3))
