"""Integers in a linear layer."""

import autotn as tn
from autotn import nn

model = nn.Linear(3, 2)
model(tn.tensor([[1, 2, 3]]))
