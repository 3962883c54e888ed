"""Trade time for memory: forget what a part of a network computed, and compute it anew in backward."""

from __future__ import annotations

import contextlib
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from autotn.core import engine, modes
from autotn.core.modes import HOT, state
from autotn.core.node import Freed, Node, OutputNode, here, next_sequence, user_frame
from autotn.core.random import default_generator
from autotn.core.tensor import Tensor, is_differentiable
from autotn.layers.container import Sequential
from autotn.transforms import trees

__all__ = ["CheckpointError", "checkpoint", "checkpoint_sequential", "noop_context_fn"]


class CheckpointError(RuntimeError):
    """The function computed something else in backward than it had in forward."""


def noop_context_fn() -> tuple[Any, Any]:
    """The contexts of a checkpoint that asks for none."""
    return contextlib.nullcontext(), contextlib.nullcontext()


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    context_fn: Callable[[], tuple[Any, Any]] = noop_context_fn,
    determinism_check: str = "default",
    debug: bool = False,
    early_stop: bool = True,
    **kwargs: Any,
) -> Any:
    """``function(*args, **kwargs)``, keeping nothing of it but the arguments; backward runs it again.

    Parameters
    ----------
    use_reentrant : bool
        False is the better choice. True takes no keyword arguments, and wants a tensor that requires grad
        among `args`.
    context_fn : callable
        Gives two contexts: one for the forward, one for the run in backward.
    determinism_check : str
        ``"default"``: the second run must give the same shapes and dtypes; ``"none"``: no check.
    preserve_rng_state : bool
        By keyword, True if left out: the second run draws the random numbers of the first.

    >>> from autotn.utils.checkpoint import checkpoint
    >>> x = tn.tensor([1.0, 2.0], requires_grad=True)
    >>> checkpoint(lambda x: (x.exp() * x).sum(), x, use_reentrant=False).backward()
    >>> x.grad
    tensor([ 5.4366, 22.1672])
    """
    preserve = kwargs.pop("preserve_rng_state", True)
    if determinism_check not in ("default", "none"):
        raise ValueError(
            f"checkpoint: determinism_check should be one of ['default', 'none'], got {determinism_check!r}"
        )
    if use_reentrant is None:
        warnings.warn(
            "checkpoint: the use_reentrant parameter should be passed explicitly. use_reentrant=False is "
            "recommended; left out it means True.",
            UserWarning,
            stacklevel=2,
        )
        use_reentrant = True
    if use_reentrant:
        if kwargs:
            raise ValueError("checkpoint: Unexpected keyword arguments: " + ",".join(kwargs))
        if context_fn is not noop_context_fn or debug:
            raise ValueError(
                "checkpoint: Passing `context_fn` or `debug` is only supported when use_reentrant=False."
            )
        if not any(isinstance(a, Tensor) and a.requires_grad for a in args):
            if state.grad:
                warnings.warn(
                    "checkpoint: None of the inputs have requires_grad=True. Gradients will be None",
                    UserWarning,
                    stacklevel=2,
                )
            with modes.no_grad():
                return function(*args)
    first, second = context_fn()
    if not state.grad or state.transforms:
        with first:
            return function(*args, **kwargs)
    return _Checkpoint(function, args, kwargs, preserve, second, determinism_check).run(first)


