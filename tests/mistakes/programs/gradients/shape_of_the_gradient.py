"""A gradient of another shape to start with."""

import autotn as tn

w = tn.rand(3, 2, requires_grad=True)
(w * 2).backward(tn.ones(3))
