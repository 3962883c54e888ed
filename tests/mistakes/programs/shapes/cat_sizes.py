"""Feature maps of different heights joined over the channels."""

import autotn as tn

upper = tn.rand(1, 64, 56, 56)
skip = tn.rand(1, 64, 57, 57)
tn.cat([upper, skip], dim=1)
