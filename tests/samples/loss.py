"""Samples for ``ops/loss.py`` and ``ops/classify.py``."""

from __future__ import annotations

import numpy as np

from autotn.testing import ErrorSample, Sample, constant, samples

F = "nn.functional."


#: Losses of two tensors of one shape, with what else they take.
PAIRED = {
    "mse_loss": {},
    "l1_loss": {},
    "huber_loss": {"delta": 0.5},
    "smooth_l1_loss": {"beta": 0.5},
    "soft_margin_loss": {},
}

for _name, _more in PAIRED.items():

    @samples(_name, torch=F + _name)
    def _(array, name=_name, more=_more):
        def pair(*shape, **kind):
            target = array(*shape, **kind)
            # PyTorch's soft_margin_loss has no gradient by its target.
            return array(*shape, **kind), constant(target) if name == "soft_margin_loss" else target

        for reduction in ("mean", "sum", "none"):
            yield Sample(*pair(3, 4), reduction=reduction, **more)
        yield Sample(*pair(3, 4))
        yield Sample(*pair())
        yield Sample(*pair(0, 3), reduction="sum")
        yield Sample(*pair(3, dtype=np.float32))
        yield ErrorSample(array(3), array(3), reduction="max", raises=ValueError, match="max")


@samples("binary_cross_entropy", torch=F + "binary_cross_entropy")
def _(array):
    p, y = array(3, 4, low=0.1, high=0.9), array(3, 4, low=0.1, high=0.9)
    for reduction in ("mean", "sum", "none"):
        yield Sample(p, y, reduction=reduction)
    yield Sample(p, y, constant(array(4, low=0.5, high=1)))  # it has no gradient in PyTorch
    sure = np.array([0.0, 1.0])  # the logarithm stops at -100
    yield Sample(sure, 1 - sure, _skip=("gradient", "second_order", "gradient_like_torch"))
    yield ErrorSample(p, array(3), raises=ValueError, match="size|shape")
    yield ErrorSample(p + 1, y, raises=RuntimeError, match="between 0 and 1")


@samples("binary_cross_entropy_with_logits", torch=F + "binary_cross_entropy_with_logits")
def _(array):
    x, y = array(3, 4), array(3, 4, low=0, high=1)
    for reduction in ("mean", "sum", "none"):
        yield Sample(x, y, reduction=reduction)
    # Weights have no gradient in PyTorch.
    yield Sample(x, y, constant(array(4, low=0.5, high=1)))
    yield Sample(x, y, pos_weight=constant(array(4, low=0.5, high=3)))
    yield Sample(np.array([1e4, -1e4, 800.0, -800.0]), np.array([1.0, 0.0, 0.0, 1.0]), _tol=1e3)
    yield ErrorSample(x, array(3), raises=ValueError, match="size|shape")


@samples("kl_div", torch=F + "kl_div")
def _(array):
    x, y = array(3, 4), array(3, 4, low=0.1, high=1)
    for reduction in ("sum", "none", "batchmean"):  # "mean" warns
        yield Sample(x, y, reduction=reduction)
    yield Sample(x, array(3, 4), reduction="sum", log_target=True)
    # Of a target of 0 PyTorch's slope is NaN.
    never = ("gradient", "second_order", "gradient_like_torch")
    yield Sample(array(2), np.array([0.0, 1.0]), reduction="sum", _skip=never)
    yield ErrorSample(x, y, reduction="max", raises=ValueError, match="max")


@samples("gaussian_nll_loss", torch=F + "gaussian_nll_loss")
def _(array):
    x, y, v = array(3, 4), array(3, 4), array(3, 4, low=0.2, high=2)
    for reduction in ("mean", "sum", "none"):
        yield Sample(x, y, v, reduction=reduction)
    yield Sample(x, y, array(3, 1, low=0.2, high=2), full=True)
    below = ("gradient", "second_order", "forward_mode")
    yield Sample(x, y, np.full((3, 4), 1e-9), eps=0.1, _skip=below)
    # A variance below eps is put to eps without the gradient's knowing.
    yield ErrorSample(x, y, -v, raises=ValueError, match="negative")
    yield ErrorSample(x, y, array(2, low=0.1), raises=ValueError, match="var")


