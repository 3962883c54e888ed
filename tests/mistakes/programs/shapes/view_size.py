"""A view with another number of elements."""

import autotn as tn

features = tn.rand(8, 16, 5, 5)
features.view(8, 256)
