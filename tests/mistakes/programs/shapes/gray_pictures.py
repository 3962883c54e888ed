"""Gray pictures for a network of coloured ones."""

import autotn as tn
from autotn import nn

model = nn.Sequential(nn.Conv2d(3, 16, 3), nn.ReLU(), nn.Conv2d(16, 32, 3))
model(tn.rand(8, 1, 28, 28))
