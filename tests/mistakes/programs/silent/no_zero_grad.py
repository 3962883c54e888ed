"""A loop that never clears the gradients."""

import autotn as tn
from autotn import nn, optim
from autotn.nn import functional as F

tn.manual_seed(0)
model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3))
optimizer = optim.SGD(model.parameters(), lr=0.1)
inputs, targets = tn.rand(32, 4), tn.arange(32) % 3


def train(epochs):
    for _ in range(epochs):
        loss = F.cross_entropy(model(inputs), targets)
        loss.backward()
        optimizer.step()


tn.check(model, (inputs, targets), F.cross_entropy, optimizer, steps=0).raise_if_any()
train(2)
