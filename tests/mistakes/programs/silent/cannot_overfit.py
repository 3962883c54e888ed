"""Inputs that are all alike."""

import autotn as tn
from autotn import nn

model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 4))
batch = tn.ones(8, 4), tn.arange(8) % 4
tn.check(model, batch, nn.CrossEntropyLoss()).raise_if_any()
