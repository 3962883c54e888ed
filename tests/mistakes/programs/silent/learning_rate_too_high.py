"""Steps larger than the weights."""

import autotn as tn
from autotn import nn, optim

model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3))
optimizer = optim.Adam(model.parameters(), lr=3)
batch = tn.rand(32, 4), tn.arange(32) % 3
tn.check(model, batch, nn.CrossEntropyLoss(), optimizer, steps=0).raise_if_any()
