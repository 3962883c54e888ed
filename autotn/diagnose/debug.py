"""`debug`: stop at the first op, forward or backward, that makes a bad number."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from autotn.core.modes import add_special, state
from autotn.diagnose.watch import Event, Watch

F = TypeVar("F", bound=Callable[..., Any])


class debug:
    """Raise at the first op, forward or backward, that makes a nan or an inf.

    The error names the op, the module, the user's line, how many bad numbers there are, where the first
    one is, and what the inputs are there. A context, a decorator, or switched by ``on()`` and
    ``off()``; it looks at the ops of its own thread.

    An inf that comes of an inf (a mask's ``-inf``) is let pass.

    Parameters
    ----------
    nan, inf : bool
        What counts as bad.
    backward : bool
        Look at the gradients of each op's inputs too.
    when : callable, optional
        Asked for every result with an `Event`; where it answers anything but None or False, an error is raised
        that says so. The gradient that arrives at a leaf is an event too, so that
        ``when=lambda e: e.tensor is layer.weight and e.norm > 10`` stops at a gradient that grows too long.

    >>> with tn.debug():
    ...     tn.log(tn.tensor([1.0, 0.0]))
    Traceback (most recent call last):
        ...
    autotn.errors.NonFiniteError: debug: log made 1 -inf (of 2 elements, the first at index (1,)): input there is 0...
    """

    def __init__(
        self,
        nan: bool = True,
        inf: bool = True,
        backward: bool = True,
        when: Callable[[Event], Any] | None = None,
    ) -> None:
        if when is not None and not callable(when):
            raise TypeError(
                f"debug: when must be a function of an Event, got {type(when).__name__}"
            )
        self._options = (bool(nan), bool(inf), bool(backward), when)
        self._before: list[Watch | None] = []

    def on(self) -> debug:
        """Start looking, until `off`."""
        self._before.append(state.watch)
        state.watch = Watch(*self._options)
        add_special(1)
        return self

    def off(self) -> None:
        """Stop looking; what was on before goes on."""
        if not self._before:
            raise RuntimeError("debug: off() without on()")
        add_special(-1)
        state.watch = self._before.pop()

    def __enter__(self) -> debug:
        return self.on()

    def __exit__(self, *exception: Any) -> None:
        self.off()

    def __call__(self, function: F) -> F:
        """Run `function` under this watch each time it is called."""

        @functools.wraps(function)
        def watched(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return watched  # type: ignore[return-value]
