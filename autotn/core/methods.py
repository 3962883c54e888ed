"""The empty shelf that declarations fill: methods of Tensor, and what NumPy's functions stand for.

`Tensor` inherits from `TensorMethods` and defines no mathematics itself; each declared op puts its own
methods here. So ``tn.Tensor.softplus`` is the very function ``tn.softplus``, declared in
``autotn/ops``. Editors and type checkers read ``methods.pyi``, generated from the declarations.
"""

from __future__ import annotations

from typing import Any


class TensorMethods:
    """The methods of Tensor that come from declared ops."""

    __slots__ = ()


#: Swapped operands give the same result, so the operator itself serves.
_SYMMETRIC = {"__radd__", "__rmul__", "__rand__", "__ror__", "__rxor__"}

#: NumPy function -> our function, for ``np.exp(tensor)``.
NUMPY: dict[Any, Any] = {}


def stand_for(numpy_function: Any, function: Any) -> None:
    """Let `numpy_function` called with a Tensor mean `function`."""
    for one in numpy_function if isinstance(numpy_function, tuple) else (numpy_function,):
        NUMPY[one] = function


def _is_reversed(name: str) -> bool:
    """True for ``__radd__`` and its like, whose operands come swapped."""
    return name.startswith("__r") and name != "__rshift__"


def attach(made: Any, names: list[str], inplace: bool) -> tuple[str, ...]:
    """Put the methods `names` of a declared op, and their in-place forms, on Tensor."""
    from autotn.core import callpath, inplace as in_place

    function = made.function
    for name in names:
        if not name.startswith("__"):
            form = function
        elif _is_reversed(name) and name not in _SYMMETRIC:
            form = callpath.reversed_operator_of(made)
        else:
            form = callpath.operator_of(made)
        setattr(TensorMethods, name, form)
    if inplace:
        made.in_place = in_place.derive(made)
        for name in names:
            if _is_reversed(name):
                continue
            target = f"__i{name[2:]}" if name.startswith("__") else f"{name}_"
            form = in_place.operator_of(made.in_place) if name.startswith("__") else made.in_place
            setattr(TensorMethods, target, form)
    return tuple(names)


def attach_method(name: str) -> Any:
    """Put a plain function on Tensor under `name` (the engine's ``backward``, for one)."""

    def put(function: Any) -> Any:
        setattr(TensorMethods, name, function)
        return function

    return put
