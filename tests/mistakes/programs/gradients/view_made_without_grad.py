"""A view made under no_grad, written with recording on."""

import autotn as tn

w = tn.rand(3, 2, requires_grad=True) * 1
with tn.no_grad():
    first = w[0]
first.mul_(2)
