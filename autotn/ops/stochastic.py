"""Random tensors. The draws themselves are not differentiable; the numbers come from NumPy's SFC64."""

from __future__ import annotations

import math
from typing import Any, Never

import numpy as np

from autotn.core import dtypes
from autotn.core.call import as_array
from autotn.core.inplace import check_writable, mark_written
from autotn.core.keywords import unknown_keyword
from autotn.core.methods import attach_method
from autotn.core.modes import state
from autotn.core.node import here
from autotn.core.random import Generator, numpy_generator
from autotn.core.tensor import Tensor, wrap
from autotn.ops.create import _kind, _made, _size

__all__ = [
    "bernoulli", "binomial", "multinomial", "normal", "poisson", "rand", "rand_like", "randint", "randint_like",
    "randn", "randn_like", "randperm",
]  # fmt: skip


def uniform_array(
    shape: Any, dtype: np.dtype[Any], generator: Generator | None
) -> np.ndarray[Any, Any]:
    """Uniform numbers in [0, 1) of any floating dtype."""
    source = numpy_generator(generator)
    if dtype in (np.dtype(np.float32), np.dtype(np.float64)):
        return source.random(shape, dtype.type)
    if dtype.kind == "c":
        return (source.random(shape) + 1j * source.random(shape)).astype(dtype)
    return source.random(shape, np.float32).astype(dtype)


def normal_array(
    shape: Any, dtype: np.dtype[Any], generator: Generator | None
) -> np.ndarray[Any, Any]:
    """Standard normal numbers of any floating or complex dtype (complex: variance 1 in all)."""
    source = numpy_generator(generator)
    if dtype in (np.dtype(np.float32), np.dtype(np.float64)):
        return as_array(source.standard_normal(shape, dtype.type))
    if dtype.kind == "c":
        parts = source.standard_normal(shape) + 1j * source.standard_normal(shape)
        return as_array(parts * math.sqrt(0.5)).astype(dtype)
    return as_array(source.standard_normal(shape, np.float32)).astype(dtype)


def _floating(name: str, kind: np.dtype[Any]) -> np.dtype[Any]:
    if kind.kind not in "fcV":
        raise RuntimeError(
            f"{name}: not implemented for dtype {dtypes.of_numpy(kind).name}; use a floating one"
        )
    return kind


def rand(
    *sizes: Any, size: Any = None, generator: Generator | None = None, out: Any = None, dtype: Any = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False, **_unknown: Never,
) -> Tensor:  # fmt: skip
    """Uniform random numbers in [0, 1).

    >>> x = tn.rand(2, 3); bool(((x >= 0) & (x < 1)).all())
    True
    """
    if _unknown:
        raise unknown_keyword(rand, _unknown)
    kind = _floating("rand", _kind(dtype))
    return _made(
        "rand",
        uniform_array(_size(sizes, "rand", size), kind, generator),
        out,
        device,
        requires_grad,
    )


def randn(
    *sizes: Any, size: Any = None, generator: Generator | None = None, out: Any = None, dtype: Any = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False, **_unknown: Never,
) -> Tensor:  # fmt: skip
    """Random numbers from the standard normal distribution.

    >>> tn.randn(2, 3).shape
    tn.Size([2, 3])
    """
    if _unknown:
        raise unknown_keyword(randn, _unknown)
    kind = _floating("randn", _kind(dtype))
    return _made(
        "randn",
        normal_array(_size(sizes, "randn", size), kind, generator),
        out,
        device,
        requires_grad,
    )


def _like_kind(input: Tensor, dtype: Any) -> np.dtype[Any]:
    return input._data.dtype if dtype is None else dtypes.as_numpy(dtype)


def rand_like(
    input: Tensor, *, generator: Generator | None = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, memory_format: Any = None, **_unknown: Never,
) -> Tensor:  # fmt: skip
    """`rand` in the shape and dtype of another tensor."""
    if _unknown:
        raise unknown_keyword(rand_like, _unknown)
    kind = _floating("rand_like", _like_kind(input, dtype))
    return _made(
        "rand_like", uniform_array(input._data.shape, kind, generator), None, device, requires_grad
    )


def randn_like(
    input: Tensor, *, generator: Generator | None = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, memory_format: Any = None, **_unknown: Never,
) -> Tensor:  # fmt: skip
    """`randn` in the shape and dtype of another tensor."""
    if _unknown:
        raise unknown_keyword(randn_like, _unknown)
    kind = _floating("randn_like", _like_kind(input, dtype))
    return _made(
        "randn_like", normal_array(input._data.shape, kind, generator), None, device, requires_grad
    )


