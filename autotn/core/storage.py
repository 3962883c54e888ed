"""Who shares memory with whom, and when it was last written.

All tensors that share memory through views, ``detach`` or ``.data`` share one `Storage`, made when
the first of them appears (most tensors never need one). Time is a single counter of in-place
writes, the *epoch*: a node remembers the epoch of its call, a storage the epoch of its last write. A
value kept by a node was overwritten exactly when its storage's epoch is later than the node's. So
recording a call costs one global read, and backward checks nothing while no write has happened.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from types import CodeType
from typing import TYPE_CHECKING, Any

from autotn.core.modes import HOT
from autotn.core.node import Node, OutputNode

if TYPE_CHECKING:
    from autotn.core.tensor import Tensor

_lock = threading.Lock()
HOT["EPOCH"] = 0

#: One step from a base to its view: function, arguments after the base, output number or None.
Step = tuple[Callable[..., Any], tuple[Any, ...], "int | None"]


class Storage:
    """The shared version of a family of tensors, and the views among them."""

    __slots__ = ("epoch", "version", "views", "where")

    def __init__(self) -> None:
        self.version = 0
        self.epoch = 0
        self.where: tuple[CodeType, int] | None = None
        self.views: list[weakref.ref[Tensor]] = []

    def live_views(self) -> list[Tensor]:
        """The views that still exist; the others are forgotten."""
        alive = [(r, t) for r in self.views if (t := r()) is not None]
        self.views = [r for r, _ in alive]
        return [t for _, t in alive]


class ViewInfo:
    """How a view is made from its base: the base and the steps to it."""

    __slots__ = ("base", "made_without_grad", "steps")

    def __init__(self, base: Tensor, steps: tuple[Step, ...], made_without_grad: bool) -> None:
        self.base = base
        self.steps = steps
        self.made_without_grad = made_without_grad


def storage_of(tensor: Tensor) -> Storage:
    """The storage of `tensor`, made now if this is the first need of it."""
    storage = tensor._storage
    if storage is None:
        storage = tensor._storage = Storage()
        node = tensor._node
        # From now on a write can reach this memory: let the node that keeps it as its output know.
        if node.__class__ is OutputNode:
            node = node.parents[0]
        if node.__class__ is Node and node.op.keeps_output:
            extra = node.ensure_extra()
            extra.storages = [*(extra.storages or ()), storage]
    return storage


def link_view(view: Tensor, source: Tensor, step: Step, grad_mode: bool) -> None:
    """Remember that `view` shares the memory of `source`, one step away from it."""
    storage = source._storage or storage_of(source)
    info = source._view
    view._storage = storage
    if info is None:
        view._view = ViewInfo(source, (step,), not grad_mode)
    else:
        view._view = ViewInfo(
            info.base, (*info.steps, step), not grad_mode or info.made_without_grad
        )
    views = storage.views
    views.append(weakref.ref(view))
    if len(views) >= 64 and len(views) & (len(views) - 1) == 0:  # at powers of two: amortised
        storage.live_views()


def replay(steps: tuple[Step, ...], base: Any) -> Any:
    """Make the view again from `base`, an array or a Tensor: what you give is what you get."""
    for function, arguments, output in steps:
        base = function(base, *arguments)
        if output is not None:
            base = base[output]
    return base


def mark_written(tensor: Tensor, where: tuple[CodeType, int] | None = None) -> None:
    """Tell everybody who keeps this memory that it was written just now."""
    storage = tensor._storage or storage_of(tensor)
    storage.version += 1
    storage.epoch = _new_epoch()
    storage.where = where


def _new_epoch() -> int:
    """The next moment; threads take turns, lest the clock be set back."""
    with _lock:
        epoch: int = HOT["EPOCH"] + 1
        HOT["EPOCH"] = epoch
    return epoch


def mark_written_many(tensors: Any, where: tuple[CodeType, int] | None = None) -> None:
    """`mark_written` for many tensors at one moment."""
    epoch = _new_epoch()
    for tensor in tensors:
        storage = tensor._storage or storage_of(tensor)
        storage.version += 1
        storage.epoch = epoch
        storage.where = where
