"""A softmax over a single number."""

import autotn as tn
from autotn import nn

model = nn.Sequential(nn.Linear(4, 1), nn.Softmax(dim=1))
batch = tn.rand(32, 4), (tn.arange(32) % 2).float().unsqueeze(1)
tn.check(model, batch, nn.BCELoss(), steps=0).raise_if_any()
