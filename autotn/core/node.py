"""One recorded call (`Node`), the ends of the tape (`Leaf`), and where in the user's code they stand.

Edges run from a result's node to the nodes of its inputs, never back: a Tensor holds its node, a
node holds its parents and the values its rule named, and nothing holds a result. So there is no
reference cycle, and a graph is freed by reference counting alone.

Sequence numbers grow with creation, so descending order is a topological order.
"""

from __future__ import annotations

import copy
import itertools
import linecache
import os
import sys
import weakref
from collections.abc import Callable
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any

from autotn.core.modes import HOT
from autotn.core.node_names import name_of
from autotn.errors import AutogradError

if TYPE_CHECKING:
    from autotn.core.storage import Storage
    from autotn.core.tensor import Tensor

next_sequence = itertools.count(1).__next__

_PACKAGE = __package__.partition(".")[0]


class _Internal(dict[Any, bool]):
    """Whether a module's ``__package__`` is part of this library, learnt once per package."""

    def __missing__(self, package: Any) -> bool:
        inside = isinstance(package, str) and (
            package == _PACKAGE or package.startswith(_PACKAGE + ".")
        )
        self[package] = inside
        return inside


INTERNAL = _Internal()

#: The user's function that called last: while it stays the same, the generated code need not ask
#: whose frame it sees.
HOT["USER"] = None


#: By a function of this library that called an op: how far out its user's frame was last time, and the code
#: of this library that the user had called.
_ways: dict[int, tuple[int, CodeType]] = {}
_frame_at = sys._getframe


def user_frame(frame: FrameType | None) -> FrameType | None:
    """The nearest frame, from `frame` outwards, that is not part of this library.

    Python makes an object of every frame that is looked at, so that the way out through a model's
    modules costs more than a small op. The caller of an op is therefore looked for where it was last
    time. It was not missed on the way when the user's function is the one that called last, and has
    called the same function of this library. (A module whose forward is the user's own forgets who
    called last.)
    """
    if frame is None:
        return None
    way = _ways.get(id(frame.f_code))
    if way is not None:
        distance, entered = way
        try:
            found = _frame_at(distance)
            if found.f_code is HOT["USER"] and _frame_at(distance - 1).f_code is entered:
                return found
        except ValueError:  # the stack is not that deep
            pass
    return _walk_out(frame)


def _walk_out(frame: FrameType) -> FrameType | None:
    """Look at every frame on the way out; remember the way."""
    found: FrameType | None = frame
    entered = frame.f_code
    distance = 2  # `frame` called the function that called `user_frame`
    while found is not None and INTERNAL[found.f_globals.get("__package__")]:
        entered = found.f_code
        found = found.f_back
        distance += 1
    if found is None:
        return frame
    if found is not frame:
        _ways[id(frame.f_code)] = distance, entered
    HOT["USER"] = found.f_code
    return found


#: A place in the user's code, in the form `describe_line` reads.
Place = tuple[CodeType, int]


def place_of(frame: FrameType | None) -> Place | None:
    """The user's line that is running in or around `frame`."""
    if frame is not None and frame.f_code is not HOT["USER"]:
        frame = _walk_out(frame)
    return None if frame is None else (frame.f_code, frame.f_lasti)


def here() -> Place | None:
    """The user's line that is running now."""
    frame = user_frame(sys._getframe(1))
    return None if frame is None else (frame.f_code, frame.f_lasti)


def warn_here(message: str) -> None:
    """Warn, as of the user's line that is running now."""
    import warnings

    frame = sys._getframe(1)
    while INTERNAL[frame.f_globals.get("__package__")] and frame.f_back is not None:
        frame = frame.f_back
    space = frame.f_globals
    warnings.warn_explicit(
        message,
        UserWarning,
        frame.f_code.co_filename,
        frame.f_lineno,
        module=space.get("__name__"),
        registry=space.setdefault("__warningregistry__", {}),
    )


