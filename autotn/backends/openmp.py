"""OpenMP: not used by this package itself."""

from __future__ import annotations


def is_available() -> bool:
    """False.

    >>> tn.backends.openmp.is_available()
    False
    """
    return False
