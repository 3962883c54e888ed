"""Calls of the library on NumPy arrays: made once per kind of call, remembered, checked each time.

The library chooses the layouts it computes fastest in. Where one is not the caller's plain layout,
the array is copied into a *stage*, before (inputs) or after (outputs) the computation, by the
library's own reorders. Stages and scratch memory of all calls lie in one *arena* per thread: calls
of a thread follow each other, so each may use all of it.

Everything here belongs to one thread, its arena, its stream and the calls it remembers; so no lock
is needed.
"""

from __future__ import annotations

import ctypes
import functools
import math
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from autotn.kernels.onednn.library import (
    ANY_LAYOUT,
    EXEC_ARGUMENT,
    F32,
    NUMBER_OF_INPUTS,
    Argument,
    Library,
    Refused,
    dims,
)

Array = np.ndarray[Any, Any]
Ints = tuple[int, ...]

FLOAT = np.dtype(np.float32)

#: Calls remembered per thread.
REMEMBERED = 512

#: Stages begin at multiples of a cache line.
LINE = 64

WORKSPACE, SCRATCHPAD = 64, 80

#: Names of the arguments of what is applied to a result: so much times its place, from 1 on, plus 2.
AFTERWARDS = 1 << 15


class Given(NamedTuple):
    """An argument as the caller hands it over: its name in oneDNN, shape, layout, and direction.

    `shape` is what the array must have. `dims` (by default the same) and `strides` (by default
    those of C order) say what the library is told of it. A `fixed` array is the same at every call:
    it is not handed over, only its contents may change.
    """

    name: int
    shape: Ints
    output: bool = False
    dims: Ints | None = None
    strides: Ints | None = None
    fixed: Array | None = None


class Afterwards(NamedTuple):
    """What is done to the result of a primitive before it is written.

    "binary" operates with an array of this `layout`, "eltwise" applies a function with these
    constants, "sum" adds `alpha` times what stands where the result goes.
    """

    name: str
    kind: int = 0
    alpha: float = 0.0
    beta: float = 0.0
    layout: int = 0


def c_strides(shape: Ints) -> Ints:
    """Elements from one index to the next along each axis, in C order."""
    strides, step = [], 1
    for n in reversed(shape):
        strides.append(step)
        step *= n
    return tuple(reversed(strides))


_byte: Callable[[Any], Any] = ctypes.c_char.from_buffer


def address_of(array: Array) -> int:
    """Where the numbers of an array begin."""
    try:
        return ctypes.addressof(_byte(array))  # a third of the time of what always works
    except (TypeError, ValueError):  # read-only, or empty
        return int(array.__array_interface__["data"][0])


#: What takes the first number of an array as an array, by how many axes there are.
_FIRST = [(...,), *[(0,) * axes + (slice(1),) for axes in range(64)]]


def place_of(array: Array) -> int:
    """Where the first number of an array lies that may have gaps, but is not empty."""
    return address_of(array[_FIRST[array.ndim]])


class Stream:
    """A queue of computations, destroyed with its thread."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.handle = library.made("stream_create", library.engine, 1)

    def __del__(self) -> None:
        self.library.functions["stream_destroy"](self.handle)


class Sessions(threading.local):
    """The session of the thread that asks."""

    def __init__(self, library: Library) -> None:
        self.here = Session(library)


class Session:
    """What one thread has: a stream, an arena, and the calls it has made."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.stream_owner = Stream(library)
        self.stream = self.stream_owner.handle
        self.arena: Array = np.empty(0, np.uint8)
        self.room = 0
        self.address = 0
        self.calls: OrderedDict[Any, Call | None] = OrderedDict()
        self.own: dict[Any, tuple[weakref.ref[Array], Call | None]] = {}
        self.threads = 0

    def find(self, key: Any, make: Callable[[Maker], Call]) -> Call | None:
        """The call of this key, made if need be; None when the library has no such thing."""
        calls = self.calls
        if self.library.threads() == self.threads:
            call = calls.get(key, self)
            if call is not self:
                calls.move_to_end(key)
                return call  # type: ignore[return-value]
        self._renew()
        calls[key] = made = self._made(make)
        if len(calls) > REMEMBERED:
            calls.popitem(last=False)
        return made

    def find_own(self, key: Any, owner: Array, make: Callable[[Maker], Call]) -> Call | None:
        """A call that this array has to itself, for as long as it lives: `find` for arrays that stay."""
        self._renew()
        own, key = self.own, (key, id(owner))
        found = own.get(key)
        if found is None:
            gone = functools.partial(_forget, own, key)
            found = own[key] = weakref.ref(owner, gone), self._made(make)
        return found[1]

    def _renew(self) -> None:
        """Calls are made for a number of threads."""
        threads = self.library.threads()
        if threads != self.threads:
            self.calls.clear()
            self.own.clear()
            self.threads = threads

    def _made(self, make: Callable[[Maker], Call]) -> Call | None:
        maker = Maker(self)
        try:
            return make(maker)
        except Refused:
            return None
        finally:
            maker.clear()

    def reserve(self, size: int) -> None:
        """Have an arena of at least so many bytes, from the beginning of a line on."""
        if size > self.room:
            self.arena = np.empty(size + LINE, np.uint8)
            self.room = size  # not the arena's own size: what lies before the line is of no use
            address = int(self.arena.ctypes.data)
            self.address = address + -address % LINE

    def clear(self) -> None:
        """Give back the memory."""
        self.calls.clear()
        self.own.clear()
        self.arena, self.room, self.address = np.empty(0, np.uint8), 0, 0


