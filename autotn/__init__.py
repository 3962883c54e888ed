"""autotn: deep learning you can read. PyTorch's eager style in pure Python on NumPy and SciPy."""

from __future__ import annotations

from math import e, inf, nan, pi
from typing import TYPE_CHECKING as _TYPE_CHECKING, Any as _Any

from autotn import absent as _absent, paths as _paths
from autotn.core import (
    legacy as _legacy,
    methods as _methods,
    numeric_warnings as _numeric_warnings,
)
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
from autotn.core.naming import (
    channels_last,
    channels_last_3d,
    contiguous_format,
    layout,
    memory_format,
    preserve_format,
    sparse_bsc,
    sparse_bsr,
    sparse_coo,
    sparse_csc,
    sparse_csr,
    strided,
)
from autotn.core.op import Arr, Fixed, composite, op
from autotn.core.printing import set_printoptions
from autotn.core.random import (
    Generator,
    get_rng_state,
    initial_seed,
    manual_seed,
    seed,
    set_rng_state,
)
from autotn.core.tensor import Size, Tensor
from autotn.kernels import memory as _memory
from autotn.kernels.memory import empty_cache
from autotn.ops import *
from autotn.ops.torch_forms import *  # in the place of the namesakes in nn.functional

if _TYPE_CHECKING:
    from autotn.diagnose import check, debug
    from autotn.serialization import load, save

__version__ = "0.1.0"
#: As an index, a new dimension of size 1.
newaxis = None

_numeric_warnings.silence()
_paths.install()
_absent.mark(_methods.TensorMethods)
_memory.keep_freed_memory()

#: Loaded when first asked for, so that ``import autotn`` stays quick.
_ROOMS = {
    "accelerator", "amp", "autograd", "backends", "compiler", "cuda", "distributed", "distributions", "fft",
    "func", "hub", "ir", "jit", "linalg", "multiprocessing", "nn", "onnx", "ops", "optim", "profiler", "random",
    "serialization", "special", "testing", "types", "utils", "version", "viz",
}  # fmt: skip
_LATE = {
    "vmap": "func",
    "check": "diagnose",
    "debug": "diagnose",
    "derive": "viz",
    "graph": "viz",
    "load": "serialization",
    "profile": "viz.profiler",
    "save": "serialization",
    "summary": "viz",
}
#: What scripts set or ask for once, by the file that defines it.
_ONCE = {
    "amp.autocast_mode": (
        "autocast clear_autocast_cache get_autocast_cpu_dtype get_autocast_dtype get_autocast_gpu_dtype "
        "is_autocast_cache_enabled is_autocast_cpu_enabled is_autocast_enabled set_autocast_dtype "
        "set_autocast_enabled"
    ),
    "amp.grad_scaler": "GradScaler",
    "backends.denormals": "set_flush_denormal",
    "backends.switches": (
        "are_deterministic_algorithms_enabled compiled_with_cxx11_abi get_default_device "
        "get_deterministic_debug_mode get_float32_matmul_precision "
        "is_deterministic_algorithms_warn_only_enabled is_warn_always_enabled set_default_device "
        "set_deterministic_debug_mode set_float32_matmul_precision set_warn_always "
        "use_deterministic_algorithms"
    ),
    "backends.threads": (
        "get_num_interop_threads get_num_threads set_num_interop_threads set_num_threads"
    ),
    "compiler": "compile",
    "cuda.questions": "OutOfMemoryError",
    "core.legacy": "set_default_tensor_type typename",
    "core.modes": "is_anomaly_check_nan_enabled is_anomaly_enabled set_anomaly_enabled",
    "standin": "as_torch",
}
_LATE |= {name: file for file, names in _ONCE.items() for name in names.split()}
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
    if name == "default_generator":
        from autotn.core.random import default_generator

        return default_generator()
    if name == "bfloat16":
        from autotn.core.dtypes import bfloat16

        return bfloat16()
    if name in _legacy.NAMES:
        return _legacy.typed_tensor(name)
    return _absent.attribute_of(__name__, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_ROOMS, *_LATE, *_legacy.NAMES, "bfloat16", "default_generator"})
