"""A sigmoid before a loss that has its own."""

import autotn as tn
from autotn import nn

model = nn.Sequential(nn.Linear(4, 1), nn.Sigmoid())
batch = tn.rand(32, 4), (tn.arange(32) % 2).float().unsqueeze(1)
tn.check(model, batch, nn.BCEWithLogitsLoss(), steps=0).raise_if_any()
