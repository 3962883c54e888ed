"""A pickle reader that cannot run code: an interpreter for the part of pickle that is data.

A pickle is a little program for a stack machine. Python's own reader obeys it, and one of its
instructions is "import this name and call it". Here every instruction is carried out by a method
below, and a name means only what the caller's vocabulary says it means: a value, or a function of
ours that checks its arguments. Any other name, and any instruction not listed, ends the reading.

Lengths are compared with what is left of the file before anything is made, so that memory stays in
proportion to the file.
"""

from __future__ import annotations

import struct
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from autotn.errors import FileFormatError


class RefusedGlobal(FileFormatError):
    """The pickle names something that is not in the vocabulary."""


class Word:
    """A name with a meaning: what the pickle gets when it calls `name` with arguments.

    `call` receives the tuple of arguments and raises ValueError when they make no sense.
    """

    __slots__ = ("call", "name")

    def __init__(self, name: str, call: Callable[[tuple[Any, ...]], Any] | None = None) -> None:
        self.name = name
        self.call = call

    def __repr__(self) -> str:
        return f"<{self.name}>"


#: "module name" -> a `Word`, or any other object that stands for itself.
Vocabulary = Mapping[str, Any]

_MARK = object()
#: Modules under their names in Python 2, which old protocols write.
PYTHON2 = {"__builtin__": "builtins", "copy_reg": "copyreg"}
_NAMED = {  # instructions that the error message can name; the others are given as a number
    ord("i"): "INST", ord("o"): "OBJ", 0x82: "EXT1", 0x83: "EXT2", 0x84: "EXT4",
    0x92: "NEWOBJ_EX", 0x97: "NEXT_BUFFER", 0x98: "READONLY_BUFFER",
    ord("I"): "INT", ord("L"): "LONG", ord("F"): "FLOAT", ord("S"): "STRING", ord("V"): "UNICODE",
    ord("g"): "GET", ord("p"): "PUT", ord("l"): "LIST", ord("d"): "DICT", ord("P"): "PERSID",
}  # fmt: skip
_KEY_TYPES = (str, int, float, complex, bytes, type(None), np.generic)
_MOST_KEY_PARTS = 1000
DEEPEST = 400


