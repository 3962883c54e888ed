"""Samples for ``ops/decompose.py``."""

from __future__ import annotations

import math

import numpy as np

from autotn.testing import ErrorSample, Sample, samples


def regular(array, *shape):
    """Well-conditioned square matrices."""
    return array(*shape) + 4 * np.eye(shape[-1])


def positive(array, *shape):
    """Symmetric positive definite matrices."""
    x = array(*shape)
    return x @ x.swapaxes(-1, -2) + 2 * np.eye(shape[-1])


for _name, _torch in {
    "linalg_inv": "linalg.inv", "inverse": "inverse", "linalg_det": "linalg.det", "det": "det",
    "linalg_slogdet": "linalg.slogdet", "slogdet": "slogdet", "logdet": "logdet",
}.items():  # fmt: skip

    @samples(_name, torch=_torch)
    def _(array):
        yield Sample(regular(array, 3, 3))
        yield Sample(regular(array, 2, 2, 2))
        yield Sample(regular(array, 1, 1))
        yield Sample(array(2, 2, dtype=np.complex128) + 2 * np.eye(2))
        yield ErrorSample(array(2, 3), raises=RuntimeError, match="square matrices")


@samples("solve", torch="linalg.solve")
def _(array):
    yield Sample(regular(array, 3, 3), array(3, 2))


@samples("linalg_solve", torch="linalg.solve")
def _(array):
    yield Sample(regular(array, 3, 3), array(3, 2))
    yield Sample(regular(array, 3, 3), array(3))
    yield Sample(regular(array, 2, 3, 3), array(2, 3, 2))
    yield Sample(regular(array, 3, 3), array(2, 3), left=False)
    yield ErrorSample(np.zeros((2, 2)), array(2), raises=RuntimeError, match="singular")


#: What asks for a neighbourhood in which the function is smooth.
BY_DIFFERENCES = ("gradient", "gradient_like_torch", "second_order", "forward_mode")


@samples("linalg_solve_triangular", torch="linalg.solve_triangular")
def _(array):
    for upper in (True, False):
        yield Sample(regular(array, 3, 3), array(3, 2), upper=upper)
    yield Sample(regular(array, 3, 3), array(3, 2), upper=True, unitriangular=True)

    yield Sample(regular(array, 3, 3), array(2, 3), upper=False, left=False)
    yield Sample(regular(array, 2, 3, 3), array(3, 2), upper=True)
    singular = np.array([[2.0, 1.0], [0.0, 0.0]])
    yield Sample(singular, np.array([[1.0], [1.0]]), upper=True, _skip=BY_DIFFERENCES)
    yield ErrorSample(
        array(3, 3), array(2, 3), upper=True, raises=RuntimeError, match="Incompatible"
    )


@samples("solve_triangular", torch=None)
def _(array):
    yield Sample(np.array([[2.0, 1.0], [9.0, 4.0]]), np.eye(2), True, False,
                 _expect=np.array([[0.5, -0.125], [0.0, 0.25]]))  # fmt: skip


@samples("triangular_solve")
def _(array):
    yield Sample(array(3, 2), regular(array, 3, 3))


@samples("cholesky", torch="linalg.cholesky")
def _(array):
    yield Sample(positive(array, 3, 3), _skip=("gradient", "second_order"))
    yield Sample(positive(array, 2, 2, 2), _skip=("gradient", "second_order"))
    # Only one triangle is read, but the gradient is given symmetric, as PyTorch's: one-sided differences differ.
    yield ErrorSample(-np.eye(2), raises=RuntimeError, match="not positive-definite")


@samples("linalg_cholesky", torch="linalg.cholesky")
def _(array):
    yield Sample(positive(array, 3, 3), upper=True, _skip=("gradient", "second_order"))  # as above
    other = np.triu(positive(array, 3, 3)) + np.tril(array(3, 3), -1)  # the upper triangle is read
    yield Sample(other, upper=True, _skip=("gradient", "second_order"))


@samples("cholesky_solve")
def _(array):
    yield Sample(
        array(3, 2), np.linalg.cholesky(positive(array, 3, 3)), _skip=("gradient_like_torch",)
    )
    # PyTorch's gradient fills the triangle that is never read.


