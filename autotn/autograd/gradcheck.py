"""PyTorch's place of the checks of gradients.

A file, and imported when the package is: an import of it later then leaves the function of the same
name where it stands, before its module.
"""

from __future__ import annotations

from autotn.testing.gradcheck import GradcheckError, gradcheck, gradgradcheck

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]
