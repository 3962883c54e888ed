"""A loss cut off by detach."""

import autotn as tn
from autotn import nn

model = nn.Linear(4, 1)
prediction = model(tn.rand(8, 4)).detach()
loss = (prediction - 1).abs().mean()
loss.backward()