def _forget(own: dict[Any, Any], key: Any, _: weakref.ref[Array]) -> None:
    """The owner of a call is gone."""
    own.pop(key, None)


class Maker:
    """Descriptors made on the way to a call, and destroyed after it is made."""

    def __init__(self, session: Session) -> None:
        self.session, self.library = session, session.library
        self.made: list[tuple[str, int]] = []

    def clear(self) -> None:
        """Destroy them."""
        for name, handle in reversed(self.made):
            self.library.functions[name](handle)

    def free(self, shape: Ints) -> int:
        """A layout that the library may choose."""
        found = self.library.made(
            "memory_desc_create_with_tag", len(shape), dims(shape), F32, ANY_LAYOUT
        )
        self.made.append(("memory_desc_destroy", found))
        return found

    def plain(self, shape: Ints, strides: Ints | None = None) -> int:
        """C order, or these strides."""
        steps = dims(c_strides(shape) if strides is None else strides)
        found = self.library.made(
            "memory_desc_create_with_strides", len(shape), dims(shape), F32, steps
        )
        self.made.append(("memory_desc_destroy", found))
        return found

    def attributes_with(self, *afterwards: Afterwards) -> int:
        """Attributes of a primitive that applies these to its result."""
        library = self.library
        chain = library.made("post_ops_create")
        self.made.append(("post_ops_destroy", chain))
        for one in afterwards:
            if one.name == "binary":
                library.call("post_ops_append_binary", chain, one.kind, one.layout)
            elif one.name == "eltwise":
                library.call("post_ops_append_eltwise", chain, one.kind, one.alpha, one.beta)
            else:
                library.call("post_ops_append_sum", chain, one.alpha, 0, 0)
        found = library.new_attributes()
        self.made.append(("primitive_attr_destroy", found))
        library.call("primitive_attr_set_post_ops", found, chain)
        return found

    def descriptor(self, name: str, *arguments: Any, attributes: int | None = None) -> int:
        """A primitive descriptor; attributes come last, by default those of all."""
        library = self.library
        if attributes is None:
            attributes = library.attributes
        found = library.made(
            f"{name}_primitive_desc_create", library.engine, *arguments, attributes
        )
        self.made.append(("primitive_desc_destroy", found))
        return found

    def inputs_of(self, descriptor: int) -> int:
        """How many inputs a primitive wants."""
        return int(self.library.query_number(descriptor, NUMBER_OF_INPUTS, 0))

    def reorder(self, source: int, target: int) -> int:
        """A primitive descriptor that copies one layout to another."""
        library, engine = self.library, self.library.engine
        found = library.made(
            "reorder_primitive_desc_create", source, engine, target, engine, library.attributes
        )
        self.made.append(("primitive_desc_destroy", found))
        return found


