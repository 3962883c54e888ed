"""Choosing beyond the end."""

import autotn as tn

values = tn.rand(2, 3)
values.gather(1, tn.tensor([[0, 3], [1, 2]]))
