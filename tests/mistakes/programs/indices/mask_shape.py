"""A mask of another length."""

import autotn as tn

rows = tn.rand(6, 2)
keep = tn.tensor([True, False, True])
rows[keep]
