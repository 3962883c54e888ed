"""Samples for ``ops/shape.py``."""

from __future__ import annotations

import numpy as np

from autotn.testing import ErrorSample, Sample, samples


@samples("reshape")
def _(array):
    yield Sample(array(2, 3), (3, 2))
    yield Sample(array(2, 3), (-1,))
    yield Sample(array(2, 3, strided=True), (6,))
    yield Sample(array(), (1, 1))
    yield Sample(array(2, 0, 3), (0, 3))
    yield Sample(array(4, dtype=np.int64), (2, 2))
    yield ErrorSample(
        array(2, 3), (4, 2), raises=RuntimeError, match="reshape: shape '.4, 2.' is invalid"
    )
    yield ErrorSample(array(2, 3), (-1, -1), raises=RuntimeError, match="only one dimension")
    yield ErrorSample(array(2, 3), (4,), raises=RuntimeError, match="invalid for input of size")
    yield ErrorSample(array(2, 3), (-1, -1), raises=RuntimeError)
    yield ErrorSample(array(2, 3), (-1, 4), raises=RuntimeError)


@samples("view_dtype", torch=None)
def _(array):
    yield Sample(
        np.array([1.0], np.float32),
        np.dtype(np.int32),
        _expect=np.array([1065353216], np.int32),
        _skip=("strided_inputs",),
    )  # a reversed single element is the same element


@samples("flatten")
def _(array):
    yield Sample(array(2, 3, 4))
    yield Sample(array(2, 3, 4), 1)
    yield Sample(array(2, 3, 4), start_dim=-2, end_dim=-1)
    yield Sample(array())
    yield ErrorSample(array(2, 3), 1, 0, raises=RuntimeError, match="start_dim")
    yield ErrorSample(array(2, 3, 4), 2, 1, raises=RuntimeError)
    yield ErrorSample(array(2, 3), 0, 2, raises=IndexError, match="range")


@samples("ravel")
def _(array):
    yield Sample(array(2, 3, strided=True))
    yield Sample(array())


@samples("unflatten", torch="Tensor.unflatten")
def _(array):
    yield Sample(array(2, 6), 1, (2, -1))
    yield Sample(array(6, 2), 0, (3, 2))
    yield ErrorSample(array(2, 6), 1, (4, 2), raises=RuntimeError, match="unflatten")
    yield ErrorSample(array(6), 0, (2, 4), raises=RuntimeError)
    yield ErrorSample(array(6), 0, (), raises=RuntimeError)


@samples("squeeze")
def _(array):
    yield Sample(array(1, 3, 1))
    yield Sample(array(1, 3, 1), 0)
    yield Sample(array(1, 3, 1), -1)
    yield Sample(array(1, 3, 1), (0, 1))
    yield Sample(array())
    yield ErrorSample(array(1, 3), 2, raises=IndexError, match="Dimension out of range")
    yield ErrorSample(array(2), 1, raises=IndexError, match="range")


@samples("unsqueeze")
def _(array):
    yield Sample(array(3, 2), 0)
    yield Sample(array(3, 2), -1)
    yield Sample(array(), 0)
    yield ErrorSample(array(3), 3, raises=IndexError, match="Dimension out of range")
    yield ErrorSample(array(2), 2, raises=IndexError, match="range")


@samples("swapaxes")
def _(array):
    yield Sample(array(2, 3, 4), 0, 2)
    yield Sample(array(2, 3), axis0=-1, axis1=0)
    yield ErrorSample(array(2, 3), 0, 2, raises=IndexError, match="range")


@samples("transpose")
def _(array):
    yield Sample(array(2, 3, 4), 0, 2)
    yield Sample(array(2, 3, 4), -1, -2)
    yield Sample(array(2, 0), 0, 1)
    yield ErrorSample(
        array(2, 3), 0, 2, raises=IndexError, match="transpose: Dimension out of range"
    )
    yield ErrorSample(array(2, 3), 0, 2, raises=IndexError, match="range")


@samples("permute")
def _(array):
    yield Sample(array(2, 3, 4), (2, 0, 1))
    yield Sample(array(2, 3, 4), (-1, 0, 1))
    yield ErrorSample(array(2, 3), (0, 0), raises=RuntimeError, match="permute: duplicate dims")
    yield ErrorSample(array(2, 3), (0,), raises=RuntimeError, match="permute: number of dimensions")
    yield ErrorSample(array(2, 3), (0,), raises=RuntimeError)
    yield ErrorSample(array(2, 3), (0, 0), raises=RuntimeError)
    yield ErrorSample(array(2, 3), (0, 2), raises=IndexError, match="range")


