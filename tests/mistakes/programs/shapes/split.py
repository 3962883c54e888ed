"""Parts that do not add up."""

import autotn as tn

tn.rand(10, 2).split([4, 4])
