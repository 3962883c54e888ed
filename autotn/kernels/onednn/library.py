"""Finding and loading the shared library, and the part of its C interface that is used here.

The interface is stable within version 3. Descriptors, primitives and memories are opaque pointers;
the only structures are those of the version and of one argument of a primitive.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from ctypes import (
    POINTER,
    Structure,
    c_char,
    c_char_p,
    c_float,
    c_int,
    c_int64,
    c_size_t,
    c_uint as c_unsigned,
    c_void_p,
)
from typing import Any

FILE = "libdnnl.so.3"

#: The oldest minor version whose interface was tried.
OLDEST = 2

#: Ways to run in parallel that `omp_set_num_threads` governs, or that do not run in parallel.
SEQUENTIAL, OPENMP = 1, 2

#: AVX2 among the bits of an instruction set.
AVX2 = 0x7

F32 = 3
ANY_LAYOUT = 1
MAX_DIMS = 12

#: Queries of a primitive descriptor.
EXEC_ARGUMENT, NUMBER_OF_INPUTS = 255, 3

Dims = c_int64 * MAX_DIMS


class Version(Structure):
    """``dnnl_version_t``."""

    _fields_ = [
        ("major", c_int),
        ("minor", c_int),
        ("patch", c_int),
        ("hash", c_char_p),
        ("cpu_runtime", c_unsigned),
        ("gpu_runtime", c_unsigned),
    ]


class Argument(Structure):
    """``dnnl_exec_arg_t``: which argument of a primitive, and its memory."""

    _fields_ = [("name", c_int), ("memory", c_void_p)]


class Absent(Exception):
    """Why there is no library to call."""


def dims(values: Any) -> Any:
    """Numbers as the library takes them."""
    return Dims(*values)


_HANDLE, _OUT = c_void_p, POINTER(c_void_p)
_GEOMETRY = [Dims] * 4

#: Descriptors of primitives: what follows the place for the result and the engine.
_DESCRIPTORS: dict[str, list[Any]] = {
    "convolution_forward": [c_int, c_int, *[_HANDLE] * 4, *_GEOMETRY, _HANDLE],
    "convolution_backward_data": [c_int, *[_HANDLE] * 3, *_GEOMETRY, _HANDLE, _HANDLE],
    "convolution_backward_weights": [c_int, *[_HANDLE] * 4, *_GEOMETRY, _HANDLE, _HANDLE],
    "pooling_forward": [c_int, c_int, *[_HANDLE] * 2, *_GEOMETRY, Dims, _HANDLE],
    "pooling_backward": [c_int, *[_HANDLE] * 2, *_GEOMETRY, Dims, _HANDLE, _HANDLE],
    "batch_normalization_forward": [c_int, *[_HANDLE] * 2, c_float, c_unsigned, _HANDLE],
    "batch_normalization_backward": [c_int, *[_HANDLE] * 3, c_float, c_unsigned, _HANDLE, _HANDLE],
    "layer_normalization_forward": [c_int, *[_HANDLE] * 3, c_float, c_unsigned, _HANDLE],
    "layer_normalization_backward": [c_int, *[_HANDLE] * 4, c_float, c_unsigned, _HANDLE, _HANDLE],
    "softmax_forward": [c_int, c_int, *[_HANDLE] * 2, c_int, _HANDLE],
    "softmax_backward": [c_int, *[_HANDLE] * 3, c_int, _HANDLE, _HANDLE],
    "eltwise_forward": [c_int, c_int, *[_HANDLE] * 2, c_float, c_float, _HANDLE],
    "eltwise_backward": [c_int, *[_HANDLE] * 3, c_float, c_float, _HANDLE, _HANDLE],
    "lstm_forward": [c_int, c_int, *[_HANDLE] * 11, c_unsigned, _HANDLE],
    "lstm_backward": [c_int, c_int, *[_HANDLE] * 22, c_unsigned, _HANDLE, _HANDLE],
    "lbr_gru_forward": [c_int, c_int, *[_HANDLE] * 7, c_unsigned, _HANDLE],
    "lbr_gru_backward": [c_int, c_int, *[_HANDLE] * 14, c_unsigned, _HANDLE, _HANDLE],
    "vanilla_rnn_forward": [
        *(c_int, c_int, c_int), *[_HANDLE] * 7, c_unsigned, c_float, c_float, _HANDLE,
    ],
    "vanilla_rnn_backward": [
        *(c_int, c_int, c_int), *[_HANDLE] * 14, c_unsigned, c_float, c_float, _HANDLE, _HANDLE,
    ],
    "binary": [c_int, *[_HANDLE] * 3, _HANDLE],
    "matmul": [*[_HANDLE] * 4, _HANDLE],
}  # fmt: skip

_FUNCTIONS: dict[str, list[Any]] = {
    "engine_create": [_OUT, c_int, c_size_t],
    "stream_create": [_OUT, _HANDLE, c_unsigned],
    "stream_destroy": [_HANDLE],
    "memory_desc_create_with_strides": [_OUT, c_int, Dims, c_int, Dims],
    "memory_desc_create_with_tag": [_OUT, c_int, Dims, c_int, c_int],
    "memory_desc_destroy": [_HANDLE],
    "memory_create": [_OUT, _HANDLE, _HANDLE, c_void_p],
    "memory_destroy": [_HANDLE],
    "primitive_attr_create": [_OUT],
    "primitive_attr_set_scratchpad_mode": [_HANDLE, c_int],
    "primitive_attr_set_post_ops": [_HANDLE, _HANDLE],
    "primitive_attr_destroy": [_HANDLE],
    "post_ops_create": [_OUT],
    "post_ops_append_binary": [_HANDLE, c_int, _HANDLE],
    "post_ops_append_eltwise": [_HANDLE, c_int, c_float, c_float],
    "post_ops_append_sum": [_HANDLE, c_float, c_int, c_int],
    "post_ops_destroy": [_HANDLE],
    "primitive_create": [_OUT, _HANDLE],
    "primitive_destroy": [_HANDLE],
    "primitive_desc_destroy": [_HANDLE],
    "sgemm": [
        *(c_char, c_char, c_int64, c_int64, c_int64, c_float),
        *(c_void_p, c_int64, c_void_p, c_int64, c_float, c_void_p, c_int64),
    ],
    "reorder_primitive_desc_create": [_OUT, *[_HANDLE] * 5],
}


class Library:
    """The functions of a loaded library, without their prefix; its engine; and OpenMP's threads."""

    def __init__(self, path: str) -> None:
        try:
            loaded = ctypes.CDLL(path)
            version = loaded.dnnl_version
            isa = loaded.dnnl_get_effective_cpu_isa
        except (OSError, AttributeError) as error:
            raise Absent(f"{path}: {error}") from None
        version.restype = POINTER(Version)
        at = version().contents
        self.path, self.version = path, f"{at.major}.{at.minor}.{at.patch}"
        if at.major != 3 or at.minor < OLDEST:
            raise Absent(f"{path}: version {self.version}, needed is 3.{OLDEST} or a later 3")
        if at.cpu_runtime not in (SEQUENTIAL, OPENMP):
            raise Absent(f"{path}: runs on threads other than OpenMP's")
        if isa() & AVX2 != AVX2:
            raise Absent("the processor has no AVX2")
        # What returns at once is called without giving up the interpreter's lock, which takes as long.
        at_once = ctypes.PyDLL(path)
        self._declare(loaded, at_once)
        self.omp_set_num_threads = self.omp_get_max_threads = None
        #: How many threads to use; as many as OpenMP's settings say where nothing was said.
        self.wanted_threads: int | None = None
        if at.cpu_runtime == OPENMP:
            self.omp_set_num_threads = at_once.omp_set_num_threads
            self.omp_get_max_threads = at_once.omp_get_max_threads
        self.engine = self.made("engine_create", 1, 0)
        self.attributes = self.new_attributes()

    def _declare(self, loaded: Any, at_once: Any) -> None:
        self.functions = {}
        descriptors = {
            f"{name}_primitive_desc_create": [_OUT, _HANDLE, *rest]
            for name, rest in _DESCRIPTORS.items()
        }
        for name, arguments in (_FUNCTIONS | descriptors).items():
            function = getattr(loaded, f"dnnl_{name}")
            function.argtypes, function.restype = arguments, c_int
            self.functions[name] = function
        self.sgemm = self.functions["sgemm"]
        self.set_data_handle = at_once.dnnl_memory_set_data_handle
        self.set_data_handle.argtypes, self.set_data_handle.restype = [_HANDLE, c_void_p], c_int
        # Without the types of its arguments, which come ready-made: half the time of a call.
        self.execute = loaded.dnnl_primitive_execute
        self.query_md = loaded.dnnl_primitive_desc_query_md
        self.query_md.argtypes, self.query_md.restype = [_HANDLE, c_int, c_int], c_void_p
        self.query_number = loaded.dnnl_primitive_desc_query_s32
        self.query_number.argtypes, self.query_number.restype = [_HANDLE, c_int, c_int], c_int
        self.md_equal = loaded.dnnl_memory_desc_equal
        self.md_equal.argtypes, self.md_equal.restype = [_HANDLE, _HANDLE], c_int
        self.md_size = loaded.dnnl_memory_desc_get_size
        self.md_size.argtypes, self.md_size.restype = [_HANDLE], c_size_t

    def new_attributes(self) -> int:
        """Attributes of a primitive whose scratch memory the caller brings."""
        found = self.made("primitive_attr_create")
        self.call("primitive_attr_set_scratchpad_mode", found, 1)
        return found

    def threads(self) -> int:
        """Threads that a computation begun now will use: OpenMP keeps a number per thread."""
        if self.omp_get_max_threads is None or self.omp_set_num_threads is None:
            return 1
        count: int = self.omp_get_max_threads()
        if self.wanted_threads is None or self.wanted_threads == count:
            return count
        self.omp_set_num_threads(self.wanted_threads)
        return int(self.omp_get_max_threads())

    def call(self, name: str, *arguments: Any) -> None:
        """Call a function, and raise what it says has gone wrong."""
        status = self.functions[name](*arguments)
        if status:
            raise Refused(f"oneDNN: {name} answered {status}")

    def made(self, name: str, *arguments: Any) -> int:
        """What a function that creates something has created."""
        place = c_void_p()
        self.call(name, ctypes.byref(place), *arguments)
        return int(place.value or 0)


class Refused(RuntimeError):
    """The library does not do this; 3 means that it has no such implementation."""


def places() -> Iterator[str]:
    """Where the library may lie: beside this Python, as pip and conda install it, or anywhere."""
    import site
    import sysconfig

    for folder in dict.fromkeys(
        (os.path.join(sys.prefix, "lib"), os.path.join(sysconfig.get_path("data"), "lib"))
    ):
        path = os.path.join(folder, FILE)
        if os.path.exists(path):
            yield path
    path = os.path.join(site.getuserbase(), "lib", FILE)
    if os.path.exists(path):
        yield path
    yield FILE


def load() -> Library:
    """The library; `Absent` says why there is none."""
    import platform

    if sys.platform != "linux" or platform.machine() != "x86_64":
        raise Absent(f"no kernels for {sys.platform} on {platform.machine()}")
    reasons = []
    for path in places():
        try:
            return Library(path)
        except Absent as absent:
            reasons.append(str(absent))
    raise Absent("; ".join(reasons))
