"""A squared error by hand, of a column and a row."""

import autotn as tn
from autotn import nn

model = nn.Linear(4, 1)
inputs = tn.rand(32, 4)
batch = inputs, inputs.sum(1)


def loss(prediction, target):
    return ((prediction - target) ** 2).mean()


tn.check(model, batch, loss, steps=0).raise_if_any()
