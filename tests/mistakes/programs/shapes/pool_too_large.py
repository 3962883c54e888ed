"""Pooling until nothing is left."""

import autotn as tn
from autotn import nn

model = nn.Sequential(nn.MaxPool2d(4), nn.MaxPool2d(4), nn.MaxPool2d(4))
model(tn.rand(1, 3, 28, 28))
