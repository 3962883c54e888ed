"""PyTorch's old constructors, which half of all scripts still use."""

from __future__ import annotations

import numpy as np
import pytest

import autotn as tn

torch = pytest.importorskip("torch")

NAMES = ["FloatTensor", "DoubleTensor", "HalfTensor", "LongTensor", "IntTensor", "ShortTensor"]
NAMES += ["CharTensor", "ByteTensor", "BoolTensor"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("data", [[1, 0], [1.5, 0.2], [[1], [2]], np.array([1, 2]), []])
def test_they_convert_as_pytorch(name: str, data) -> None:
    ours, theirs = getattr(tn, name)(data), getattr(torch, name)(data)
    assert ours.tolist() == theirs.tolist()
    assert ours.dtype.name == str(theirs.dtype).partition(".")[2]
    assert ours.type() == theirs.type().replace("torch", "tn")
    assert tuple(ours.shape) == tuple(theirs.shape)


def test_sizes_make_a_tensor_of_that_size() -> None:
    assert tuple(tn.FloatTensor(2, 3).shape) == (2, 3)
    assert tuple(tn.LongTensor(4).shape) == (4,)


def test_a_constructor_recognises_its_tensors() -> None:
    assert isinstance(tn.zeros(1), tn.FloatTensor)
    assert not isinstance(tn.zeros(1), tn.LongTensor)
    assert not isinstance(tn.zeros(1), tn.cuda.FloatTensor)
    assert tn.FloatTensor is tn.FloatTensor
    assert tn.FloatTensor.dtype == tn.float32


def test_types_convert() -> None:
    x = tn.zeros(1)
    for kind in (tn.LongTensor, "torch.LongTensor", "tn.LongTensor", tn.int64):
        assert x.type(kind).dtype == tn.int64
    assert x.type("torch.FloatTensor") is x


def test_the_default_is_set_by_its_old_name() -> None:
    try:
        tn.set_default_tensor_type(tn.DoubleTensor)
        assert tn.tensor(1.0).dtype == tn.float64
    finally:
        tn.set_default_tensor_type("torch.FloatTensor")
    with pytest.raises(TypeError):
        tn.set_default_tensor_type(3)


def test_a_variable_is_a_tensor() -> None:
    Variable = tn.autograd.Variable
    x = tn.ones(2)
    v = Variable(x, requires_grad=True)
    (v * v).sum().backward()
    assert v.grad.tolist() == [2.0, 2.0]
    assert not x.requires_grad
    assert v.data_ptr() == x.data_ptr()
    assert isinstance(x, Variable)
    assert not Variable(v * 2).requires_grad
    with pytest.warns(UserWarning, match="volatile"):
        Variable(x, volatile=True)
    with pytest.raises(TypeError, match="has to be a tensor, but got list"):
        Variable([1.0])
