"""A learning rate below zero."""

from autotn import nn, optim

model = nn.Linear(2, 1)
optim.Adam(model.parameters(), lr=-0.1)
