"""More indices than dimensions."""

import autotn as tn

matrix = tn.rand(3, 4)
matrix[0, 1, 2]
