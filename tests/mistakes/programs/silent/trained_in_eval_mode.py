"""Training goes on in eval mode."""

import autotn as tn
from autotn import nn

model = nn.Sequential(nn.Linear(4, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 3))
model.eval()
batch = tn.rand(32, 4), tn.arange(32) % 3
tn.check(model, batch, nn.CrossEntropyLoss(), steps=0).raise_if_any()
