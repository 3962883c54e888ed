"""``np.exp(tensor)`` means ``tn.exp(tensor)``; NumPy's spelling ``axis`` means ``dim``."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.core.methods import NUMPY

_WORDS = {"axis": "dim", "keepdims": "keepdim", "ddof": "correction", "a": "input", "x": "input"}


def call_ufunc(ufunc: Any, method: str, inputs: Any, kwargs: dict[str, Any]) -> Any:
    """Answer ``Tensor.__array_ufunc__``."""
    from autotn.core.tensor import Tensor

    out = kwargs.pop("out", None)
    if out is not None and any(isinstance(o, np.ndarray) for o in out):
        arrays = [i._data if isinstance(i, Tensor) else i for i in inputs]
        if any(isinstance(i, Tensor) and i._node is not None for i in inputs):
            raise RuntimeError(
                f"np.{ufunc.__name__}: can't write a Tensor that requires grad into an array; "
                "use tensor.detach()"
            )
        return getattr(ufunc, method)(*arrays, out=out, **kwargs)
    key = ufunc if method == "__call__" else (ufunc, method)
    function = NUMPY.get(key)
    if function is None:
        raise TypeError(
            f"np.{ufunc.__name__}{'' if method == '__call__' else '.' + method} has no counterpart for "
            "Tensors; use x.detach().numpy() if no gradient is needed"
        )
    result = function(*inputs, **renamed(kwargs))
    if out is None:
        return result
    from autotn.core import inplace

    return inplace.write_out(f"np.{ufunc.__name__}", out[0], result, inputs)


def call_function(function: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """Answer ``Tensor.__array_function__``."""
    ours = NUMPY.get(function)
    if ours is not None:
        return ours(*args, **renamed(kwargs))
    if _requires_grad(args) or _requires_grad(kwargs.values()):
        raise TypeError(
            f"np.{function.__name__} has no differentiable counterpart for Tensors; use "
            "x.detach().numpy() if no gradient is needed"
        )
    return function(*_arrays(args), **{k: _arrays(v) for k, v in kwargs.items()})


def renamed(kwargs: dict[str, Any]) -> dict[str, Any]:
    """NumPy's keywords as ours."""
    return {_WORDS.get(k, k): v for k, v in kwargs.items() if v is not np._NoValue}


def _requires_grad(values: Any) -> bool:
    from autotn.core.tensor import Tensor

    for v in values:
        if isinstance(v, Tensor):
            if v._node is not None:
                return True
        elif isinstance(v, (list, tuple)) and _requires_grad(v):
            return True
    return False


def _arrays(value: Any) -> Any:
    from autotn.core.tensor import Tensor

    if isinstance(value, Tensor):
        return value._data
    if isinstance(value, (list, tuple)):
        return type(value)(_arrays(v) for v in value)
    return value
