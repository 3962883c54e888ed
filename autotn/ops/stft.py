"""Spectra of a signal's windows, one after the other, and the signal from them."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.core.op import composite
from autotn.core.tensor import Tensor, wrap
from autotn.errors import ShapeError
from autotn.ops.spectral import fft_fft, fft_ifft, fft_irfft, fft_rfft

__all__ = ["istft", "stft"]


def _settled(
    name: str, n_fft: int, hop_length: Any, win_length: Any, window: Any, like: Any
) -> tuple[int, Any]:
    """The step, and the window padded on both sides to `n_fft` places."""
    hop = n_fft // 4 if hop_length is None else int(hop_length)
    length = n_fft if win_length is None else int(win_length)
    if hop <= 0:
        raise RuntimeError(f"{name}: expected hop_length > 0, but got hop_length={hop}")
    if not 0 < length <= n_fft:
        raise RuntimeError(f"{name}: expected 0 < win_length <= n_fft, but got win_length={length}")
    if window is None:
        data = like._data if isinstance(like, Tensor) else like
        window = wrap(np.ones(length, data.real.dtype))
    if window.ndim != 1 or window.shape[0] != length:
        raise ShapeError(
            f"{name}: expected a 1D window tensor of size equal to win_length={length}, but got window "
            f"with size {list(window.shape)}"
        )
    if length < n_fft:
        from autotn.ops.pad import pad

        left = (n_fft - length) // 2
        window = pad(window, (left, n_fft - length - left))
    return hop, window


@composite(method="stft")
def stft(
    input: Any, n_fft: int, hop_length: Any = None, win_length: Any = None, window: Any = None,
    center: bool = True, pad_mode: str = "reflect", normalized: bool = False, onesided: Any = None,
    return_complex: Any = None, align_to_window: Any = None,
) -> Any:  # fmt: skip
    """Short-time Fourier transform: one column of frequencies for each window of the signal.

    >>> tn.stft(tn.ones(8), 4, return_complex=True).shape
    tn.Size([3, 9])
    """
    data = input._data if isinstance(input, Tensor) else input
    real = data.dtype.kind != "c"
    if return_complex is None:
        if real and (window is None or not window.is_complex()):
            raise RuntimeError(
                "stft requires the return_complex parameter be given for real inputs, and will further "
                "require that return_complex=True in a future PyTorch release."
            )
        return_complex = True
    if data.ndim not in (1, 2):
        raise ShapeError(f"stft: expected a 1D or 2D tensor, but got {data.ndim} dimensions")
    hop, shape = _settled("stft", n_fft, hop_length, win_length, window, input)
    one = real and not shape.is_complex() if onesided is None else bool(onesided)
    if one and not real:
        raise RuntimeError("stft: cannot have onesided output if window or input is complex")
    signal = input.reshape((1, -1)) if data.ndim == 1 else input
    if center:
        from autotn.ops.pad import pad

        signal = pad(signal.unsqueeze(1), (n_fft // 2, n_fft // 2), mode=pad_mode).squeeze(1)
    size = signal.shape[-1]
    if not 0 < n_fft <= size:
        raise RuntimeError(f"stft: expected 0 < n_fft <= {size}, but got n_fft={n_fft}")
    frames = signal.unfold(-1, n_fft, hop) * shape
    norm = "ortho" if normalized else None
    found = (fft_rfft if one else fft_fft)(frames, None, -1, norm).transpose(-1, -2)
    if data.ndim == 1:
        found = found.squeeze(0)
    if return_complex:
        return found
    from autotn.ops.complex import view_as_real

    return view_as_real(found)


def _overlapped(frames: Any, hop: int) -> Any:
    """Frames added up, each `hop` places after the one before."""
    from autotn.ops.index import put_into_zeros

    batch, count, width = frames.shape
    size = width + hop * (count - 1)
    places = np.arange(count)[:, None] * hop + np.arange(width)
    return put_into_zeros(frames, (batch, size), (slice(None), places))


@composite(method="istft")
def istft(
    input: Any, n_fft: int, hop_length: Any = None, win_length: Any = None, window: Any = None,
    center: bool = True, normalized: bool = False, onesided: Any = None, length: Any = None,
    return_complex: bool = False,
) -> Any:  # fmt: skip
    """The signal whose `stft` comes nearest to `input`.

    >>> x = tn.tensor([1.0, 2.0, 3.0, 4.0])
    >>> tn.istft(tn.stft(x, 4, 1, return_complex=True), 4, 1)
    tensor([1., 2., 3., 4.])
    """
    data = input._data if isinstance(input, Tensor) else input
    if data.dtype.kind != "c":
        raise RuntimeError("istft requires a complex-valued input tensor matching the output from stft "
                           "with return_complex=True.")  # fmt: skip
    if data.ndim not in (2, 3) or not data.size:
        raise ShapeError(f"istft: expected a tensor with 2 or 3 dimensions, but got {data.ndim}")
    hop, shape = _settled("istft", n_fft, hop_length, win_length, window, input)
    bins = data.shape[-2]
    one = bins != n_fft if onesided is None else bool(onesided)
    if bins != (n_fft // 2 + 1 if one else n_fft):
        raise ShapeError(
            f"istft: expected the frequency dimension (3rd to the last) of the input tensor to match n_fft "
            f"({n_fft}), but got {bins}"
        )
    norm = "ortho" if normalized else None
    turned = input.reshape((-1, *data.shape[-2:])).transpose(1, 2)
    if return_complex:
        frames = fft_ifft(turned, None, -1, norm)
    else:  # a real signal: the first half of the frequencies says it all
        frames = fft_irfft(turned[..., : n_fft // 2 + 1], n_fft, -1, norm)
    signal = _overlapped(frames * shape, hop)
    power = (shape * shape).reshape((1, 1, -1)).expand(1, data.shape[-1], n_fft)
    envelope = _overlapped(power, hop)[0]
    start = n_fft // 2 if center else 0
    whole = signal.shape[-1]
    stop = start + int(length) if length is not None else whole - (n_fft // 2 if center else 0)
    signal, envelope = signal[:, start:stop], envelope[start:stop]
    if np.abs(envelope._data).min(initial=1.0) <= 1e-11:
        raise RuntimeError(
            "istft: window overlap add min: 1e-11 is not reached; the windows leave gaps"
        )
    found = signal / envelope
    missing = 0 if length is None else int(length) - found.shape[-1]
    if missing > 0:
        from autotn.ops.pad import pad

        found = pad(found, (0, missing))
    return found.squeeze(0) if data.ndim == 2 else found
