"""A row that is not there."""

import autotn as tn

batch = tn.rand(10, 4)
batch[10]
