"""The order of contractions in ``einsum``: found by the package's own search."""

from __future__ import annotations

enabled = False
strategy: str | None = None


def is_available() -> bool:
    """False.

    >>> tn.backends.opt_einsum.is_available()
    False
    """
    return False


def get_opt_einsum() -> None:
    """None: the package is not used."""
