"""Fourier transforms. Names carry the prefix ``fft_``; the door ``tn.fft`` drops it.

Each transform is linear, so its gradient is its transpose: for the complex ones another transform, for the real
ones a complex one whose real part counts. The kernels are NumPy's, which keep single precision.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.core import dtypes
from autotn.core.op import Arr, acts, composite, op
from autotn.core.tensor import Tensor, check_dim, wrap

__all__ = [
    "fft_fft", "fft_fft2", "fft_fftfreq", "fft_fftn", "fft_fftshift", "fft_hfft", "fft_hfft2",
    "fft_hfftn", "fft_ifft", "fft_ifft2", "fft_ifftn", "fft_ifftshift", "fft_ihfft", "fft_ihfft2",
    "fft_ihfftn", "fft_irfft", "fft_irfft2", "fft_irfftn", "fft_rfft", "fft_rfft2",
    "fft_rfftfreq", "fft_rfftn",
]  # fmt: skip

_SWAPPED = {"backward": "forward", "forward": "backward", "ortho": "ortho", None: "forward"}


def _norm(name: str, norm: Any) -> Any:
    if norm not in _SWAPPED:
        raise RuntimeError(
            f"{name}: Invalid normalization mode: {norm!r}; expected 'forward', 'backward' or 'ortho'"
        )
    return norm or "backward"


def _swapped(norm: Any) -> str:
    """The normalisation of the inverse transform."""
    _norm("fft.hfft", norm)
    return _SWAPPED[norm]


def _length(name: str, n: Any, size: int) -> int:
    count = size if n is None else int(n)
    if count < 1:
        raise RuntimeError(f"{name}: Invalid number of data points ({count}) specified")
    return count


@op(promote="float")
def _transform(input: Arr, n: int, dim: int, norm: str, inverse: bool) -> Arr:
    """The discrete Fourier transform of each line, or its inverse.

    >>> tn.fft.fft(tn.tensor([1.0, 0.0])).real
    tensor([1., 1.])
    """
    transform: Any = np.fft.ifft if inverse else np.fft.fft
    return transform(input, n, dim, norm)


def _transform_rule(
    g: Any, n: int, dim: int, norm: str, inverse: bool, input_shape: tuple[int, ...]
) -> Any:
    # The matrix of the transform is symmetric; padding and cutting are transposes of each other.
    back = _transform(g, n, dim, norm, inverse)
    return _fitted(back, input_shape[dim], dim)


def _fitted(x: Any, size: int, dim: int) -> Any:
    """`x` cut or padded with zeros at the end, along one dimension."""
    from autotn.ops.pad import _pad_constant

    more = size - x.shape[dim]
    if not more:
        return x
    widths = tuple((0, more) if k == dim else (0, 0) for k in range(x.ndim))
    return _pad_constant(x, widths, 0)


_transform.grad(input=_transform_rule)


def _as_complex(x: Any) -> Any:
    """`x` in the complex dtype of its precision; the gradient comes back as its real part."""
    if not isinstance(x, Tensor):
        return x if x.dtype.kind == "c" else x.astype(dtypes.of_numpy(x.dtype).to_complex().dtype)
    return x if x.dtype.is_complex else x.to(x.dtype.to_complex())


def _complex(name: str, input: Any, n: Any, dim: int, norm: Any, inverse: bool) -> Any:
    axis = check_dim(name, dim, input.ndim)
    if not input.ndim:
        raise RuntimeError(f"{name}: expected a tensor with at least 1 dimension")
    return _transform(
        _as_complex(input), _length(name, n, input.shape[axis]), axis, _norm(name, norm), inverse
    )


@composite(out=True, numpy=np.fft.fft)
def fft_fft(input: Any, n: Any = None, dim: int = -1, norm: Any = None) -> Any:
    r"""Discrete Fourier transform: :math:`X_k = \sum_j x_j e^{-2\pi i jk/n}`.

    >>> tn.fft.fft(tn.tensor([1.0, 0.0])).real
    tensor([1., 1.])
    """
    return _complex("fft.fft", input, n, dim, norm, inverse=False)


@composite(out=True, numpy=np.fft.ifft)
def fft_ifft(input: Any, n: Any = None, dim: int = -1, norm: Any = None) -> Any:
    """Inverse of `fft_fft`.

    >>> tn.fft.ifft(tn.tensor([2.0, 0.0])).real
    tensor([1., 1.])
    """
    return _complex("fft.ifft", input, n, dim, norm, inverse=True)


@composite(out=True, numpy=np.fft.rfft)
def fft_rfft(input: Any, n: Any = None, dim: int = -1, norm: Any = None) -> Any:
    """`fft_fft` of real input: the first half, which determines the rest.

    >>> tn.fft.rfft(tn.ones(4)).real
    tensor([4., 0., 0.])
    """
    if (input._data if isinstance(input, Tensor) else input).dtype.kind == "c":
        raise RuntimeError("fft.rfft: expects a real input tensor, but got complex")
    axis = check_dim("fft.rfft", dim, input.ndim)
    count = _length("fft.rfft", n, input.shape[axis])
    full = _transform(_as_complex(input), count, axis, _norm("fft.rfft", norm), False)
    return full[(*(slice(None),) * axis, slice(0, count // 2 + 1))]


def _mirrored(x: Any, count: int, axis: int) -> Any:
    """The whole spectrum from its first half, as that of a real signal."""
    from autotn.ops.arrange import flip
    from autotn.ops.join import cat

    half = _fitted(x, count // 2 + 1, axis)
    rest = half[(*(slice(None),) * axis, slice(1, (count + 1) // 2))]
    turned = flip(rest, (axis,)).conj()
    return cat([half, turned], axis)


@composite(out=True, numpy=np.fft.irfft)
def fft_irfft(input: Any, n: Any = None, dim: int = -1, norm: Any = None) -> Any:
    """Inverse of `fft_rfft`: `n` real numbers from half a spectrum.

    >>> tn.fft.irfft(tn.tensor([4.0, 0.0, 0.0]))
    tensor([1., 1., 1., 1.])
    """
    axis = check_dim("fft.irfft", dim, input.ndim)
    count = 2 * (input.shape[axis] - 1) if n is None else int(n)
    count = _length("fft.irfft", count, count)
    if not input.shape[axis]:  # no spectrum is one of zeros
        from autotn.ops.pad import pad

        wide = [0, 0] * (input.ndim - axis - 1) + [0, 1]
        padded = pad(input if isinstance(input, Tensor) else wrap(np.asarray(input)), wide)
        input = padded if isinstance(input, Tensor) else padded._data
    values = _as_complex(input if isinstance(input, Tensor) else wrap(np.asarray(input)))
    # The numbers at 0 and at half the length count as real.
    full = _mirrored(_real_ends(values, count, axis), count, axis)
    found = _transform(full, count, axis, _norm("fft.irfft", norm), True).real
    return found if isinstance(input, Tensor) else found._data


def _real_ends(x: Tensor, count: int, axis: int) -> Tensor:
    ends = np.zeros(x.shape[axis], np.bool_)
    ends[0] = True
    if count % 2 == 0 and count // 2 < len(ends):
        ends[count // 2] = True
    along = [1] * x.ndim
    along[axis] = -1
    keep = wrap((~ends).reshape(along).astype(x.real._data.dtype))
    from autotn.ops.complex import complex as pair

    return pair(x.real * 1, x.imag * keep)


@composite(out=True)
def fft_hfft(input: Any, n: Any = None, dim: int = -1, norm: Any = None) -> Any:
    """Transform of half of a Hermitian signal: real numbers.

    >>> tn.fft.hfft(tn.tensor([1.0, 0.0]))
    tensor([1., 1.])
    """
    turned = (
        input.conj()
        if (input._data if isinstance(input, Tensor) else input).dtype.kind == "c"
        else input
    )
    return fft_irfft(turned, n, dim, _swapped(norm))


@composite(out=True)
def fft_ihfft(input: Any, n: Any = None, dim: int = -1, norm: Any = None) -> Any:
    """Inverse of `fft_hfft`.

    >>> tn.fft.ihfft(tn.ones(2)).real
    tensor([1., 0.])
    """
    return fft_rfft(input, n, dim, _swapped(norm)).conj()


def _axes(name: str, input: Any, s: Any, dim: Any) -> tuple[list[Any], list[int]]:
    if s is not None and len(s) > input.ndim:
        raise RuntimeError(
            f"{name}: Got shape with {len(s)} values but input tensor only has {input.ndim} dimensions."
        )
    if dim is None:
        axes = (
            list(range(input.ndim)) if s is None else list(range(input.ndim - len(s), input.ndim))
        )
    else:
        axes = [
            check_dim(name, d, input.ndim)
            for d in (dim if isinstance(dim, (tuple, list)) else (dim,))
        ]
    sizes = [None] * len(axes) if s is None else [None if n == -1 else n for n in s]
    if len(sizes) != len(axes):
        raise RuntimeError(f"{name}: When given, dim and shape arguments must have the same length")
    if len(set(axes)) != len(axes):
        raise RuntimeError(f"{name}: FFT dims must be unique")
    return sizes, axes


def _several(name: str, one: Any, text: str, example: str, numpy: Any, dim: Any = None) -> Any:
    def transform(input: Any, s: Any = None, dim: Any = dim, norm: Any = None) -> Any:
        sizes, axes = _axes(name, input, s, dim)
        for n, axis in zip(sizes, axes, strict=True):
            input = one(input, n, axis, norm)
        return input if axes else _as_complex(input)

    transform.__name__ = transform.__qualname__ = name.replace(".", "_")
    transform.__doc__ = f"{text}\n\n    {example}\n    "
    return composite(out=True, numpy=numpy)(transform)


_ONES = ">>> tn.{}(tn.ones(2, 2)).real\n    tensor([[{}, 0.],\n            [0., 0.]])"
fft_fftn = _several(
    "fft.fftn", fft_fft, "`fft_fft` over several dimensions (all, if left out).",
    _ONES.format("fft.fftn", "4."), np.fft.fftn,
)  # fmt: skip
fft_ifftn = _several(
    "fft.ifftn", fft_ifft, "`fft_ifft` over several dimensions (all, if left out).",
    _ONES.format("fft.ifftn", "1."), np.fft.ifftn,
)  # fmt: skip
fft_fft2 = _several(
    "fft.fft2", fft_fft, "`fft_fft` over two dimensions.", _ONES.format("fft.fft2", "4."),
    np.fft.fft2, (-2, -1),
)  # fmt: skip
fft_ifft2 = _several(
    "fft.ifft2", fft_ifft, "`fft_ifft` over two dimensions.", _ONES.format("fft.ifft2", "1."),
    np.fft.ifft2, (-2, -1),
)  # fmt: skip


@composite(out=True, numpy=np.fft.rfftn)
def fft_rfftn(input: Any, s: Any = None, dim: Any = None, norm: Any = None) -> Any:
    """`fft_rfft` over the last dimension named, `fft_fft` over the others.

    >>> tn.fft.rfftn(tn.ones(2, 2)).real
    tensor([[4., 0.],
            [0., 0.]])
    """
    sizes, axes = _axes("fft.rfftn", input, s, dim)
    found = fft_rfft(input, sizes[-1], axes[-1], norm)
    for n, axis in zip(sizes[:-1], axes[:-1], strict=True):
        found = fft_fft(found, n, axis, norm)
    return found


@composite(out=True, numpy=np.fft.irfftn)
def fft_irfftn(input: Any, s: Any = None, dim: Any = None, norm: Any = None) -> Any:
    """Inverse of `fft_rfftn`.

    >>> tn.fft.irfftn(tn.fft.rfftn(tn.ones(2, 2)))
    tensor([[1., 1.],
            [1., 1.]])
    """
    sizes, axes = _axes("fft.irfftn", input, s, dim)
    for n, axis in zip(sizes[:-1], axes[:-1], strict=True):
        input = fft_ifft(input, n, axis, norm)
    return fft_irfft(input, sizes[-1], axes[-1], norm)


@composite(out=True)
def fft_hfftn(input: Any, s: Any = None, dim: Any = None, norm: Any = None) -> Any:
    """`fft_hfft` over the last dimension named, `fft_fft` over the others: real numbers.

    >>> tn.fft.hfftn(tn.ones(1, 2))
    tensor([[2., 0.]])
    """
    turned = input.conj() if _is_complex(input) else input
    return fft_irfftn(turned, s, dim, _swapped(norm))


@composite(out=True)
def fft_ihfftn(input: Any, s: Any = None, dim: Any = None, norm: Any = None) -> Any:
    """Inverse of `fft_hfftn`.

    >>> tn.fft.ihfftn(tn.ones(2, 2)).real
    tensor([[1., 0.],
            [0., 0.]])
    """
    return fft_rfftn(input, s, dim, _swapped(norm)).conj()


def _is_complex(x: Any) -> bool:
    return bool((x._data if isinstance(x, Tensor) else x).dtype.kind == "c")


def _over_two(name: str, whole: Any, example: str, numpy: Any = None) -> Any:
    def transform(input: Any, s: Any = None, dim: Any = (-2, -1), norm: Any = None) -> Any:
        return whole(input, s, dim, norm)

    transform.__name__ = transform.__qualname__ = name
    transform.__doc__ = f"`{whole.__name__}` over two dimensions.\n\n    {example}\n    "
    return composite(out=True, numpy=numpy)(transform)


fft_rfft2 = _over_two("fft_rfft2", fft_rfftn, _ONES.format("fft.rfft2", "4."), np.fft.rfft2)
fft_irfft2 = _over_two(
    "fft_irfft2",
    fft_irfftn,
    ">>> tn.fft.irfft2(tn.ones(1, 2))\n    tensor([[1., 0.]])",
    np.fft.irfft2,
)
fft_hfft2 = _over_two(
    "fft_hfft2", fft_hfftn, ">>> tn.fft.hfft2(tn.ones(1, 2))\n    tensor([[2., 0.]])"
)
fft_ihfft2 = _over_two(
    "fft_ihfft2", fft_ihfftn, ">>> tn.fft.ihfft2(tn.ones(1, 2)).real\n    tensor([[1., 0.]])"
)


def _frequencies(name: str, values: Any, dtype: Any, device: Any, requires_grad: bool) -> Tensor:
    from autotn.ops.create import _kind, _made

    return _made(name, values.astype(_kind(dtype)), None, device, requires_grad)


def fft_fftfreq(
    n: int, d: float = 1.0, *, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """The frequencies of `fft_fft`'s results, for samples `d` apart.

    >>> tn.fft.fftfreq(4)
    tensor([ 0.0000,  0.2500, -0.5000, -0.2500])
    """
    return _frequencies("fft.fftfreq", np.fft.fftfreq(n, d), dtype, device, requires_grad)


def fft_rfftfreq(
    n: int, d: float = 1.0, *, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """The frequencies of `fft_rfft`'s results, for samples `d` apart.

    >>> tn.fft.rfftfreq(4)
    tensor([0.0000, 0.2500, 0.5000])
    """
    return _frequencies("fft.rfftfreq", np.fft.rfftfreq(n, d), dtype, device, requires_grad)


def _shifted(input: Any, dim: Any, back: bool) -> Any:
    from autotn.ops.arrange import roll

    axes = list(range(input.ndim)) if dim is None else [
        check_dim("fft.fftshift", d, input.ndim) for d in (dim if isinstance(dim, (tuple, list)) else (dim,))
    ]  # fmt: skip
    steps = [(input.shape[k] + 1) // 2 if back else input.shape[k] // 2 for k in axes]
    return roll(input, steps, axes) if axes else input


@composite(numpy=np.fft.fftshift)
def fft_fftshift(input: Any, dim: Any = None) -> Any:
    """Frequency 0 moved to the middle.

    >>> tn.fft.fftshift(tn.arange(4))
    tensor([2, 3, 0, 1])
    """
    return _shifted(input, dim, back=False)


@composite(numpy=np.fft.ifftshift)
def fft_ifftshift(input: Any, dim: Any = None) -> Any:
    """Inverse of `fft_fftshift`.

    >>> tn.fft.ifftshift(tn.arange(4))
    tensor([2, 3, 0, 1])
    """
    return _shifted(input, dim, back=True)


acts("linear", _transform)
