"""Packing and padding of sequences, against PyTorch's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn.nn.utils import rnn

LENGTHS = [[4, 2, 1], [3, 3, 3], [1], [1, 4, 2], [2, 4, 4, 1]]


def padded(lengths: list[int], batch_first: bool) -> Any:
    rng = np.random.default_rng(len(lengths))
    shape = (len(lengths), max(lengths) + 1, 2)
    values = rng.standard_normal(shape).astype(np.float32)
    return values if batch_first else values.swapaxes(0, 1).copy()


def fields(packed: Any) -> list[Any]:
    return [None if part is None else part.tolist() for part in packed]


@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
def test_packing_and_padding(torch: Any, lengths: list[int], batch_first: bool) -> None:
    results = []
    for library, module in ((tn, rnn), (torch, torch.nn.utils.rnn)):
        x = library.tensor(padded(lengths, batch_first), requires_grad=True)
        ordered = lengths == sorted(lengths, reverse=True)
        packed = module.pack_padded_sequence(
            x, library.tensor(lengths), batch_first, enforce_sorted=ordered
        )
        weights = library.arange(1.0, packed.data.numel() + 1).reshape(packed.data.shape)
        ((packed.data * weights).sum() ** 2).backward()
        back, counts = module.pad_packed_sequence(
            packed, batch_first, padding_value=-1.0, total_length=max(lengths) + 2
        )
        results.append([fields(packed), x.grad.tolist(), back.tolist(), counts.tolist()])
        assert type(packed).__name__ == "PackedSequence"
    ours, theirs = results
    assert ours[0][1:] == theirs[0][1:]
    assert ours[3] == theirs[3]
    np.testing.assert_allclose(ours[0][0], theirs[0][0])
    np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-4)
    np.testing.assert_allclose(ours[2], theirs[2])


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("batch_first", [True, False])
def test_pad_sequence(torch: Any, batch_first: bool, side: str) -> None:
    results = []
    for library, module in ((tn, rnn), (torch, torch.nn.utils.rnn)):
        parts = [library.ones(n, 2) * n for n in (3, 1, 2)]
        for part in parts:
            part.requires_grad_()
        out = module.pad_sequence(parts, batch_first, 9.0, side)
        (out * out).sum().backward()
        results.append([out.tolist(), [part.grad.tolist() for part in parts]])
        back = module.unpad_sequence(out, library.tensor([3, 1, 2]), batch_first)
        if side == "right":
            assert [b.tolist() for b in back] == [p.tolist() for p in parts]
    assert results[0] == results[1]


@pytest.mark.parametrize("ordered", [True, False])
def test_pack_sequence_round_trip(torch: Any, ordered: bool) -> None:
    sizes = [3, 2, 1] if ordered else [1, 3, 2]
    results = []
    for library, module in ((tn, rnn), (torch, torch.nn.utils.rnn)):
        parts = [library.arange(float(n)) + n for n in sizes]
        packed = module.pack_sequence(parts, enforce_sorted=ordered)
        results.append([fields(packed), [p.tolist() for p in module.unpack_sequence(packed)]])
        assert results[-1][1] == [p.tolist() for p in parts]
    assert results[0] == results[1]


def test_a_packing_converts_its_data() -> None:
    packed = rnn.pack_sequence([tn.ones(2), tn.ones(1)])
    assert packed.double().data.dtype == tn.float64
    assert packed.to(tn.float64).batch_sizes is packed.batch_sizes
    assert packed.float() is packed
    assert packed.cpu() is packed
    for name, dtype in (
        ("half", "float16"),
        ("int", "int32"),
        ("long", "int64"),
        ("byte", "uint8"),
    ):
        assert getattr(packed, name)().data.dtype.name == dtype
    assert not packed.is_cuda
    assert not packed.pin_memory().is_pinned()
    with pytest.raises(RuntimeError, match="CPU only"):
        packed.cuda()
    pair = rnn.PackedSequence((tn.ones(2), tn.tensor([1, 1])))
    assert pair.batch_sizes.tolist() == [1, 1]
    given = rnn.PackedSequence(tn.ones(2), tn.tensor([2]), tn.tensor([1, 0]))
    assert given.unsorted_indices.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda x: rnn.pack_padded_sequence(x, [1, 2]), RuntimeError, "sorted in decreasing order"),
        (lambda x: rnn.pack_padded_sequence(x, [2, 0]), RuntimeError, "greater than 0"),
        (lambda x: rnn.pack_padded_sequence(x, [9, 1]), ValueError, "length of 9"),
        (lambda x: rnn.pack_padded_sequence(x, [1]), ValueError, "batch_size 2"),
        (lambda x: rnn.pad_sequence([]), RuntimeError, "empty list"),
        (lambda x: rnn.pad_sequence([3]), TypeError, "expected Tensors, got int"),
        (lambda x: rnn.pad_sequence([x], padding_side="up"), ValueError, "'left' or 'right'"),
        (lambda x: rnn.pad_sequence([x, tn.ones(2)]), ValueError, "first dimension"),
        (
            lambda x: rnn.pad_packed_sequence(rnn.pack_sequence([x]), total_length=1),
            ValueError,
            "total_length=1 and max sequence length being 3",
        ),
    ],
)
def test_what_cannot_be_packed_is_refused(call: Any, error: Any, match: str) -> None:
    with pytest.raises(error, match=match):
        call(tn.ones(3, 2))
