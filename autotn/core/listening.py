"""Who may listen to what this thread does: op calls, backward, optimizer steps.

Nobody does nearly always, and then nothing is asked but the one question of the hot path (see `modes`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from autotn.core.call import apply, into_given, normalise
from autotn.core.modes import add_special, state

if TYPE_CHECKING:
    from autotn.core.op import Op


class Listener:
    """What a `recording` may hear; a listener overrides what it cares for."""

    def begin(self, op: Any) -> None:
        """An op, or in backward its rule, is about to run; when it raises, it has no end."""

    def call(self, op: Any, args: tuple[Any, ...], result: Any) -> None:
        """An op ran on `args`, in the order of its signature and of agreeing dtypes."""

    def failed(self, op: Any, args: tuple[Any, ...], error: BaseException) -> None:
        """An op raised."""

    def function(self, name: str, tensors: list[Any], outputs: list[Any], seconds: float) -> None:
        """A user's own `autograd.Function` ran; what it called inside is not reported."""

    def wrote(self, target: Any, result: Any) -> None:
        """`result` was copied into the memory of `target`."""

    def module_begins(self) -> None:
        """A module began to run; it stands last on the scope."""

    def walk(self) -> None:
        """A backward begins; its seeds follow."""

    def seed(self, node: Any, g: Any) -> None:
        """The backward starts at `node` with `g`."""

    def rule(self, node: Any, g: Any, run: Callable[[Any, Any], Any], recorded: bool) -> Any:
        """Return ``run(node, g)``, the rule of a node; ``recorded`` with ``create_graph``."""
        return run(node, g)

    def pulled(self, node: Any, g: Any, grads: Any, waiting: dict[Any, Any]) -> None:
        """`grads` are about to be added to what is waiting for the node's parents."""

    def stored(self, leaf: Any, g: Any) -> None:
        """`g` is about to be added to a leaf's gradient."""

    def arrived(self, node: Any, g: Any) -> None:
        """`g` is the gradient that ``autograd.grad`` was asked for."""

    def before_step(self, optimizer: Any) -> Any:
        """An optimizer is about to step; the answer is handed to `after_step`."""

    def after_step(self, optimizer: Any, before: Any) -> None:
        """An optimizer has stepped."""


class recording:
    """Tell a `Listener` about every op call, backward and optimizer step of this thread."""

    def __init__(self, recorder: Listener) -> None:
        self.recorder = recorder

    def __enter__(self) -> Any:
        self._before = state.recorder
        state.recorder = self.recorder
        add_special(1)
        return self.recorder

    def __exit__(self, *exception: Any) -> None:
        add_special(-1)
        state.recorder = self._before


class unheard:
    """Keep what happens inside from the listener, who hears of the whole."""

    def __enter__(self) -> None:
        self._before = state.recorder
        state.recorder = None

    def __exit__(self, *exception: Any) -> None:
        state.recorder = self._before


def heard_call(recorder: Listener, op: Op, args: tuple[Any, ...], out: Any) -> Any:
    """A call that somebody listens to."""
    ready = args
    try:
        ready = normalise(op, args)
        recorder.begin(op)
        result = apply(op, ready) if out is None else into_given(op, args, ready, out)
    except Exception as error:
        recorder.failed(op, ready, error)
        raise
    recorder.call(op, ready, result)
    return result
