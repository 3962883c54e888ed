"""Tensors joined along the wrong dimension."""

import autotn as tn

words = tn.rand(8, 20, 64)
position = tn.rand(20, 64)
tn.cat([words, position], dim=2)
