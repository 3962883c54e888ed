"""`graph`: one word for every way to a Graph."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.core.tensor import Tensor, wrap
from autotn.ir.capture import capture, read_tape
from autotn.ir.graph import Graph
from autotn.network.structure import floating_dtype
from autotn.network.system import System


def graph(target: Any, *args: Any, values: Any = "small", **kwargs: Any) -> Graph:
    """The graph of a run, of a Tensor's history or of a System, ready to be saved.

    Parameters
    ----------
    target : Module, function, Tensor, list of Tensors or System
        A module or function is run on the other arguments; what it does is recorded, ``backward`` and optimizer steps
        too. The history of a Tensor is read from its tape. A System alone is run on an example of zeros.
    values : {"small", "all", "none"}
        Keep the elements of small tensors and figures of the others, all elements of all, or nothing. What is
        no string goes to the function.

    >>> g = tn.graph(nn.Linear(3, 2), tn.ones(1, 3))
    >>> [c.op for c in g.calls]
    ['linear']
    """
    if isinstance(target, Tensor) or (
        isinstance(target, (list, tuple)) and target and all(isinstance(t, Tensor) for t in target)
    ):
        if args or kwargs:
            raise TypeError("graph: the history of a Tensor takes no further arguments")
        return read_tape(target, values)
    if not callable(target):
        raise TypeError(
            "graph: expected a module, a function, a Tensor or a list of Tensors, "
            f"got {type(target).__name__}"
        )
    if isinstance(target, System) and not args:
        return _of_system(target, values)
    return capture(target, *args, values=values, **kwargs)


def _of_system(system: System, values: str) -> Graph:
    """A System's run on one example of zeros, in eval mode."""
    dtype = floating_dtype(system)
    shapes = [part.output_shapes[0] for part in system.inputs]
    examples = [wrap(np.zeros((1, *shape), dtype)) for shape in shapes]
    modes = [(m, m.training) for m in system.modules()]
    system.eval()
    try:
        return capture(system, *examples, values=values)
    finally:
        for module, mode in modes:
            module.training = mode
