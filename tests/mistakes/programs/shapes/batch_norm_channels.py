"""Batch normalization of another number of channels."""

import autotn as tn
from autotn import nn

model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(16))
model(tn.rand(2, 3, 10, 10))
