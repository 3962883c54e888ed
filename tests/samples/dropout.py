"""Samples for ``ops/dropout.py``: what chance has no part in. The draws are tested in tests/layers."""

from __future__ import annotations

import numpy as np

from autotn.testing import ErrorSample, Sample, samples

F = "nn.functional."


@samples("masked_scale", torch=None)
def _(array):
    x, m = array(3, 4), array(3, 4, dtype=np.bool_)
    yield Sample(x, m, 2.0, _expect=x * m * 2)


SHAPES = {
    "dropout": (3, 4),
    "alpha_dropout": (3, 4),
    "feature_alpha_dropout": (2, 3, 4),
    "dropout1d": (2, 3, 4),
    "dropout2d": (2, 3, 2, 2),
    "dropout3d": (1, 3, 2, 2, 2),
}

for _name, _shape in SHAPES.items():

    @samples(_name, torch=F + _name)
    def _(array, name=_name, shape=_shape):
        yield Sample(array(*shape), 0.5, False)
        yield Sample(array(*shape), 0.0, True)
        if "alpha" not in name:
            yield Sample(array(*shape), 1.0, True)
        yield ErrorSample(array(*shape), 1.5, raises=ValueError, match="dropout probability")
        yield ErrorSample(array(*shape), -0.1, raises=ValueError, match="dropout probability")
