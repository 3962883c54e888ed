"""Samples for ``ops/loss.py`` and ``ops/classify.py``."""

from __future__ import annotations

import numpy as np

from autotn.testing import ErrorSample, Sample, samples

F = "nn.functional."


@samples("mse_loss", torch=None)
def _(array):
    for reduction in ("mean", "sum", "none"):
        yield Sample(array(3, 4), array(3, 4), reduction)
    yield Sample(array(3, dtype=np.float32), array(3, dtype=np.float32), "mean")


@samples("huber", torch=None)
def _(array):
    x, y = array(5), array(5)
    d = np.abs(x - y)
    yield Sample(x, y, 1.0, _expect=np.where(d <= 1, d * d / 2, d - 0.5))


@samples("bce", torch=None)
def _(array):
    yield Sample(array(5, low=0.1, high=0.9), array(5, low=0.1, high=0.9))
    yield ErrorSample(
        array(3, low=2, high=3), array(3), raises=RuntimeError, match="between 0 and 1"
    )


@samples("bce_with_logits", torch=None)
def _(array):
    yield Sample(array(5), array(5, low=0, high=1))
    yield Sample(np.array([1000.0, -1000.0]), np.array([1.0, 0.0]), _expect=np.array([0.0, 0.0]))


@samples("kl", torch=None)
def _(array):
    yield Sample(array(5), array(5, low=0.1, high=1))


@samples("poisson_nll_loss", torch=F + "poisson_nll_loss")
def _(array):
    yield Sample(array(5), array(5, low=0.1, high=4))
    yield Sample(array(5, low=0.1), array(5, low=0.1, high=4), log_input=False, full=True)


@samples("nll", torch=None)
def _(array):
    for reduction in ("mean", "sum", "none"):
        yield Sample(
            array(3, 4),
            array.index(3, high=4),
            array(4, low=0.5),
            1,
            reduction,
            _skip=("gradient", "second_order", "gradient_like_torch", "arrays_in_arrays_out"),
        )
        # The class weights are Fixed: no gradient flows to them. The public nll_loss is tested beside PyTorch.


@samples("cross_entropy", torch=None)
def _(array):
    for reduction in ("mean", "sum", "none"):
        for smooth in (0.0, 0.2):
            yield Sample(array(3, 4), array.index(3, high=4), None, -100, reduction, smooth)
            yield Sample(array(3, 4), np.array([0, 1, 3]), None, 1, reduction, smooth)
    yield ErrorSample(
        array(3, 4),
        np.array([0, 4, 1]),
        None,
        -100,
        "mean",
        0.0,
        raises=IndexError,
        match="Target 4 is out of bounds: at position .1,., but there are 4 classes",
    )
