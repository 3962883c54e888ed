"""The logarithm of a probability that is zero."""

import autotn as tn
from autotn import nn


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 3)

    def forward(self, x):
        return self.fc(x).relu().log()


model = Model()
with tn.debug():
    model(tn.rand(2, 4)).mean().backward()
