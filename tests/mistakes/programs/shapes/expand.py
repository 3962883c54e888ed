"""An expansion along a dimension that has a size."""

import autotn as tn

tn.rand(4, 3).expand(4, 6)
