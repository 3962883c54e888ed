"""vmap: one call on a whole batch where the user's function speaks of one example.

A tensor of a `Batch` level shows the shape of one example; its part is a tensor of the level below with the
batch axis in front (or a tensor that all examples share). An op runs once on the whole batch by its batching
rule. A fused op without a rule runs as its reference; whatever else has none runs example by example.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.core import call
from autotn.core.modes import state
from autotn.core.op import Op
from autotn.core.tensor import Tensor, wrap
from autotn.core.traced import Traced, Unreadable
from autotn.core.transform import Transform, as_function, flat_inputs
from autotn.transforms import batching_index, batching_products  # noqa: F401 - they fill the table
from autotn.transforms.batched_call import BatchedCall, NoRule, aligned, expanded
from autotn.transforms.batching import rule_for
from autotn.transforms.forward import shaped_result
from autotn.transforms.wholes import WHOLES

__all__ = ["Batch"]

#: Marks what ought to be a view and is a copy.
_COPIED = "copied"

RANDOMNESS = ("error", "different", "same")


class Batch(Transform):
    """One level of vmap over `size` examples."""

    def __init__(self, size: int, randomness: str = "error") -> None:
        self.size = size
        self.randomness = randomness

    # -- tensors of this level ------------------------------------------------------------------------

    def batched(self, tensor: Tensor, axis: int = 0) -> Tensor:
        """Examples laid along an axis of `tensor`, as one tensor of this level."""
        if axis:
            tensor = tensor.movedim(axis, 0)
        return wrap(self._array(tensor, True))

    def _array(self, tensor: Tensor, batched: bool) -> Any:
        data = tensor._data
        shape = data.shape[1:] if batched else data.shape
        return Traced(shape, data.dtype, self, (tensor, batched))

    def lift(self, tensor: Tensor) -> Tensor:
        return wrap(tensor._data) if self.holds(tensor) else wrap(self._array(tensor, False))

    def is_batched(self, tensor: Tensor) -> bool:
        """True when the examples differ."""
        return self.holds(tensor) and bool(tensor._data.parts[1])  # type: ignore[attr-defined]

    def inside(self, tensor: Tensor) -> Tensor:
        """The tensor of the level below."""
        return tensor._data.parts[0] if self.holds(tensor) else tensor  # type: ignore[attr-defined]

    def whole_batch(self, tensor: Tensor) -> Tensor:
        """The tensor of the level below, with the batch axis in front in any case."""
        part = self.inside(tensor)
        return part if self.is_batched(tensor) else expanded(part, self.size)

    def values(self, array: Traced) -> np.ndarray[Any, Any]:
        part, batched = array.parts[:2]
        if not batched:
            data: np.ndarray[Any, Any] = part._data
            return data.values() if type(data) is Traced else data
        if self not in state.transforms:
            raise Unreadable(
                "a tensor made inside vmap was kept after vmap ended; return it from the function instead"
            )
        raise Unreadable(
            "vmap: the function reads the values of a tensor (by .item(), by `if`, by .numpy() or by an "
            "operation whose result's shape depends on them), but there is one value for each example; "
            "use operations such as tn.where instead, or loop over the examples"
        )

    def constant(self, array: Traced) -> Any:
        part, batched = array.parts[:2]
        if batched:
            return array
        data = part._data
        return data.transform.constant(data) if type(data) is Traced else data

    def detached(self, array: Traced) -> Any:
        part, batched = array.parts[:2]
        return self._array(part.detach(), batched)

    def text(self, tensor: Tensor) -> str:
        if not self.is_batched(tensor):
            return repr(self.inside(tensor))
        return (
            f"tensor(one of {self.size} examples of vmap, shape {tuple(tensor._data.shape)}, "
            f"{tensor.dtype})"
        )

    # -- calls ----------------------------------------------------------------------------------------

    def whole(self, op: Op, args: tuple[Any, ...]) -> Any:
        if op.reference_function is None and op.name not in WHOLES:
            return NotImplemented
        given = [*flat_inputs(op, args), *(args[k] for k in op.fixed)]
        if not any(isinstance(t, Tensor) and self.is_batched(t) for t in given):
            return NotImplemented
        if op.name in WHOLES:
            return WHOLES[op.name](*args)
        if rule_for(op) is not None:
            return NotImplemented
        try:
            return _reference(op, args)
        except Unreadable:
            return NotImplemented

    def enter(self, op: Op, args: tuple[Any, ...], out: Any) -> Any:
        try:
            return super().enter(op, args, out)
        except _UseReference as request:
            if request.op is not op or request.level is not self:
                raise
        return _reference(op, call.normalise(op, args))

    def run(self, op: Op, args: tuple[Any, ...]) -> Any:
        lowered, flags = [], []
        for value in args:
            below, flag = self._lower(value)
            lowered.append(below)
            flags.append(flag)
        some = any(any(f) if isinstance(f, list) else f for f in flags)
        with self.below():
            if not some:
                result = call.call(op, tuple(lowered))
            else:
                result = self._by_rule(op, lowered, flags)
        if result is NotImplemented:
            return self._by_loop(op, args)
        outputs = list(result) if op.several else [result]
        return shaped_result(op, result, [self._array(o, some) for o in outputs])

    def _lower(self, value: Any) -> tuple[Any, Any]:
        """An argument on the level below, and whether it is batched: one flag for each part of a list."""
        if isinstance(value, Tensor):
            return self.inside(value), self.is_batched(value)
        if type(value) is Traced and value.transform is self:
            return value.parts[0], value.parts[1]
        if isinstance(value, (tuple, list)):
            pairs = [self._lower(v) for v in value]
            parts = [p for p, _ in pairs]
            made = type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
            return made, [f if isinstance(f, bool) else any(f) for _, f in pairs]
        return value, False

    def _by_rule(self, op: Op, args: list[Any], flags: list[Any]) -> Any:
        found = rule_for(op)
        if found is None:
            return NotImplemented
        try:
            return found(BatchedCall(op, self.size, args, flags))
        except NoRule:
            if op.reference_function is not None:
                raise _UseReference(op, self) from None
            return NotImplemented
        except (_UseReference, Unreadable):
            raise
        except Exception:
            # The user thinks of one example: let the error speak of one, if one alone fails too.
            call.call(op, tuple(_first(a, f) for a, f in zip(args, flags, strict=True)))
            raise

    def _by_loop(self, op: Op, args: tuple[Any, ...]) -> Any:
        function, tensors = as_function(op, args)
        like: Any = None

        def remembered(*given: Any) -> Any:
            nonlocal like
            like = function(*given)
            return like

        results = self.map(remembered, tensors)
        arrays: list[Any] = [r._data for r in results]
        if op.view:
            for a in arrays:
                a.parts = (*a.parts, _COPIED)
        return shaped_result(op, like, arrays)

    def map(self, function: Any, tensors: list[Any]) -> list[Any]:
        from autotn.ops.join import stack

        if not self.size:
            raise RuntimeError(
                "vmap: this function needs at least one example, and the batch is empty"
            )
        parts = [(self.inside(t), self.is_batched(t)) for t in tensors]
        with self.below():
            rows = [
                function(*(t[k] if batched else t for t, batched in parts))
                for k in range(self.size)
            ]
            columns = [stack(list(column)) for column in zip(*rows, strict=True)]
        return [self.batched(column) for column in columns]

    def custom_here(self, cls: Any, args: tuple[Any, ...]) -> Any:
        own = getattr(cls, "vmap", None)
        tensors = [a for a in args if isinstance(a, Tensor)]
        if own is None:
            parts = [self.inside(t) for t in tensors]
            if all(p._node is None and type(p._data) is not Traced for p in parts):
                return (
                    NotImplemented  # its ops see the whole batch, and nobody outside differentiates
                )
            return super().custom_here(cls, args)
        dims = tuple(0 if isinstance(a, Tensor) and self.is_batched(a) else None for a in args)
        given = [self.inside(a) if isinstance(a, Tensor) else a for a in args]
        with self.below():
            results, out_dims = own(VmapInfo(self.size, self.randomness), dims, *given)
        if not isinstance(results, (tuple, list)):
            return results if out_dims is None else self.batched(results, out_dims)
        return tuple(
            r if d is None else self.batched(r, d) for r, d in zip(results, out_dims, strict=True)
        )

    def generator(self, source: Any) -> Any:
        if self.randomness == "error":
            raise RuntimeError(
                "vmap: called random operation while in randomness error mode. Please either use the "
                "'same' or 'different' randomness flags on vmap or perform the randomness operation "
                "out of vmap"
            )
        with self.below():
            source = state.transforms[-1].generator(source) if state.transforms else source
        return source if self.randomness == "same" else _Draws(self, source)

    def write_here(self, target: Tensor, result: Tensor) -> bool:
        batched = self.is_batched(result)
        if not self.is_batched(target) and batched:
            raise RuntimeError(
                "vmap: inplace arithmetic(self, *extra_args) is not possible because there exists a "
                "Tensor `other` in extra_args that has more elements than `self`. This happened due to "
                "`other` being vmapped over but `self` not being vmapped over in a vmap. Please use "
                "out-of-place operators, or make `self` inside the function with .expand or new_empty "
                "from a vmapped tensor."
            )
        settled = not self.holds(target)
        if self.holds(target) and _COPIED in target._data.parts[2:]:  # type: ignore[attr-defined]
            raise NotImplementedError(
                "vmap: this view was made example by example and does not share memory with what it is a "
                "view of, so it can't be written to; write to the whole tensor by an index instead"
            )
        into, new = self.inside(target), self.inside(result)
        with self.below():
            into.copy_(aligned(new, batched, target._data.ndim))
        return settled


class _UseReference(Exception):
    """A fused op's rule has no answer for this call."""

    def __init__(self, op: Op, level: Batch) -> None:
        self.op, self.level = op, level


