"""A plain tensor put where a parameter is."""

import autotn as tn
from autotn import nn

model = nn.Linear(2, 1)
model.weight = tn.ones(1, 2)
