"""Batch normalization trained on a batch of one."""

import autotn as tn
from autotn import nn

model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8))
model(tn.rand(1, 4))
