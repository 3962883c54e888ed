"""Mixed precision: accepted, and computed in the precision the tensors have.

There is no hardware here on which half precision would be faster, so ``autocast`` changes no dtype, except
that operands of different floating dtypes meet inside it instead of being refused.
"""

from __future__ import annotations

from autotn.amp.autocast_mode import autocast, custom_bwd, custom_fwd, is_autocast_available
from autotn.amp.grad_scaler import GradScaler

__all__ = ["GradScaler", "autocast", "custom_bwd", "custom_fwd", "is_autocast_available"]
