"""The memory behind tensors, as ``storage()`` and ``untyped_storage()`` show it."""

from __future__ import annotations

import numpy as np
import pytest

import autotn as tn


@pytest.mark.parametrize(
    ("view", "offset"),
    [
        (lambda x: x, 0),
        (lambda x: x[1:], 3),
        (lambda x: x[:, 2], 2),
        (lambda x: x.T, 0),
        (lambda x: x.expand(2, 4, 3), 0),
        (lambda x: x.diagonal(1), 1),
        (lambda x: x.as_strided((2, 2), (3, 1), 5), 5),
        (lambda x: x.view(12)[7:], 7),
    ],
)
def test_views_share_the_storage_of_their_base(view, offset) -> None:
    x = tn.arange(12.0).reshape(4, 3)
    y = view(x)
    assert y.storage_offset() == offset
    assert y.untyped_storage() == x.untyped_storage()
    assert y.untyped_storage().data_ptr() == x.data_ptr()
    assert y.data_ptr() == x.data_ptr() + 4 * offset
    assert y.untyped_storage().nbytes() == 48
    assert y.storage().tolist() == list(range(12))


def test_a_copy_has_a_storage_of_its_own() -> None:
    x = tn.arange(3.0)
    assert x.clone().storage() != x.storage()
    copied = x.storage().clone()
    copied[0] = 5
    assert x.tolist() == [0, 1, 2]


def test_memory_is_written_through_a_storage() -> None:
    x = tn.arange(4.0)
    x[2:].storage()[0] = 7
    x.storage()[1:3] = 5
    assert x.tolist() == [7, 5, 5, 3]
    x.storage().copy_(tn.ones(4).storage()).untyped()[:4] = 0
    assert x.tolist() == [0, 1, 1, 1]
    with pytest.raises(RuntimeError, match="storage of size 4, got 3"):
        x.storage().copy_(tn.ones(3).storage())
    assert x.storage().fill_(2).tolist() == [2, 2, 2, 2]


def test_backward_knows_of_a_write_through_a_storage() -> None:
    x = tn.ones(2, requires_grad=True) * 1
    y = x * x
    x.storage()[0] = 3
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_a_storage_says_what_it_is() -> None:
    typed = tn.tensor([1, 2], dtype=tn.int16).storage()
    assert repr(typed) == " 1\n 2\n[autotn.TypedStorage(dtype=tn.int16, device=cpu) of size 2]"
    assert repr(tn.UntypedStorage(1)) == " 0\n[autotn.UntypedStorage(device=cpu) of size 1]"
    assert (len(typed), typed.element_size(), typed.nbytes(), typed.dtype) == (2, 2, 4, tn.int16)
    assert tn.is_storage(typed)
    assert not tn.is_storage(tn.zeros(1))
    assert list(tn.TypedStorage(2)) == [0.0, 0.0]
    assert typed[1] == 2
    assert tn.zeros(2, dtype=tn.bfloat16).storage().tolist() == [0.0, 0.0]
    assert tn.zeros(()).storage().size() == 1
    assert tn.zeros(0).untyped_storage().nbytes() == 0


def test_numpys_memory_keeps_its_size() -> None:
    storage = tn.zeros(2).untyped_storage()
    assert storage.resize_(8) is storage
    with pytest.raises(RuntimeError, match="8 bytes can't be made one of 0"):
        storage.resize_(0)


def test_memory_in_columns_is_shown_as_it_lies() -> None:
    a = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    assert tn.from_numpy(a).storage().tolist() == [0, 3, 1, 4, 2, 5]
