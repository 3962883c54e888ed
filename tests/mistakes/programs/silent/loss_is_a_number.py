"""A loss function that gives a number."""

import autotn as tn
from autotn import nn
from autotn.nn import functional as F

model = nn.Linear(4, 3)
batch = tn.rand(32, 4), tn.arange(32) % 3


def loss(scores, targets):
    return F.cross_entropy(scores, targets).item()


tn.check(model, batch, loss).raise_if_any()
