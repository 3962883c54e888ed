"""Every parameter is frozen."""

import autotn as tn
from autotn import nn

model = nn.Linear(4, 1).requires_grad_(False)
loss = model(tn.rand(8, 4)).sum()
loss.backward()
