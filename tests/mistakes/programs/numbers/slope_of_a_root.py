"""The slope of a square root at zero."""

import autotn as tn

x = tn.tensor([3.0, 0.0, 4.0], requires_grad=True)
with tn.debug():
    distance = (x * x).sqrt()
    distance.sum().backward()
