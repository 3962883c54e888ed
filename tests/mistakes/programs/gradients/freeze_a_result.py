"""A result told that it needs no gradient."""

import autotn as tn

w = tn.rand(3, requires_grad=True)
y = w * 2
y.requires_grad_(False)
