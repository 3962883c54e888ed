"""A batch of a single class."""

import autotn as tn
from autotn import nn

model = nn.Linear(4, 3)
batch = tn.rand(32, 4), tn.ones(32, dtype=tn.int64)
tn.check(model, batch, nn.CrossEntropyLoss(), steps=0).raise_if_any()
