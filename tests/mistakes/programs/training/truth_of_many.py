"""A comparison of tensors as a condition."""

import autotn as tn

losses = tn.tensor([0.5, 0.2])
if losses > 0.1:
    losses.clear()
