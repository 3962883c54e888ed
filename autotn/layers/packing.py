"""Sequences of different lengths in one batch: padded to one length, or packed without padding.

A packed batch holds the first steps of all sequences, then the second steps of those that have one,
and so on, the longest sequence first. A recurrent layer then works on whole slices, and never on
padding.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np

from autotn.core.tensor import Tensor, wrap
from autotn.errors import ShapeError
from autotn.ops import cat, full

__all__ = [
    "PackedSequence",
    "invert_permutation",
    "pack_padded_sequence",
    "pack_sequence",
    "pad_packed_sequence",
    "pad_sequence",
    "unpack_sequence",
    "unpad_sequence",
]

Self = TypeVar("Self", bound="PackedSequence")


class _Fields(NamedTuple):
    data: Any
    batch_sizes: Any
    sorted_indices: Any
    unsorted_indices: Any


class PackedSequence(_Fields):
    """A batch of sequences without padding; made by `pack_padded_sequence` or `pack_sequence`.

    ``data`` holds all steps, ``batch_sizes`` how many sequences have a first, second, … step,
    ``sorted_indices`` how the sequences were ordered (None: they were in order) and
    ``unsorted_indices`` how to order them back.
    """

    __slots__ = ()

    def __new__(
        cls: type[Self],
        data: Any,
        batch_sizes: Any = None,
        sorted_indices: Any = None,
        unsorted_indices: Any = None,
    ) -> Self:
        if batch_sizes is None:  # given as one pair
            data, batch_sizes = data
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self: Self, *args: Any, **kwargs: Any) -> Self:
        """The same packing with converted data."""
        data = self.data.to(*args, **kwargs)
        return self if data is self.data else self._replace(data=data)

    def _cast(self: Self, dtype: str) -> Self:
        return self.to(dtype)

    def double(self: Self) -> Self:
        """In float64."""
        return self._cast("float64")

    def float(self: Self) -> Self:
        """In float32."""
        return self._cast("float32")

    def half(self: Self) -> Self:
        """In float16."""
        return self._cast("float16")

    def long(self: Self) -> Self:
        """In int64."""
        return self._cast("int64")

    def int(self: Self) -> Self:
        """In int32."""
        return self._cast("int32")

    def short(self: Self) -> Self:
        """In int16."""
        return self._cast("int16")

    def char(self: Self) -> Self:
        """In int8."""
        return self._cast("int8")

    def byte(self: Self) -> Self:
        """In uint8."""
        return self._cast("uint8")

    def cpu(self: Self, *args: Any, **kwargs: Any) -> Self:
        """The packing itself: everything is on the CPU."""
        return self

    def cuda(self: Self, *args: Any, **kwargs: Any) -> Self:
        """Raise: there is no such device."""
        return self.to(device="cuda")

    def pin_memory(self: Self) -> Self:
        """The packing itself: memory is never pinned."""
        return self

    def is_pinned(self) -> bool:
        """Tell that memory is never pinned."""
        return False

    @property
    def is_cuda(self) -> bool:
        """Always False."""
        return False


def invert_permutation(permutation: Any) -> Any:
    """The permutation that undoes this one; None for None.

    >>> nn.utils.rnn.invert_permutation(tn.tensor([2, 0, 1]))
    tensor([1, 2, 0])
    """
    return None if permutation is None else wrap(np.argsort(_array(permutation)))


def _array(values: Any) -> np.ndarray[Any, Any]:
    """Lengths or indices as an int64 array."""
    return np.asarray(values.detach() if isinstance(values, Tensor) else values, np.int64)


def pack_padded_sequence(
    input: Any, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Pack a padded batch of shape (steps, batch, …), or (batch, steps, …) with `batch_first`.

    Parameters
    ----------
    lengths : Tensor or list of int
        The length of each sequence.
    enforce_sorted : bool
        Whether the sequences must come longest first; otherwise they are ordered so.

    >>> padded = tn.tensor([[1, 2, 3], [4, 0, 0]])
    >>> nn.utils.rnn.pack_padded_sequence(padded, [3, 1], batch_first=True).data
    tensor([1, 4, 2, 3])
    """
    counts = _array(lengths)
    batch, steps = input.shape[:2] if batch_first else (input.shape[1], input.shape[0])
    if counts.shape != (batch,):
        raise ShapeError(
            f"pack_padded_sequence: expected `len(lengths)` to be equal to batch_size {batch}, "
            f"but got shape {tuple(counts.shape)}"
        )
    if batch and counts.min() <= 0:
        raise RuntimeError(
            "pack_padded_sequence: Length of all samples has to be greater than 0, but found an "
            f"element in 'lengths' that is <= 0: {counts.tolist()}"
        )
    if batch and counts.max() > steps:
        raise ShapeError(
            f"pack_padded_sequence: a length of {counts.max()} was given, but the padded sequences "
            f"have {steps} steps"
        )
    order = None
    if enforce_sorted:
        if (np.diff(counts) > 0).any():
            raise RuntimeError(
                "pack_padded_sequence: `lengths` array must be sorted in decreasing order when "
                "`enforce_sorted` is True. You can pass `enforce_sorted=False` to "
                f"pack_padded_sequence to let it sort them; got {counts.tolist()}"
            )
        places = np.arange(batch)
    else:
        places = np.argsort(-counts, kind="stable")
        order = wrap(places)
        counts = counts[places]
    alive = counts[None, :] > np.arange(counts.max(initial=0))[:, None]
    step, rank = np.nonzero(alive)
    index = (places[rank], step) if batch_first else (step, places[rank])
    return PackedSequence(input[index], wrap(alive.sum(1)), order, None)


