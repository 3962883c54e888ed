"""A view that mixes the examples of a batch."""

import autotn as tn
from autotn import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(6, 3)

    def forward(self, x):
        return self.fc(x.transpose(0, 1).reshape(len(x), 6))


batch = tn.rand(32, 6), tn.arange(32) % 3
tn.check(Net(), batch, nn.CrossEntropyLoss(), steps=0).raise_if_any()
