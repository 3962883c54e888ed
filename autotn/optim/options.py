"""Options of parameter groups: reading their numbers and refusing the impossible ones."""

from __future__ import annotations

from itertools import chain
from operator import is_
from typing import Any

import numpy as np

from autotn.core.tensor import Tensor

#: Keys of a group that are never options of an update.
_NOT_OPTIONS = frozenset(("params", "param_names"))


def plain(value: Any) -> Any:
    """The Python number behind a Tensor or NumPy scalar, also inside a tuple; the rest as it is.

    NumPy's float64 scalars must not reach the arithmetic: they would turn float32 into float64.
    """
    if isinstance(value, Tensor):
        return value._data.item()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (tuple, list)):
        return tuple(map(plain, value))
    return value


class Reader:
    """Reads the options that methods name from a group, as plain Python numbers.

    Parameters
    ----------
    owner
        The optimizer's name, for the error about an option the group does not have.
    *methods
        For each method the options it names, or None for all there are.
    """

    __slots__ = ("_found", "_lasting", "_names", "_plain", "methods", "owner")

    def __init__(self, owner: str, *methods: tuple[str, ...] | None) -> None:
        self.owner = owner
        self.methods = methods
        self._names: tuple[str, ...] | None = None
        named = [names for names in methods if names is not None]
        if len(named) == len(methods):
            self._names = tuple(dict.fromkeys(chain.from_iterable(named)))
        self._found: list[Any] = []
        self._plain: tuple[dict[str, Any], ...] = ()
        self._lasting = False

    def read(self, group: dict[str, Any]) -> tuple[dict[str, Any], ...]:
        """Each method's options; the same dicts as last time when the group holds the same objects."""
        names = self._names
        if names is None:
            names = tuple(name for name in group if name not in _NOT_OPTIONS)
        try:
            found = [group[name] for name in names]
        except KeyError as missing:
            raise self._missing(missing, group) from None
        if self._lasting and len(found) == len(self._found) and all(map(is_, found, self._found)):
            return self._plain
        values = {name: plain(value) for name, value in zip(names, found)}
        try:
            self._plain = tuple(
                values if wanted is None else {name: values[name] for name in wanted}
                for wanted in self.methods
            )
        except KeyError as missing:
            raise self._missing(missing, group) from None
        self._found = found
        self._lasting = all(map(_lasts, found))
        return self._plain

    def _missing(self, name: KeyError, group: dict[str, Any]) -> KeyError:
        return KeyError(
            f"{self.owner} needs the option {name}, "
            f"which its parameter group does not have: {', '.join(sorted(group))}"
        )


def _lasts(value: Any) -> bool:
    """True for values that cannot change while they stay the same object."""
    if isinstance(value, tuple):
        return all(map(_lasts, value))
    return isinstance(value, (float, int, bool, str, type(None), np.generic))


def scalar_tensor(value: Any) -> Any:
    """A one-element Tensor with dimensions as the 0-d Tensor on the same memory."""
    if isinstance(value, Tensor) and value.ndim:
        value.data = value.data.reshape(())
    return value


def at_least_zero(owner: str, **options: Any) -> None:
    """Raise a `ValueError` for the first option below zero (or not a number at all)."""
    for name, value in options.items():
        if isinstance(value, Tensor) and value.numel() != 1:
            raise ValueError(
                f"{owner}: Tensor {name} must be 1-element, got shape {tuple(value.shape)}"
            )
        if not plain(value) >= 0.0:
            words = {"lr": "learning rate", "eps": "epsilon value"}.get(name, f"{name} value")
            raise ValueError(f"Invalid {words}: {value} ({owner} wants {name} >= 0)")


def check_betas(owner: str, betas: Any) -> None:
    """Raise a `ValueError` unless each beta is in [0, 1)."""
    for i, beta in enumerate(betas):
        if isinstance(beta, Tensor) and beta.numel() != 1:
            raise ValueError(
                f"{owner}: Tensor betas[{i}] must be 1-element, got shape {tuple(beta.shape)}"
            )
        if not 0.0 <= plain(beta) < 1.0:
            raise ValueError(
                f"Invalid beta parameter at index {i}: {beta} ({owner} wants 0 <= beta < 1)"
            )


def check_implementation(
    owner: str,
    *,
    lr: Any = None,
    betas: Any = (),
    foreach: bool | None = None,
    fused: bool | None = None,
    capturable: bool = False,
) -> None:
    """Refuse the combinations of implementation flags that PyTorch refuses.

    The flags choose among PyTorch's implementations; here is one, so they change nothing.
    """
    if fused and foreach:
        raise RuntimeError(f"{owner}: `fused` and `foreach` cannot be `True` together.")
    if foreach and not capturable:
        for name, value in {"lr": lr, **{f"betas[{i}]": b for i, b in enumerate(betas)}}.items():
            if isinstance(value, Tensor):
                raise ValueError(
                    f"{owner}: {name} as a Tensor is not supported for capturable=False and "
                    "foreach=True"
                )
