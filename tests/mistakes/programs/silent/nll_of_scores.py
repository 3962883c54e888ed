"""Scores where log-probabilities are wanted."""

import autotn as tn
from autotn import nn

model = nn.Linear(4, 3)
batch = tn.rand(32, 4), tn.arange(32) % 3
tn.check(model, batch, nn.NLLLoss(), steps=0).raise_if_any()
