"""A view of a transposed tensor."""

import autotn as tn

heads = tn.rand(2, 10, 4, 16).transpose(1, 2)
heads.view(2, 10, 64)
