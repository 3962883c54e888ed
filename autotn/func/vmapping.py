"""`vmap`: a function of one example becomes a function of a batch."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from autotn.core.modes import transforming
from autotn.core.tensor import Tensor, wrap
from autotn.ops.join import cat
from autotn.transforms import trees
from autotn.transforms.batch import RANDOMNESS, Batch
from autotn.transforms.batched_call import as_tensor

__all__ = ["vmap"]


def vmap(
    func: Callable[..., Any],
    in_dims: Any = 0,
    out_dims: Any = 0,
    randomness: str = "error",
    *,
    chunk_size: int | None = None,
) -> Callable[..., Any]:
    """`func`, written for one example, as a function of whole batches.

    Parameters
    ----------
    in_dims : int or nested
        The batch dimension of each argument, None for one that all examples share.
    out_dims : int or nested
        Where the batch dimension of each result goes.
    randomness : str
        What a random operation does: ``"error"``, one draw for each example (``"different"``) or one for all
        (``"same"``).
    chunk_size : int, optional
        Run this many examples at a time, to save memory.

    >>> dot = tn.func.vmap(tn.dot)
    >>> dot(tn.tensor([[1.0, 2.0], [3.0, 4.0]]), tn.ones(2, 2))
    tensor([3., 7.])
    """
    if randomness not in RANDOMNESS:
        raise RuntimeError(
            "Only allowed values for randomness are 'error', 'different', or 'same'. Got "
            f"{randomness}"
        )
    if chunk_size is not None and not chunk_size > 0:
        raise ValueError(f"vmap: chunk_size should be None or greater than 0. (got {chunk_size})")

    @functools.wraps(func)
    def mapped(*args: Any, **kwargs: Any) -> Any:
        size, dims, leaves, shape = _inputs(func, in_dims, args)
        if chunk_size is None or chunk_size >= size:
            leaves, result = _run(func, size, dims, leaves, shape, kwargs, randomness, out_dims)
            return result.rebuild(leaves)
        parts, places = [], []
        for start in range(0, size, chunk_size):
            length = min(chunk_size, size - start)
            some = [
                x if d is None else x.narrow(d, start, length)
                for x, d in zip(leaves, dims, strict=True)
            ]
            found, result = _run(func, length, dims, some, shape, kwargs, randomness, out_dims)
            parts.append(found)
            places = _out_places(func, out_dims, found, result)
        joined = [
            column[0] if place is None else cat(list(column), place)
            for column, place in zip(zip(*parts, strict=True), places, strict=True)
        ]
        return result.rebuild(joined)

    return mapped


def _name(func: Any) -> str:
    return getattr(func, "__name__", repr(func))


def _inputs(
    func: Any, in_dims: Any, args: tuple[Any, ...]
) -> tuple[int, list[Any], list[Any], trees.Shape]:
    """The batch size, and for each leaf of the arguments its batch dimension from 0."""
    call = f"vmap({_name(func)}, in_dims={in_dims}, ...)(<inputs>)"
    if not isinstance(in_dims, (int, tuple)):
        raise ValueError(
            f"{call}: expected `in_dims` to be int or a (potentially nested) tuple matching the "
            f"structure of inputs, got: {type(in_dims).__name__}."
        )
    if not args:
        raise ValueError(
            f"{call}: got no inputs. Maybe you forgot to add inputs, or you are trying to vmap over a "
            "function with no inputs. The latter is unsupported."
        )
    leaves, shape = trees.flatten(args)
    dims = trees.spread(in_dims, shape)
    if dims is None:
        raise ValueError(
            f"{call}: in_dims is not compatible with the structure of inputs. in_dims has structure "
            f"{trees.flatten(in_dims)[1]} but inputs has structure {shape}."
        )
    sizes = []
    for k, (x, d) in enumerate(zip(leaves, dims, strict=True)):
        if d is None:
            continue
        if not isinstance(d, int):
            raise ValueError(
                f"{call}: Got in_dim={d} for an input but in_dim must be either an integer dimension or None."
            )
        if not isinstance(x, Tensor):
            raise ValueError(
                f"{call}: Got in_dim={d} for an input but the input is of type {type(x).__name__}. We "
                "cannot vmap over non-Tensor arguments, please use None as the respective in_dim"
            )
        if not -x.ndim <= d < x.ndim:
            raise ValueError(
                f"{call}: Got in_dim={d} for some input, but that input is a Tensor of dimensionality "
                f"{x.ndim} so expected in_dim to satisfy -{x.ndim} <= in_dim < {x.ndim}."
            )
        dims[k] = d % x.ndim
        sizes.append(x.shape[dims[k]])
    if not sizes:
        raise ValueError(
            f"{call}: at least one input must have a batch dimension, but all in_dims are None"
        )
    if len(set(sizes)) > 1:
        raise ValueError(
            f"vmap: Expected all tensors to have the same size in the mapped dimension, got sizes "
            f"{sizes} for the mapped dimension"
        )
    return sizes[0], dims, leaves, shape


def _run(
    func: Any, size: int, dims: list[Any], leaves: list[Any], shape: trees.Shape, kwargs: Any,
    randomness: str, out_dims: Any,
) -> tuple[list[Any], trees.Shape]:  # fmt: skip
    """The results for one batch, batch dimensions where `out_dims` wants them."""
    level = Batch(size, randomness)
    given = [x if d is None else level.batched(x, d) for x, d in zip(leaves, dims, strict=True)]
    with transforming(level):
        results = func(*shape.rebuild(given), **kwargs)
    found, result = trees.flatten(results)
    places = _out_places(func, out_dims, found, result)
    return [
        _outside(_name(func), level, x, place) for x, place in zip(found, places, strict=True)
    ], result


def _out_places(func: Any, out_dims: Any, found: list[Any], result: trees.Shape) -> list[Any]:
    places = trees.spread(out_dims, result)
    if places is None:
        raise ValueError(
            f"vmap({_name(func)}, ..., out_dims={out_dims})(<inputs>): out_dims is not compatible with "
            f"the structure of outputs. out_dims has structure {trees.flatten(out_dims)[1]} but outputs "
            f"has structure {result}."
        )
    for x, place in zip(found, places, strict=True):
        if place is not None and not isinstance(x, Tensor):
            raise ValueError(
                f"vmap({_name(func)}, ...): `{_name(func)}` must only return Tensors, got type "
                f"{type(x).__name__}. Did you mean to set out_dims= to None for output?"
            )
        if place is not None and not isinstance(place, int):
            raise ValueError(
                f"vmap({_name(func)}, ..., out_dims={out_dims}): `out_dims` must be an int, None or a "
                "nesting of them matching the outputs"
            )
    return places


def _outside(name: str, level: Batch, x: Any, place: int | None) -> Any:
    """A result as a tensor of the level below."""
    if place is None:
        if not isinstance(x, Tensor):
            return x
        if level.is_batched(x):
            raise ValueError(
                f"vmap({name}, ...): `{name}` can not return a tensor that differs between the examples "
                "when out_dim is None"
            )
        return level.inside(x)
    whole = level.whole_batch(x)
    if not -whole.ndim <= place < whole.ndim:
        raise IndexError(
            f"vmap: Dimension out of range (expected to be in range of [{-whole.ndim}, "
            f"{whole.ndim - 1}], but got out_dim {place})"
        )
    return whole if place in (0, -whole.ndim) else whole.movedim(0, place)


def over_basis(
    function: Callable[..., Any],
    basis: list[Any],
    chunk_size: int | None = None,
    randomness: str = "error",
) -> list[Any]:
    """`function` of each row of a basis (parts of one vector side by side), results stacked."""
    rows = [as_tensor(b) for b in basis]
    found = vmap(function, 0, 0, randomness, chunk_size=chunk_size)(*rows)
    return [wrap(x._data) if x._node is None else x for x in found]
