"""Lanes: where the state of many parameters lies side by side, so that one call updates them all.

NumPy needs about half a microsecond to start an operation, whatever the size. Adam has a dozen, so
a net of six small parameters would spend its step on starting. An optimizer whose `update` treats
every element alone (``elementwise = True``) is therefore given *joined* parameters:

- A `Lane` owns the state of some parameters: one flat array per name (``exp_avg``), one number per
  parameter and name (``step``). Users see Tensors on pieces of it in ``optimizer.state[p]``.
- A `Run` is a stretch of neighbours in a lane that step together: all have a gradient, and equal
  numbers. Before the update it gathers parameters and gradients, after it it scatters the
  parameters. Parameters themselves never move: their arrays stay those their owners gave them.
- A large parameter has a lane of its own and is updated where it lies, in pieces for the cache.

Whatever users do between two steps is noticed by comparing identities (`Run.intact`): a Tensor put
into the state, ``p.data = x``, a gradient that is None this time, a step counter set back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain
from operator import attrgetter, is_, itemgetter
from typing import Any

import numpy as np

from autotn.core import dtypes
from autotn.core.storage import mark_written_many, storage_of
from autotn.core.tensor import Tensor, wrap
from autotn.kernels.updates import stretch

Array = np.ndarray[Any, Any]
State = dict[str, Any]
Home = dict[Tensor, tuple["Lane", int]]

#: Elements in one call of `update`: parameter, gradient, two moments and scratch fit the cache.
CHUNK = 1 << 16
#: Parameters up to this size are joined; beyond it the copies cost more than the calls they save.
SMALL = 1 << 15

#: Pieces begin at multiples of so many elements, a cache line or more.
LINE = 16

_data_of = attrgetter("_data")


def _picker(names: list[str]) -> Callable[[State], tuple[Any, ...]]:
    """A function that takes these entries out of a state."""
    return itemgetter(*names) if len(names) > 1 else lambda state: tuple(state[n] for n in names)


def real_view(flat: Array) -> Array:
    """A flat array as real numbers: complex ones as pairs, as if they were two parameters each."""
    if flat.dtype.kind != "c":
        return flat
    return flat.view(np.float32 if flat.dtype == np.complex64 else np.float64)


def flat_real(array: Array) -> Array:
    """`array` flat, contiguous and real; a view where that is possible."""
    return real_view(np.ascontiguousarray(array).reshape(-1))


def _bytes(array: Array) -> memoryview:
    """The memory of a contiguous array: copied from one to another in half the time of arrays."""
    return array.reshape(-1).view(np.uint8).data


class Seat:
    """The state of one parameter, just made or found, before it gets its place in a lane.

    Parameters
    ----------
    template
        What `init_state` makes for this parameter: arrays and numbers by name.
    found
        What ``optimizer.state`` holds already (after `load_state_dict`, or by the user's hand).
    """

    __slots__ = ("arrays", "fresh", "kept", "numbers", "param")

    def __init__(self, owner: str, p: Tensor, template: State, found: State) -> None:
        self.param = p
        self.fresh = all(value is None for value in found.values())
        self.arrays: dict[str, Array] = {}
        self.numbers: dict[str, Array] = {}
        self.kept: dict[str, Tensor] = {}
        for name, value in template.items():
            if self.fresh:
                self._make(name, value)
            elif found.get(name) is None:
                raise KeyError(
                    f"{owner}: the state of a parameter of shape {p._data.shape} has no {name!r}, "
                    f"which the options of its group ask for (it has {', '.join(map(repr, found))})"
                )
            else:
                self._adopt(owner, name, value, found[name])

    def _make(self, name: str, value: Any) -> None:
        if isinstance(value, np.ndarray):
            self.arrays[name] = value.view(self.param._data.dtype)
        else:
            self.numbers[name] = np.array([value], dtypes.get_default_dtype().dtype)

    def _adopt(self, owner: str, name: str, template: Any, found: Any) -> None:
        if isinstance(found, Tensor):
            self.kept[name] = found
        value = found._data if isinstance(found, Tensor) else np.asarray(found)
        if not isinstance(template, np.ndarray):
            if value.dtype.kind != "f":
                value = value.astype(dtypes.get_default_dtype().dtype)
            self.numbers[name] = value.reshape(1)
        elif value.shape != self.param._data.shape:
            raise ValueError(
                f"{owner}: state {name!r} has shape {value.shape}, "
                f"but its parameter has shape {self.param._data.shape}"
            )
        else:
            self.arrays[name] = np.ascontiguousarray(value, self.param._data.dtype).reshape(-1)

    def key(self) -> tuple[Any, ...]:
        """Seats with equal keys may share a lane."""
        numbers = tuple((name, a.item()) for name, a in self.numbers.items())
        return self.param._data.dtype, self.fresh, tuple(self.arrays), numbers


class Lane:
    """The state of some parameters: by name a flat array, or an array of one number each."""

    __slots__ = ("arrays", "dtype", "fresh", "numbers", "offsets", "params", "shown")

    def __init__(self, seats: list[Seat]) -> None:
        first = seats[0]
        self.params = [seat.param for seat in seats]
        self.dtype = first.param._data.dtype
        self.fresh = first.fresh  # until the first update after the state was made
        self.offsets = [0]
        for p in self.params:
            self.offsets.append(self.offsets[-1] + p._data.size)
        if len(seats) == 1:
            self.arrays, self.numbers = first.arrays, first.numbers
        else:
            self.arrays = {n: np.concatenate([s.arrays[n] for s in seats]) for n in first.arrays}
            self.numbers = {n: np.concatenate([s.numbers[n] for s in seats]) for n in first.numbers}
        self.shown = [self._show(i, seat.kept) for i, seat in enumerate(seats)]
        self._share_version()

    def _show(self, i: int, kept: dict[str, Tensor]) -> list[tuple[str, Tensor, Array]]:
        """The Tensors users see: those that were there already stand for the new memory now."""
        shape, lo, hi = self.params[i]._data.shape, self.offsets[i], self.offsets[i + 1]
        pieces = {name: a[lo:hi].reshape(shape) for name, a in self.arrays.items()}
        pieces |= {name: a[i, ...] for name, a in self.numbers.items()}
        shown = []
        for name, piece in pieces.items():
            tensor = kept.get(name)
            if tensor is None:
                tensor = wrap(piece)
            else:
                tensor.data = wrap(piece)
            shown.append((name, tensor, piece))
        return shown

    def _share_version(self) -> None:
        """Give all pieces one version: they are always written together."""
        tensors = [tensor for shown in self.shown for _, tensor, _ in shown]
        for tensor in tensors:
            tensor._storage = storage_of(tensors[0])

    def holds(self, i: int, names: Iterable[str], state: dict[Tensor, State]) -> bool:
        """True when parameter `i` has the state `names` here, and nobody replaced any of it."""
        theirs, data = state.get(self.params[i], {}), self.params[i]._data
        if data.size != self.offsets[i + 1] - self.offsets[i] or data.dtype != self.dtype:
            return False
        if {name for name, _, _ in self.shown[i]} != set(names):
            return False
        return all(
            theirs.get(name) is tensor and tensor._data is piece
            for name, tensor, piece in self.shown[i]
        )


def make_lanes(seats: Iterable[Seat]) -> list[Lane]:
    """Seat small parameters of one kind together, up to a chunk; large ones alone."""
    lanes: list[list[Seat]] = []
    filling: dict[tuple[Any, ...], list[Seat]] = {}
    used: dict[tuple[Any, ...], int] = {}
    for seat in seats:
        size = seat.param._data.size
        if size > SMALL:
            lanes.append([seat])
            continue
        key = seat.key()
        if key not in filling or used[key] + size > CHUNK:
            filling[key] = []
            used[key] = 0
            lanes.append(filling[key])
        filling[key].append(seat)
        used[key] += size
    return [Lane(lane) for lane in lanes]


def make_runs(params: list[Tensor], home: Home) -> list[Run]:
    """Cut `params` into stretches that lie side by side in a lane and have equal numbers.

    Large parameters, which have lanes of their own, do not part the small ones around them.
    """
    runs: list[tuple[Lane, int, int, list[float]]] = []
    last: dict[int, int] = {}  # the place in `runs` of each lane's last stretch
    for p in params:
        lane, i = home[p]
        numbers = [a.item(i) for a in lane.numbers.values()]
        place = last.get(id(lane))
        if place is not None and runs[place][2:] == (i, numbers):
            runs[place] = (lane, runs[place][1], i + 1, numbers)
        else:
            last[id(lane)] = len(runs)
            runs.append((lane, i, i + 1, numbers))
    return [Run(lane, i, j) for lane, i, j, _ in runs]


class Run:
    """Neighbours of one lane that take a step together.

    Parameters
    ----------
    lane, first, last
        Parameters ``lane.params[first:last]``.
    """

    __slots__ = (
        "_blocks",
        "_from",
        "_grad",
        "_homes",
        "_numbers",
        "_pick",
        "_pieces",
        "_rooms",
        "_storage",
        "_tensors",
        "_to",
        "_version",
        "_written",
        "lane",
        "params",
    )

    def __init__(self, lane: Lane, first: int, last: int) -> None:
        offsets = lane.offsets[first : last + 1]
        lo, hi = offsets[0], offsets[-1]
        self.lane = lane
        self.params = lane.params[first:last]
        self._numbers = {name: a[first:last] for name, a in lane.numbers.items()}
        self._pick = _picker([name for name, _, _ in lane.shown[first]])
        self._tensors = [t for shown in lane.shown[first:last] for _, t, _ in shown]
        self._pieces = [a for shown in lane.shown[first:last] for _, _, a in shown]
        self._homes = [p._data for p in self.params]
        self._storage = storage_of(self._tensors[0]) if self._tensors else None
        self._version = self._storage.version if self._storage else 0
        self._written = [*self.params, *self._tensors[:1]]  # all of the state has one version
        arrays = {name: real_view(a[lo:hi]) for name, a in lane.arrays.items()}

        home = self._homes[0]
        self._rooms: list[Array] = []
        cuts = [slice(None)]
        if len(self.params) == 1 and home.flags.c_contiguous:
            p = flat_real(home)
            chunk = stretch(CHUNK, p)
            if p.size > chunk:  # in equal pieces: a small rest costs as many calls as a large one
                count = -(-p.size // chunk)
                size = -(-p.size // (count * LINE)) * LINE
                cuts = [slice(cut, cut + size) for cut in range(0, p.size, size)]
        else:
            joined, gradient = np.empty(hi - lo, home.dtype), np.empty(hi - lo, home.dtype)
            pieces = list(zip(offsets, offsets[1:], self._homes))
            self._rooms = [gradient[a - lo : b - lo].reshape(q.shape) for a, b, q in pieces]
            rooms = [joined[a - lo : b - lo].reshape(q.shape) for a, b, q in pieces]
            contiguous = all(q.flags.c_contiguous for q in self._homes)
            see: Callable[[Array], Any] = _bytes if contiguous else lambda array: array
            self._from, self._to = list(map(see, rooms)), list(map(see, self._homes))
            self._grad = real_view(gradient)
            p = real_view(joined)
        self._blocks = [(cut, p[cut], {n: a[cut] for n, a in arrays.items()}) for cut in cuts]

    def intact(self, state: dict[Tensor, State]) -> bool:
        """True when nothing was replaced since this run was made, and its numbers are equal."""
        storage = self._storage
        if storage is not None:
            try:
                now = chain.from_iterable(map(self._pick, map(state.__getitem__, self.params)))
                same = all(map(is_, now, self._tensors))
            except KeyError:
                return False
            # A Tensor that was given another array was written to, says its version.
            if storage.version != self._version:
                same = same and all(map(is_, map(_data_of, self._tensors), self._pieces))
                self._version = storage.version
            if not same:
                return False
        for array in self._numbers.values():
            values = array.tolist()
            if values.count(values[0]) != len(values):
                return False
        return all(map(is_, map(_data_of, self.params), self._homes))

    def step(self, update: Callable[..., None], options: State, maximize: bool) -> None:
        """Call `update` on each block, then bring parameters and numbers home."""
        rooms = self._rooms
        if rooms:
            for room, param in zip(rooms, self.params):
                room[...] = param._leaf.grad._data  # type: ignore[union-attr]
            for room, home in zip(self._from, self._to):
                room[:] = home
            grad = self._grad
        else:
            grad = flat_real(self.params[0]._leaf.grad._data)  # type: ignore[union-attr]
        numbers = {name: array.item(0) for name, array in self._numbers.items()}
        state: State = numbers
        for cut, p, arrays in self._blocks:
            state = {**arrays, **numbers}
            g = grad[cut]
            update(p, np.negative(g) if maximize else g, state, **options)
            for name, array in arrays.items():
                if state[name] is not array:
                    array[...] = state[name]
        if rooms:
            for home, room in zip(self._to, self._from):
                home[:] = room
        for name, array in self._numbers.items():
            if state[name] != numbers[name]:
                array.fill(state[name])
        mark_written_many(self._written)
        if self._storage is not None:
            self._version = self._storage.version
