"""A layer under a name it does not have."""

import autotn as tn
from autotn import nn

model = nn.Sequential()
model.add_module("encoder", nn.Linear(2, 2))
model.encodr(tn.rand(1, 2))