@samples("huber", torch=None)
def _(array):
    x, y = array(5), array(5)
    d = np.abs(x - y)
    yield Sample(x, y, 1.0, _expect=np.where(d <= 1, d * d / 2, d - 0.5))


@samples("bce", torch=None)
def _(array):
    p, y = array(5, low=0.1, high=0.9), array(5, low=0.1, high=0.9)
    yield Sample(p, y, _expect=-y * np.log(p) - (1 - y) * np.log(1 - p))
    yield ErrorSample(
        array(3, low=2, high=3), array(3), raises=RuntimeError, match="between 0 and 1"
    )


@samples("bce_with_logits", torch=None)
def _(array):
    yield Sample(array(5), array(5, low=0, high=1))
    yield Sample(np.array([1000.0, -1000.0]), np.array([1.0, 0.0]), _expect=np.array([0.0, 0.0]))


@samples("kl", torch=None)
def _(array):
    x, y = array(5), array(5, low=0.1, high=1)
    yield Sample(x, y, _expect=y * (np.log(y) - x))


@samples("poisson_nll_loss", torch=F + "poisson_nll_loss")
def _(array):
    yield Sample(array(5), array(5, low=0.1, high=4))
    yield Sample(array(5, low=0.1), array(5, low=0.1, high=4), log_input=False, full=True)


@samples("nll", torch=None)
def _(array):
    x, y = array(3, 4), array.index(3, high=4)
    yield Sample(
        x, y, np.ones(4), -100, "none", _expect=-x[range(3), y],
        _skip=("gradient", "second_order", "gradient_like_torch", "arrays_in_arrays_out", "forward_mode"),
    )  # fmt: skip
    # The class weights are Fixed: no gradient flows to them.


@samples("nll_loss", torch=F + "nll_loss")
def _(array):
    x, y = array(3, 4), array.index(3, high=4)
    for reduction in ("mean", "sum", "none"):
        yield Sample(x, y, reduction=reduction)
        yield Sample(x, y, constant(array(4, low=0.5)), ignore_index=1, reduction=reduction)
    yield Sample(array(4), np.array(2))
    yield Sample(array(2, 3, 4, 2), array.index(2, 4, 2, high=3))
    yield ErrorSample(x, np.array([0, 4, 1]), raises=IndexError, match="out of bounds")
    yield ErrorSample(x, y[:2], raises=ValueError, match="expected class numbers")


@samples("cross_entropy", torch=F + "cross_entropy")
def _(array):
    x, y = array(3, 4), array.index(3, high=4)
    for reduction in ("mean", "sum", "none"):
        for smooth in (0.0, 0.2):
            yield Sample(x, y, reduction=reduction, label_smoothing=smooth)
            yield Sample(
                x, y, constant(array(4, low=0.5)), ignore_index=1, reduction=reduction,
                label_smoothing=smooth,
            )  # fmt: skip
    shares = array(3, 4, low=0.1, high=1)
    yield Sample(x, shares / shares.sum(1, keepdims=True), label_smoothing=0.1)
    yield Sample(array(2, 3, 4), array.index(2, 4, high=3))
    yield Sample(array(4), np.array(2))
    yield Sample(array(2, 4, low=-900, high=900), array.index(2, high=4))
    yield ErrorSample(
        x, np.array([0, 4, 1]), raises=IndexError,
        match="Target 4 is out of bounds: at position .1,., but there are 4 classes",
    )  # fmt: skip
    yield ErrorSample(x, y, label_smoothing=1.5, raises=RuntimeError, match="label_smoothing")
    yield ErrorSample(x, array(3), raises=RuntimeError, match="cross_entropy|Long|target")


@samples("linear_cross_entropy", torch=None)
def _(array):
    x, w, b, y = array(3, 5), array(4, 5), array(4), array.index(3, high=4)
    scores = x @ w.T + b
    logs = scores - np.log(np.exp(scores).sum(1, keepdims=True))
    yield Sample(x, w, y, linear_bias=b, _expect=-logs[range(3), y].mean())
