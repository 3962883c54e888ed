"""Samples for ``ops/arrange.py``."""

from __future__ import annotations

import numpy as np

from autotn.testing import ErrorSample, Sample, samples


@samples("flip")
def _(array):
    yield Sample(array(3, 4), (0,))
    yield Sample(array(3, 4), (0, -1))
    yield ErrorSample(array(3), (0, 0), raises=RuntimeError, match="flip")
    yield ErrorSample(array(3), (1,), raises=IndexError, match="range")
    yield ErrorSample(array(3), (0, 0), raises=RuntimeError)


@samples("fliplr")
def _(array):
    yield Sample(array(3, 4))


@samples("flipud")
def _(array):
    yield Sample(array(3, 4))


@samples("roll")
def _(array):
    yield Sample(array(3, 4), 1)
    yield Sample(array(3, 4), -1, 0)
    yield Sample(array(3, 4), (1, 2), (0, 1))
    yield ErrorSample(array(3, 2), (1, 2), (0,), raises=RuntimeError)


@samples("rot90")
def _(array):
    for k in range(-1, 4):
        yield Sample(array(2, 3), k, (0, 1))


@samples("tile")
def _(array):
    yield Sample(array(2, 3), (2,))
    yield Sample(array(3), (2, 2))
    yield Sample(array(), (2,))


@samples("repeat_interleave")
def _(array):
    yield Sample(array(2, 3), 2)
    yield Sample(array(2, 3), 2, dim=1)
    yield Sample(array(2, 3), np.array([1, 2]), dim=0)
    yield ErrorSample(array(3), np.array([1, 2]), raises=RuntimeError)
    yield ErrorSample(array(3), -1, raises=RuntimeError)


for _name in ("tril", "triu"):

    @samples(_name)
    def _(array):
        yield Sample(array(3, 4))
        yield Sample(array(2, 3, 3), 1)
        yield Sample(array(3, 3), -1)
        yield Sample(array(3, 3, dtype=np.int64))
        yield ErrorSample(array(3), raises=RuntimeError, match="at least 2 dimensions")


@samples("put_on_diagonal", torch=None)
def _(array):
    x = array(2)
    yield Sample(x, (2, 2), 0, 0, 1, _expect=np.diag(x))


@samples("diagonal")
def _(array):
    yield Sample(array(3, 4))
    yield Sample(array(3, 4), 1)
    yield Sample(array(3, 4), -5)
    yield Sample(array(2, 3, 4), 0, 1, 2)
    yield Sample(array(2, 3, 4), -1, 2, 0)


@samples("diag_embed")
def _(array):
    yield Sample(array(3))
    yield Sample(array(2, 3), 1)
    yield Sample(array(2, 3), -1, 0, 2)


@samples("diag")
def _(array):
    yield Sample(array(3))
    yield Sample(array(3), 1)
    yield Sample(array(3, 4), -1)
    yield ErrorSample(array(2, 2, 2), raises=RuntimeError)


@samples("diagflat")
def _(array):
    yield Sample(array(2, 2), 1)


@samples("trace")
def _(array):
    yield Sample(array(3, 4))
    yield ErrorSample(array(3), raises=RuntimeError, match="trace: expected a matrix")
    yield ErrorSample(array(3), raises=RuntimeError, match="matrix")
    yield ErrorSample(array(2, 2) > 0, raises=RuntimeError, match="bool")


@samples("select_scatter")
def _(array):
    yield Sample(array(2, 3), array(3), 0, 1)


@samples("slice_scatter")
def _(array):
    yield Sample(array(4, 3), array(2, 3), 0, 1, 4, 2)


@samples("diagonal_scatter")
def _(array):
    yield Sample(array(3, 3), array(2), 1)


@samples("masked_fill")
def _(array):
    yield Sample(array(3, 4), array(3, 4, dtype=np.bool_), 2.5)
    yield Sample(array(3, 4), array(4, dtype=np.bool_), array())
    yield Sample(array(3, dtype=np.int64), array(3, dtype=np.bool_), 2)
    yield ErrorSample(array(3), array(3), 1.0, raises=RuntimeError, match="boolean masks")


