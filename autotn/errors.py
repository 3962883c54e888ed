"""The errors autotn raises: each message says what was given, what was expected, and what to do.

The classes derive from the built-in ones PyTorch raises, so ``except RuntimeError`` written
for PyTorch keeps working, and from the one a reader would guess, so ``except ValueError`` does too.
"""

from __future__ import annotations


class AutogradError(RuntimeError):
    """A derivative cannot be had, and the message says why."""


class ShapeError(RuntimeError, ValueError):
    """Shapes that do not fit each other or the operation."""


class DTypeError(RuntimeError, TypeError):
    """A dtype the operation cannot work with."""


class FileFormatError(RuntimeError, ValueError):
    """A file that is damaged, hostile, or not of the format its name promises."""


class LinAlgError(RuntimeError):
    """A matrix for which the result does not exist."""


class NotDifferentiable(AutogradError):
    """An operation without a derivative was asked for one."""


__all__ = [
    "AutogradError",
    "DTypeError",
    "FileFormatError",
    "LinAlgError",
    "NotDifferentiable",
    "ShapeError",
]