class Call:
    """A primitive, its arguments and what is copied before and after; called on arrays in order."""

    def __init__(self, maker: Maker, descriptor: int, given: Iterable[Given]) -> None:
        self.session, self.library = maker.session, maker.library
        self.stream = ctypes.c_void_p(self.session.stream)
        self.handles: list[tuple[str, int]] = []
        self.given = tuple(given)
        self.staged: list[tuple[int, int]] = []  # memories, and where in the arena they lie
        self.size = 0
        self.address = -1
        before, after, bound, shapes = [], [], [], []
        arguments: list[tuple[int, int]] = []
        for one in self.given:
            shape = one.shape if one.dims is None else one.dims
            wanted = self._wanted(descriptor, one.name)
            plain = maker.plain(shape, one.strides)
            memory = self._memory(plain)
            if one.fixed is None:
                bound.append(memory)
                shapes.append(one.shape)
            else:
                self.library.set_data_handle(memory, address_of(one.fixed))
            # Nothing is wanted of what takes part after the computation itself.
            if self.library.md_size(wanted) and not self.library.md_equal(plain, wanted):
                stage = self._stage(wanted)
                if one.output:
                    after.append(self._copy(maker, wanted, plain, stage, memory))
                else:
                    before.append(self._copy(maker, plain, wanted, memory, stage))
                memory = stage
            arguments.append((one.name, memory))
        self.shapes = tuple(shapes)
        #: Memories of the arrays, and their bytes.
        self.bound = tuple([(m, 4 * math.prod(shape)) for m, shape in zip(bound, shapes)])
        #: Where the arrays of the last call lay.
        self.addresses = [0] * len(bound)
        workspace = self._wanted(descriptor, WORKSPACE)
        #: Bytes of what the forward call leaves for the backward one.
        self.workspace_size = int(self.library.md_size(workspace)) if workspace else 0
        self.workspace = self._memory(workspace) if self.workspace_size else 0
        if self.workspace:
            arguments.append((WORKSPACE, self.workspace))
        self._scratch(descriptor, arguments)
        main = self._primitive(descriptor), *self._packed(arguments)
        self.steps = (*before, main, *after)
        self.session.reserve(self.size)

    def _wanted(self, descriptor: int, name: int) -> int:
        return self.library.query_md(descriptor, EXEC_ARGUMENT, name) or 0

    def _memory(self, layout: int) -> int:
        memory = self.library.made("memory_create", layout, self.library.engine, None)
        self.handles.append(("memory_destroy", memory))
        return memory

    def _stage(self, layout: int) -> int:
        """A memory in the arena."""
        memory = self._memory(layout)
        self.staged.append((memory, self.size))
        size = int(self.library.md_size(layout))
        self.size += size + -size % LINE
        return memory

    def _scratch(self, descriptor: int, arguments: list[tuple[int, int]]) -> None:
        layout = self._wanted(descriptor, SCRATCHPAD)
        if layout and self.library.md_size(layout):
            arguments.append((SCRATCHPAD, self._stage(layout)))

    def _primitive(self, descriptor: int) -> ctypes.c_void_p:
        primitive = self.library.made("primitive_create", descriptor)
        self.handles.append(("primitive_destroy", primitive))
        return ctypes.c_void_p(primitive)

    def _copy(self, maker: Maker, source: int, target: int, start: int, end: int) -> Any:
        """The primitive and arguments that copy one memory to another."""
        descriptor = maker.reorder(source, target)
        arguments = [(1, start), (17, end)]
        self._scratch(descriptor, arguments)
        return self._primitive(descriptor), *self._packed(arguments)

    @staticmethod
    def _packed(arguments: list[tuple[int, int]]) -> tuple[int, Any]:
        array = (Argument * len(arguments))(*[Argument(*one) for one in arguments])
        return len(arguments), ctypes.byref(array)

    def __call__(self, *arrays: Array, workspace: Array | None = None) -> None:
        """Run on arrays in the order of `given`; outputs are written to."""
        for array, shape in zip(arrays, self.shapes, strict=True):
            if array.shape != shape or array.dtype != FLOAT or not array.flags.c_contiguous:
                raise ValueError(f"oneDNN: expected a contiguous float32 array of shape {shape}")
        self.on(*arrays, workspace=workspace)

    def on(self, *arrays: Array, workspace: Array | None = None) -> None:
        """The same on arrays known to be contiguous and of float32; their shapes may be others."""
        addresses, addressof, byte = self.addresses, ctypes.addressof, _byte
        for place, (memory, size) in enumerate(self.bound):
            array = arrays[place]
            if array.nbytes != size:
                raise ValueError(f"oneDNN: expected {size} bytes, got {array.nbytes}")
            try:
                address = addressof(byte(array))
            except (TypeError, ValueError):
                address = address_of(array)
            if addresses[place] != address:  # weights stay, and results find memory anew
                self.library.set_data_handle(memory, address)
                addresses[place] = address
        self.run(workspace)

    def run(self, workspace: Array | None = None) -> None:
        """Run on the arrays whose addresses were set; OpenMP's threads are done when it returns."""
        library = self.library
        if self.workspace:
            if workspace is None or workspace.nbytes != self.workspace_size:
                raise ValueError(f"oneDNN: expected a workspace of {self.workspace_size} bytes")
            library.set_data_handle(self.workspace, address_of(workspace))
        if self.staged:
            self._place_stages()
        execute, stream = library.execute, self.stream
        for primitive, count, arguments in self.steps:
            status = execute(primitive, stream, count, arguments)
            if status:
                raise Refused(f"oneDNN: executing answered {status}")

    def _place_stages(self) -> None:
        """Tell the stages where the arena lies, if it has moved."""
        session = self.session
        if self.address != session.address or self.size > session.room:
            session.reserve(self.size)
            self.address = session.address
            for memory, offset in self.staged:
                self.library.set_data_handle(memory, self.address + offset)

    def new_workspace(self) -> Array:
        """Room for what the forward call leaves for the backward one."""
        return np.empty(self.workspace_size, np.uint8)

    def __del__(self) -> None:
        functions = self.library.functions
        for name, handle in self.handles:
            functions[name](handle)
