"""From a list of samples to a batch."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any

import numpy as np

from autotn.core.dtypes import dtype, of_scalar
from autotn.core.modes import grad_enabled
from autotn.core.tensor import Tensor, canonical, wrap
from autotn.errors import ShapeError


def default_collate(batch: Any) -> Any:
    """Stack samples: tensors, arrays and numbers to tensors, containers member by member.

    Tuples and lists of samples become a list with one entry per position, dictionaries a
    dictionary; strings stay a list.

    >>> tn.utils.data.default_collate([(1, "a"), (2, "b")])
    [tensor([1, 2]), ('a', 'b')]
    """
    first = batch[0]
    if isinstance(first, Tensor):
        return _stack(batch)
    if isinstance(first, np.ndarray | np.generic):
        return _stack([_as_tensor(value) for value in batch])
    if isinstance(first, float):
        return wrap(np.array(batch, np.float64))
    if isinstance(first, int):
        return wrap(np.array(batch, _number_dtype(batch).dtype))
    if isinstance(first, str | bytes):
        return batch
    if isinstance(first, Mapping):
        columns: Any = {key: default_collate([row[key] for row in batch]) for key in first}
        return _same_mapping(first, columns)
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        return type(first)(*(default_collate(column) for column in _columns(batch)))
    if isinstance(first, Sequence):
        stacked = [default_collate(column) for column in _columns(batch)]
        return stacked if isinstance(first, tuple) else _same_sequence(first, stacked)
    raise TypeError(
        "default_collate: a batch must contain tensors, numpy arrays, numbers, dicts or lists; "
        f"found {type(first).__name__}. Give the loader a collate_fn of your own"
    )


def default_convert(data: Any) -> Any:
    """Arrays to tensors, inside containers too; everything else as it is.

    >>> tn.utils.data.default_convert({"x": np.ones(2), "name": "one"})
    {'x': tensor([1., 1.], dtype=tn.float64), 'name': 'one'}
    """
    if isinstance(data, np.ndarray | np.generic):
        return data if data.dtype.kind in "SUO" else _as_tensor(data)
    if isinstance(data, Mapping):
        return _same_mapping(data, {key: default_convert(value) for key, value in data.items()})
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*(default_convert(value) for value in data))
    if isinstance(data, tuple):
        return [default_convert(value) for value in data]
    if isinstance(data, Sequence) and not isinstance(data, str | bytes):
        return _same_sequence(data, [default_convert(value) for value in data])
    return data


def _number_dtype(batch: Sequence[Any]) -> dtype:
    """The dtype that holds all the numbers; the first one is whole, the others may not be."""
    if len(set(map(type, batch))) == 1:
        return of_scalar(batch[0])
    return max(map(of_scalar, batch), key=lambda found: found.category)


def _as_tensor(value: Any) -> Tensor:
    array = np.asarray(value)
    if array.dtype.kind in "SUO":
        raise TypeError(f"default_collate: arrays of {array.dtype} cannot become tensors")
    return wrap(canonical(array))


def _columns(batch: Sequence[Any]) -> list[tuple[Any, ...]]:
    """The samples' first entries, their second ones, and so on."""
    sizes = {len(sample) for sample in batch}
    if len(sizes) > 1:
        raise ShapeError(
            "default_collate: each sample of a batch should have the same number of entries, got "
            f"{sorted(sizes)}"
        )
    return list(zip(*batch, strict=True))


def _stack(tensors: Sequence[Tensor]) -> Tensor:
    """The tensors along a new first dimension."""
    arrays = [tensor._data for tensor in tensors]
    shape, kind = arrays[0].shape, arrays[0].dtype
    for i, array in enumerate(arrays):
        if array.shape != shape:
            raise ShapeError(
                "default_collate: the tensors of a batch should have one shape, got "
                f"{tuple(shape)} at entry 0 and {tuple(array.shape)} at entry {i}. Pad or crop "
                "them, or give the loader a collate_fn of your own"
            )
    recorded = grad_enabled() and any(tensor.requires_grad for tensor in tensors)
    if recorded or any(array.dtype != kind for array in arrays):
        from autotn.ops import stack

        return stack(list(tensors))
    if not shape:
        return wrap(np.array(arrays, kind))
    return wrap(np.concatenate(arrays).reshape(len(arrays), *shape))


def _same_mapping(like: Mapping[Any, Any], values: dict[Any, Any]) -> Any:
    """The values in a mapping of the same class, or in a dict where that cannot be made."""
    if type(like) is dict:
        return values
    return _filled(like, MutableMapping, lambda made: made.update(values)) or _made(like, values)


def _same_sequence(like: Sequence[Any], values: list[Any]) -> Any:
    if type(like) is list:
        return values

    def fill(made: Any) -> None:
        for i, value in enumerate(values):
            made[i] = value

    if isinstance(like, range) or len(like) != len(values):
        return values
    return _filled(like, MutableSequence, fill) or _made(like, values)


def _filled(like: Any, kind: type, fill: Callable[[Any], None]) -> Any:
    """A copy of a mutable container, which keeps its other attributes, with new content."""
    if not isinstance(like, kind):
        return None
    try:
        made = copy.copy(like)
        fill(made)
    except (TypeError, AttributeError):
        return None
    return made


def _made(like: Any, values: Any) -> Any:
    try:
        return type(like)(values)
    except TypeError:  # its constructor wants something else
        return values