@samples("cholesky_inverse", torch=None)
def _(array):
    a = positive(array, 3, 3)
    yield Sample(np.linalg.cholesky(a), _expect=np.linalg.inv(a))


for _name in ("qr", "linalg_qr"):

    @samples(_name, torch="linalg.qr" if _name == "linalg_qr" else "qr")
    def _(array):
        yield Sample(regular(array, 3, 3))
        yield Sample(array(4, 2))
        yield Sample(array(2, 4))
        yield Sample(array(3, 2, dtype=np.complex128))


#: Eigenvectors are free in their sign, singular vectors too, so PyTorch's need not be ours; here they are known.
_KNOWN = np.array([[2.0, 0.0], [0.0, 1.0]])


@samples("eigh", torch=None)
def _(array):
    yield Sample(
        _KNOWN, _expect=(np.array([1.0, 2.0]), np.array([[0.0, 1.0], [1.0, 0.0]])),
        _skip=("gradient", "second_order"),
    )  # fmt: skip
    yield Sample(
        positive(array, 3, 3), _skip=("gradient", "second_order")
    )  # one triangle is read, as above


@samples("linalg_eigh", torch=None)
def _(array):
    yield Sample(
        _KNOWN, _expect=(np.array([1.0, 2.0]), np.array([[0.0, 1.0], [1.0, 0.0]])),
        _skip=("gradient", "second_order"),
    )  # fmt: skip
    yield Sample(positive(array, 3, 3), _skip=("gradient", "second_order"))


@samples("linalg_eigvalsh", torch="linalg.eigvalsh")
def _(array):
    yield Sample(positive(array, 3, 3), _skip=("gradient", "second_order"))


@samples("svd", torch=None)
def _(array):
    # Signs jump where a component is 0, so this one has no finite differences.
    known = (np.eye(2), np.array([2.0, 1.0]), np.eye(2))
    yield Sample(_KNOWN, _expect=known, _skip=("gradient", "second_order"))
    yield Sample(array(3, 2), _tol=10.0)


@samples("linalg_svd", torch=None)
def _(array):
    # Signs jump where a component is 0, so this one has no finite differences.
    known = (np.eye(2), np.array([2.0, 1.0]), np.eye(2))
    yield Sample(_KNOWN, _expect=known, _skip=("gradient", "second_order"))
    yield Sample(array(2, 3), full_matrices=False, _tol=10.0)
    # Of further columns only the space they span is determined, and they count as constants.
    yield Sample(array(2, 3), _skip=("gradient", "second_order"))


@samples("linalg_svdvals", torch="linalg.svdvals")
def _(array):
    yield Sample(array(3, 2))
    yield Sample(array(2, 2, 3))
    # A singular value of 0 has a kink there, and the gradient of one side.
    rest = ("gradient", "second_order", "raw_equals_recorded", "forward_mode", "vmap")
    yield Sample(np.array([[0.0, 0.0, 0.0], [0.0, 2.0, 1.7]]), _skip=rest)


@samples("svdvals", torch="linalg.svdvals")
def _(array):
    yield Sample(array(3, 2))


@samples("pinv", torch=None)
def _(array):
    yield Sample(array(3, 2), None, None)
    yield Sample(array(2, 3), None, 0.1)


@samples("linalg_vector_norm", torch="linalg.vector_norm")
def _(array):
    yield Sample(array(3, 4), 3, 1)


@samples("linalg_matrix_norm", torch="linalg.matrix_norm")
def _(array):
    for order in ("fro", "nuc", 1, -1, 2, -2, math.inf, -math.inf):
        yield Sample(array(3, 3, distinct=True, away_from=(0.0,)), order)
    yield Sample(array(2, 3, 4), "fro", (0, 2), True)


@samples("linalg_norm", torch="linalg.norm")
def _(array):
    yield Sample(array(3, 4))
    yield Sample(array(3, 4), 2, 1)
    yield Sample(array(3, 4), "fro")


@samples("linalg_cond", torch="linalg.cond")
def _(array):
    yield Sample(regular(array, 3, 3))
    yield Sample(
        regular(array, 3, 3), 1, _skip=("gradient_like_torch",)
    )  # PyTorch fails on its own in-place write


@samples("linalg_matrix_rank", torch="linalg.matrix_rank")
def _(array):
    yield Sample(array(3, 3))
    yield Sample(np.ones((3, 3)))


