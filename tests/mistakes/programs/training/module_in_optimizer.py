"""The module itself given to an optimizer."""

from autotn import nn, optim

model = nn.Linear(2, 1)
optim.Adam(model, lr=0.1)
