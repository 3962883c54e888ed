"""A list of layers where the layers themselves are wanted."""

from autotn import nn

layers = [nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 1)]
nn.Sequential(layers)
