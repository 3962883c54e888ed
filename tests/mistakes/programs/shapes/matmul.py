"""The inner sizes of a product differ."""

import autotn as tn

scores = tn.rand(10, 64)
keys = tn.rand(10, 64)
scores @ keys
