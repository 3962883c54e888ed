"""What PyTorch has and autotn has not: why, and what is nearest.

A name that is not there raises an error that says so, instead of a puzzle. The same reasons are the
third column of ``docs/differences/names.md``.
"""

from __future__ import annotations

import importlib
import os
import sys
from types import ModuleType
from typing import Any

from autotn.paths import ALIASES

PAGE = "docs/differences/names.md"

_SPARSE = "there are no sparse tensors; a dense one, or scipy.sparse, serves on a CPU"
_QUANTIZED = "there are no quantized tensors"
_NESTED = "there are no nested tensors; pad_sequence or packed sequences take their place"
_GPU = "there is no GPU"
_SCRIPT = "functions run as they are: there is nothing to compile"
_INNER = "a kernel PyTorch keeps for itself"
_SMALL = "numbers of fewer than 16 bits other than int8 and uint8 are not there"

#: Patterns of names under ``torch.``, and why they are absent; the first that fits counts.
REASONS = (
    ("*onnx*", "models are not exported to ONNX"),
    ("*sparse*", _SPARSE),
    ("*quanti*", _QUANTIZED),
    ("*fake_quant*", _QUANTIZED),
    ("*q_scale*", _QUANTIZED),
    ("*q_zero_point*", _QUANTIZED),
    ("*q_per_channel*", _QUANTIZED),
    ("*qint*", _QUANTIZED),
    ("*quint*", _QUANTIZED),
    ("*int_repr*", _QUANTIZED),
    ("ao*", _QUANTIZED),
    ("*nested*", _NESTED),
    ("*named*", "dimensions have no names"),
    ("*rename*", "dimensions have no names"),
    ("*refine_names*", "dimensions have no names"),
    ("*align_*", "dimensions have no names"),
    ("Tensor.names", "dimensions have no names"),
    ("Tensor.*indices", _SPARSE),
    ("Tensor.*coalesce*", _SPARSE),
    ("Tensor.dense_dim", _SPARSE),
    ("Tensor.s*mm", _SPARSE),
    ("Tensor.qscheme", _QUANTIZED),
    ("Tensor.record_stream", _GPU),
    ("Tensor.values", _SPARSE),
    *((name, _SPARSE) for name in ("smm", "hsmm", "hspmm", "saddmm", "sspaddmm")),
    ("*scaled_mm", "there are no 8-bit floating-point numbers to scale; multiply by the scales"),
    ("*grouped_mm", "one product per group, by @, does it on a CPU"),
    ("*ScalingType", "there are no 8-bit floating-point numbers"),
    ("*SwizzleType", "there are no 8-bit floating-point numbers"),
    *((name, _SMALL) for name in ("float8_*", "float4_*", "bits*", "int[1-7]", "uint[1-7]", "bit")),
    ("*complex32", "complex numbers begin at complex64"),
    ("*chalf", "complex numbers begin at complex64"),
    ("*Stream*", _GPU),
    ("Event", _GPU),
    ("*vulkan*", _GPU),
    ("*autocast_*", "autocast knows the CPU and the default dtype alone"),
    ("choose_qparams*", _QUANTIZED),
    ("qscheme", _QUANTIZED),
    ("batch_norm_*", _INNER),
    ("native_norm", _INNER),
    ("init_num_threads", _INNER),
    ("*slice_inverse", _INNER),
    ("*hash_tensor", _INNER),
    (
        "has_*",
        "built-in parts of PyTorch's own binary are meant; tn.backends.show() says what computes here",
    ),
    ("from_file", "tn.from_numpy(np.memmap(...)) shares a file's memory"),
    ("fork", _SCRIPT),
    ("wait", _SCRIPT),
    ("Future", _SCRIPT),
    ("cond", _SCRIPT),
    ("nn.Container", "it is deprecated; nn.Module takes its place"),
    ("Tensor.is_distributed", "there is one process; see tn.distributed"),
    ("is_distributed", "there is one process; see tn.distributed"),
    ("Tensor.is_shared", "Module.share_memory() lets forked processes share parameters"),
    *(
        (f"Tensor.{name}", "PyTorch refuses it too; see tn.linalg")
        for name in ("eig", "lstsq", "solve", "symeig")
    ),
    *((f"Tensor.{name}", "PyTorch refuses it too") for name in ("reinforce", "volatile")),
    ("Tensor.ipu", "there is no such device"),
    ("Tensor.to_padded_tensor", _NESTED),
    ("Tensor.as_subclass", "subclasses of Tensor are made by tn.Tensor's own __new__"),
    ("*dynamo*", "there is no compiler; tn.compile gives its argument back"),
    ("*inductor*", "there is no compiler; tn.compile gives its argument back"),
    ("*export*", "programs are not exported"),
    ("fx*", "programs are not rewritten; tn.ir captures a graph, tn.graph shows it"),
    ("*library*", "ops are declared by tn.op"),
    ("ops*", "ops are declared by tn.op"),
    ("classes*", "there is no C++"),
    ("*cudnn*", _GPU),
    ("*cuda*", _GPU),
    ("*miopen*", _GPU),
    ("*mps*", _GPU),
    ("*xpu*", _GPU),
    ("*mtia*", _GPU),
    ("*vulkan*", _GPU),
    ("*fbgemm*", _INNER),
    ("*mkldnn*", _INNER),
    ("*nnpack*", _INNER),
    ("*script*", _SCRIPT),
    ("*jit*", _SCRIPT),
    ("*Script*", _SCRIPT),
    ("distributed*", "there is one process; see tn.distributed"),
    ("*datapipes*", "there are no data pipes; DataLoader takes datasets and iterables"),
    ("*Sym*", "shapes are numbers"),
    ("*sym_*", "shapes are numbers"),
    ("*cpp_extension*", "there is no C++"),
    ("*storage*", "memory is NumPy's: tensor.numpy() shows it"),
    ("*Storage*", "memory is NumPy's: tensor.numpy() shows it"),
    ("*share_memory_", "Module.share_memory() lets forked processes share parameters"),
    ("*_copy", "functional twins of views are for PyTorch's compiler; use the view and clone()"),
)


