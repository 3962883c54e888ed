"""Sines of large weights, one after the other."""

import autotn as tn
from autotn import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(16, 16) for _ in range(8)])
        self.head = nn.Linear(16, 1)

    def forward(self, x):
        for layer in self.layers:
            x = (30 * layer(x)).sin()
        return self.head(x)


batch = tn.rand(32, 16), tn.rand(32, 1)
tn.check(Net(), batch, nn.MSELoss(), steps=0).raise_if_any()
