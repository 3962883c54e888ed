"""The array of a tensor with history."""

import autotn as tn
from autotn import nn

model = nn.Linear(2, 1)
model(tn.rand(4, 2)).numpy()
