"""A keyword that a call does not take: the error says what was called, what was meant and what there is."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

import autotn as tn
import autotn.nn.functional as F
from autotn import distributions, nn, optim
from autotn.optim import lr_scheduler

X = tn.ones(2, 3)


class Own(nn.Module):
    def __init__(self, hidden: int) -> None:
        super().__init__()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: X.sum(axes=1), "sum() … 'axes'; did you mean 'dim'? It takes sum(input, dim=None"),
        (lambda: tn.std(X, dims=1), "std() … 'dims'; did you mean 'dim'? It takes std(input, dim=None"),
        (lambda: X.clamp(mn=0), "clamp() … 'mn'; did you mean 'min'? It takes clamp(input, min=None"),
        (lambda: X.add_(1, alph=2), "add() … 'alph'; did you mean 'alpha'? It takes add(input, other"),
        (lambda: F.conv2d(X, X, paddding=1), "conv2d() … 'paddding'; did you mean 'padding'?"),
        (lambda: F.cross_entropy(X, X, foo=1), "cross_entropy() … 'foo'. It takes cross_entropy(input"),
        (lambda: tn.zeros(2, dtpye=tn.int64), "zeros() … 'dtpye'; did you mean 'dtype'? It takes zeros("),
        (lambda: tn.full((2,), 1, dtyp=tn.int64), "full() … 'dtyp'; did you mean 'dtype'?"),
        (lambda: tn.arange(3, steps=2), "arange() … 'steps'; did you mean 'step'?"),
        (lambda: tn.rand(2, require_grad=True), "rand() … 'require_grad'; did you mean 'requires_grad'?"),
        (lambda: tn.randint(0, 5, shape=(2,)), "randint() … 'shape'; did you mean 'size'?"),
        (lambda: tn.ones_like(X, type=tn.int64), "ones_like() … 'type'; did you mean 'dtype'?"),
        (lambda: tn.tensor([1], require_grad=True), "tensor() … 'require_grad'; did you mean 'requires_grad'?"),
        (lambda: X.new_zeros(2, dtpye=tn.int64), "new_zeros() … 'dtpye'; did you mean 'dtype'?"),
        (lambda: nn.Linear(2, 3, bais=False), "Linear() … 'bais'; did you mean 'bias'?"),
        (lambda: nn.LSTM(2, 3, layers=2), "LSTM() … 'layers'; did you mean 'num_layers'?"),
        (lambda: nn.Dropout(rate=0.5), "Dropout() … 'rate'; did you mean 'p'?"),
        (lambda: Own(hiden=3), "Own() … 'hiden'; did you mean 'hidden'? It takes Own(hidden)"),
        (lambda: optim.SGD([X], learning_rate=1), "SGD() … 'learning_rate'; did you mean 'lr'?"),
        (
            lambda: lr_scheduler.StepLR(optim.SGD([X], lr=1), stepsize=1),
            "StepLR() … 'stepsize'; did you mean 'step_size'?",
        ),
        (lambda: distributions.Normal(0, 1, sigma=1), "Normal() … 'sigma'. It takes Normal(loc, scale"),
        (lambda: tn.utils.data.DataLoader([1], batchsize=2), "DataLoader() … 'batchsize'; did you mean"),
    ],
)  # fmt: skip
def test_the_error_names_what_was_meant(call: Callable[[], Any], words: str) -> None:
    with pytest.raises(TypeError) as caught:
        call()
    expected = words.replace("…", "got an unexpected keyword argument")
    assert str(caught.value).startswith(expected)


def test_a_model_that_sorts_its_keywords_itself_is_left_alone() -> None:
    class Free(nn.Linear):
        def __init__(self, *args: Any, note: str = "", **more: Any) -> None:
            super().__init__(*args)
            self.more = more

    assert Free(2, 3, anything=1).more == {"anything": 1}


def test_signatures_are_those_of_init() -> None:
    assert list(inspect.signature(nn.ReLU6).parameters) == ["inplace"]
    assert list(inspect.signature(Own).parameters) == ["hidden"]
    assert list(inspect.signature(nn.ReLU()).parameters) == ["args", "kwargs"]
