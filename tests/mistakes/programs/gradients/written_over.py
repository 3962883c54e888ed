"""A value that backward needs was overwritten."""

import autotn as tn

x = tn.rand(3, requires_grad=True)
y = x.exp()
y += 1
y.sum().backward()
