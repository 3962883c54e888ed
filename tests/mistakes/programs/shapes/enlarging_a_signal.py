"""A way of enlarging pictures, for a signal."""

import autotn as tn
import autotn.nn.functional as F

F.interpolate(tn.ones(2, 3, 4), scale_factor=2, mode="bilinear")
