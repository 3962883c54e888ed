"""A layer deep inside a model expects another number of features."""

import autotn as tn
from autotn import nn


class Block(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.fc = nn.Linear(size, 10)

    def forward(self, x):
        return self.fc(x)


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(784, 128)
        self.layers = nn.ModuleList([nn.Identity(), nn.ReLU(), Block(120)])

    def forward(self, x):
        x = self.fc1(x)
        for layer in self.layers:
            x = layer(x)
        return x


model = Model()
model(tn.rand(32, 784))
