"""A loss that became a number."""

import autotn as tn
from autotn import nn

model = nn.Linear(4, 1)
total = model(tn.rand(8, 4)).sum().item()
loss = tn.tensor(total / 8)
loss.backward()
