"""The difference of two masks."""

import autotn as tn

a = tn.tensor([True, False])
b = tn.tensor([True, True])
a - b