#: Methods and attributes of PyTorch's Tensor that are not there, each with its reason above.
TENSOR = (
    *("as_subclass", "ipu", "mtia", "xpu", "record_stream", "to_mkldnn", "to_padded_tensor"),
    "share_memory_",
    *(
        "ccol_indices",
        "coalesce",
        "col_indices",
        "crow_indices",
        "dense_dim",
        "is_coalesced",
        "row_indices",
    ),
    *("resize_as_sparse_", "smm", "sparse_dim", "sparse_mask", "sparse_resize_", "sspaddmm"),
    *("sparse_resize_and_clear_", "to_sparse", "to_sparse_bsc", "to_sparse_bsr", "to_sparse_coo"),
    *("to_sparse_csc", "to_sparse_csr"),
    *("dequantize", "int_repr", "q_per_channel_axis", "q_per_channel_scales", "qscheme"),
    *("q_per_channel_zero_points", "q_scale", "q_zero_point"),
)


def reason(name: str) -> str:
    """Why ``torch.<name>`` is absent; empty where it just is not there."""
    import fnmatch

    return next((why for pattern, why in REASONS if fnmatch.fnmatchcase(name, pattern)), "")


def nearest(name: str, there: Any) -> str:
    """The name in `there` that was most likely meant, or nothing."""
    import difflib

    public = [one for one in there if not one.startswith("_")]
    same = [one for one in public if one.lower() == name.lower()]
    found = same or difflib.get_close_matches(name, public, n=1, cutoff=0.75)
    return found[0] if found else ""


def explanation(owner: str, name: str, there: Any) -> str:
    """The sentence an error says about a name that `owner` (``"nn"``, ``"Tensor"``) has not."""
    path = f"{owner}.{name}" if owner else name
    why = reason(path)
    close = nearest(name, there)
    text = f"autotn has no {path!r}" + (f": {why}" if why else "")
    if close and not why:
        text += f". The nearest name is {f'{owner}.{close}' if owner else close!r}"
    return f"{text} (what is there and what is not: {PAGE})"


def attribute_of(module: str, name: str) -> ModuleType:
    """What a package answers for a name it has not: the module on one of PyTorch's paths, or an error."""
    path = f"{module}.{name}".partition(".")[2]
    if path in ALIASES:
        return importlib.import_module(f"autotn.{path}")
    raise no_attribute(module, name)


def no_attribute(module: str, name: str) -> Exception:
    """The error for a name that a module has not: raise what this returns."""
    if name.startswith("__"):
        return AttributeError(f"module {module!r} has no attribute {name!r}")
    owner = module.partition(".")[2]
    text = explanation(owner, name, dir(sys.modules[module]))
    if _is_from_import():  # ``from m import x`` would replace an AttributeError by its own words
        return ImportError(text, name=module)
    return AttributeError(text)


def _is_from_import() -> bool:
    """True when the user's running statement is ``from … import …``."""
    import dis

    frame: Any = sys._getframe(1)
    here = os.path.dirname(__file__)
    while frame is not None and frame.f_code.co_filename.startswith(here):
        frame = frame.f_back
    if frame is None:
        return False
    return bool(frame.f_code.co_code[frame.f_lasti] == dis.opmap["IMPORT_FROM"])


def mark(owner: type) -> None:
    """Let `owner`, the class of Tensor's methods, say of each absent one that it is."""
    for name in TENSOR:
        if not hasattr(owner, name):
            setattr(owner, name, Absent(name))


class Absent:
    """Stands on Tensor for a method PyTorch has, and says that it is not there."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type) -> Any:
        """Raise the AttributeError that explains; ``hasattr`` is False."""
        raise AttributeError(explanation("Tensor", self.name, dir(owner)))
