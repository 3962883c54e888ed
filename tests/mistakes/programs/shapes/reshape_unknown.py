"""Two sizes to be found out."""

import autotn as tn

tn.rand(8, 16).reshape(-1, -1)
