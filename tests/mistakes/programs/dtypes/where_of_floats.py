"""A mask of ones and zeros chooses."""

import autotn as tn

mask = tn.tensor([1.0, 0.0])
tn.where(mask, tn.ones(2), tn.zeros(2))
