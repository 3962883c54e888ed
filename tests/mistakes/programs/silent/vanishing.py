"""Twelve sigmoids in a row."""

import autotn as tn
from autotn import nn

layers = []
for _ in range(12):
    layers += [nn.Linear(8, 8), nn.Sigmoid()]
model = nn.Sequential(*layers, nn.Linear(8, 3))
batch = tn.rand(32, 8), tn.arange(32) % 3
tn.check(model, batch, nn.CrossEntropyLoss(), steps=0).raise_if_any()
