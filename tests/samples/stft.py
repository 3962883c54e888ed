"""Samples for ``ops/stft.py``."""

from __future__ import annotations

import numpy as np

from autotn.testing import ErrorSample, Sample, samples


@samples("stft")
def _(array):
    yield Sample(array(10), 4, return_complex=True)
    yield Sample(array(2, 10), 4, 2, 3, array(3, low=0.2, high=1), return_complex=True)
    yield Sample(array(10), 5, 2, center=False, normalized=True, return_complex=True)
    yield Sample(array(10), 4, pad_mode="constant", onesided=False, return_complex=True)
    yield Sample(array(10), 4, return_complex=False)
    yield Sample(array(10, dtype=np.complex128), 4)
    yield ErrorSample(array(10), 4, raises=RuntimeError, match="return_complex")
    yield ErrorSample(
        array(3), 8, center=False, return_complex=True, raises=RuntimeError, match="n_fft"
    )
    yield ErrorSample(array(8), 4, 0, return_complex=True, raises=RuntimeError, match="hop_length")
    yield ErrorSample(
        array(8), 4, 1, 5, return_complex=True, raises=RuntimeError, match="win_length"
    )
    yield ErrorSample(
        array(8), 4, window=array(3), return_complex=True, raises=RuntimeError, match="window"
    )


@samples("istft")
def _(array):
    def spectrum(*shape):
        return array(*shape, dtype=np.complex128)

    window = array(4, low=0.5, high=1)
    yield Sample(spectrum(3, 4), 4, 2)
    yield Sample(spectrum(2, 3, 4), 4, 1, window=window)
    yield Sample(spectrum(3, 4), 4, 2, window=window, normalized=True, length=5)
    yield Sample(spectrum(3, 4), 4, 2, center=False)
    yield Sample(spectrum(4, 4), 4, 2, onesided=False, return_complex=True)
    yield Sample(spectrum(4, 4), 4, 2, onesided=False)
    yield ErrorSample(array(3, 4), 4, raises=RuntimeError, match="complex-valued")
    yield ErrorSample(spectrum(2, 4), 4, onesided=True, raises=RuntimeError, match="frequency")
