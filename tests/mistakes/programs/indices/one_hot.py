"""A class number beyond the number of classes."""

import autotn as tn
from autotn.nn import functional as F

F.one_hot(tn.tensor([0, 3, 1]), num_classes=3)
