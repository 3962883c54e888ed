"""Functions that make tensors or change them as such: no samples can be written for them."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn.errors import AutogradError


@pytest.mark.parametrize("length", [0, 1, 2, 7, 8])
@pytest.mark.parametrize("periodic", [True, False])
@pytest.mark.parametrize("name", ["hann", "hamming", "blackman", "bartlett", "kaiser"])
def test_windows(torch: Any, name: str, periodic: bool, length: int) -> None:
    ours = getattr(tn, f"{name}_window")(length, periodic, dtype=tn.float64)
    theirs = getattr(torch, f"{name}_window")(length, periodic, dtype=torch.float64)
    np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-14)
    assert getattr(tn, f"{name}_window")(length).dtype == tn.float32
    with pytest.raises(RuntimeError, match="floating point"):
        getattr(tn, f"{name}_window")(length, dtype=tn.int64)
    with pytest.raises(RuntimeError, match="non-negative"):
        getattr(tn, f"{name}_window")(-1)


def test_windows_take_their_parameters(torch: Any) -> None:
    np.testing.assert_allclose(
        tn.hamming_window(6, True, 0.6, 0.4), torch.hamming_window(6, True, 0.6, 0.4), atol=1e-6
    )
    np.testing.assert_allclose(
        tn.kaiser_window(6, beta=3.0), torch.kaiser_window(6, True, 3.0), atol=1e-6
    )


def test_constants() -> None:
    assert (tn.pi, tn.e, tn.inf, tn.newaxis) == (np.pi, np.e, np.inf, None)
    assert tn.nan != tn.nan


# -- shape and memory ------------------------------------------------------------------------------------


def test_resize_keeps_the_elements_in_order() -> None:
    x = tn.arange(6).reshape(2, 3)
    assert x.resize_(3, 2).tolist() == [[0, 1], [2, 3], [4, 5]]
    assert x.resize_(2).tolist() == [0, 1]
    assert x.resize_(4).tolist()[:2] == [0, 1]
    assert tn.arange(4).resize_as_(tn.zeros(2, 1)).tolist() == [[0], [1]]
    assert tn.arange(4).resize(2, 2).shape == (2, 2)
    with pytest.raises(RuntimeError, match="number of elements"):
        tn.arange(4).resize(3)
    with pytest.raises(RuntimeError, match="require grad"):
        tn.ones(2, requires_grad=True).resize_(3)


def test_set_takes_the_memory_of_another() -> None:
    x, y = tn.zeros(3), tn.ones(2)
    assert x.set_(y) is x
    y[0] = 5
    assert x.tolist() == [5, 1]
    assert x.set_().numel() == 0
    with pytest.raises(RuntimeError, match="dtype"):
        x.set_(tn.ones(2, dtype=tn.int64))


@pytest.mark.parametrize("wrap", [True, False])
@pytest.mark.parametrize("shape", [(3, 3), (7, 3), (2, 4), (3, 3, 3)])
def test_fill_diagonal(torch: Any, shape: tuple[int, ...], wrap: bool) -> None:
    ours = tn.zeros(shape).fill_diagonal_(2, wrap)
    np.testing.assert_array_equal(ours, torch.zeros(shape).fill_diagonal_(2, wrap))
    x = tn.ones(shape, requires_grad=True)
    (x * 1).fill_diagonal_(5, wrap).sum().backward()
    np.testing.assert_array_equal(x.grad, (ours == 0).float())


def test_fill_diagonal_refuses() -> None:
    with pytest.raises(RuntimeError, match="dimensions"):
        tn.zeros(3).fill_diagonal_(1)
    with pytest.raises(RuntimeError, match="equal length"):
        tn.zeros(2, 3, 3).fill_diagonal_(1)


def test_as_strided_in_place() -> None:
    x = tn.arange(6)
    assert x.as_strided_((2, 2), (3, 1)) is x
    assert x.tolist() == [[0, 1], [3, 4]]


def test_python_functions_of_each_element() -> None:
    x = tn.tensor([1.0, 2.0])
    assert x.apply_(lambda v: v + 1).tolist() == [2, 3]
    assert x.map_(tn.tensor([10.0, 20.0]), lambda a, b: a + b).tolist() == [12, 23]
    with pytest.raises(AutogradError, match="gradient"):
        tn.ones(2, requires_grad=True).apply_(float)


def test_broadcast_shapes() -> None:
    assert tn.broadcast_shapes((2, 1), (3,), ()) == (2, 3)
    with pytest.raises(RuntimeError, match="broadcast"):
        tn.broadcast_shapes((2,), (3,))


# -- memory of others ------------------------------------------------------------------------------------


def test_memory_is_shared_with_numpy() -> None:
    array = np.arange(3.0)
    x = tn.from_dlpack(array)
    array[0] = 9
    assert x.tolist() == [9, 1, 2]
    assert tn.from_dlpack(array, copy=True).tolist() == [9, 1, 2]


def test_frombuffer() -> None:
    buffer = bytearray(np.arange(4, dtype=np.int32).tobytes())
    assert tn.frombuffer(buffer, dtype=tn.int32).tolist() == [0, 1, 2, 3]
    assert tn.frombuffer(buffer, dtype=tn.int32, count=2, offset=4).tolist() == [1, 2]
    for bad in (dict(count=5), dict(offset=99), dict(offset=1), dict(count=0)):
        with pytest.raises(ValueError, match="frombuffer"):
            tn.frombuffer(buffer, dtype=tn.int32, **bad)


def test_empty_tensors_with_strides() -> None:
    assert tn.empty_strided((2, 3), (1, 2)).stride() == (1, 2)
    assert tn.empty_permuted((2, 3, 4), (1, 2, 0)).stride() == (1, 8, 2)
    assert tn.ones(1, dtype=tn.int64).new_empty_strided((2,), (3,)).dtype == tn.int64
    with pytest.raises(RuntimeError, match="match"):
        tn.empty_strided((2, 3), (1,))
    with pytest.raises(RuntimeError, match="once"):
        tn.empty_permuted((2, 3), (0, 0))


# -- copies ----------------------------------------------------------------------------------------------

COPIES: dict[str, tuple[Any, ...]] = {
    "alias_copy": (),
    "as_strided_copy": ((2, 2), (1, 2)),
    "detach_copy": (),
    "diagonal_copy": (),
    "narrow_copy": (0, 1, 2),
    "permute_copy": ((1, 0),),
    "select_copy": (0, 1),
    "slice_copy": (1, 0, 2),
    "split_copy": (2,),
    "split_with_sizes_copy": ([1, 2],),
    "squeeze_copy": (),
    "t_copy": (),
    "transpose_copy": (0, 1),
    "unbind_copy": (),
    "unfold_copy": (0, 2, 1),
    "unsqueeze_copy": (0,),
    "view_copy": ((4, 3),),
}


@pytest.mark.parametrize("name", COPIES)
def test_copies_share_no_memory(torch: Any, name: str) -> None:
    x = tn.arange(12.0).reshape(3, 4)
    found = getattr(tn, name)(x, *COPIES[name])
    expected = getattr(torch, name)(torch.arange(12.0).reshape(3, 4), *COPIES[name])
    several = isinstance(found, tuple)
    pairs = zip(found, expected, strict=True) if several else [(found, expected)]
    for ours, theirs in pairs:
        np.testing.assert_array_equal(ours, theirs)
        assert not np.shares_memory(ours.numpy(), x.numpy())


def test_copies_are_differentiable() -> None:
    x = tn.ones(2, 2, requires_grad=True)
    tn.diagonal_copy(x).sum().backward()
    np.testing.assert_array_equal(x.grad, np.eye(2))
    assert not tn.detach(x).requires_grad
    assert tn.fill(x, 3).tolist() == [[3, 3], [3, 3]]
    assert pickle.loads(pickle.dumps(tn.fill(tn.ones(1), 2))).tolist() == [2]


@pytest.mark.parametrize(
    ("name", "shape", "args"),
    [
        ("max_pool1d_with_indices", (1, 6), (2,)),
        ("max_pool2d_with_indices", (1, 4, 4), (2,)),
        ("max_pool3d_with_indices", (1, 4, 4, 4), (2,)),
        ("adaptive_max_pool1d_with_indices", (1, 6), (2,)),
        ("adaptive_max_pool2d_with_indices", (1, 4, 4), (2,)),
        ("adaptive_max_pool3d_with_indices", (1, 4, 4, 4), (2,)),
    ],
)
def test_pools_with_indices(torch: Any, name: str, shape: Any, args: Any) -> None:
    x = np.random.default_rng(0).permutation(int(np.prod(shape))).reshape(shape).astype(np.float32)
    ours = getattr(tn.nn.functional, name)(tn.tensor(x), *args)
    theirs = getattr(torch.nn.functional, name)(torch.tensor(x), *args)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(a, b)


def test_low_rank_matrices_come_back() -> None:
    tn.manual_seed(0)
    a = tn.randn(2, 6, 2) @ tn.randn(2, 2, 5)
    u, s, v = tn.svd_lowrank(a, 3)
    np.testing.assert_allclose((u * s.unsqueeze(-2)) @ v.mH, a, atol=1e-4)
    u, s, v = tn.pca_lowrank(a, 2)
    np.testing.assert_allclose((u * s.unsqueeze(-2)) @ v.mH, a - a.mean(-2, True), atol=1e-4)
