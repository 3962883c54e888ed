"""A chosen row beyond the end."""

import autotn as tn

tn.rand(5, 2).index_select(0, tn.tensor([1, 5]))