for _name in ("pinverse", "linalg_pinv"):

    @samples(_name, torch="linalg.pinv" if _name == "linalg_pinv" else "pinverse")
    def _(array):
        yield Sample(array(3, 2))
        yield Sample(array(2, 3))


@samples("matrix_power")
def _(array):
    for n in (0, 1, 3, -2):
        yield Sample(regular(array, 2, 2), n)


@samples("matrix_exp")
def _(array):
    yield Sample(array(3, 3))
    yield Sample(array(2, 2, 2, low=-5, high=5), _tol=10.0)


@samples("linalg_vecdot", torch="linalg.vecdot")
def _(array):
    yield Sample(array(3, 4), array(3, 4))
    yield Sample(array(3, dtype=np.complex128), array(3, dtype=np.complex128))


@samples("linalg_cholesky_ex", torch="linalg.cholesky_ex")
def _(array):
    yield Sample(positive(array, 3, 3), _skip=("gradient", "second_order"))  # as above
    yield Sample(positive(array, 2, 2, 2), upper=True, _skip=("gradient", "second_order"))
    yield ErrorSample(
        -np.eye(2), check_errors=True, raises=RuntimeError, match="not positive-definite"
    )


@samples("linalg_inv_ex", torch="linalg.inv_ex")
def _(array):
    yield Sample(regular(array, 3, 3))
    yield ErrorSample(np.zeros((2, 2)), check_errors=True, raises=RuntimeError, match="singular")


@samples("linalg_solve_ex", torch="linalg.solve_ex")
def _(array):
    yield Sample(regular(array, 3, 3), array(3, 2))
    yield Sample(regular(array, 3, 3), array(2, 3), left=False)
    yield ErrorSample(
        np.zeros((2, 2)), array(2, 1), check_errors=True, raises=RuntimeError, match="singular"
    )


@samples("linalg_tensorinv", torch="linalg.tensorinv")
def _(array):
    yield Sample(regular(array, 4, 4).reshape(2, 2, 4))
    yield Sample(regular(array, 4, 4).reshape(4, 2, 2), 1)
    yield ErrorSample(array(2, 3, 4), raises=RuntimeError, match="prod")
    yield ErrorSample(array(2, 2), 0, raises=RuntimeError, match="strictly positive")


@samples("linalg_tensorsolve", torch="linalg.tensorsolve")
def _(array):
    yield Sample(regular(array, 4, 4).reshape(2, 2, 4), array(2, 2))
    yield Sample(regular(array, 4, 4).reshape(4, 2, 2), array(2, 2), dims=(0,))
    yield ErrorSample(array(2, 3, 4), array(2, 3), raises=RuntimeError, match="prod")


@samples("vander")
def _(array):
    # PyTorch's gradient fails on its own in-place write.
    yield Sample(array(3), _skip=("gradient_like_torch",))
    yield Sample(array(3), 4, True, _skip=("gradient_like_torch",))
    yield Sample(array(2), 0)
    yield Sample(np.arange(3))
    yield ErrorSample(array(2, 2), raises=RuntimeError, match="one-dimensional")
    yield ErrorSample(array(2), -1, raises=RuntimeError, match="N must be")


@samples("linalg_vander", torch="linalg.vander")
def _(array):
    yield Sample(array(3))
    yield Sample(array(2, 3), N=4)
    yield ErrorSample(array(), raises=RuntimeError, match="at least one dimension")


@samples("frobenius_norm")
def _(array):
    yield Sample(array(3, 4), 1)
    yield Sample(array(2, 3, 4), (0, 2), True)
    yield ErrorSample(array(2, 2, 2), (0, 1, 2), raises=RuntimeError, match="at most 2")


@samples("nuclear_norm")
def _(array):
    yield Sample(array(3, 3))
    yield Sample(array(2, 3, 4), (0, 2), True)
    yield ErrorSample(array(3, 3), (0, 0), raises=RuntimeError, match="different")


@samples("norm_except_dim")
def _(array):
    yield Sample(array(3, 4))
    yield Sample(array(2, 3, 4), 2, 1)
    yield Sample(array(3, 4), 1, -1)
    yield ErrorSample(array(3), 2, 3, raises=IndexError, match="range")
