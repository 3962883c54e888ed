"""Samples: the arguments an op is tried on, and the errors it promises.

A file of samples is all the test text an op needs (see ``docs/design/ops.md``)::

    @samples("softplus", torch="nn.functional.softplus")
    def _(array):
        yield Sample(array(3, 4))
        yield Sample(array(5, low=-60, high=60), beta=2.0)
        yield ErrorSample("text", raises=TypeError, match="softplus")
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from autotn.core import dtypes
from autotn.core.op import COMPOSITES, REGISTRY
from autotn.core.tensor import Tensor, wrap

__all__ = [
    "SAMPLERS",
    "Case",
    "ErrorSample",
    "Sample",
    "all_samples",
    "constant",
    "make_array",
    "make_tensor",
    "samples",
]


class Sample:
    """One call: positional and keyword arguments, arrays standing for Tensors.

    Parameters
    ----------
    args, kwargs
        As the op is called. An array of floating-point or complex dtype is differentiated, unless it is
        a `constant`.
    _expect : array or tuple, optional
        The right result where PyTorch is no oracle.
    _skip : tuple of str
        Questions this sample is not made for, by name; each needs its reason beside it.
    _tol : float
        Loosens the tolerances by this factor.
    """

    def __init__(
        self,
        *args: Any,
        _expect: Any = None,
        _skip: tuple[str, ...] = (),
        _tol: float = 1.0,
        **kwargs: Any,
    ) -> None:
        self.args = args
        self.kwargs = kwargs
        self.expect = _expect
        self.skip = _skip
        self.tol = _tol

    def __repr__(self) -> str:
        parts = [_short(a) for a in self.args] + [
            f"{k}={_short(v)}" for k, v in self.kwargs.items()
        ]
        return f"({', '.join(parts)})"


class ErrorSample:
    """One call that must fail, with the error and the words it promises."""

    def __init__(
        self,
        *args: Any,
        raises: type[Exception] | tuple[type[Exception], ...],
        match: str = "",
        **kwargs: Any,
    ) -> None:
        self.args = args
        self.kwargs = kwargs
        self.raises = raises
        self.match = match

    def __repr__(self) -> str:
        parts = [_short(a) for a in self.args] + [
            f"{k}={_short(v)}" for k, v in self.kwargs.items()
        ]
        kinds = self.raises if isinstance(self.raises, tuple) else (self.raises,)
        return f"({', '.join(parts)}) raises {' or '.join(k.__name__ for k in kinds)}"


def _short(value: Any) -> str:
    if isinstance(value, np.ndarray):
        shape = "x".join(map(str, value.shape)) or "0-d"
        note = "" if value.flags.c_contiguous else " strided"
        return f"{value.dtype}[{shape}]{note}"
    if isinstance(value, Tensor):
        return _short(value._data)
    if isinstance(value, (list, tuple)) and value and isinstance(value[0], np.ndarray):
        return "[" + ", ".join(_short(v) for v in value) + "]"
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


class Maker:
    """Makes the arrays of samples, reproducibly: ``array(3, 4, low=0, high=1)``."""

    def __init__(self, seed: str) -> None:
        digest = hashlib.sha256(seed.encode()).digest()
        self.rng = np.random.default_rng(int.from_bytes(digest[:8], "little"))

    def __call__(
        self,
        *shape: int,
        low: float = -2.0,
        high: float = 2.0,
        dtype: Any = np.float64,
        distinct: bool = False,
        away_from: tuple[float, ...] = (),
        strided: bool = False,
    ) -> np.ndarray[Any, Any]:
        """An array of `shape` with values between `low` and `high`.

        Parameters
        ----------
        distinct : bool
            No two values closer than a hundredth of the mean gap: for sorting and maxima.
        away_from : tuple of float
            Keep 0.1 away from these values: for kinks.
        strided : bool
            A non-contiguous view: every second element of a transposed array.
        """
        kind = dtypes.as_numpy(dtype)
        count = int(np.prod(shape, dtype=np.int64)) if shape else 1
        if kind.kind == "b":
            values: Any = self.rng.random(count) < 0.5
        elif kind.kind in "iu":
            values = self.rng.integers(
                int(max(low, 0) if kind.kind == "u" else low), int(high) + 1, count
            )
        elif kind.kind == "c":
            values = self.rng.uniform(low, high, count) + 1j * self.rng.uniform(low, high, count)
        elif distinct and count > 1:
            gap = (high - low) / count
            values = low + gap * (self.rng.permutation(count) + self.rng.uniform(0.1, 0.9, count))
        else:
            values = self.rng.uniform(low, high, count)
        for point in away_from:
            near = np.abs(values - point) < 0.1
            values = np.where(near, values + 0.25, values)
        array = np.asarray(values).astype(kind).reshape(shape)
        if strided and array.ndim:
            spaced = np.zeros((*array.shape[:-1], array.shape[-1] * 2), kind)
            spaced[..., ::2] = array
            array = spaced[..., ::2]
            if array.ndim > 1:
                array = np.ascontiguousarray(array.T).T
        return array

    def index(self, *shape: int, high: int) -> np.ndarray[Any, Any]:
        """Integers from 0 to `high` - 1."""
        return self.rng.integers(0, high, shape).astype(np.int64)


#: Op name -> (sampler, torch's name for it).
SAMPLERS: dict[str, tuple[Callable[[Maker], Iterator[Any]], str | None]] = {}


def samples(name: str, *, torch: str | None = "") -> Callable[[Any], Any]:
    """Register the samples of an op.

    Parameters
    ----------
    name : str
        The op or composite.
    torch : str or None
        PyTorch's name after ``torch.``, when it differs (``"nn.functional.relu"``, ``"Tensor.view"``);
        None when PyTorch has no such function (each sample then needs ``_expect``).
    """

    def register(sampler: Callable[[Maker], Iterator[Any]]) -> Callable[[Maker], Iterator[Any]]:
        if name in SAMPLERS:
            raise ValueError(f"samples of {name!r} are registered twice")
        SAMPLERS[name] = (sampler, name if torch == "" else torch)
        return sampler

    return register


class Case:
    """One sample of one op, ready to be asked a question."""

    def __init__(self, op_name: str, number: int, sample: Any, torch_name: str | None) -> None:
        self.op_name = op_name
        self.number = number
        self.sample = sample
        self.torch_name = torch_name
        self.against: set[str] = set()

    def checked(self, against: str) -> None:
        """Called by a question that did compare something: with what it compared."""
        self.against.add(against)

    @property
    def function(self) -> Any:
        """The public function: a composite hides the op of the same name."""
        found = COMPOSITES.get(self.op_name) or REGISTRY.get(self.op_name)
        if found is None:
            raise LookupError(f"samples for {self.op_name!r}, but no op of that name is declared")
        return found.function

    @property
    def op(self) -> Any:
        """The declaration record."""
        return self.function.op

    def __str__(self) -> str:
        return f"{self.op_name}{self.sample!r}"


def cases_of(name: str) -> list[Case]:
    """The samples of one op."""
    sampler, torch_name = SAMPLERS[name]
    return [Case(name, k, s, torch_name) for k, s in enumerate(sampler(Maker(name)))]


def all_samples() -> list[Case]:
    """Every registered sample of every op, in order of name."""
    return [case for name in sorted(SAMPLERS) for case in cases_of(name)]


def constant(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """`array` as one that is not differentiated, though it holds floats: weights of classes, a mask.

    It is read-only: by that the questions know it.
    """
    fixed = array.copy()
    fixed.flags.writeable = False
    return fixed


def make_array(*shape: int, seed: int = 0, **options: Any) -> np.ndarray[Any, Any]:
    """An array for a test: see `Maker.__call__` for the options."""
    return Maker(str(seed))(*shape, **options)


def make_tensor(
    *shape: int, dtype: Any = None, requires_grad: bool = False, seed: int = 0, **options: Any
) -> Tensor:
    """A Tensor for a test, in the default dtype unless told."""
    kind = dtypes.as_numpy(dtype or dtypes.get_default_dtype())
    t = wrap(make_array(*shape, seed=seed, dtype=kind, **options))
    return t.requires_grad_() if requires_grad else t
