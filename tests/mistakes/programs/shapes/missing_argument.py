"""A model called with too little."""

import autotn as tn
from autotn import nn


class Pair(nn.Module):
    def forward(self, left, right):
        return left * right


model = Pair()
model(tn.rand(3))
