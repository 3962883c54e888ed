"""An input that backward needs was overwritten."""

import autotn as tn

w = tn.rand(3, requires_grad=True)
x = tn.rand(3)
y = w * x
x.zero_()
y.sum().backward()
