"""A recurrent state carried from batch to batch without detach."""

import autotn as tn
from autotn import nn

cell = nn.RNNCell(4, 8)
state = tn.zeros(2, 8)
for _ in range(2):
    state = cell(tn.rand(2, 4), state)
    state.sum().backward()
