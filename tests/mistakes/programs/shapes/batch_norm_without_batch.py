"""One example, without the batch axis."""

import autotn as tn
from autotn import nn

model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8))
model(tn.rand(3, 10, 10))
