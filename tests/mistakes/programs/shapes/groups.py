"""Groups that do not divide the channels."""

from autotn import nn

nn.Conv2d(10, 16, 3, groups=4)