def _integers(
    name: str, low: int, high: int, shape: Any, kind: np.dtype[Any], generator: Generator | None
) -> np.ndarray[Any, Any]:
    low, high = int(low), int(high)
    if low >= high:
        raise RuntimeError(
            f"{name}: expects 'from' to be less than 'to', but got from={low} >= to={high}"
        )
    return as_array(numpy_generator(generator).integers(low, high, shape)).astype(kind)


def randint(
    *args: Any, low: int = 0, high: int | None = None, size: Any = None, generator: Generator | None = None,
    out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
    **_unknown: Never,
) -> Tensor:  # fmt: skip
    """Random integers from `low` (0) up to, not including, `high`: ``randint(high, size)``.

    >>> x = tn.randint(0, 3, (100,)); int(x.min()) >= 0, int(x.max()) < 3
    (True, True)
    """
    if _unknown:
        raise unknown_keyword(randint, _unknown)
    numbers = list(args)
    if size is None:
        if not numbers or isinstance(numbers[-1], (int, float)):
            raise TypeError("randint: argument 'size' must be a tuple of ints")
        size = numbers.pop()
    if len(numbers) == 2:
        low, high = numbers
    elif len(numbers) == 1:
        if high is None:
            high = numbers[0]
        else:
            low = numbers[0]
    if high is None:
        raise TypeError("randint: missing argument 'high'")
    kind = np.dtype(np.int64) if dtype is None else dtypes.as_numpy(dtype)
    drawn = _integers("randint", low, high, _size((size,), "randint"), kind, generator)
    return _made("randint", drawn, out, device, requires_grad)


def randint_like(
    input: Tensor, *bounds: int, low: int = 0, high: int | None = None, generator: Generator | None = None,
    dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
    memory_format: Any = None, **_unknown: Never,
) -> Tensor:  # fmt: skip
    """`randint` in the shape and dtype of another tensor."""
    if _unknown:
        raise unknown_keyword(randint_like, _unknown)
    if len(bounds) == 2:
        low, high = bounds
    elif bounds:
        high = bounds[0]
    if high is None:
        raise TypeError("randint_like: missing argument 'high'")
    drawn = _integers(
        "randint_like", low, high, input._data.shape, _like_kind(input, dtype), generator
    )
    return _made("randint_like", drawn, None, device, requires_grad)


def randperm(
    n: int, *, generator: Generator | None = None, out: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, pin_memory: bool = False, **_unknown: Never,
) -> Tensor:  # fmt: skip
    """The integers below `n` in random order.

    >>> sorted(tn.randperm(4).tolist())
    [0, 1, 2, 3]
    """
    if _unknown:
        raise unknown_keyword(randperm, _unknown)
    if n < 0:
        raise RuntimeError(f"randperm: n must be non-negative, got {n}")
    kind = np.dtype(np.int64) if dtype is None else dtypes.as_numpy(dtype)
    return _made(
        "randperm",
        numpy_generator(generator).permutation(n).astype(kind),
        out,
        device,
        requires_grad,
    )


def normal(
    mean: Any, std: Any = 1.0, size: Any = None, *, generator: Generator | None = None, out: Any = None,
    dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False, **_unknown: Never,
) -> Tensor:  # fmt: skip
    """Normal random numbers of given means and standard deviations.

    >>> tn.normal(0.0, 1.0, (2, 3)).shape
    tn.Size([2, 3])
    """
    if _unknown:
        raise unknown_keyword(normal, _unknown)
    spread = std._data if isinstance(std, Tensor) else std
    centre = mean._data if isinstance(mean, Tensor) else mean
    if np.min(spread, initial=0) < 0:
        raise RuntimeError(
            f"normal: expects all elements of std >= 0.0, but found std {np.min(spread)}"
        )
    if size is None:
        shape = np.broadcast_shapes(np.shape(centre), np.shape(spread))
        like = mean if isinstance(mean, Tensor) else std
        kind = like._data.dtype if isinstance(like, Tensor) else _kind(dtype)
    else:
        shape, kind = _size((size,), "normal"), _kind(dtype)
    values = as_array(normal_array(shape, kind, generator) * spread + centre).astype(kind)
    return _made("normal", values, out, device, requires_grad)


