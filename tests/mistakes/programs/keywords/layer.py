"""A keyword of a layer with two letters swapped."""

from autotn import nn

nn.Conv2d(3, 8, 3, pading=1)
