"""An optimizer of the model before last."""

import autotn as tn
from autotn import nn, optim

model = nn.Linear(4, 3)
optimizer = optim.SGD(model.parameters(), lr=0.1)
model = nn.Linear(4, 3)
batch = tn.rand(32, 4), tn.arange(32) % 3
tn.check(model, batch, nn.CrossEntropyLoss(), optimizer, steps=0).raise_if_any()
