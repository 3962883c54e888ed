"""An evaluation that still drops."""

import autotn as tn
from autotn import nn
from autotn.nn import functional as F

model = nn.Sequential(nn.Linear(4, 16), nn.Dropout(0.5), nn.ReLU(), nn.Linear(16, 3))
inputs, targets = tn.rand(32, 4), tn.arange(32) % 3


def accuracy():
    with tn.no_grad():
        return (model(inputs).argmax(1) == targets).float().mean()


tn.check(model, (inputs, targets), F.cross_entropy, steps=0).raise_if_any()
