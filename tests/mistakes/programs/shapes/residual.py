"""The two sides of a residual connection differ."""

import autotn as tn
from autotn import nn


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(64, 32)

    def forward(self, x):
        return x + self.body(x)


model = nn.Sequential(nn.Linear(8, 64), Residual())
model(tn.rand(5, 8))
