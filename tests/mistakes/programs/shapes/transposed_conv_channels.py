"""A decoder's first layer does not fit the encoder's last."""

import autotn as tn
from autotn import nn

model = nn.Sequential(nn.Conv2d(1, 16, 3, stride=2), nn.ConvTranspose2d(32, 1, 3, stride=2))
model(tn.rand(4, 1, 28, 28))
