"""Apple's GPUs: not used."""

from __future__ import annotations


def is_available() -> bool:
    """False.

    >>> tn.backends.mps.is_available()
    False
    """
    return False


def is_built() -> bool:
    """False."""
    return False


def is_macos_or_newer(major: int, minor: int) -> bool:
    """False: nothing depends on it."""
    return False


def is_macos13_or_newer(minor: int = 0) -> bool:
    """False: nothing depends on it."""
    return False
