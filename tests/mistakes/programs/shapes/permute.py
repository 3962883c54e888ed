"""A permutation that forgets a dimension."""

import autotn as tn

pictures = tn.rand(8, 32, 32, 3)
pictures.permute(0, 3, 1)
