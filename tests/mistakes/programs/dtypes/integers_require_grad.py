"""Integers that are to have gradients."""

import autotn as tn

tn.tensor([1, 2, 3], requires_grad=True)
