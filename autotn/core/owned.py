"""Gradients that nobody else holds: they can be added to in place, or kept without a copy."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from autotn.kernels.onednn import arithmetic


def _references(value: Any) -> int:
    """How many references there are to `value`, the caller's and this call's included."""
    return sys.getrefcount(value)


def _of_one_name() -> int:
    value = object()
    return _references(value)


def _of_one_name_here() -> int:
    value = object()
    return sys.getrefcount(value)


#: What `_references` says of a value that has one name, and what ``sys.getrefcount`` says where that
#: name is: Python's versions differ.
_ONE_NAME = _of_one_name()
ONE_NAME_HERE = _of_one_name_here()


def total(earlier: Any, x: Any) -> Any:
    """The sum of two large gradients, in place where `earlier` is a sum nobody else holds.

    A sum is known by its owner: an array of its own memory that only the walk's dictionary, the
    generated code and this call refer to.
    """
    if _references(earlier) <= _ONE_NAME + 2 and earlier.base is None and earlier.shape == x.shape:
        return arithmetic.add_to(earlier, x)
    return np.asarray(arithmetic.add(earlier, x))


def is_ours(x: Any) -> bool:
    """True for a gradient that only the caller refers to, or that is all of such an array."""
    if sys.getrefcount(x) != _ONE_NAME:
        return False
    whole = x.base
    if whole is None:
        return True
    return (
        whole.__class__ is np.ndarray
        and whole.base is None
        and whole.size == x.size
        and x.flags.carray  # in order, and to be written to, as an expanded one is not
        and _references(whole) == _ONE_NAME + 1
    )
