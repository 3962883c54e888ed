"""An index that became a float."""

import autotn as tn

rows = tn.rand(6, 2)
order = tn.tensor([2.0, 0.0])
rows[order]
