"""A layer that is made anew in every forward."""

import autotn as tn
from autotn import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        body = nn.Linear(4, 8)
        return self.head(body(x).relu())


batch = tn.rand(32, 4), tn.arange(32) % 3
tn.check(Net(), batch, nn.CrossEntropyLoss(), steps=0).raise_if_any()
