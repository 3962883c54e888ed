"""A batched product of plain matrices."""

import autotn as tn

tn.bmm(tn.rand(3, 4), tn.rand(4, 5))
