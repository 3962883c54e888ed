"""Samples for ``ops/elimination.py``, ``ops/eigen.py`` and ``ops/householder.py``."""

from __future__ import annotations

import numpy as np
import scipy.linalg

from autotn.testing import ErrorSample, Sample, samples
from tests.samples.decompose import regular


def factored(a):
    """LU of one matrix with LAPACK's numbering of the exchanges."""
    packed, rows = scipy.linalg.lu_factor(a)
    return packed, (rows + 1).astype(np.int32)


def complex_matrix(array, *shape):
    return array(*shape, dtype=np.complex128) + 4 * np.eye(shape[-1])


@samples("lu")
def _(array):
    yield Sample(array(3, 3))
    yield Sample(array(2, 3, 3), get_infos=True)
    yield ErrorSample(array(3, 3), pivot=False, raises=RuntimeError, match="without pivoting")


for _name in ("lu", "lu_factor", "lu_factor_ex"):

    @samples(f"linalg_{_name}", torch=f"linalg.{_name}")
    def _(array):
        yield Sample(array(3, 3))
        yield Sample(array(2, 3, 3))
        yield Sample(array(4, 2))
        yield Sample(array(2, 4))
        yield Sample(complex_matrix(array, 3, 3))
        yield Sample(array(0, 2, 2))
        yield ErrorSample(array(3), raises=RuntimeError, match="at least 2 dimensions")
        yield ErrorSample(array(3, 3), pivot=False, raises=RuntimeError, match="without pivoting")


@samples("lu_unpack")
def _(array):
    packed, pivots = factored(array(3, 3))
    yield Sample(packed, pivots)
    yield Sample(packed, pivots, True, False)
    yield Sample(packed, pivots, unpack_data=False)
    yield ErrorSample(packed, pivots.astype(np.int64), raises=RuntimeError, match="int32")


@samples("linalg_lu_solve", torch="linalg.lu_solve")
def _(array):
    packed, pivots = factored(regular(array, 3, 3))
    yield Sample(packed, pivots, array(3, 2))
    yield Sample(packed, pivots, array(2, 3, 2))
    yield Sample(packed, pivots, array(2, 3), left=False)
    yield Sample(packed, pivots, array(3, 2), adjoint=True)
    yield Sample(packed, pivots, array(2, 3), left=False, adjoint=True)
    yield ErrorSample(packed, pivots, array(2, 2), raises=RuntimeError, match="Incompatible shapes")


@samples("lu_solve")
def _(array):
    yield Sample(array(3, 2), *factored(regular(array, 3, 3)))


@samples("linalg_eigvals", torch=None)
def _(array):
    # The order is LAPACK's, so PyTorch's need not be ours.
    a = array(3, 3)
    yield Sample(a, _expect=np.linalg.eigvals(a).astype(complex))
    yield Sample(array(2, 3, 3))
    yield Sample(complex_matrix(array, 3, 3))
    turning = np.array([[0.0, 1.0], [-1.0, 0.0]])
    yield Sample(turning, _expect=np.array([1j, -1j]))
    yield ErrorSample(array(2, 3), raises=RuntimeError, match="square")


@samples("linalg_eig", torch=None)
def _(array):
    # A weighted sum of eigenvectors depends on their phase, so its slope means nothing:
    # tests/ops/test_linear_algebra.py asks about functions that do not.
    phase = ("gradient", "second_order")
    yield Sample(
        np.diag([2.0, 1.0]),
        _expect=(np.array([2.0, 1.0], complex), np.eye(2, dtype=complex)),
        _skip=phase,
    )
    yield Sample(array(3, 3), _skip=phase)
    yield Sample(complex_matrix(array, 2, 2, 2), _skip=phase)
    yield ErrorSample(array(2, 3), raises=RuntimeError, match="square")


@samples("geqrf", torch=None)
def _(array):
    a = array(3, 2)
    (packed, tau), _ = scipy.linalg.qr(a, mode="raw")
    yield Sample(np.asfortranarray(a), _expect=(packed, tau), _skip=_NO_GRADIENT)
    yield ErrorSample(array(3), raises=RuntimeError, match="at least 2 dimensions")


#: What is asked with inputs that require grad.
_NO_GRADIENT = (
    "gradient_like_torch", "gradient", "second_order", "raw_equals_recorded", "float32_stays",
    "inputs_unchanged", "in_place_agrees", "keeps_only_what_is_named", "forward_mode", "vmap",
)  # fmt: skip


def reflections(array, rows, columns, dtype=np.float64):
    """Reflections as geqrf returns them, their lengths too."""
    (packed, tau), _ = scipy.linalg.qr(array(rows, columns, dtype=dtype), mode="raw")
    return np.ascontiguousarray(packed), tau


for _name, _torch in (
    ("linalg_householder_product", "linalg.householder_product"),
    ("orgqr", "orgqr"),
):

    @samples(_name, torch=_torch)
    def _(array):
        yield Sample(*reflections(array, 3, 2))
        yield Sample(*reflections(array, 3, 3))
        yield Sample(array(2, 3, 2, low=0.2, high=0.8), array(2, 2, low=0.2, high=0.8))
        yield Sample(*reflections(array, 3, 2, np.complex128))
        yield ErrorSample(array(2, 3), array(2), raises=RuntimeError, match="greater than or equal")


@samples("ormqr")
def _(array):
    # PyTorch's gradient does not hold for reflections that are not unitary, so these are.
    packed, tau = reflections(array, 3, 2)
    yield Sample(packed, tau, array(3, 2))
    yield Sample(packed, tau, array(3, 2), transpose=True)
    yield Sample(packed, tau, array(2, 3), left=False)
    yield ErrorSample(packed, tau, array(2, 2), raises=RuntimeError, match=r"other.shape\[-2\]")
