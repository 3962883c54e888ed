"""Samples for ``ops/integrate.py``."""

from __future__ import annotations

import numpy as np

from autotn.testing import ErrorSample, Sample, samples

for _name in ("trapezoid", "trapz", "cumulative_trapezoid"):

    @samples(_name)
    def _(array, name=_name):
        yield Sample(array(5))
        yield Sample(array(3, 4), dx=0.5)
        yield Sample(array(3, 4), dim=0)
        yield Sample(array(3, 4), array(4))
        yield Sample(array(3, 4), array(3, 4), dim=0)
        yield Sample(array(3, 4), array(3), dim=0)
        yield Sample(array(1))
        yield Sample(array(3, dtype=np.complex128))
        yield Sample(np.arange(4), dx=2)
        yield ErrorSample(
            array(3, 4), array(3), raises=RuntimeError, match=name.replace("trapz", "trapezoid")
        )
        yield ErrorSample(array(3), dim=1, raises=IndexError, match="range")


@samples("gradient")
def _(array):
    yield Sample(array(5))
    yield Sample(array(4, 3), spacing=2.0)
    yield Sample(array(4, 3), dim=1, edge_order=2)
    yield Sample(array(4, 3), spacing=[0.5, 2.0], edge_order=2)
    yield Sample(array(4), spacing=(np.array([0.0, 1.0, 3.0, 3.5]),), edge_order=2)
    yield Sample(array(4), spacing=(np.array([0.0, 1.0, 3.0, 3.5]),))
    yield ErrorSample(array(2), edge_order=2, raises=RuntimeError, match="edge_order")
    yield ErrorSample(array(4), edge_order=3, raises=RuntimeError, match="edge_order")
    yield ErrorSample(array(4), spacing=[1.0, 1.0], raises=RuntimeError, match="spacing")
