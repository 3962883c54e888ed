"""A softmax by hand overflows."""

import autotn as tn

scores = tn.tensor([[1.0, 100.0, 3.0]])
with tn.debug():
    e = scores.exp()
    e / e.sum(1, keepdim=True)
