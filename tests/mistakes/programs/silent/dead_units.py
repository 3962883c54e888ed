"""Biases so low that no unit answers."""

import autotn as tn
from autotn import nn

model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3))
with tn.no_grad():
    model[0].bias.fill_(-10)
batch = tn.rand(32, 4), tn.arange(32) % 3
tn.check(model, batch, nn.CrossEntropyLoss(), steps=0).raise_if_any()