class _Checkpoint:
    """One checkpointed call: what its node on the tape asks of its op."""

    name = "checkpoint"
    node_name = "CheckpointBackward"
    saved_names = ("arguments",)
    keeps_output = False
    carry = None
    inputs: tuple[Any, ...] = ()
    aux: tuple[str, ...] = ()

    def __init__(
        self, function: Any, args: Any, kwargs: Any, preserve: bool, context: Any, check: str
    ) -> None:
        self.function, self.args, self.kwargs = function, args, kwargs
        self.context, self.check = context, check
        self.random = default_generator().get_state() if preserve else None
        self.seen: list[Any] = []

    def run(self, context: Any) -> Any:
        """The result, on a tape that consists of one node."""
        start = next_sequence()
        with context:
            result = self.function(*self.args, **self.kwargs)
        leaves, shape = trees.flatten(result)
        live = [k for k, t in enumerate(leaves) if isinstance(t, Tensor) and t._node is not None]
        parents = _outside([leaves[k]._node for k in live], start)
        if not parents:
            return result
        self.seen = [_outline(t) for t in leaves]
        node = object.__new__(Node)
        node.op, node.seq, node.parents = self, next_sequence(), tuple(parents)
        kept = trees.flatten((self.args, self.kwargs))[0]
        node.saved = ([t for t in kept if isinstance(t, Tensor)],)
        node.post, node.extra, node.epoch = None, None, HOT["EPOCH"]
        frame = user_frame(sys._getframe(1))
        assert frame is not None
        node.code, node.lasti = frame.f_code, frame.f_lasti
        node.ensure_extra().outputs = [
            (t._data.shape, t._data.dtype if k in live and is_differentiable(t) else None)
            if isinstance(t, Tensor)
            else ((), None)
            for k, t in enumerate(leaves)
        ]
        self.live = live
        for k in live:
            # A result that is an argument itself stays what it is: the tape goes through it.
            if leaves[k]._node.seq > start:
                leaves[k] = leaves[k]._alias()
                leaves[k]._node = OutputNode(node, k)
        return shape.rebuild(leaves)

    def backward(self, node: Any, g: Any) -> tuple[Any, ...]:
        """The raw pass."""
        return self._again(node, g, create_graph=False)

    def recorded_backward(self, node: Any, g: Any) -> tuple[Any, ...]:
        """The recorded pass: what runs again is recorded on the tape of the first run's inputs."""
        return self._again(node, g, create_graph=state.grad)

    def _again(self, node: Any, g: Any, create_graph: bool) -> tuple[Any, ...]:
        with modes.enable_grad(), self.context, _drawing_from(self.random):
            leaves, _ = trees.flatten(self.function(*self.args, **self.kwargs))
        if self.check != "none" and [_outline(t) for t in leaves] != self.seen:
            raise CheckpointError(
                "checkpoint: Recomputed values have different metadata than during the forward pass: "
                f"{self.seen} became {[_outline(t) for t in leaves]}. A checkpointed function must do the same "
                "each time; pass determinism_check='none' to go on regardless"
            )
        pairs = [
            (leaves[k]._node, x)
            for k, x in enumerate(g)
            if x is not None and k in self.live and leaves[k]._node is not None
        ]
        roots, seeds = [n for n, _ in pairs], [x for _, x in pairs]
        freed = Freed(here())
        found = engine._run(roots, seeds, set(node.parents), create_graph, freed)
        return tuple(found.get(parent) for parent in node.parents)


def _outline(value: Any) -> Any:
    return (
        (tuple(value._data.shape), str(value.dtype)) if isinstance(value, Tensor) else type(value)
    )


def _outside(roots: list[Any], start: int) -> list[Any]:
    """The nodes made before `start` that a graph ends in."""
    found, waiting, seen = [], list(roots), set(roots)
    while waiting:
        node = waiting.pop()
        if node.seq < start:
            found.append(node)
            continue
        for parent in node.parents:
            if parent is not None and parent not in seen:
                seen.add(parent)
                waiting.append(parent)
    return found


@contextlib.contextmanager
def _drawing_from(random: Any) -> Iterator[None]:
    """Draw the numbers that follow a remembered state, then go on as if nothing had been drawn."""
    if random is None:
        yield
        return
    generator = default_generator()
    now = generator.get_state()
    generator.set_state(random)
    try:
        yield
    finally:
        generator.set_state(now)


def checkpoint_sequential(
    functions: Any, segments: int, input: Any, use_reentrant: bool | None = None, **kwargs: Any
) -> Any:
    """A chain of functions in `segments` parts, each checkpointed but the last.

    >>> from autotn.utils.checkpoint import checkpoint_sequential
    >>> model = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1))
    >>> checkpoint_sequential(model, 2, tn.ones(3, 2), use_reentrant=False).shape
    tn.Size([3, 1])
    """
    if use_reentrant is None:
        warnings.warn(
            "checkpoint_sequential: the use_reentrant parameter should be passed explicitly. "
            "use_reentrant=False is recommended; left out it means True.",
            UserWarning,
            stacklevel=2,
        )
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if kwargs:
        raise ValueError("checkpoint_sequential: Unexpected keyword arguments: " + ",".join(kwargs))
    parts = list(functions.children()) if isinstance(functions, Sequential) else list(functions)
    if not 1 <= segments <= max(len(parts), 1):
        raise ValueError(
            f"checkpoint_sequential: segments must be between 1 and the number of functions, {len(parts)}, "
            f"got {segments}"
        )

    def chain(start: int, end: int) -> Callable[[Any], Any]:
        def run(value: Any) -> Any:
            for part in parts[start:end]:
                value = part(value)
            return value

        return run

    size, end = len(parts) // segments, 0
    for start in range(0, size * (segments - 1), size):
        end = start + size
        input = checkpoint(
            chain(start, end), input, use_reentrant=use_reentrant, preserve_rng_state=preserve
        )
    return chain(end, len(parts))(input)