class PickleMachine:
    """Runs one pickle found in `data`, from byte `position`.

    Parameters
    ----------
    persistent : callable
        Given the persistent ids (PyTorch: the descriptions of storages), returns the object.
    origin : str
        What error messages call the file.
    """

    def __init__(
        self,
        data: bytes | memoryview,
        vocabulary: Vocabulary,
        persistent: Callable[[Any], Any],
        origin: str,
        position: int = 0,
    ) -> None:
        self.data = data
        self.vocabulary = vocabulary
        self.persistent = persistent
        self.origin = origin
        self.position = position
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self._plain_values = {id(v) for v in vocabulary.values() if not isinstance(v, Word)}

    def bad(self, what: str) -> FileFormatError:
        return FileFormatError(f"{self.origin}: {what} (in the pickle, at byte {self.position})")

    def run(self) -> Any:
        """The object the pickle describes; `position` is then the byte after it."""
        self.stack, self.memo = [], {}
        data, size, methods = self.data, len(self.data), _METHODS
        while self.position < size:
            opcode = data[self.position]
            method = methods.get(opcode)
            if method is None:
                name = _NAMED.get(opcode, f"number {opcode}")
                raise self.bad(f"pickle instruction {name} is not allowed")
            self.position += 1
            if method is _STOP:
                return self._finish()
            method(self)
        raise self.bad("the pickle has no end: the file is truncated")

    def _finish(self) -> Any:
        value = self._pop()
        if self.stack:
            raise self.bad("the pickle ends with objects left over")
        _check_tree(value, self)
        return value

    # The stack

    def _pop(self) -> Any:
        if not self.stack or self.stack[-1] is _MARK:
            raise self.bad("an instruction finds nothing on the stack")
        return self.stack.pop()

    def _top(self) -> Any:
        if not self.stack or self.stack[-1] is _MARK:
            raise self.bad("an instruction finds nothing on the stack")
        return self.stack[-1]

    def _pop_to_mark(self) -> list[Any]:
        stack = self.stack
        for at in range(len(stack) - 1, -1, -1):
            if stack[at] is _MARK:
                items = stack[at + 1 :]
                del stack[at:]
                return items
        raise self.bad("an instruction finds no mark on the stack")

    def mark(self) -> None:
        self.stack.append(_MARK)

    def pop(self) -> None:
        if not self.stack:
            raise self.bad("an instruction finds nothing on the stack")
        self.stack.pop()

    def pop_mark(self) -> None:
        self._pop_to_mark()

    def dup(self) -> None:
        self.stack.append(self._top())

    # Bytes of the file

    def _take(self, size: int) -> bytes:
        at = self.position
        if size > len(self.data) - at:
            raise self.bad(f"{size} bytes are announced but {len(self.data) - at} are left")
        self.position = at + size
        return bytes(self.data[at : at + size])

    def _number(self, form: str, size: int) -> Any:
        return struct.unpack(form, self._take(size))[0]

    def _line(self) -> str:
        at = self.position
        window = bytes(self.data[at : at + 512])
        end = window.find(b"\n")
        if end < 0:
            raise self.bad("a name is longer than 512 bytes or cut off")
        self.position = at + end + 1
        return self._text(window[:end])

    def _text(self, raw: bytes) -> str:
        try:
            return raw.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            raise self.bad("a string is not UTF-8") from None

    def proto(self) -> None:
        version = self._number("<B", 1)
        if version > 5:
            raise self.bad(f"pickle protocol {version} is not known")

    def frame(self) -> None:
        size = self._number("<Q", 8)
        if size > len(self.data) - self.position:
            raise self.bad(f"a frame of {size} bytes is announced but fewer are left")

    # Numbers and strings

    def none(self) -> None:
        self.stack.append(None)

    def true(self) -> None:
        self.stack.append(True)

    def false(self) -> None:
        self.stack.append(False)

    def integer(self, form: str, size: int) -> None:
        self.stack.append(self._number(form, size))

    def long(self, form: str, size: int) -> None:
        length = self._number(form, size)
        if length < 0:
            raise self.bad("an integer of negative length")
        self.stack.append(int.from_bytes(self._take(length), "little", signed=True))

    def text(self, form: str, size: int) -> None:
        self.stack.append(self._text(self._take(self._length(form, size))))

    def blob(self, form: str, size: int) -> None:
        self.stack.append(self._take(self._length(form, size)))

    def bytearray(self) -> None:
        self.stack.append(bytearray(self._take(self._length("<Q", 8))))

    def _length(self, form: str, size: int) -> int:
        length: int = self._number(form, size)
        if length < 0:
            raise self.bad("a string of negative length")
        return length

    # Containers

    def empty_tuple(self) -> None:
        self.stack.append(())

    def empty_list(self) -> None:
        self.stack.append([])

    def empty_dict(self) -> None:
        self.stack.append({})

    def empty_set(self) -> None:
        self.stack.append(set())

    def tuple(self) -> None:
        items = self._pop_to_mark()
        self.stack.append(tuple(items))

    def short_tuple(self, count: int) -> None:
        items = [self._pop() for _ in range(count)]
        self.stack.append(tuple(reversed(items)))

    def append(self) -> None:
        self._extend([self._pop()])

    def appends(self) -> None:
        self._extend(self._pop_to_mark())

    def _extend(self, items: list[Any]) -> None:
        target = self._top()
        if type(target) is not list:
            raise self.bad(f"values are appended to a {type(target).__name__}")
        target.extend(items)

    def setitem(self) -> None:
        value = self._pop()
        self._update([self._pop(), value])

    def setitems(self) -> None:
        self._update(self._pop_to_mark())

    def _update(self, items: list[Any]) -> None:
        target = self._top()
        if type(target) not in (dict, OrderedDict, defaultdict, Counter):
            raise self.bad(f"entries are put into a {type(target).__name__}")
        if len(items) % 2:
            raise self.bad("a dictionary key has no value")
        for key, value in zip(items[::2], items[1::2], strict=True):
            self.check_key(key)
            target[key] = value

    def additems(self) -> None:
        items = self._pop_to_mark()
        target = self._top()
        if type(target) is not set:
            raise self.bad(f"elements are added to a {type(target).__name__}")
        for item in items:
            self.check_key(item)
            target.add(item)

    def frozenset(self) -> None:
        items = self._pop_to_mark()
        for item in items:
            self.check_key(item)
        self.stack.append(frozenset(items))

    def check_key(self, key: Any) -> None:
        """Only plain keys: hashing a deep or much-shared tuple can take forever."""
        parts, waiting = 0, [key]
        while waiting:
            part = waiting.pop()
            parts += 1
            if isinstance(part, tuple | frozenset) and parts + len(part) <= _MOST_KEY_PARTS:
                waiting.extend(part)
            elif not isinstance(part, _KEY_TYPES) and id(part) not in self._plain_values:
                raise self.bad(f"a {type(part).__name__} is used as a dictionary key")

    # The memo

    def put(self, form: str, size: int) -> None:
        self.memo[self._number(form, size)] = self._top()

    def memoize(self) -> None:
        self.memo[len(self.memo)] = self._top()

    def get(self, form: str, size: int) -> None:
        index = self._number(form, size)
        if index not in self.memo:
            raise self.bad(f"memo entry {index} is used before it is made")
        self.stack.append(self.memo[index])

    # Names and calls

    def global_(self) -> None:
        module = self._line()
        self._name(module, self._line())

    def stack_global(self) -> None:
        name, module = self._pop(), self._pop()
        if not isinstance(name, str) or not isinstance(module, str):
            raise self.bad("a name is not a string")
        self._name(module, name)

    def _name(self, module: str, name: str) -> None:
        full = f"{PYTHON2.get(module, module)} {name}"
        meaning = self.vocabulary.get(full)
        if meaning is None:
            shown = full.replace(" ", ".")[:200]
            raise RefusedGlobal(
                f"{self.origin}: refused: the pickle asks for {shown!r}, which is not among the "
                "things weights are made of (tensors, parameters, containers, numbers, strings). "
                "Nothing was run. If the file holds a whole model, save its state_dict() instead; "
                "if you trust where it comes from, tn.load(..., weights_only=False) runs its code"
            )
        self.stack.append(meaning)

    def reduce(self) -> None:
        arguments, word = self._pop(), self._pop()
        if type(arguments) is not tuple:
            raise self.bad("the arguments of a call are not a tuple")
        if not isinstance(word, Word) or word.call is None:
            raise self.bad(f"a {type(word).__name__} is called")
        try:
            made = word.call(arguments)
        except ValueError as error:
            if isinstance(error, FileFormatError):
                raise
            raise self.bad(f"{word.name}: {error}") from None
        self.stack.append(made)

    def build(self) -> None:
        state, target = self._pop(), self._top()
        try:
            if type(target) is OrderedDict:
                _build_ordered_dict(target, state)
            elif type(target) is np.ndarray:
                _build_array(target, state)
            elif isinstance(target, np.dtype):
                _build_dtype(target, state)
            else:
                raise self.bad(f"a state is given to a {type(target).__name__}")
        except ValueError as error:
            if isinstance(error, FileFormatError):
                raise
            raise self.bad(str(error)) from None

    def persistent_id(self) -> None:
        key = self._pop()
        try:
            self.stack.append(self.persistent(key))
        except ValueError as error:
            if isinstance(error, FileFormatError):
                raise
            raise self.bad(str(error)) from None


