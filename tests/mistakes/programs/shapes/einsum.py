"""A letter that stands for two sizes."""

import autotn as tn

tn.einsum("ij,jk->ik", tn.rand(2, 3), tn.rand(4, 5))
