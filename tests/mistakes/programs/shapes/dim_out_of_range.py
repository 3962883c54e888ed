"""A dimension that is not there."""

import autotn as tn

scores = tn.rand(32, 10)
scores.softmax(dim=2)
