"""A loss of chosen classes: choosing has no gradient."""

import autotn as tn
from autotn import nn

model = nn.Linear(4, 3)
chosen = model(tn.rand(8, 4)).argmax(1)
loss = (chosen == tn.zeros(8)).float().mean()
loss.backward()
