"""``tn.fft``: Fourier transforms by PyTorch's names, without the prefix its ops carry."""

from __future__ import annotations

from typing import Any as _Any

from autotn.absent import no_attribute as _no_attribute
from autotn.ops import spectral

__all__: list[str] = []

for _name in spectral.__all__:
    globals()[_name.removeprefix("fft_")] = getattr(spectral, _name)
    __all__.append(_name.removeprefix("fft_"))


def __getattr__(name: str) -> _Any:
    raise _no_attribute(__name__, name)
