"""The mean of integers."""

import autotn as tn

correct = tn.tensor([1, 0, 1, 1])
correct.mean()
