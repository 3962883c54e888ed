"""A deep copy of a result."""

import copy

import autotn as tn

w = tn.rand(3, requires_grad=True)
copy.deepcopy(w * 2)
