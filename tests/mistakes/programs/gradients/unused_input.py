"""A gradient for what was not used."""

import autotn as tn

x = tn.rand(3, requires_grad=True)
z = tn.rand(3, requires_grad=True)
tn.autograd.grad((x * x).sum(), [x, z])
