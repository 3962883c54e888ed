"""A softmax over the batch instead of the classes."""

import autotn as tn
from autotn import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(6, 3)

    def forward(self, x):
        return self.fc(x).softmax(0)


batch = tn.rand(32, 6), tn.rand(32, 3)
tn.check(Net(), batch, nn.MSELoss(), steps=0).raise_if_any()
