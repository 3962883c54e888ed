"""A layer that forward forgets."""

import autotn as tn
from autotn import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.second = nn.Linear(4, 4)
        self.head = nn.Linear(4, 3)

    def forward(self, x):
        x = self.first(x).relu()
        x = self.first(x).relu()
        return self.head(x)


batch = tn.rand(32, 4), tn.arange(32) % 3
tn.check(Net(), batch, nn.CrossEntropyLoss(), steps=0).raise_if_any()
