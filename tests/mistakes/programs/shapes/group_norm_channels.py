"""Channels that do not divide into the groups."""

from autotn import nn

nn.GroupNorm(3, 8)