def _probabilities(name: str, p: Any) -> Any:
    values = p._data if isinstance(p, Tensor) else np.asarray(p)
    if values.size and not (values.min() >= 0 and values.max() <= 1):
        raise RuntimeError(f"{name}: expects all probabilities to be between 0 and 1")
    return values


def bernoulli(
    input: Tensor, p: Any = None, *, generator: Generator | None = None, out: Any = None
) -> Tensor:
    """1 with the probability each element gives, else 0.

    >>> tn.bernoulli(tn.tensor([0.0, 1.0]))
    tensor([0., 1.])
    """
    values = _probabilities("bernoulli", input if p is None else p)
    kind = input._data.dtype
    drawn = numpy_generator(generator).random(input._data.shape) < values
    return _made("bernoulli", as_array(drawn).astype(kind), out, None, False)


attach_method("bernoulli")(bernoulli)


def poisson(input: Tensor, generator: Generator | None = None) -> Tensor:
    """Poisson random counts with the rates in `input`.

    >>> tn.poisson(tn.zeros(2))
    tensor([0., 0.])
    """
    if input._data.size and input._data.min() < 0:
        raise RuntimeError("poisson: expects all rates to be non-negative")
    return wrap(
        np.asarray(numpy_generator(generator).poisson(input._data)).astype(input._data.dtype)
    )


def binomial(count: Tensor, prob: Tensor, generator: Generator | None = None) -> Tensor:
    """Binomial random counts.

    >>> tn.binomial(tn.tensor([3.0]), tn.tensor([1.0]))
    tensor([3.])
    """
    drawn = numpy_generator(generator).binomial(
        count._data.astype(np.int64), _probabilities("binomial", prob)
    )
    return wrap(np.asarray(drawn).astype(count._data.dtype))


def multinomial(
    input: Tensor, num_samples: int, replacement: bool = False, *, generator: Generator | None = None,
    out: Any = None,
) -> Tensor:  # fmt: skip
    """Indices drawn from each row with probabilities in proportion to its elements.

    >>> tn.multinomial(tn.tensor([0.0, 1.0]), 2, replacement=True)
    tensor([1, 1])
    """
    p = input._data
    if p.ndim not in (1, 2):
        raise RuntimeError("multinomial: prob_dist must be 1 or 2 dim")
    if p.dtype.kind != "f":
        raise RuntimeError("multinomial: only supports floating-point dtypes for input")
    if num_samples <= 0:
        raise RuntimeError("multinomial: cannot sample n_sample <= 0 samples")
    wrong = ~(np.isfinite(p) & (p >= 0))
    if wrong.any():
        where = tuple(int(k) for k in np.argwhere(wrong)[0])
        raise RuntimeError(
            "multinomial: probability tensor contains either `inf`, `nan` or element < 0: "
            f"{p[where]:.6g} at position {where}; scores become probabilities by softmax(-1)"
        )
    rows = p.reshape(-1, p.shape[-1]).astype(np.float64)
    if (rows.sum(1) <= 0).any():
        raise RuntimeError(
            "multinomial: invalid multinomial distribution (sum of probabilities <= 0)"
        )
    if not replacement and num_samples > p.shape[-1]:
        raise RuntimeError(
            "multinomial: cannot sample n_sample > prob_dist.size(-1) samples without replacement"
        )
    if not replacement and ((rows > 0).sum(1) < num_samples).any():
        raise RuntimeError("multinomial: invalid distribution (with replacement=False, not enough non-negative "
                           "category to sample)")  # fmt: skip
    source = numpy_generator(generator)
    if replacement:
        totals = rows.cumsum(1)
        points = source.random((len(rows), num_samples)) * totals[:, -1:]
        picked = np.stack(
            [np.searchsorted(t, u, side="right") for t, u in zip(totals, points, strict=True)]
        )
        picked = np.minimum(picked, rows.shape[1] - 1)
    else:
        # Efraimidis & Spirakis 2006: the largest u^(1/w) are a weighted sample without replacement.
        with np.errstate(divide="ignore"):
            keys = np.log(source.random(rows.shape)) / rows
        picked = np.argsort(-keys, axis=1, kind="stable")[:, :num_samples]
    shape = (num_samples,) if p.ndim == 1 else (len(rows), num_samples)
    return _made("multinomial", picked.astype(np.int64).reshape(shape), out, None, False)


attach_method("multinomial")(multinomial)


# -- filling a tensor in place -----------------------------------------------------------------------------


