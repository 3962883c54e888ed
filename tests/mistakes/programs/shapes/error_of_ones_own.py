"""An error of the user's own, deep in a model."""

import autotn as tn
from autotn import nn


class Head(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 2)

    def forward(self, x):
        batch, features = self.fc(x).shape
        return x


model = nn.Sequential(nn.Identity(), Head())
model(tn.rand(2, 3, 4))