def pad_packed_sequence(
    sequence: PackedSequence,
    batch_first: bool = False,
    padding_value: float = 0.0,
    total_length: int | None = None,
) -> tuple[Any, Any]:
    """The padded batch of a packed one, and the lengths: the inverse of `pack_padded_sequence`.

    Parameters
    ----------
    total_length : int, optional
        Pad to this many steps.

    >>> packed = nn.utils.rnn.pack_sequence([tn.tensor([1, 2]), tn.tensor([3])])
    >>> nn.utils.rnn.pad_packed_sequence(packed, batch_first=True)
    (tensor([[1, 2],
            [3, 0]]), tensor([2, 1]))
    """
    sizes = _array(sequence.batch_sizes)
    steps = len(sizes)
    if total_length is not None:
        if total_length < steps:
            raise ValueError(
                "pad_packed_sequence: expected total_length to be at least the length of the "
                f"longest sequence in input, but got total_length={total_length} and max sequence "
                f"length being {steps}"
            )
        steps = total_length
    ranks = np.arange(sizes[0] if len(sizes) else 0)
    alive = np.zeros((steps, len(ranks)), bool)
    alive[: len(sizes)] = ranks < sizes[:, None]
    where = np.full(alive.shape, len(sequence.data))  # padding: one past the last row of the data
    where[alive] = np.arange(len(sequence.data))
    lengths = alive.sum(0)
    if sequence.unsorted_indices is not None:
        back = _array(sequence.unsorted_indices)
        where, lengths = where[:, back], lengths[back]
    padded = _with_padding_row([sequence.data], padding_value)[where.T if batch_first else where]
    return padded, wrap(lengths)


def _with_padding_row(parts: Sequence[Any], value: float) -> Any:
    """All rows of these tensors, and a last row of padding."""
    shape = tuple(parts[0].shape[1:])
    return cat([*parts, full((1, *shape), value, dtype=parts[0].dtype)])


def pad_sequence(
    sequences: Any,
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: str = "right",
) -> Any:
    """Tensors of different lengths as one, padded to the longest.

    >>> nn.utils.rnn.pad_sequence([tn.tensor([1, 2]), tn.tensor([3])], batch_first=True)
    tensor([[1, 2],
            [3, 0]])
    """
    sequences = sequences.unbind(0) if isinstance(sequences, Tensor) else list(sequences)
    if not sequences:
        raise RuntimeError("pad_sequence: received an empty list of sequences")
    for one in sequences:
        if not isinstance(one, Tensor):
            raise TypeError(f"pad_sequence: expected Tensors, got {type(one).__name__}")
    if padding_side not in ("left", "right"):
        raise ValueError(
            f"pad_sequence: padding_side must be 'left' or 'right', got {padding_side!r}"
        )
    shapes = {tuple(one.shape[1:]) for one in sequences}
    if len(shapes) > 1:
        raise ShapeError(
            "pad_sequence: the sequences may only differ in their first dimension, got shapes "
            + ", ".join(str(tuple(one.shape)) for one in sequences)
        )
    counts = np.array([len(one) for one in sequences])
    steps = np.arange(counts.max())
    starts = np.cumsum(counts) - counts
    shift = (counts.max() - counts if padding_side == "left" else np.zeros_like(counts))[:, None]
    alive = (steps >= shift) & (steps < shift + counts[:, None])
    where = np.where(alive, starts[:, None] + steps - shift, counts.sum())
    return _with_padding_row(sequences, padding_value)[where if batch_first else where.T]


def unpad_sequence(padded_sequences: Any, lengths: Any, batch_first: bool = False) -> list[Any]:
    """The sequences of a padded batch, each with its own length.

    >>> nn.utils.rnn.unpad_sequence(tn.tensor([[1, 3], [2, 0]]), [2, 1])
    [tensor([1, 2]), tensor([3])]
    """
    if not batch_first:
        padded_sequences = padded_sequences.transpose(0, 1)
    return [one[:count] for one, count in zip(padded_sequences.unbind(0), _array(lengths).tolist())]


def pack_sequence(sequences: Any, enforce_sorted: bool = True) -> PackedSequence:
    """Pack tensors of different lengths.

    >>> nn.utils.rnn.pack_sequence([tn.tensor([1, 2]), tn.tensor([3])]).batch_sizes
    tensor([2, 1])
    """
    sequences = list(sequences)
    lengths = [len(one) for one in sequences]
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Any]:
    """The sequences of a packed batch: the inverse of `pack_sequence`.

    >>> nn.utils.rnn.unpack_sequence(nn.utils.rnn.pack_sequence([tn.ones(2), tn.zeros(1)]))
    [tensor([1., 1.]), tensor([0.])]
    """
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)
