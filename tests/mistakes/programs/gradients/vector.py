"""Backward from a vector."""

import autotn as tn

w = tn.rand(3, requires_grad=True)
(w * 2).backward()
