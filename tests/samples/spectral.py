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
