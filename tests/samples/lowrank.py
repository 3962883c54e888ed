"""Samples for ``ops/lowrank.py``: of random projections only the singular values are certain."""

from __future__ import annotations

import numpy as np

from autotn.testing import ErrorSample, Sample, samples

#: Signs change from draw to draw, so two calls are not the same function.
_RANDOM = (
    "gradient", "second_order", "raw_equals_recorded", "strided_inputs", "arrays_in_arrays_out",
    "forward_mode", "vmap",
)  # fmt: skip


def thin(array, rows, columns, rank):
    """A matrix of low rank."""
    return array(rows, rank) @ array(rank, columns)


@samples("svd_lowrank", torch=None)
def _(array):
    yield Sample(thin(array, 5, 4, 2), 2, _skip=_RANDOM)
    yield Sample(thin(array, 3, 5, 1), 1, M=np.zeros((3, 5)), _skip=_RANDOM)
    yield ErrorSample(array(3, 2), 3, raises=ValueError, match="q")


@samples("pca_lowrank", torch=None)
def _(array):
    yield Sample(thin(array, 5, 4, 1), 2, _skip=_RANDOM)
    yield ErrorSample(array(3, 2), 3, raises=ValueError, match="q")


@samples("lobpcg", torch=None)
def _(array):
    x = array(3, 3)
    a = x @ x.T + np.diag([0.0, 1.0, 2.0])
    known = np.diag([1.0, 5.0])
    # Only one triangle is read, as in linalg.eigh.
    half = ("gradient", "second_order", "forward_mode")
    yield Sample(known, k=1, _expect=(np.array([5.0]), np.array([[0.0], [1.0]])), _skip=half)
    yield Sample(a, k=2, _skip=half)
    yield Sample(a, 1, np.diag([1.0, 2.0, 3.0]), largest=False, _skip=half)
    yield ErrorSample(a, k=4, raises=RuntimeError, match="k=4")
