"""What is on or off in this thread: recording of the tape, inference, listeners, anomaly checks.

The hot path of an op asks two questions of one shared namespace, `HOT`:

- ``HOT["SPECIAL"]``: is *anything* unusual going on in *any* thread (a recorder, a transform, anomaly
  checks)? Zero nearly always, and then nothing else is looked at.
- ``HOT["GRAD_EVERYWHERE"]``: is the tape on in *every* thread? Asked only when a Node would be made.
  When it is off somewhere, `grad_enabled` asks this thread's own state.

So an ordinary training step never pays for thread-local look-ups, and threads still do not see
each other's modes.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

#: The global namespace of every generated op function (see `callpath`), and so of these two flags.
HOT: dict[str, Any] = {"SPECIAL": 0, "GRAD_EVERYWHERE": 1}

_lock = threading.Lock()
_deviations = 0


class _State(threading.local):
    """This thread's modes."""

    grad = True
    inference = False
    anomaly = False
    check_nan = True
    recorder: Any = None  # a `listening.Listener`
    #: Looks at every result: see `debug`.
    watch: Any = None
    transforms: tuple[Any, ...] = ()
    scope: tuple[Any, ...] = ()
    autocast = False
    in_forward = False  # of a user's Function


state = _State()


def _switch(mode: bool) -> None:
    """Turn this thread's tape on or off, and count the threads where it is off."""
    global _deviations
    state.grad = mode
    with _lock:
        _deviations += -1 if mode else 1
        HOT["GRAD_EVERYWHERE"] = not _deviations


def add_special(by: int) -> None:
    """Count the contexts, in all threads, that want every call to take the thorough path."""
    with _lock:
        HOT["SPECIAL"] += by


def grad_enabled() -> bool:
    """True when this thread records operations."""
    return state.grad


def _set_grad(mode: bool) -> None:
    if mode != state.grad:
        _switch(mode)


def is_grad_enabled() -> bool:
    """True when operations are recorded for differentiation.

    >>> with tn.no_grad():
    ...     tn.is_grad_enabled()
    False
    """
    return state.grad


def is_inference_mode_enabled() -> bool:
    """True inside `inference_mode`.

    >>> tn.is_inference_mode_enabled()
    False
    """
    return state.inference


class _GradContext:
    """A context manager and decorator that sets the grad mode of this thread."""

    mode: bool

    def __enter__(self) -> None:
        before = self._before = state.grad
        if before is not self.mode:
            _switch(self.mode)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        if state.grad is not self._before:
            _switch(self._before)

    def _fresh(self) -> _GradContext:
        return type(self)()

    def __call__(self, function: F) -> F:
        """Run `function` under this mode each time it is called (generators: while they run)."""
        import inspect

        if inspect.isclass(function):
            raise TypeError(
                f"{type(self).__name__} decorates functions, not the class {function!r}"
            )
        if inspect.isgeneratorfunction(function):

            @functools.wraps(function)
            def generator(*args: Any, **kwargs: Any) -> Any:
                inner = function(*args, **kwargs)
                sent = None
                try:
                    while True:
                        with self._fresh():
                            item = inner.send(sent)
                        sent = yield item
                except StopIteration as stop:
                    return stop.value
                finally:
                    inner.close()

            return generator  # type: ignore[return-value]

        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with self._fresh():
                return function(*args, **kwargs)

        return wrapped  # type: ignore[return-value]


class no_grad(_GradContext):
    """Switch recording off, as a context or a decorator, in this thread.

    >>> x = tn.ones(2, requires_grad=True)
    >>> with tn.no_grad():
    ...     (x * 2).requires_grad
    False
    """

    mode = False

    def __new__(cls, orig_func: Any = None) -> Any:
        made = object.__new__(cls)
        return made if orig_func is None else made(orig_func)


