"""The gradient of a result."""

import autotn as tn

w = tn.rand(3, requires_grad=True)
y = w * 2
y.sum().backward()
y.grad
