"""Initial values of weights: a door to `autotn.layers.init`."""

from __future__ import annotations

from typing import Any as _Any

from autotn.absent import no_attribute as _no_attribute
from autotn.layers.init import (
    _calculate_fan_in_and_fan_out,
    calculate_gain,
    constant,
    constant_,
    dirac,
    dirac_,
    eye,
    eye_,
    kaiming_normal,
    kaiming_normal_,
    kaiming_uniform,
    kaiming_uniform_,
    normal,
    normal_,
    ones_,
    orthogonal,
    orthogonal_,
    sparse,
    sparse_,
    trunc_normal_,
    uniform,
    uniform_,
    xavier_normal,
    xavier_normal_,
    xavier_uniform,
    xavier_uniform_,
    zeros_,
)


def __getattr__(name: str) -> _Any:
    raise _no_attribute(__name__, name)
