"""`retain_grad`: a tensor with history keeps the gradient that passes it, also after writes in place."""

from __future__ import annotations

import weakref

from autotn.core.methods import attach_method
from autotn.core.modes import state
from autotn.core.node import GraphNode, Leaf, RemovableHandle
from autotn.core.tensor import Tensor, wrap
from autotn.errors import AutogradError


@attach_method("retain_grad")
def retain_grad(self: Tensor) -> None:
    """Keep this non-leaf's gradient in ``.grad`` when backward passes it.

    After a write in place it is the gradient of the new value.

    >>> x = tn.tensor(2.0, requires_grad=True)
    >>> y = x * x
    >>> y.retain_grad(); (3 * y).backward(); y.grad
    tensor(3.)
    """
    if self._node is None:
        raise AutogradError("can't retain_grad on Tensor that has requires_grad=False")
    if self.is_leaf or self._retains is not None:
        return
    self._leaf = Leaf(self)
    self._retains = _watch(self, self._node)


def follow(tensor: Tensor, node: GraphNode | None) -> None:
    """Let `tensor` continue with `node` after a write, and what keeps its gradient go along."""
    tensor._node = node
    if tensor._retains is not None:
        tensor._retains.remove()
        tensor._retains = None if node is None else _watch(tensor, node)


def _watch(tensor: Tensor, node: GraphNode) -> RemovableHandle:
    """Store what arrives at `node` as the gradient of `tensor`."""
    reference = weakref.ref(tensor)

    def keep(g: Tensor) -> None:
        kept = reference()
        if kept is None or kept._leaf is None:
            return
        present = kept._leaf.grad
        if state.grad:
            kept._leaf.grad = g if present is None else present + g
        else:
            kept._leaf.grad = wrap(g._data.copy() if present is None else present._data + g._data)

    extra = node.ensure_extra()
    if extra.pre_hooks is None:
        extra.pre_hooks = {}
    return RemovableHandle(extra.pre_hooks, keep)
