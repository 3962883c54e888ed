"""Samples for ``ops/segments.py``."""

from __future__ import annotations

import numpy as np

from autotn.testing import ErrorSample, Sample, samples

#: The lengths decide the shapes: they are no numbers of an example's own.
SKIP = ("vmap",)


def ints(*values):
    return np.array(values, np.int64)


@samples("segment_reduce")
def _(array):
    for reduce in ("sum", "mean", "max", "min", "prod"):
        x = array(6, distinct=True)
        # An empty segment is infinite or no number: finite differences of that are none.
        yield Sample(x, reduce, lengths=ints(3, 0, 1, 2), _skip=(*SKIP, "gradient"))
        yield Sample(x, reduce, lengths=ints(3, 1, 2), initial=0.3, _skip=SKIP)
        yield Sample(array(6, 2), reduce, offsets=ints(0, 2, 6), _skip=SKIP)
        yield Sample(array(2, 6, 3), reduce, lengths=ints([1, 2, 3], [2, 2, 2]), axis=1, _skip=SKIP)
        yield Sample(array(6, dtype=np.float32), reduce, lengths=ints(2, 4), _skip=SKIP)
        yield Sample(array(0), reduce, lengths=ints(0, 0), _skip=SKIP)
    yield Sample(array(6), "sum", lengths=ints(1, 2, 2), unsafe=True, _skip=SKIP)
    # A tie has no slope of its own, and PyTorch shares it out only where it is positive.
    tie = ints(1, 2, 2, 5).astype(np.float64)
    unasked = ("gradient", "gradient_like_torch", "second_order", "forward_mode")
    yield Sample(tie, "max", lengths=ints(3, 1), _skip=(*SKIP, *unasked))
    x = array(6)
    bad = [
        (RuntimeError, "lengths or offsets", {}),
        (NotImplementedError, "indices", dict(indices=ints(0, 0, 0, 1, 1, 1))),
        (RuntimeError, "add up to", dict(lengths=ints(1, 2, 2))),
        (RuntimeError, "negative", dict(lengths=ints(7, -1))),
        (RuntimeError, "have shape", dict(lengths=ints([3, 3]))),
        (RuntimeError, "integers", dict(lengths=array(2))),
        (RuntimeError, "number per segment", dict(lengths=np.array(6))),
        (RuntimeError, "add up to", dict(offsets=ints(0, 9), unsafe=True)),
    ]
    for error, words, options in bad:
        yield ErrorSample(x, "sum", **options, raises=error, match=words)
    yield ErrorSample(x, "median", lengths=ints(6), raises=RuntimeError, match="'median'")
    yield ErrorSample(ints(1, 2), "sum", lengths=ints(2), raises=TypeError, match="floating-point")
