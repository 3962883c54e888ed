"""A class of layers where a layer is wanted."""

from autotn import nn

nn.Sequential(nn.Linear(2, 4), nn.ReLU)
