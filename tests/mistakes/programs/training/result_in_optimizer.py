"""A result given to an optimizer."""

import autotn as tn
from autotn import optim

w = tn.rand(3, requires_grad=True)
optim.SGD([w * 2], lr=0.1)
