"""A list of numbers given to a layer."""

from autotn import nn

model = nn.Linear(3, 2)
model([1.0, 2.0, 3.0])
