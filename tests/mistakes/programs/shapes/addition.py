"""Two tensors that do not broadcast."""

import autotn as tn

prices = tn.rand(32, 10)
taxes = tn.rand(32)
prices + taxes
