"""Samples for ``ops/spectral.py``."""

from __future__ import annotations

import numpy as np

from autotn.testing import ErrorSample, Sample, samples


@samples("transform", torch=None)
def _(array):
    x = array(3, dtype=np.complex128)
    yield Sample(x, 3, 0, "backward", False, _expect=np.fft.fft(x))


for _name in ("fft", "ifft"):

    @samples(f"fft_{_name}", torch=f"fft.{_name}")
    def _(array, name=_name):
        yield Sample(array(5))
        yield Sample(array(5, dtype=np.complex128))
        yield Sample(array(2, 4, dtype=np.complex128), 3, 1)
        yield Sample(array(2, 4), 6, 0, "ortho")
        yield Sample(array(4), norm="forward")
        yield ErrorSample(
            array(4), 0, raises=RuntimeError, match=f"fft.{name}: Invalid number of data points"
        )


@samples("fft_rfft", torch="fft.rfft")
def _(array):
    yield Sample(array(5))
    yield Sample(array(2, 4), 6, 1)
    yield Sample(array(4, 2), None, 0, "ortho")


@samples("fft_irfft", torch="fft.irfft")
def _(array):
    yield Sample(array(4, dtype=np.complex128), _skip=("gradient", "second_order"))
    yield Sample(array(3, dtype=np.complex128), 5)
    # The imaginary parts at both ends are ignored; the finite differences of the first are 0 there, as PyTorch's.


@samples("fft_hfft", torch="fft.hfft")
def _(array):
    yield Sample(array(3, dtype=np.complex128), 5)


@samples("fft_ihfft", torch="fft.ihfft")
def _(array):
    yield Sample(array(5))


for _name in ("fftn", "ifftn", "fft2", "ifft2", "rfftn", "rfft2", "ihfftn", "ihfft2"):

    @samples(f"fft_{_name}", torch=f"fft.{_name}")
    def _(array, name=_name):
        yield Sample(array(3, 4))
        yield Sample(array(2, 3, 4), norm="ortho")
        yield Sample(array(2, 3, 4), (2, 5), (0, -1), "forward")
        if "r" not in name and "h" not in name:
            yield Sample(array(2, 3, dtype=np.complex128))
        yield ErrorSample(array(2, 3), (2,), (0, 1), raises=RuntimeError, match="same length")
        yield ErrorSample(array(2, 3), None, (0, 0), raises=RuntimeError, match="unique")
        yield ErrorSample(array(2, 3), None, (0, 2), raises=IndexError, match="range")


for _name in ("irfftn", "irfft2", "hfftn", "hfft2"):

    @samples(f"fft_{_name}", torch=f"fft.{_name}")
    def _(array, name=_name):
        # Parts of the spectrum that a real signal determines are ignored, as PyTorch does.
        ends = ("gradient", "second_order")
        yield Sample(array(2, 3, dtype=np.complex128), _skip=ends)
        yield Sample(array(2, 3, dtype=np.complex128), (2, 5), norm="ortho", _skip=ends)
        yield ErrorSample(array(2, 3), (2,), (0, 1), raises=RuntimeError, match="same length")


for _name in ("fftshift", "ifftshift"):

    @samples(f"fft_{_name}", torch=f"fft.{_name}")
    def _(array):
        yield Sample(array(5))
        yield Sample(array(3, 4))
        yield Sample(array(3, 4), 1)
        yield Sample(np.arange(4))
        yield ErrorSample(array(3), 1, raises=IndexError, match="range")
