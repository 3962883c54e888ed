"""Samples for ``ops/matmul.py``, ``ops/products.py``, ``ops/attention.py`` and ``ops/embedding.py``."""

from __future__ import annotations

import math

import numpy as np

from autotn.testing import ErrorSample, Sample, samples

F = "nn.functional."


@samples("matmul")
def _(array):
    for a, b in (
        ((2, 3), (3, 4)), ((3,), (3,)), ((3,), (3, 2)), ((2, 3), (3,)), ((2, 2, 3), (3, 4)), ((2, 3), (4, 3, 2)),
        ((2, 1, 2, 3), (4, 3, 2)), ((3,), (2, 3, 4)), ((2, 4, 3), (3,)), ((2, 0), (0, 3)), ((0, 3), (3, 2)),
    ):  # fmt: skip
        yield Sample(array(*a), array(*b))
    yield Sample(array(2, 3, dtype=np.int64), array(3, 2, dtype=np.int64))
    yield Sample(array(2, 3, dtype=np.complex128), array(3, 2, dtype=np.complex128))
    yield Sample(array(2, 3, strided=True), array(3, 4, strided=True))
    yield ErrorSample(array(2, 3), array(4, 2), raises=RuntimeError, match="matmul")
    yield ErrorSample(
        array(2, 3), array(3, dtype=np.float32), raises=RuntimeError, match="same dtype"
    )
    yield ErrorSample(array(2, 3), array(2, 3), raises=RuntimeError)
    yield ErrorSample(array(), array(3), raises=RuntimeError)


@samples("linear", torch=F + "linear")
def _(array):
    yield Sample(array(5, 3), array(4, 3), array(4))
    yield Sample(array(5, 3), array(4, 3))
    yield Sample(array(3), array(4, 3), array(4))
    yield Sample(array(2, 5, 3), array(4, 3), bias=array(4))
    yield Sample(array(5, 3), array(3))
    yield Sample(array(5, 3), array(4, 3), array(5, 4))  # any bias that broadcasts
    yield Sample(array(2, 5, 3), array(4, 3), array(1, 4))
    yield Sample(array(0, 3), array(4, 3), array(4))
    yield ErrorSample(
        array(5, 3),
        array(4, 2),
        raises=RuntimeError,
        match="linear: expected 2 features in the last",
    )
    yield ErrorSample(array(2, 3), array(4, 2), raises=RuntimeError)


def _pair(name, a, b, **extra):
    @samples(name)
    def _(array):
        yield Sample(array(*a), array(*b))
        if name != "outer":
            yield ErrorSample(
                array(*a),
                array(*b[:-1], b[-1] + 1) if len(b) == 1 else array(*b).swapaxes(-1, -2),
                raises=RuntimeError,
            )
        yield ErrorSample(
            array(2, 2, 2, 2), array(2), raises=RuntimeError, match=f"{name}: 'input' must be"
        )


_pair("mm", (2, 3), (3, 4))
_pair("bmm", (2, 2, 3), (2, 3, 4))
_pair("mv", (2, 3), (3,))
_pair("dot", (3,), (3,))
_pair("outer", (3,), (2,))


@samples("vdot")
def _(array):
    yield Sample(array(3), array(3))
    yield Sample(array(3, dtype=np.complex128), array(3, dtype=np.complex128))


@samples("inner")
def _(array):
    yield Sample(array(2, 3), array(4, 3))
    yield Sample(array(), array(3))


@samples("tensordot")
def _(array):
    yield Sample(array(2, 3, 4), array(3, 4, 2), 2)
    yield Sample(array(2, 3, 4), array(4, 2, 5), ([2, 0], [0, 1]))
    yield ErrorSample(array(2, 3), array(2, 3), 1, raises=RuntimeError, match="contracted")


@samples("kron")
def _(array):
    yield Sample(array(2, 3), array(2, 2))
    yield Sample(array(3), array(2, 2))


for _name, _shapes in {
    "addmm": ((2, 4), (2, 3), (3, 4)), "addmv": ((2,), (2, 3), (3,)), "addr": ((2, 3), (2,), (3,)),
    "baddbmm": ((2, 2, 4), (2, 2, 3), (2, 3, 4)), "addbmm": ((2, 4), (2, 2, 3), (2, 3, 4)),
}.items():  # fmt: skip

    @samples(_name)
    def _(array, shapes=_shapes):
        a, b, c = shapes
        yield Sample(array(*a), array(*b), array(*c))
        yield Sample(array(*a), array(*b), array(*c), beta=2.0, alpha=0.5)
        # The input expands to the product, not the other way round; and its sizes must fit.
        for wrong in ((1, *a), (*a[:-1], a[-1] + 1)):
            yield ErrorSample(
                array(*wrong), array(*b), array(*c), raises=RuntimeError, match="expand"
            )
        yield ErrorSample(array(*a), array(*b), array(*c, 2), raises=RuntimeError)


@samples("bilinear")
def _(array):
    yield Sample(array(5, 2), array(5, 3), array(4, 2, 3), array(4))
    yield Sample(array(2, 5, 2), array(2, 5, 3), array(4, 2, 3), None)
    yield ErrorSample(
        array(5, 1), array(5, 3), array(4, 2, 3), raises=RuntimeError, match="bilinear: weight"
    )
    yield ErrorSample(
        array(5, 2),
        array(5, 3),
        array(4, 2, 3),
        array(1),
        raises=RuntimeError,
        match="bilinear: bias",
    )
    yield ErrorSample(array(4, 2), array(5, 3), array(4, 2, 3), raises=RuntimeError, match="batch")


@samples("p_norm", torch=None)
def _(array):
    x = array(3, 4)
    yield Sample(x, 2.0, None, False, _expect=np.sqrt((x * x).sum()))