def _build_ordered_dict(target: OrderedDict[Any, Any], state: Any) -> None:
    """A state_dict carries its version numbers in an attribute; no other is set."""
    if type(state) is not dict or list(state) != ["_metadata"]:
        raise ValueError("an OrderedDict with attributes other than _metadata")
    target._metadata = state["_metadata"]  # type: ignore[attr-defined]


_SIMPLE_KINDS = "biufcSU"


def _build_dtype(target: np.dtype[Any], state: Any) -> None:
    """Byte order of a dtype: the only part of its state that simple dtypes have."""
    kinds = (int, str, type(None), type(None), type(None), int, int, int)
    if not isinstance(state, tuple) or tuple(map(type, state)) != kinds:
        raise ValueError("a NumPy dtype with an unknown state, or with fields")
    version, order, _, _, _, itemsize, alignment, flags = state
    text = target.kind in "SU"
    if version != 3 or order not in ("<", ">", "|", "=") or target.kind not in _SIMPLE_KINDS:
        raise ValueError(f"a NumPy dtype of kind {target.kind!r} with an unknown state")
    if itemsize != (target.itemsize if text else -1) or alignment not in (-1, 1, 4) or flags & ~8:
        raise ValueError("a NumPy dtype with an unknown state")
    target.__setstate__(state)  # type: ignore[attr-defined]


