"""The standard deviation of a single number."""

import autotn as tn

x = tn.rand(3, 1, requires_grad=True)
with tn.debug():
    normed = x / x.std(dim=1, keepdim=True)
    normed.sum().backward()
