"""A parameter changed in place."""

import autotn as tn

w = tn.rand(3, requires_grad=True)
w -= 0.1
