"""Intel's mathematics: NumPy brings the BLAS it was built with."""

from __future__ import annotations


def is_available() -> bool:
    """False: matrices are multiplied by NumPy's BLAS.

    >>> tn.backends.mkl.is_available()
    False
    """
    return False
