"""A missing value in the data."""

import autotn as tn
from autotn import nn

rows = tn.tensor([[0.1, 0.2], [float("nan"), 0.4]])
model = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 1))
with tn.debug():
    model(rows).mean().backward()
