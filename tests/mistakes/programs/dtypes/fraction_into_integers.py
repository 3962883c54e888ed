"""A fraction added in place to integers."""

import autotn as tn

counts = tn.tensor([1, 2, 3])
counts += 0.5
