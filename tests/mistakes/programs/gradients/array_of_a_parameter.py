"""A plot of what still has a history."""

import numpy as np

import autotn as tn

w = tn.rand(3, requires_grad=True)
np.asarray(w)
