"""The errors autotn raises: each message says what was given, what was expected, and what to do.

The classes derive from the built-in ones PyTorch raises, so ``except RuntimeError`` written
for PyTorch keeps working, and from the one a reader would guess, so ``except ValueError`` does too.
"""

from __future__ import annotations

from typing import Any, TypeVar

E = TypeVar("E", bound=Exception)


def blaming(error: E, *culprits: tuple[Any, int]) -> E:
    """Say on `error` which sizes are to blame, each an array and a dimension.

    When the op it is raised in has failed, the error tells where these sizes came from.
    """
    error.__dict__["blame"] = culprits
    return error


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


class NonFiniteError(RuntimeError, ArithmeticError):
    """A nan or an inf that `debug` found where it was made."""


class ConditionMet(RuntimeError):
    """What `debug` was told to stop at has happened."""


class MistakesFound(AssertionError):
    """What `check` found, as an error for tests."""


class NotDifferentiable(AutogradError):
    """An operation without a derivative was asked for one."""


__all__ = [
    "AutogradError",
    "ConditionMet",
    "DTypeError",
    "FileFormatError",
    "LinAlgError",
    "MistakesFound",
    "NonFiniteError",
    "NotDifferentiable",
    "ShapeError",
]
