"""A float32 matrix times a float64 vector."""

import numpy as np

import autotn as tn

weight = tn.rand(3, 4)
x = tn.from_numpy(np.ones(4))
weight @ x
