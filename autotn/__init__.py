"""autotn: deep learning you can read. PyTorch's eager style in pure Python on NumPy and SciPy."""

from __future__ import annotations

from math import e, inf, nan, pi
from typing import TYPE_CHECKING as _TYPE_CHECKING, Any as _Any

from autotn.core import numeric_warnings as _numeric_warnings
from autotn.core.device import device
from autotn.core.dtypes import (
    bool_ as bool,
    can_cast,
    cdouble,
    cfloat,
    complex64,
    complex128,
    double,
    dtype,
    finfo,
    float16,
    float32,
    float64,
    float_ as float,
    get_default_dtype,
    half,
    iinfo,
    int8,
    int16,
    int32,
    int64,
    int_ as int,
    long,
    promote_types,
    set_default_dtype,
    short,
    uint8,
    uint16,
    uint32,
    uint64,
)
from autotn.core.modes import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from autotn.core.op import Arr, Fixed, composite, op
from autotn.core.printing import set_printoptions
from autotn.core.random import (
    Generator,
    default_generator,
    get_rng_state,
    initial_seed,
    manual_seed,
    seed,
    set_rng_state,
)
from autotn.core.tensor import Size, Tensor
from autotn.ops import *

if _TYPE_CHECKING:
    from autotn.serialization import load, save

__version__ = "0.1.0"
#: As an index, a new dimension of size 1.
newaxis = None

_numeric_warnings.silence()

#: Loaded when first asked for, so that ``import autotn`` stays quick.
_ROOMS = {
    "autograd", "backends", "distributions", "fft", "ir", "linalg", "nn", "ops", "optim", "special", "testing",
    "utils", "viz",
}  # fmt: skip
_LATE = {
    "graph": "viz",
    "load": "serialization",
    "profile": "viz.profiler",
    "save": "serialization",
    "summary": "viz",
}
#: The words of the original package, by the file of autotn/network that defines them.
_WORDS = {
    "activation": "Activation Linear ReLU Sigmoid Tanh",
    "convolution": "Conv Conv2D Conv2DNet unpad",
    "joining": "Add Combine Concatenate FlatConcat Flatten Join Mul Pointwise Split",
    "neuron": "ActivationNet ConstantNet NeuronNet",
    "recurrent": "LSTM RNN",
    "structure": "Instance Structure",
    "structures": "Activate Clone Constant Dense Input Layer ResWrap Residual",
    "system": "State System",
}
_LATE |= {word: f"network.{file}" for file, words in _WORDS.items() for word in words.split()}


def __getattr__(name: str) -> _Any:
    if name in _ROOMS:
        import importlib

        return importlib.import_module(f"autotn.{name}")
    if name in _LATE:
        import importlib

        return getattr(importlib.import_module(f"autotn.{_LATE[name]}"), name)
    if name == "bfloat16":
        from autotn.core.dtypes import bfloat16

        return bfloat16()
    raise AttributeError(f"module 'autotn' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_ROOMS, *_LATE, "bfloat16"})