def line_of(where: Place | None) -> tuple[str, int, str] | None:
    """File name, line number and text of a remembered place."""
    if where is None:
        return None
    code, instruction = where
    line = code.co_firstlineno
    for start, end, number in code.co_lines():
        if number is not None and start <= instruction < end:
            line = number
            break
    return code.co_filename, line, linecache.getline(code.co_filename, line).strip()


def describe_line(where: Place | None) -> str:
    """A remembered place as ``file:line, in function: text``."""
    found = line_of(where)
    if found is None or where is None:
        return "an unknown place"
    file, number, text = found
    name = where[0].co_name
    place = f"{os.path.basename(file)}:{number}" + ("" if name == "<module>" else f", in {name}")
    return f"{place}: {text}" if text else place


class Extra:
    """What few nodes need: hooks, output shapes, guards of saved outputs, an anomaly trace."""

    __slots__ = ("hooks", "outputs", "pre_hooks", "storages", "trace")

    def __init__(self) -> None:
        self.hooks: dict[int, Callable[..., Any]] | None = None
        self.pre_hooks: dict[int, Callable[..., Any]] | None = None
        self.outputs: list[tuple[tuple[int, ...], Any]] | None = None
        self.storages: list[Storage] | None = None
        self.trace: Any = None


class Freed:
    """Stands where kept values stood, and remembers which backward let them go."""

    __slots__ = ("where",)

    def __init__(self, where: Place | None) -> None:
        self.where = where


class GraphNode:
    """What every node offers: PyTorch's walkable surface."""

    __slots__ = ("__weakref__",)

    #: True for a leaf nobody watches: its gradient may wait until the walk is over.
    quiet = False
    op: Any
    seq: int
    parents: tuple[Any, ...]
    extra: Extra | None

    def name(self) -> str:
        """PyTorch's name of the node, such as ``MulBackward0``."""
        return name_of(self.op.name)

    @property
    def next_functions(self) -> tuple[tuple[GraphNode | None, int], ...]:
        """The nodes of the inputs, each with the index of the output that was used."""
        return tuple(
            (p.parents[0], p.slot) if isinstance(p, OutputNode) else (p, 0) for p in self.parents
        )

    def __repr__(self) -> str:
        return f"<{self.name()}>"

    def ensure_extra(self) -> Extra:
        """The place for hooks and such, made when first needed."""
        if self.extra is None:
            self.extra = Extra()  # type: ignore[misc]  # the slot stands in each subclass
        return self.extra

    def register_hook(self, fn: Callable[..., Any]) -> RemovableHandle:
        """Call ``fn(grad_inputs, grad_outputs)`` after this node ran; a result replaces grad_inputs."""
        extra = self.ensure_extra()
        if extra.hooks is None:
            extra.hooks = {}
        return RemovableHandle(extra.hooks, fn)

    def register_prehook(self, fn: Callable[..., Any]) -> RemovableHandle:
        """Call ``fn(grad_outputs)`` before this node runs; a result replaces grad_outputs."""
        extra = self.ensure_extra()
        if extra.pre_hooks is None:
            extra.pre_hooks = {}
        return RemovableHandle(extra.pre_hooks, _OnTuple(fn))

    @property
    def metadata(self) -> dict[str, Any]:
        """A place for a user's own notes about this node."""
        return _metadata.setdefault(self, {})


_metadata: weakref.WeakKeyDictionary[GraphNode, dict[str, Any]] = weakref.WeakKeyDictionary()


class Node(GraphNode):
    """One recorded call of an op.

    ``saved`` holds what the rule named, in the order of ``op.saved_names``; ``epoch`` is the
    moment of the call (see `storage`); ``code`` and ``lasti`` say which line made it.
    """

    __slots__ = ("code", "epoch", "extra", "lasti", "op", "parents", "post", "saved", "seq")

    saved: Any
    post: Any
    epoch: int
    code: CodeType
    lasti: int

    @property
    def where(self) -> Place:
        """The user's line that made this call."""
        return self.code, self.lasti

    def name(self) -> str:
        """PyTorch's name of the node, such as ``MulBackward0``."""
        return self.op.node_name or name_of(self.op.name)

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """For a custom `Function`: what ``ctx.save_for_backward`` kept."""
        return self.op.saved_tensors(self)  # type: ignore[no-any-return]