def _build_array(target: np.ndarray[Any, Any], state: Any) -> None:
    """Shape, dtype and bytes of a NumPy array, in the form NumPy pickles them."""
    if not isinstance(state, tuple) or len(state) != 5:
        raise ValueError("a NumPy array with an unknown state")
    version, shape, dtype, fortran, data = state
    check_array(shape, dtype, data)
    if type(version) is not int or version != 1 or type(fortran) is not bool:
        raise ValueError("a NumPy array with an unknown state")
    if target.size:
        raise ValueError("a NumPy array is filled twice")
    target.__setstate__((1, shape, dtype, fortran, data))  # type: ignore[arg-type]


def check_array(shape: Any, dtype: Any, data: Any) -> None:
    """Raise ValueError unless `data` are exactly the bytes of an array of this shape."""
    if not isinstance(dtype, np.dtype) or dtype.kind not in _SIMPLE_KINDS:
        raise ValueError(f"a NumPy array of {dtype}")
    if not isinstance(data, bytes | bytearray):
        raise ValueError("a NumPy array whose data are not bytes")
    if checked_count(shape) * dtype.itemsize != len(data):
        raise ValueError(f"a NumPy array of shape {shape} and dtype {dtype} with {len(data)} bytes")
    if dtype.kind == "b" and max(data, default=0) > 1:
        raise ValueError("a boolean that is neither 0 nor 1")


def checked_count(shape: Any) -> int:
    """The number of elements of a shape that NumPy can represent; ValueError otherwise."""
    if not isinstance(shape, tuple | list) or len(shape) > 64:
        raise ValueError("a shape that is no tuple of at most 64 numbers")
    count = reach = 1
    for size in shape:
        if type(size) is not int or size < 0:
            raise ValueError(f"a shape with the dimension {size!r:.80}")
        count *= size
        reach *= max(size, 1)
        if reach >= 1 << 59:  # NumPy refuses even an empty array whose other sizes are larger
            raise ValueError("a shape with too many elements")
    return count


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        extra = getattr(value, "_metadata", None)
        return [*value.keys(), *value.values(), extra]
    if isinstance(value, list | tuple | set | frozenset):
        return list(value)
    return []


