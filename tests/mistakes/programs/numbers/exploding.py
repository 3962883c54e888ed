"""A learning rate that makes the weights explode."""

import autotn as tn
from autotn import nn, optim
from autotn.nn import functional as F

tn.manual_seed(0)
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
optimizer = optim.SGD(model.parameters(), lr=100.0)
inputs, targets = tn.rand(16, 4), tn.rand(16, 1)
with tn.debug():
    for _ in range(50):
        optimizer.zero_grad()
        loss = F.mse_loss(model(inputs), targets)
        loss.backward()
        optimizer.step()
