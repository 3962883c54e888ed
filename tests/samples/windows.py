"""Samples for ``network/windows.py``."""

from __future__ import annotations

import autotn.network.windows  # noqa: F401 - declares the ops
from autotn.testing import Sample, samples


@samples("gather_windows", torch=None)
def _(array):
    yield Sample(array(2, 5), (2,), (1,), ((0, 0),))
    yield Sample(array(2, 5, 4, 3), (3, 2), (2, 1), ((1, 1), (0, 1)))
    yield Sample(array(1, 4, 3, 2), (2, 3), (1, 1), ((0, 0), (1, 1)))
    yield Sample(array(2, 7), (3,), (2,), ((1, -1),))
    yield Sample(array(0, 4), (2,), (1,), ((0, 0),))


@samples("add_windows", torch=None)
def _(array):
    yield Sample(array(8, 2), (2, 5), (2,), (1,), ((0, 0),))
    yield Sample(array(6, 3), (2, 7), (3,), (2,), ((1, -1),))
    yield Sample(array(12, 12), (2, 4, 3, 2), (3, 2), (2, 1), ((1, 1), (0, 1)))