class enable_grad(_GradContext):
    """Switch recording on again inside `no_grad`.

    >>> with tn.no_grad(), tn.enable_grad():
    ...     tn.is_grad_enabled()
    True
    """

    mode = True

    def __new__(cls, orig_func: Any = None) -> Any:
        made = object.__new__(cls)
        return made if orig_func is None else made(orig_func)


class set_grad_enabled(_GradContext):
    """Set recording on or off: at once when called, until the end of the ``with`` as a context.

    >>> with tn.set_grad_enabled(False):
    ...     tn.is_grad_enabled()
    False
    """

    def __init__(self, mode: bool) -> None:
        self.mode = bool(mode)
        self._before = state.grad
        _set_grad(self.mode)

    def __enter__(self) -> None:
        _set_grad(self.mode)

    def _fresh(self) -> _GradContext:
        return set_grad_enabled(self.mode)

    def __call__(self, function: F) -> F:
        _set_grad(self._before)
        return super().__call__(function)


class inference_mode(_GradContext):
    """`no_grad` for code that will never be differentiated.

    >>> with tn.inference_mode():
    ...     tn.is_inference_mode_enabled()
    True
    """

    def __new__(cls, mode: Any = True) -> Any:
        if callable(mode):
            return cls()(mode)
        return super().__new__(cls)

    def __init__(self, mode: bool = True) -> None:
        self.inference = bool(mode)
        self.mode = not self.inference

    def __enter__(self) -> None:
        self._inference_before = state.inference
        self._before = state.grad
        state.inference = self.inference
        _set_grad(self.mode)

    def __exit__(self, *exception: Any) -> None:
        state.inference = self._inference_before
        _set_grad(self._before)

    def _fresh(self) -> _GradContext:
        return inference_mode(self.inference)


class transforming:
    """Hand every op call of this thread to a function transform (vmap, forward mode)."""

    def __init__(self, transform: Any) -> None:
        self.transform = transform

    def __enter__(self) -> Any:
        self._before = state.transforms
        state.transforms = (*state.transforms, self.transform)
        add_special(1)
        return self.transform

    def __exit__(self, *exception: Any) -> None:
        add_special(-1)
        state.transforms = self._before


class detect_anomaly:
    """Remember where each forward op was called, and check each gradient for NaN.

    The error names the op whose derivative failed and the line that called it.

    >>> with tn.autograd.detect_anomaly():
    ...     x = tn.tensor(0.0, requires_grad=True)
    ...     (tn.sqrt(x) * 0).backward()
    Traceback (most recent call last):
        ...
    RuntimeError: sqrt returned nan in the gradient of 'input' (1 of 1 elements, first at index ())...
    """

    def __init__(self, check_nan: bool = True) -> None:
        self.mode = True
        self.check_nan = check_nan
        self._before = (state.anomaly, state.check_nan)

    def _set(self, mode: bool, check_nan: bool) -> None:
        if mode != state.anomaly:
            add_special(1 if mode else -1)
        state.anomaly, state.check_nan = mode, check_nan

    def __enter__(self) -> None:
        self._before = (state.anomaly, state.check_nan)
        self._set(self.mode, self.check_nan)

    def __exit__(self, *exception: Any) -> None:
        self._set(*self._before)


class set_detect_anomaly(detect_anomaly):
    """`detect_anomaly` switched on or off at once; as a context, until its end."""

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        super().__init__(check_nan)
        self.mode = bool(mode)
        self._set(self.mode, check_nan)

    def __enter__(self) -> None:
        self._set(self.mode, self.check_nan)


def is_anomaly_enabled() -> bool:
    """True under `detect_anomaly`."""
    return state.anomaly


def is_anomaly_check_nan_enabled() -> bool:
    """True while `detect_anomaly` looks for NaN in gradients."""
    return state.check_nan


def set_anomaly_enabled(mode: bool, check_nan: bool = True) -> None:
    """Switch `detect_anomaly` on or off until further notice."""
    set_detect_anomaly(mode, check_nan)
