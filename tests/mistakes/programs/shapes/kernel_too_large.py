"""A kernel larger than what is left of the picture."""

import autotn as tn
from autotn import nn

model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.MaxPool2d(8), nn.Conv2d(8, 16, 5))
model(tn.rand(1, 3, 28, 28))
