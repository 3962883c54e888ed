"""Steps that change nothing."""

import autotn as tn
from autotn import nn, optim

model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3))
optimizer = optim.SGD(model.parameters(), lr=1e-8)
batch = tn.rand(32, 4), tn.arange(32) % 3
tn.check(model, batch, nn.CrossEntropyLoss(), optimizer, steps=0).raise_if_any()
