"""Heads that do not divide the features."""

from autotn import nn

nn.MultiheadAttention(100, 8)