@samples("masked_select")
def _(array):
    yield Sample(array(3, 4), array(3, 4, dtype=np.bool_))
    yield Sample(array(3, 1), array(4, dtype=np.bool_))
    yield ErrorSample(array(3), array(3), raises=RuntimeError, match="boolean")
    yield ErrorSample(array(3), np.ones(2, np.bool_), raises=(RuntimeError, IndexError))


@samples("masked_scatter")
def _(array):
    yield Sample(array(3, 4), array(3, 4, dtype=np.bool_), array(12))
    yield ErrorSample(
        array(3), np.ones(3, np.bool_), array(2), raises=RuntimeError, match="at least 3"
    )
    yield ErrorSample(array(3), array(3), array(3), raises=RuntimeError, match="boolean")


@samples("nonzero_static")
def _(array):
    yield Sample(np.array([[0, 1], [2, 0]]), size=3)
    yield Sample(array(3, 4) > 0, size=2, fill_value=9)
    yield Sample(array(3), size=0)
    yield ErrorSample(array(3), size=-1, raises=RuntimeError, match="non-negative")


@samples("nonzero")
def _(array):
    yield Sample(array(3, 4, dtype=np.bool_))
    yield Sample(array(5, dtype=np.int64), as_tuple=True)


@samples("argwhere")
def _(array):
    yield Sample(array(3, 4, dtype=np.bool_))


for _name in ("hstack", "vstack", "dstack", "column_stack"):

    @samples(_name)
    def _(array):
        yield Sample((array(2), array(2)))
        yield Sample((array(2, 3), array(2, 3)))


@samples("diff")
def _(array):
    yield Sample(array(5))
    yield Sample(array(3, 4), 2, 1)
    yield Sample(array(4), prepend=array(1))
    yield ErrorSample(array(3), -1, raises=RuntimeError, match="non-negative")
    yield ErrorSample(array(), raises=RuntimeError, match="one-dimensional")


@samples("as_strided")
def _(array):
    # One dimension only: PyTorch counts strides in the memory of what it is given, contiguous or not.
    yield Sample(array(6), (2, 3), (1, 2), _skip=("strided_inputs",))
    yield Sample(array(6), (2, 2), (2, 1), 1, _skip=("strided_inputs",))
    yield ErrorSample(array(3), (4,), (1,), raises=RuntimeError, match="reach outside")


@samples("unfold_dimension", torch="Tensor.unfold")
def _(array):
    yield Sample(array(5), 0, 2, 1)
    yield Sample(array(2, 6), 1, 3, 2)
    yield ErrorSample(array(3), 0, 4, 1, raises=RuntimeError, match="unfold: maximum size")
    yield ErrorSample(array(3), 0, 4, 1, raises=RuntimeError, match="maximum size")
    yield ErrorSample(array(3), 0, 2, 0, raises=RuntimeError, match="step")
    yield ErrorSample(array(), 0, 2, 1, raises=RuntimeError, match="maximum size")


@samples("meshgrid")
def _(array):
    yield Sample(array(2), array(3), indexing="ij")
    yield Sample(array(2), array(3), array(), indexing="xy")
    yield ErrorSample(array(2), indexing="yx", raises=RuntimeError, match="indexing")
    yield ErrorSample(array(2, 2), indexing="ij", raises=RuntimeError, match="meshgrid")


@samples("block_diag")
def _(array):
    yield Sample(array(2, 3), array(1, 1), array(2))
    yield Sample(array())
    yield ErrorSample(array(2, 2, 2), raises=RuntimeError, match="block_diag")


@samples("cartesian_prod")
def _(array):
    yield Sample(array(2), array(3))
    yield Sample(array(2))
    yield ErrorSample(array(2, 2), array(2), raises=RuntimeError, match="cartesian_prod|1D")


@samples("combinations")
def _(array):
    yield Sample(array(4))
    yield Sample(array(3), 3, True)
    yield Sample(array(2), 3)
    yield ErrorSample(array(2, 2), raises=RuntimeError, match="combinations")


@samples("broadcast_tensors")
def _(array):
    yield Sample(array(2, 1), array(3))
    yield ErrorSample(array(2), array(3), raises=RuntimeError, match="broadcast_tensors|match")
