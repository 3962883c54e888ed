"""A second backward through one graph."""

import autotn as tn

w = tn.rand(3, requires_grad=True)
loss = (w * w).sum()
loss.backward()
loss.backward()
