"""A loss computed without recording."""

import autotn as tn
from autotn import nn

model = nn.Linear(4, 1)
with tn.no_grad():
    loss = model(tn.rand(8, 4)).sum()
loss.backward()