def _fill(name: str, tensor: Tensor, values: Any) -> Tensor:
    """Write drawn values into `tensor`; its history ends here, as the old values are gone."""
    check_writable(name, tensor)
    np.copyto(tensor._data, values, casting="unsafe")
    mark_written(tensor, here())
    if state.grad and tensor._node is not None:
        from autotn.core.inplace import rejoin

        zero = tensor.detach() * 0
        rejoin(tensor, zero._node)
        if tensor._view is None:
            tensor._node = None
    return tensor


def _from(name: str, given: Any, named: dict[str, Any]) -> Any:
    """The lower bound, whose name in PyTorch is a keyword of Python: ``**{"from": 1}``."""
    low = named.pop("from", given)
    if named:
        raise TypeError(f"{name}() got an unexpected keyword argument '{next(iter(named))}'")
    return low


@attach_method("uniform_")
def uniform_(
    self: Tensor, from_: float = 0.0, to: float = 1.0, *, generator: Any = None, **named: Any
) -> Tensor:
    """Fill with uniform numbers in [from, to)."""
    low = _from("uniform_", from_, named)
    if low > to:
        raise RuntimeError(
            f"uniform_: expects to return a [from, to) range, but found from={low} > to={to}"
        )
    kind = _floating("uniform_", self._data.dtype)
    return _fill(
        "uniform_", self, uniform_array(self._data.shape, kind, generator) * (to - low) + low
    )


@attach_method("normal_")
def normal_(self: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Any = None) -> Tensor:
    """Fill with normal numbers."""
    if std < 0:
        raise RuntimeError(f"normal_: expects std >= 0.0, but found std {std}")
    kind = _floating("normal_", self._data.dtype)
    return _fill("normal_", self, normal_array(self._data.shape, kind, generator) * std + mean)


@attach_method("random_")
def random_(
    self: Tensor, from_: int = 0, to: int | None = None, *, generator: Any = None, **named: Any
) -> Tensor:
    """Fill with random integers: below `from_` if alone, else in [from_, to)."""
    from_ = _from("random_", from_, named)
    kind = self._data.dtype
    if to is None and from_:
        from_, to = 0, from_
    if to is None:
        top = {"f": 1 << (24 if kind.itemsize == 4 else 53), "b": 2}.get(kind.kind)
        to = top if top is not None else int(np.iinfo(kind).max)
    drawn = _integers("random_", from_, to, self._data.shape, np.dtype(np.int64), generator)
    return _fill("random_", self, drawn)


@attach_method("bernoulli_")
def bernoulli_(self: Tensor, p: Any = 0.5, *, generator: Any = None) -> Tensor:
    """Fill with 1 (with probability `p`) and 0."""
    values = _probabilities("bernoulli_", p)
    return _fill("bernoulli_", self, numpy_generator(generator).random(self._data.shape) < values)


@attach_method("exponential_")
def exponential_(self: Tensor, lambd: float = 1.0, *, generator: Any = None) -> Tensor:
    """Fill with exponential numbers of rate `lambd`."""
    if lambd <= 0:
        raise RuntimeError(f"exponential_: expects lambda > 0.0, but found lambda={lambd}")
    return _fill(
        "exponential_",
        self,
        numpy_generator(generator).standard_exponential(self._data.shape) / lambd,
    )


@attach_method("geometric_")
def geometric_(self: Tensor, p: float, *, generator: Any = None) -> Tensor:
    """Fill with the number of tries until the first success."""
    if not 0 < p < 1:
        raise RuntimeError(f"geometric_: expects p to be in (0, 1), but got p={p}")
    return _fill("geometric_", self, numpy_generator(generator).geometric(p, self._data.shape))


@attach_method("cauchy_")
def cauchy_(
    self: Tensor, median: float = 0.0, sigma: float = 1.0, *, generator: Any = None
) -> Tensor:
    """Fill with Cauchy numbers."""
    if sigma <= 0:
        raise RuntimeError(f"cauchy_: expects sigma > 0.0, but found sigma={sigma}")
    drawn = numpy_generator(generator).standard_cauchy(self._data.shape)
    return _fill("cauchy_", self, drawn * sigma + median)


@attach_method("log_normal_")
def log_normal_(
    self: Tensor, mean: float = 1.0, std: float = 2.0, *, generator: Any = None
) -> Tensor:
    """Fill with numbers whose logarithm is normal."""
    if std <= 0:
        raise RuntimeError(f"log_normal_: expects std > 0.0, but found std={std}")
    return _fill(
        "log_normal_", self, numpy_generator(generator).lognormal(mean, std, self._data.shape)
    )
