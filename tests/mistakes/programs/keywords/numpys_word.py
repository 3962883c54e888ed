"""NumPy's plural for the dimension of a sum."""

import autotn as tn

tn.ones(2, 3).sum(axes=1)