def _reference(op: Op, args: tuple[Any, ...]) -> Any:
    positional = len(op.parameters) - op.keyword_only
    named = dict(zip(op.parameters[positional:], args[positional:], strict=True))
    return op.reference_function(*args[:positional], **named)  # type: ignore[misc]


def _first(value: Any, flag: Any) -> Any:
    """The first example of an argument."""
    if isinstance(flag, list):
        return type(value)(_first(v, f) for v, f in zip(value, flag, strict=True))
    return value[0] if flag else value


class VmapInfo:
    """What a `Function`'s own ``vmap`` is told."""

    def __init__(self, batch_size: int, randomness: str) -> None:
        self.batch_size = batch_size
        self.randomness = randomness


class _Draws:
    """NumPy's generator for `randomness` "different": each draw is one for each example."""

    def __init__(self, level: Batch, source: Any) -> None:
        self.level, self.source = level, source

    def _drawn(self, values: Any) -> Any:
        data = values if isinstance(values, np.ndarray) else np.asarray(values)
        return self.level._array(wrap(data), True)

    def _shape(self, size: Any) -> tuple[int, ...]:
        inner = (
            () if size is None else size if isinstance(size, tuple) else tuple(np.atleast_1d(size))
        )
        return (self.level.size, *(int(n) for n in inner))

    def random(self, size: Any = None, dtype: Any = np.float64) -> Any:
        return self._drawn(self.source.random(self._shape(size), dtype))

    def standard_normal(self, size: Any = None, dtype: Any = np.float64) -> Any:
        return self._drawn(self.source.standard_normal(self._shape(size), dtype))

    def standard_exponential(self, size: Any = None) -> Any:
        return self._drawn(self.source.standard_exponential(self._shape(size)))

    def integers(self, low: int, high: int, size: Any = None) -> Any:
        return self._drawn(self.source.integers(low, high, self._shape(size)))

    def uniform(self, low: float = 0.0, high: float = 1.0, size: Any = None) -> Any:
        return self._drawn(self.source.uniform(low, high, self._shape(size)))

    def gumbel(self, loc: float = 0.0, scale: float = 1.0, size: Any = None) -> Any:
        return self._drawn(self.source.gumbel(loc, scale, self._shape(size)))

    def permutation(self, n: int) -> Any:
        rows = [self.source.permutation(n) for _ in range(self.level.size)]
        return self._drawn(np.array(rows).reshape((self.level.size, n)))

    def __getattr__(self, name: str) -> Any:
        raise NotImplementedError(
            f"vmap: randomness='different' knows no draws of the kind {name!r}; draw outside vmap, or use "
            "randomness='same'"
        )