@samples("t")
def _(array):
    yield Sample(array(2, 3))
    yield Sample(array(3))
    yield ErrorSample(array(2, 3, 4), raises=RuntimeError, match="<= 2 dimensions")


@samples("movedim")
def _(array):
    yield Sample(array(2, 3, 4), 0, 2)
    yield Sample(array(2, 3, 4), (0, 1), (-1, 0))
    yield ErrorSample(array(2, 3), (0, 1), (0,), raises=RuntimeError, match="movedim")
    yield ErrorSample(array(2, 3), (0, 0), (0, 1), raises=RuntimeError)
    yield ErrorSample(array(2, 3), 2, 0, raises=IndexError, match="range")


@samples("adjoint")
def _(array):
    yield Sample(array(2, 3))
    yield Sample(array(2, 3, 2, dtype=np.complex128))


@samples("expand", torch="Tensor.expand")
def _(array):
    yield Sample(array(3, 1), (2, 3, 4))
    yield Sample(array(1, 3), (2, 3))
    yield Sample(array(), (2,))
    yield ErrorSample(array(2, 3), (4, 3), raises=RuntimeError)
    yield ErrorSample(array(2, 3), (3,), raises=RuntimeError)
    yield ErrorSample(array(2, 3), (-1, 2, 3), raises=RuntimeError)


@samples("broadcast_to")
def _(array):
    yield Sample(array(3, 1), (2, 3, 4))
    yield ErrorSample(array(3), (4,), raises=RuntimeError, match="expand: the expanded size")
    yield ErrorSample(array(2, 3), (2, 4), raises=RuntimeError)


@samples("parts", torch=None)
def _(array):
    x = array(5, 2)
    yield Sample(x, (2, 3), 0, _expect=(x[:2], x[2:3], x[3:]))


@samples("split")
def _(array):
    yield Sample(array(5, 2), 2)
    yield Sample(array(2, 5), 3, dim=1)
    yield Sample(array(5, 2), [1, 4])
    yield Sample(array(5, 2), [0, 5])
    yield ErrorSample(array(5), [1, 1], raises=RuntimeError, match="split_sizes")
    yield ErrorSample(array(5), -1, raises=RuntimeError, match="split_size")
    yield ErrorSample(array(3), -1, raises=RuntimeError)
    yield ErrorSample(array(3), [1, 1], raises=RuntimeError, match="sum")
    yield ErrorSample(array(), 1, raises=RuntimeError)


@samples("split_with_sizes")
def _(array):
    yield Sample(array(5, 2), [1, 4])


@samples("chunk")
def _(array):
    yield Sample(array(5, 2), 3)
    yield Sample(array(2, 6), 3, -1)
    yield Sample(array(2), 5)
    yield ErrorSample(array(2), 0, raises=RuntimeError, match="chunk")
    yield ErrorSample(array(3), 0, raises=RuntimeError)
    yield ErrorSample(array(), 2, raises=RuntimeError)


@samples("tensor_split")
def _(array):
    yield Sample(array(7, 2), 3)
    yield Sample(array(7, 2), (1, 3))
    yield Sample(array(2, 7), (-2,), dim=1)


@samples("unbind")
def _(array):
    yield Sample(array(3, 2))
    yield Sample(array(3, 2), 1)
    yield Sample(array(3, 2), -1)
    yield ErrorSample(array(), raises=(RuntimeError, IndexError), match="unbind")


@samples("narrow")
def _(array):
    yield Sample(array(5, 2), 0, 1, 3)
    yield Sample(array(2, 5), -1, -3, 2)
    yield ErrorSample(array(5), 0, 3, 4, raises=RuntimeError, match="narrow: start")
    yield ErrorSample(array(3), 0, 2, 2, raises=(RuntimeError, IndexError), match="exceeds|range")
    yield ErrorSample(array(3), 0, 0, -1, raises=RuntimeError)
    yield ErrorSample(array(), 0, 0, 0, raises=RuntimeError)


@samples("select")
def _(array):
    yield Sample(array(5, 2), 0, 1)
    yield Sample(array(2, 5), -1, -3)
    yield ErrorSample(array(5), 0, 5, raises=IndexError, match="select: index 5 out of range")
    yield ErrorSample(array(3), 0, 3, raises=IndexError)
    yield ErrorSample(array(), 0, 0, raises=IndexError)


@samples("alias", torch=None)
def _(array):
    x = array(3)
    yield Sample(x, _expect=x)


@samples("assign_view", torch=None)
def _(array):
    from autotn.ops.index import _getitem

    x, y = array(4), array(2)
    yield Sample(
        x, y, ((_getitem, (slice(1, 3),), None),), _expect=np.concatenate([x[:1], y, x[3:]])
    )
