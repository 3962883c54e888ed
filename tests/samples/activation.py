"""Samples for ``ops/activation.py`` and ``ops/softmax.py``."""

from __future__ import annotations

import numpy as np

from autotn.testing import ErrorSample, Sample, samples

F = "nn.functional."


def _elementwise(array, *args, kinks=(), **kwargs):
    yield Sample(array(3, 4, away_from=kinks), *args, **kwargs)
    yield Sample(array(away_from=kinks), *args, **kwargs)
    yield Sample(array(2, 0), *args, **kwargs)
    yield Sample(array(20, low=-30, high=30, away_from=kinks, strided=True), *args, **kwargs)
    yield Sample(array(3, dtype=np.float32, away_from=kinks), *args, **kwargs)
    yield Sample(
        np.array([np.inf, -np.inf, 0.5], np.float32),
        *args,
        _skip=("gradient_like_torch",),
        **kwargs,
    )
    # At the infinities PyTorch's gradients of some of these are nan, ours the limit.


def _declare(name, *variants, kinks=(), torch=None):
    @samples(name, torch=F + (torch or name))
    def _(array):
        for args in variants or ((),):
            yield from _elementwise(array, *args, kinks=kinks)


_declare("relu", kinks=(0.0,))
_declare("leaky_relu", (), (0.2,), kinks=(0.0,))
_declare("threshold", (0.5, 7.0), kinks=(0.5,))
_declare("hardtanh", (), (-0.5, 1.5), kinks=(-1.0, 1.0, -0.5, 1.5))
_declare("hardsigmoid", kinks=(-3.0, 3.0))
_declare("hardswish", kinks=(-3.0, 3.0))
_declare("hardshrink", (), (0.3,), kinks=(-0.5, 0.5, 0.3, -0.3))
_declare("softshrink", (), (0.3,), kinks=(-0.5, 0.5, 0.3, -0.3))
_declare("softplus", (), (2.0, 10.0))
_declare("logsigmoid")
_declare("softsign")
_declare("tanhshrink")
_declare("mish")
_declare("elu", (), (2.0,), kinks=(0.0,))
_declare("silu")


@samples("gelu", torch=F + "gelu")
def _(array):
    for way in ("none", "tanh"):
        for sample in _elementwise(array, approximate=way):
            if not np.isfinite(sample.args[0]).all():
                sample.skip = (
                    "value",
                    "gradient_like_torch",
                )  # PyTorch gives nan at inf, where the limit is inf
            yield sample
    yield ErrorSample(array(2), approximate="no", raises=RuntimeError, match="gelu: approximate")


for _name in ("gelu_tanh", "gelu_erf"):

    @samples(_name, torch=None)
    def _(array):
        yield Sample(array(3, 4))


@samples("glu", torch=F + "glu")
def _(array):
    yield Sample(array(3, 4))
    yield Sample(array(4, 3), 0)
    yield ErrorSample(array(3), raises=RuntimeError, match="Halving dimension must be even")


@samples("prelu")
def _(array):
    yield Sample(array(3, 4, away_from=(0.0,)), array(1))
    yield Sample(array(3, 4, away_from=(0.0,)), array(4))
    yield Sample(array(2, 3, 2, away_from=(0.0,)), array(3))
    yield ErrorSample(
        array(3, 4), array(3), raises=RuntimeError, match="Mismatch of parameter numbers"
    )
    yield ErrorSample(array(3, 4), array(1, 1), raises=RuntimeError, match="1D tensor")
    yield ErrorSample(array(3, 4), array(3), raises=RuntimeError, match="Mismatch")


@samples("sloped", torch=None)
def _(array):
    x, s = array(4, away_from=(0.0,)), array(4, low=0.1, high=0.3)
    yield Sample(
        x,
        s,
        _expect=np.where(x >= 0, x, x * s),
        _skip=("gradient", "second_order", "gradient_like_torch"),
    )
    # The slope is a Fixed input, drawn outside: there is no gradient to compare for it.


@samples("softmax")
def _(array):
    yield Sample(array(3, 4), 0)
    yield Sample(array(3, 4), -1)
    yield Sample(array(2, 3, 4), 1)
    yield Sample(array(), 0)
    yield Sample(array(2, 0), 1)
    yield Sample(np.array([1000.0, 999.0, -1000.0]), 0)
    yield ErrorSample(array(3), 1, raises=IndexError, match="softmax: Dimension out of range")
    yield ErrorSample(array(3), 1, raises=IndexError, match="range")
    yield ErrorSample(array(), 1, raises=IndexError, match="range")
    yield ErrorSample(np.arange(3), 0, raises=RuntimeError, match="dtype=")


@samples("log_softmax")
def _(array):
    yield Sample(array(3, 4), 0)
    yield Sample(array(3, 4), -1)
    yield Sample(array(), 0)
    yield Sample(np.array([1000.0, 999.0, -1000.0]), 0)
    yield ErrorSample(array(3), 1, raises=IndexError, match="range")
    yield ErrorSample(np.arange(3), 0, raises=RuntimeError, match="dtype=")


@samples("softmin", torch=F + "softmin")
def _(array):
    yield Sample(array(3, 4), dim=1)


for _name in ("relu6", "selu", "celu", "rrelu"):

    @samples(_name, torch=F + _name)
    def _(array, name=_name):
        yield from _elementwise(array, kinks=(0.0, 6.0))
        if name == "celu":
            yield Sample(array(3), 0.5)
            yield ErrorSample(array(3), 0.0, raises=RuntimeError, match="alpha")
        if name == "rrelu":
            yield Sample(array(3), 0.2, 0.6)
            yield ErrorSample(array(3), 0.6, 0.2, raises=RuntimeError, match="bound")