class OutputNode(GraphNode):
    """Output number ``slot`` of a node that has several."""

    __slots__ = ("extra", "op", "parents", "seq", "slot")

    def __init__(self, node: Node, slot: int) -> None:
        self.op = node.op
        self.seq = next_sequence()
        self.parents = (node,)
        self.slot = slot
        self.extra = None

    def name(self) -> str:
        """The name of the node that made all outputs."""
        return self.parents[0].name()  # type: ignore[no-any-return]

    @property
    def next_functions(self) -> tuple[tuple[GraphNode | None, int], ...]:
        """The inputs of the call that made all outputs."""
        return self.parents[0].next_functions  # type: ignore[no-any-return]


class Leaf(GraphNode):
    """Where the tape ends: the keeper of a tensor's ``.grad``."""

    __slots__ = (
        *("_tensor", "collects", "extra", "grad", "op", "parents", "post_hooks", "quiet", "seq"),
    )

    def __init__(self, tensor: Tensor) -> None:
        self._tensor = weakref.ref(tensor)
        self.grad: Tensor | None = None
        self.seq = next_sequence()
        self.parents = ()
        self.op = None
        self.extra = None
        self.post_hooks: dict[int, Callable[..., Any]] | None = None
        self.collects = True
        self.quiet = True

    def ensure_extra(self) -> Extra:
        """The place for hooks; from now on somebody watches."""
        self.quiet = False
        return super().ensure_extra()

    def collect(self, on: bool) -> None:
        """Take gradients or, while the tensor does not require grad, let those of old graphs go."""
        self.collects = on
        self.quiet = on and self.extra is None and self.post_hooks is None

    def name(self) -> str:
        """PyTorch's name for the end of the tape."""
        return "AccumulateGrad"

    @property
    def variable(self) -> Tensor | None:
        """The tensor whose gradient is accumulated here (None when it is gone)."""
        return self._tensor()


class _OnTuple:
    """A node's prehook takes the tuple of gradients; inside there is one gradient."""

    def __init__(self, fn: Callable[..., Any]) -> None:
        self.fn = fn

    def __call__(self, grad: Any) -> Any:
        result = self.fn((grad,))
        return result[0] if isinstance(result, tuple) else result


class RemovableHandle:
    """Removes a hook: by ``remove()``, or at the end of a ``with``."""

    _next_id = itertools.count().__next__

    def __init__(self, hooks: dict[int, Any], fn: Any, *, first: bool = False) -> None:
        self.id = self._next_id()
        self._hooks = hooks
        hooks[self.id] = fn
        if first:
            for key in [k for k in hooks if k != self.id]:
                hooks[key] = hooks.pop(key)

    def remove(self) -> None:
        """Take the hook away; a second time does nothing."""
        self._hooks.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exception: Any) -> None:
        self.remove()


def freed_error(node: Node) -> AutogradError:
    """Backward came through a node a second time."""
    place = describe_line(node.saved.where)
    return AutogradError(
        f"Trying to backward through the graph a second time: the values kept by {node.op.name} "
        f"(called at {describe_line(node.where)}) were freed by the backward at {place}. "
        "Give that backward retain_graph=True if you need the graph again, compute the forward pass "
        "anew, or detach() what is carried over from an earlier step."
    )


def named(result: Any, name: str) -> Any:
    """The result of one op with a node that bears PyTorch's name for what was called."""
    node = getattr(result, "_node", None)
    if node.__class__ is Node:
        op: Any = node.op
        # Kept with the op itself: a complex twin has its name too, and so has what a transform made of it for one call.
        renamed = op.__dict__.get("renamed", {}).get(name)
        if renamed is None:
            getattr(op, "source", None)  # what is generated once is in the copy, too
            renamed = copy.copy(op)
            renamed.node_name = name
            op.__dict__.setdefault("renamed", {})[name] = renamed
        node.op = renamed
    return result