def _check_tree(root: Any, machine: PickleMachine) -> None:
    """Refuse what would trap whoever walks through the result.

    That is: a container inside itself, nesting deeper than recursion can follow, shared containers
    that unfold to far more than the file holds, and names that were never called.
    """
    limit = 1_000_000 + 64 * len(machine.data)
    weight: dict[int, int] = {}  # finished containers: how many objects they unfold to
    open_: set[int] = set()
    path: list[tuple[Any, list[Any], int]] = []
    total = 1

    def leaf(value: Any) -> bool:
        if isinstance(value, Word):
            raise machine.bad(f"{value.name} is stored as a value")
        return not isinstance(value, dict | list | tuple | set | frozenset)

    if leaf(root):
        return
    path.append((root, _children(root), 1))
    open_.add(id(root))
    while path:
        value, waiting, total = path.pop()
        if not waiting:
            weight[id(value)] = total
            open_.discard(id(value))
            if path:
                parent, rest, sofar = path.pop()
                path.append((parent, rest, sofar + total))
            continue
        child = waiting.pop()
        if total > limit:
            raise machine.bad("shared containers unfold to far more objects than the file holds")
        if leaf(child):
            path.append((value, waiting, total + 1))
        elif id(child) in weight:
            path.append((value, waiting, total + weight[id(child)]))
        elif id(child) in open_:
            raise machine.bad("a container contains itself")
        else:
            path.append((value, waiting, total))
            if len(path) >= DEEPEST:
                raise machine.bad(f"containers are nested more than {DEEPEST} deep")
            open_.add(id(child))
            path.append((child, _children(child), 1))


def _STOP(machine: PickleMachine) -> None:
    """The end of the pickle; `run` recognises it and finishes."""


def _with(method: Callable[..., None], *arguments: Any) -> Callable[[PickleMachine], None]:
    return lambda machine: method(machine, *arguments)


_M = PickleMachine
_METHODS: dict[int, Callable[[PickleMachine], None]] = {
    ord("."): _STOP, 0x80: _M.proto, 0x95: _M.frame,
    ord("("): _M.mark, ord("0"): _M.pop, ord("1"): _M.pop_mark, ord("2"): _M.dup,
    ord("N"): _M.none, 0x88: _M.true, 0x89: _M.false,
    ord("J"): _with(_M.integer, "<i", 4), ord("K"): _with(_M.integer, "<B", 1),
    ord("M"): _with(_M.integer, "<H", 2), ord("G"): _with(_M.integer, ">d", 8),
    0x8A: _with(_M.long, "<B", 1), 0x8B: _with(_M.long, "<i", 4),
    ord("X"): _with(_M.text, "<I", 4), 0x8C: _with(_M.text, "<B", 1), 0x8D: _with(_M.text, "<Q", 8),
    ord("T"): _with(_M.text, "<i", 4), ord("U"): _with(_M.text, "<B", 1),
    ord("B"): _with(_M.blob, "<I", 4), ord("C"): _with(_M.blob, "<B", 1),
    0x8E: _with(_M.blob, "<Q", 8), 0x96: _M.bytearray,
    ord(")"): _M.empty_tuple, ord("]"): _M.empty_list, ord("}"): _M.empty_dict, 0x8F: _M.empty_set,
    ord("t"): _M.tuple, 0x85: _with(_M.short_tuple, 1), 0x86: _with(_M.short_tuple, 2),
    0x87: _with(_M.short_tuple, 3), ord("a"): _M.append, ord("e"): _M.appends,
    ord("s"): _M.setitem, ord("u"): _M.setitems, 0x90: _M.additems, 0x91: _M.frozenset,
    ord("q"): _with(_M.put, "<B", 1), ord("r"): _with(_M.put, "<I", 4), 0x94: _M.memoize,
    ord("h"): _with(_M.get, "<B", 1), ord("j"): _with(_M.get, "<I", 4),
    ord("c"): _M.global_, 0x93: _M.stack_global, ord("R"): _M.reduce, 0x81: _M.reduce,
    ord("b"): _M.build, ord("Q"): _M.persistent_id,
}  # fmt: skip
