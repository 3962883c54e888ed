"""A module without forward."""

import autotn as tn
from autotn import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 2)

    def foward(self, x):
        return self.fc(x)


model = Net()
model(tn.rand(3, 4))
