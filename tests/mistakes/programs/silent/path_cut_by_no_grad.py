"""A body that runs without recording."""

import autotn as tn
from autotn import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(4, 8)
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        with tn.no_grad():
            features = self.body(x).relu()
        return self.head(features)


batch = tn.rand(32, 4), tn.arange(32) % 3
tn.check(Net(), batch, nn.CrossEntropyLoss(), steps=0).raise_if_any()
