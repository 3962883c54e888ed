"""Two weight matrices that do not follow each other."""

import autotn as tn

w1 = tn.randn(784, 128, requires_grad=True)
w2 = tn.randn(120, 10, requires_grad=True)
hidden = (tn.rand(32, 784) @ w1).relu()
hidden @ w2
