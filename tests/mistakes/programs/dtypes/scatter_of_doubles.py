"""Double-precision numbers scattered into single precision."""

import autotn as tn

values = tn.ones(2, 1, dtype=tn.float64)
tn.zeros(2, 3).scatter_(1, tn.tensor([[0], [1]]), values)
