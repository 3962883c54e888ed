"""How variables vary together: covariances and correlations."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.core.node import warn_here
from autotn.core.op import composite
from autotn.core.tensor import Tensor, wrap
from autotn.errors import DTypeError, ShapeError
from autotn.ops.matmul import matmul

__all__ = ["corrcoef", "cov"]


def _array(x: Any) -> Any:
    return x._data if isinstance(x, Tensor) else x


def _weights(name: str, given: Any, count: int, kinds: str) -> Any:
    if given is None:
        return None
    if given.ndim > 1 or _array(given).size != count:
        raise ShapeError(
            f"cov: expected {name} to have one dimension and the same numel as there are observations "
            f"in the input, but got {tuple(given.shape)} for {count}"
        )
    if _array(given).dtype.kind not in kinds:
        raise DTypeError(f"cov: {name} of dtype {_array(given).dtype} is not taken")
    if (_array(given) < 0).any():
        raise RuntimeError(f"cov: {name} cannot be negative")
    return given.reshape((-1,))


@composite(method="cov", numpy=np.cov)
def cov(input: Any, *, correction: int = 1, fweights: Any = None, aweights: Any = None) -> Any:
    """Covariances of variables (rows) over observations (columns).

    `fweights` says how often each observation was made, `aweights` how much it counts.

    >>> tn.cov(tn.tensor([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    if input.ndim > 2:
        raise ShapeError(
            f"cov: expected input to have two or fewer dimensions but got {input.ndim} dimensions"
        )
    if _array(input).dtype == np.bool_:
        raise DTypeError("cov: bool dtype is not supported for input")
    single = input.ndim < 2 or input.shape[0] == 1
    x = input.reshape((1, -1)) if input.ndim < 2 else input
    if _array(x).dtype.kind not in "fcV":
        x = x.to("float32") if isinstance(x, Tensor) else x.astype(np.float32)
    count = x.shape[1]
    times = _weights("fweights", fweights, count, "iu")
    shares = _weights("aweights", aweights, count, "f")
    real = _array(x).real.dtype
    weight: Any = None if times is None else _like(times, _array(times).astype(real))
    if shares is not None:
        weight = shares if weight is None else weight * shares
    total = count if weight is None else weight.sum()
    mean = x.mean(1) if weight is None else (x * weight).sum(1) / total
    off = x - mean.reshape((-1, 1))
    if shares is None:
        norm = total - correction
    else:
        scaled = weight * shares
        norm = total - correction * scaled.sum() / total
    turned = (off if weight is None else off * weight).conj()
    floor = _array(norm)
    if floor <= 0:
        warn_here("cov: degrees of freedom is <= 0")
        norm = floor * 0.0
    product = matmul(off, turned.T)
    found = product / (norm if isinstance(norm, (Tensor, np.ndarray)) else float(norm))
    return found.reshape(()) if single else found


def _like(x: Any, array: Any) -> Any:
    return wrap(array) if isinstance(x, Tensor) else array


@composite(method="corrcoef", numpy=np.corrcoef)
def corrcoef(input: Any) -> Any:
    """Correlations of variables (rows) over observations (columns).

    >>> tn.corrcoef(tn.tensor([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    found = cov(input)
    if found.ndim == 0:
        return found / found
    spread = (
        found.diagonal().real.sqrt()
        if isinstance(found, Tensor)
        else np.sqrt(found.diagonal().real)
    )
    found = found / spread.reshape((-1, 1)) / spread.reshape((1, -1))
    if _array(found).dtype.kind == "c":
        return found
    return found.clip(-1, 1)