@samples("norm")
def _(array):
    for p in ("fro", 1, 2, 3, 0.5, math.inf, -math.inf, 0):
        yield Sample(array(3, 4, distinct=True, away_from=(0.0,)), p)
        yield Sample(array(3, 4, distinct=True, away_from=(0.0,)), p, 1, True)
    yield Sample(
        np.zeros(3), _skip=("gradient", "second_order")
    )  # a kink, where the gradient 0 is a choice
    yield Sample(
        np.array([3e200, 4e200]),
        2,
        _skip=("float32_stays", "gradient", "second_order", "gradient_like_torch"),
        _expect=5e200,
    )
    # beyond float32, and beyond what squares allow: the differences of finite differences vanish
    yield Sample(array(3, dtype=np.complex128))


@samples("dist")
def _(array):
    yield Sample(array(3, 4), array(3, 4), 3)


@samples("pairwise_distance")
def _(array):
    yield Sample(array(3, 4), array(3, 4))


@samples("cosine_similarity")
def _(array):
    yield Sample(array(3, 4), array(3, 4))
    yield Sample(array(3, 4), array(3, 4), dim=0)


@samples("euclidean", torch=None)
def _(array):
    x, y = array(4, 3), array(2, 3)
    yield Sample(x, y, _expect=np.linalg.norm(x[:, None] - y, axis=-1))
    yield Sample(array(2, 4, 3), y)
    yield Sample(np.ones((2, 2)), np.ones((1, 2)), _skip=("gradient", "second_order"))


@samples("cdist")
def _(array):
    yield Sample(array(30, 2), array(3, 2))
    yield Sample(array(30, 2), array(2, 3, 2), compute_mode="donot_use_mm_for_euclid_dist")
    yield Sample(array(3, 4), array(2, 4))
    yield Sample(array(2, 3, 4), array(2, 2, 4), 1.0)
    yield ErrorSample(array(2, 3), array(2, 3), -1.0, raises=RuntimeError, match="non-negative")
    yield ErrorSample(array(3), array(2, 3), raises=RuntimeError, match="2D")
    yield ErrorSample(array(2, 3), array(2, 4), raises=RuntimeError, match="columns")


@samples("pdist", torch=F + "pdist")
def _(array):
    yield Sample(array(4, 3))
    yield ErrorSample(array(3, 2), -1.0, raises=RuntimeError, match="non-negative")
    yield ErrorSample(array(3), raises=RuntimeError, match="pdist")


@samples("cross")
def _(array):
    yield Sample(array(2, 3), array(2, 3), 1)
    yield Sample(array(3, 2), array(3, 2), dim=0)
    yield ErrorSample(array(2, 2), array(2, 2), raises=RuntimeError)
    yield ErrorSample(array(3), array(2, 3, 1), raises=RuntimeError)


@samples("einsum")
def _(array):
    yield Sample("ij,jk->ik", array(2, 3), array(3, 4))
    yield Sample("ii->i", array(3, 3))
    yield Sample("ii", array(3, 3))
    yield Sample("...ij,...jk", array(2, 2, 3), array(1, 3, 2))
    yield Sample("bij,bjk,kl->bil", array(2, 2, 3), array(2, 3, 2), array(2, 2))
    yield Sample("i,j->ij", array(2, dtype=np.complex128), array(3, dtype=np.complex128))
    yield Sample("ij->ji", np.arange(6).reshape(2, 3))
    yield ErrorSample("ij,jk", array(2, 3), raises=RuntimeError, match="einsum")
    yield ErrorSample("ij,jk->ik", array(2, 3), array(2, 3), raises=RuntimeError, match="einsum")
    yield ErrorSample("ij->ik", array(2, 3), raises=RuntimeError, match="einsum")


@samples("chain_matmul")
def _(array):
    yield Sample(array(2, 3), array(3, 4), array(4, 2))
    yield ErrorSample(array(1, 2, 3), array(3, 4), raises=RuntimeError, match="chain_matmul")


@samples("linalg_multi_dot", torch="linalg.multi_dot")
def _(array):
    yield Sample([array(2, 3), array(3, 4), array(4, 2)])
    yield Sample([array(3), array(3, 4), array(4)])
    yield Sample([array(3), array(3, 2)])
    yield ErrorSample([array(2, 2)], raises=RuntimeError, match="at least 2")


@samples("linalg_cross", torch="linalg.cross")
def _(array):
    yield Sample(array(2, 3), array(2, 3))
    yield Sample(array(3, 2), array(3, 2), dim=0)
    yield Sample(array(1, 3), array(4, 3))
    yield ErrorSample(array(2, 2), array(2, 2), raises=RuntimeError, match="cross")


@samples("linalg_diagonal", torch="linalg.diagonal")
def _(array):
    yield Sample(array(2, 3, 4))
    yield Sample(array(2, 3, 4), offset=1, dim1=0, dim2=2)


@samples("linalg_matrix_power", torch="linalg.matrix_power")
def _(array):
    yield Sample(array(2, 3, 3), 3)
    yield Sample(array(3, 3) + 3 * np.eye(3), -2)


@samples("linalg_matrix_exp", torch="linalg.matrix_exp")
def _(array):
    yield Sample(array(3, 3))


@samples("linalg_lstsq", torch=None)
def _(array):
    # The solution is PyTorch's; residuals and singular values depend on the driver.
    a, b = array(4, 2), array(4, 3)
    x, residuals, rank, _ = np.linalg.lstsq(a, b)
    yield Sample(a, b, _expect=(x, residuals, np.int64(rank), np.zeros(0)), _tol=10.0)
    yield Sample(array(2, 3), array(2, 1), _tol=10.0)
