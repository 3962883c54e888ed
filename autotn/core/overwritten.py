"""Values that were kept for backward and overwritten since: an error that says where, or a new value."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.core import call
from autotn.core.failure import describe
from autotn.core.modes import HOT
from autotn.core.node import Node, describe_line
from autotn.core.tensor import Tensor
from autotn.errors import AutogradError


def check_unmodified(node: Node) -> None:
    """Raise when something the node kept was overwritten after its call."""
    names = node.op.saved_names
    storages = []
    if (
        node.extra is not None
        and node.extra.storages
        and node.saved[names.index("out")] is not None
    ):
        storages = [(s, "its output") for s in node.extra.storages]
    for name, kept in zip(names, node.saved, strict=False):
        for one in kept if isinstance(kept, (list, tuple)) else (kept,):
            if isinstance(one, Tensor) and one._storage is not None:
                storages.append((one._storage, f"{name!r} ({describe(one)})"))
    for storage, what in storages:
        if storage.epoch > node.epoch and not (what == "its output" and _computed_again(node)):
            raise _modified_error(node, storage, what)
    node.epoch = HOT["EPOCH"] if node.extra is None and not storages else node.epoch


def _computed_again(node: Node) -> bool:
    """Make an overwritten output anew, where all that it was made of is kept (as of a pooling)."""
    op, names = node.op, node.op.saved_names
    parameters = getattr(op, "parameters", ())
    if op.several or not parameters or not set(parameters) <= set(names):
        return False
    kept = dict(zip(names, node.saved, strict=False))
    for i in op.inputs:
        storage = getattr(kept[i.name], "_storage", None)
        if i.kind != "one" or (storage is not None and storage.epoch > node.epoch):
            return False
    arguments = [x._data if isinstance(x, Tensor) else x for x in (kept[p] for p in parameters)]
    made = call.run_kernel(op, arguments, ())
    kept["out"], besides = made if op.aux else (made, ())
    kept.update(zip(op.aux, besides, strict=True))
    node.saved = tuple(kept[name] for name in names)
    if node.extra is not None:
        node.extra.storages = []
    return True


def _modified_error(node: Node, storage: Any, what: str) -> AutogradError:
    if what == "its output":
        kept = node.saved[node.op.saved_names.index("out")]
        shape = kept.shape if isinstance(kept, np.ndarray) else [x.shape for x in kept]
        what = f"its output ({shape})"
    return AutogradError(
        "one of the variables needed for gradient computation has been modified by an inplace "
        f"operation: {node.op.name} (called at {describe_line(node.where)}) kept {what}, which was "
        f"overwritten at {describe_line(storage.where)}; its version is now {storage.version}. "
        f"Use the out-of-place form there, or give {node.op.name} a clone() of it."
    )
