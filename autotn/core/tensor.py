"""Tensor: an array, its gradient, and a pointer to the Node that made it.

Only storage and identity live here. The mathematics (``x.exp()``, ``x + y``) arrives from the
declarations in ``autotn/ops`` through `methods.TensorMethods`.

The two slots ``_data`` and ``_node`` are all that an ordinary result sets. ``_node`` is None for a
tensor without history, a `Leaf` for one that requires grad, else the node that made it; so
``requires_grad`` is ``_node is not None``. Everything rarer has a default on the class.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import index
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np

from autotn.core import dtypes
from autotn.core.device import CPU, device
from autotn.core.late import upstairs
from autotn.core.methods import TensorMethods
from autotn.core.modes import state
from autotn.core.naming import SHOWN, layout, strided
from autotn.core.node import GraphNode, Leaf, RemovableHandle, here
from autotn.core.traced import is_traced, readable
from autotn.errors import AutogradError, ShapeError

if TYPE_CHECKING:
    from autotn.core.storage import Storage, ViewInfo


class Size(tuple[int, ...]):
    """A shape: a tuple of ints that knows how many elements it stands for.

    >>> tn.Size([2, 3]).numel()
    6
    """

    __slots__ = ()

    def numel(self) -> int:
        """The product of the sizes."""
        product = 1
        for n in self:
            product *= n
        return product

    def __repr__(self) -> str:
        return f"{SHOWN.name}.Size({list(self)})"

    def __getitem__(self, index: Any) -> Any:
        found = super().__getitem__(index)
        return Size(found) if isinstance(index, slice) else found

    def __add__(self, other: Any) -> Size:
        return Size((*self, *other))

    def __radd__(self, other: Any) -> Size:
        return Size((*other, *self))


def wrap(array: np.ndarray[Any, Any]) -> Tensor:
    """A Tensor around `array`, sharing its memory, without history."""
    t = object.__new__(Tensor)
    t._data = array
    t._node = None
    return t


_NO_ARRAY = (
    "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead. It is "
)


def _name_of(tensor: Tensor) -> str:
    from autotn.core.failure import name_of

    return name_of(tensor)


def is_differentiable(tensor: Tensor) -> bool:
    """True for floating-point and complex tensors."""
    return tensor._data.dtype.kind in "fcV"


class Tensor(TensorMethods):
    """An array that can be differentiated.

    Make one with `tn.tensor`; ``tn.Tensor(2, 3)`` and ``tn.Tensor([1, 2])`` are PyTorch's old
    constructors, in the default dtype.

    The methods come from the ops: ``tn.Tensor.softplus.__module__`` says which file declares one.

    >>> x = tn.tensor([1.0, 2.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([2., 4.])
    """

    __slots__ = ("__dict__", "__weakref__", "_data", "_node")
    __hash__ = object.__hash__  # by identity, though __eq__ compares elements

    _data: np.ndarray[Any, Any]
    _node: Any
    _leaf: Leaf | None = None
    _storage: Storage | None = None
    _view: ViewInfo | None = None
    _retains: RemovableHandle | None = None
    #: Whether a deep copy has a copy of ``.grad``.
    _copies_grad = True

    #: NumPy leaves binary operations with a Tensor to the Tensor.
    __array_priority__ = 1000

    def __new__(cls, *data: Any, dtype: Any = None, device: Any = None) -> Any:
        return legacy_tensor(cls, data, dtype or dtypes.get_default_dtype(), device)

    # -- identity and shape ---------------------------------------------------------------------

    @property
    def shape(self) -> Size:
        """The sizes of the dimensions."""
        return Size(self._data.shape)

    def size(self, dim: SupportsIndex | None = None) -> Any:
        """The shape, or the size of dimension `dim`."""
        if dim is None:
            return Size(self._data.shape)
        return self._data.shape[check_dim("size", dim, self._data.ndim)]

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return self._data.ndim

    def dim(self) -> int:
        """The number of dimensions."""
        return self._data.ndim

    ndimension = dim

    def numel(self) -> int:
        """The number of elements."""
        return self._data.size

    nelement = numel

    @property
    def dtype(self) -> dtypes.dtype:
        """The element type."""
        return dtypes.of_numpy(self._data.dtype)

    @property
    def device(self) -> device:
        """Always the CPU."""
        return CPU

    @property
    def is_cuda(self) -> bool:
        """Always False."""
        return False

    is_cpu = True
    is_sparse = is_quantized = is_meta = is_mps = is_nested = is_sparse_csr = is_mkldnn = False
    is_xpu = is_xla = is_mtia = is_ipu = is_maia = is_vulkan = False
    name: str | None = None

    @property
    def layout(self) -> layout:
        """Always dense and strided."""
        return strided

    def get_device(self) -> int:
        """-1: not on an accelerator."""
        return -1

    @property
    def itemsize(self) -> int:
        """Bytes of one element."""
        return self._data.itemsize

    def element_size(self) -> int:
        """Bytes of one element."""
        return self._data.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return self._data.nbytes

    def stride(self, dim: SupportsIndex | None = None) -> Any:
        """The steps between neighbours along each dimension, in elements."""
        strides = tuple(s // max(self._data.itemsize, 1) for s in self._data.strides)
        return strides if dim is None else strides[check_dim("stride", dim, self._data.ndim)]

    def storage_offset(self) -> int:
        """Elements between the start of the base's memory and this tensor's first element."""
        first = memory_of(self._data).ctypes.data
        return (self._data.ctypes.data - first) // max(self._data.itemsize, 1)

    def data_ptr(self) -> int:
        """The address of the first element."""
        return self._data.ctypes.data

    def is_contiguous(self, memory_format: Any = None) -> bool:
        """True when the elements lie in order without gaps."""
        return self._data.flags.c_contiguous

    def is_floating_point(self) -> bool:
        """True for float16, float32, float64 and bfloat16."""
        return self.dtype.is_floating_point

    def is_complex(self) -> bool:
        """True for complex64 and complex128."""
        return bool(self._data.dtype.kind == "c")

    def is_signed(self) -> bool:
        """True when the dtype has negative numbers."""
        return self.dtype.is_signed

    def is_inference(self) -> bool:
        """False: tensors made under `inference_mode` are ordinary ones here."""
        return False

    def is_set_to(self, tensor: Tensor) -> bool:
        """True when both are the same window onto the same memory."""
        a, b = self._data, tensor._data
        return bool(
            a.ctypes.data == b.ctypes.data and a.shape == b.shape and a.strides == b.strides
        )

    # -- the tape -------------------------------------------------------------------------------

    @property
    def requires_grad(self) -> bool:
        """True when gradients flow to this tensor."""
        return self._node is not None

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Start (or stop) collecting this leaf's gradient, in place."""
        if requires_grad:
            if self._node is None:
                if not is_differentiable(self):
                    raise AutogradError(
                        "only Tensors of floating point and complex dtype can require gradients, "
                        f"got {self.dtype}: convert it first, as in x.float().requires_grad_()"
                    )
                self._leaf = self._leaf or Leaf(self)
                self._leaf.collect(True)
                self._node = self._leaf
        elif self._node is not None:
            if self._node is not self._leaf:
                raise AutogradError(
                    "you can only change requires_grad flags of leaf variables. If you want to use "
                    "a computed variable in a subgraph that doesn't require differentiation use "
                    f"var_no_grad = var.detach(). This one is {_name_of(self)}"
                )
            self._leaf.collect(False)
            self._node = None
        return self

    @property
    def is_leaf(self) -> bool:
        """True when no recorded op made this tensor."""
        return self._node is None or self._node is self._leaf

    @property
    def grad_fn(self) -> GraphNode | None:
        """The node of the op that made this tensor; None for a leaf."""
        node = self._node
        if node is None or node is self._leaf:
            return None
        return node  # type: ignore[no-any-return]

    @property
    def output_nr(self) -> int:
        """Which output of its op this tensor is."""
        return getattr(self._node, "slot", 0)

    @property
    def grad(self) -> Tensor | None:
        """The gradient that backward accumulated here, or None."""
        leaf = self._leaf
        if leaf is not None:
            return leaf.grad
        if self._node is not None:
            import warnings

            warnings.warn(
                "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its "
                ".grad won't be populated during backward(). If you want it, call "
                f".retain_grad() on the tensor before backward. It is {_name_of(self)}",
                UserWarning,
                stacklevel=2,
            )
        return None

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None:
            if not isinstance(value, Tensor):
                raise TypeError(f"grad: expected a Tensor or None, got {type(value).__name__}")
            if value is self:
                raise AutogradError("can't assign a Tensor as its own grad")
            if value._data.shape != self._data.shape:
                raise AutogradError(
                    f"grad: expected shape {tuple(self._data.shape)} as the tensor has, "
                    f"got {tuple(value._data.shape)}"
                )
            if value._data.dtype != self._data.dtype:
                raise AutogradError(
                    f"grad: expected dtype {self.dtype} as the tensor has, got {value.dtype}"
                )
        if self._leaf is None:
            if value is None:
                return
            self._leaf = Leaf(self)
        self._leaf.grad = value

    @grad.deleter
    def grad(self) -> None:
        self.grad = None

    @property
    def data(self) -> Any:
        """The same memory without history. Assigning replaces the array this tensor stands for.

        Writes through it are noticed, except in the forward of a `Function`, whose author may know
        that nothing kept for backward is touched.
        """
        if state.in_forward and not is_traced(self._data):
            return wrap(self._data)
        return self._without_derivative()

    @data.setter
    def data(self, value: Tensor) -> None:
        from autotn.core.storage import mark_written

        if not isinstance(value, Tensor):
            raise TypeError(f"data: expected a Tensor, got {type(value).__name__}")
        if self._node is not None and not is_differentiable(value):
            raise AutogradError(f"data: a tensor that requires grad can't hold {value.dtype}")
        mark_written(self, here())
        self._data = value._data
        leaf = self._leaf
        if leaf is not None and leaf.grad is not None and leaf.grad.shape != value.shape:
            leaf.grad = None

    def _alias(self) -> Tensor:
        from autotn.core.storage import storage_of

        t = wrap(self._data)
        t._storage = storage_of(self)
        return t

    def _without_derivative(self) -> Tensor:
        t = self._alias()
        if is_traced(t._data):
            data: Any = t._data
            t._data = data.transform.detached(data)
        return t

    def detach(self) -> Tensor:
        """The same memory, cut off from the tape."""
        return self._without_derivative()

    def detach_(self) -> Tensor:
        """Cut this tensor off from the tape, in place."""
        if self._view is not None:
            raise AutogradError("can't detach a view in place; use detach() instead")
        if self._node is not None and self._node is self._leaf:
            self._leaf.collect(False)
        self._node = None
        return self

    @property
    def _version(self) -> int:
        return 0 if self._storage is None else self._storage.version

    @property
    def _base(self) -> Tensor | None:
        return None if self._view is None else self._view.base

    def _is_view(self) -> bool:
        return self._view is not None

    @property
    def retains_grad(self) -> bool:
        """True when `retain_grad` was called on this non-leaf."""
        return self._retains is not None and not self.is_leaf

    def register_hook(self, hook: Callable[[Tensor], Any]) -> RemovableHandle:
        """Call ``hook(grad)`` when this tensor's gradient is known; a result replaces it."""
        node = self._node
        if node is None:
            raise AutogradError("cannot register a hook on a tensor that doesn't require gradient")
        extra = node.ensure_extra()
        if extra.pre_hooks is None:
            extra.pre_hooks = {}
        handle = RemovableHandle(extra.pre_hooks, hook)
        if self._retains is not None:  # what is kept is what the hooks leave
            kept = self._retains.id
            extra.pre_hooks[kept] = extra.pre_hooks.pop(kept)
        return handle

    def register_post_accumulate_grad_hook(self, hook: Callable[[Tensor], None]) -> RemovableHandle:
        """Call ``hook(tensor)`` each time this leaf's ``.grad`` has been accumulated."""
        if self._node is None:
            raise AutogradError("cannot register a hook on a tensor that doesn't require gradient")
        if self._leaf is None or self._node is not self._leaf:
            raise AutogradError(
                "post accumulate grad hooks cannot be registered on non-leaf tensors"
            )
        if self._leaf.post_hooks is None:
            self._leaf.post_hooks = {}
            self._leaf.quiet = False
        return RemovableHandle(self._leaf.post_hooks, hook)

    # -- out of the tensor ------------------------------------------------------------------------

    def item(self) -> Any:
        """The only element, as a Python number."""
        if self._data.size != 1:
            raise RuntimeError(
                f"a Tensor with {self._data.size} elements cannot be converted to Scalar: it has shape "
                f"{tuple(self._data.shape)}; reduce it first (.mean(), .sum()), or use .tolist()"
            )
        return self._data.item()

    def tolist(self) -> Any:
        """The elements as nested lists of Python numbers (one number if 0-d)."""
        return self._data.tolist()

    def numpy(self, *, force: bool = False) -> np.ndarray[Any, Any]:
        """The array itself: memory is shared."""
        if self._node is not None and not force:
            raise RuntimeError(_NO_ARRAY + _name_of(self))
        return readable(self._data)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        if self._node is not None:
            raise RuntimeError(_NO_ARRAY + _name_of(self))
        array = readable(self._data)
        if dtype is None or np.dtype(dtype) == array.dtype:
            return array.copy() if copy else array
        if copy is False:
            raise ValueError(
                f"can't give a {self.dtype} tensor as {np.dtype(dtype)} without copying"
            )
        return array.astype(dtype)

    def __buffer__(self, flags: int) -> memoryview:
        """The memory, for ``memoryview(tensor)`` in Python 3.12 and later."""
        return self.numpy().data

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        from autotn.core.numpy_protocol import call_ufunc

        return call_ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        from autotn.core.numpy_protocol import call_function

        return call_function(function, args, kwargs)

    def __dlpack__(self, **kwargs: Any) -> Any:
        if self._node is not None:
            raise BufferError("can't export a tensor that requires grad: use tensor.detach()")
        return self._data.__dlpack__(**kwargs)

    def __dlpack_device__(self) -> Any:
        return self._data.__dlpack_device__()

    def _one(self, what: str) -> Any:
        if self._data.size != 1:
            if what == "bool":
                amount = "more than one value" if self._data.size else "no values"
                raise RuntimeError(
                    f"Boolean value of Tensor with {amount} is ambiguous: it has shape "
                    f"{tuple(self._data.shape)}; say .any() or .all()"
                )
            raise ShapeError(
                f"only one element tensors can be converted to Python scalars, not shape "
                f"{tuple(self._data.shape)}"
            )
        return self._data.item()

    def __bool__(self) -> bool:
        return bool(self._one("bool"))

    def __float__(self) -> float:
        return float(self._one("float"))

    def __int__(self) -> int:
        return int(self._one("int"))

    def __complex__(self) -> complex:
        return complex(self._one("complex"))

    def __index__(self) -> int:
        if self._data.dtype.kind not in "iub" or self._data.size != 1:
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self._data.item())

    def __len__(self) -> int:
        if self._data.ndim == 0:
            raise TypeError("len() of a 0-d tensor")
        return len(self._data)

    def __iter__(self) -> Iterator[Tensor]:
        if self._data.ndim == 0:
            raise TypeError("iteration over a 0-d tensor")
        return iter(self.unbind(0))

    def __contains__(self, element: Any) -> bool:
        if isinstance(element, (Tensor, int, float, complex)):
            value = element._data if isinstance(element, Tensor) else element
            return bool((self._data == value).any())
        raise RuntimeError(
            f"Tensor.__contains__ only supports Tensor or scalar, got {type(element).__name__}"
        )

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        if is_traced(self._data):
            data: Any = self._data
            return data.transform.text(self)  # type: ignore[no-any-return]
        from autotn.core.printing import tensor_text

        return tensor_text(self)

    def _repr_html_(self) -> str:
        return str(upstairs("viz", "tensor_card")(self))

    def __format__(self, spec: str) -> str:
        if self._data.ndim == 0 and spec:
            return format(self._data.item(), spec)
        return format(repr(self), spec)

    def __dir__(self) -> list[str]:
        absent = {n for n, value in vars(TensorMethods).items() if type(value).__name__ == "Absent"}
        return sorted(n for n in {*super().__dir__()} - absent if not n.startswith("_Tensor"))

    # -- copies and pickles -----------------------------------------------------------------------

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if not self.is_leaf:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy "
                "protocol at the moment; use x.detach().clone(). This one is "
                f"{_name_of(self)}"
            )
        import copy

        made = object.__new__(type(self))
        memo[id(self)] = made
        made._data = self._data.copy()
        made._node = None
        for name, value in self.__dict__.items():
            if name not in ("_leaf", "_storage", "_view", "_retains"):
                setattr(made, name, copy.deepcopy(value, memo))
        if self._node is not None:
            made.requires_grad_()
        if self._leaf is not None and self._leaf.grad is not None and self._copies_grad:
            made.grad = copy.deepcopy(self._leaf.grad, memo)
        return made

    def __reduce_ex__(self, protocol: Any) -> Any:
        if not self.is_leaf:
            raise RuntimeError(
                "can't pickle a Tensor with history; pickle x.detach() (serialising the values only)"
            )
        own = {
            k: v
            for k, v in self.__dict__.items()
            if k not in ("_leaf", "_storage", "_view", "_retains")
        }
        return _rebuild, (type(self), self._data, self._node is not None, own)


def _rebuild(cls: type[Tensor], array: Any, requires_grad: bool, own: dict[str, Any]) -> Tensor:
    """Make a Tensor again from its pickle; NumPy's dtype object may be a copy, so name it anew."""
    made = object.__new__(cls)
    made._data = canonical(array)
    made._node = None
    for name, value in own.items():
        setattr(made, name, value)
    if requires_grad:
        made.requires_grad_()
    return made


def memory_of(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The array that all views of some memory were made from."""
    while True:
        owner = array.base
        # NumPy's as_strided puts an object of its own between.
        owner = owner if isinstance(owner, np.ndarray) else getattr(owner, "base", None)
        if not isinstance(owner, np.ndarray):
            return array
        array = owner


def canonical(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The array under NumPy's own dtype object, in native byte order, as an exact ndarray."""
    wanted = dtypes.of_numpy(array.dtype).dtype
    if array.dtype is not wanted:
        array = array.view(wanted) if array.dtype == wanted and array.ndim else array.astype(wanted)
    return array if type(array) is np.ndarray else np.asarray(array)


def legacy_tensor(cls: Any, data: tuple[Any, ...], dtype: Any, device: Any = None) -> Any:
    """PyTorch's old constructor: sizes make an uninitialised tensor, anything else is converted."""
    kind = dtypes.as_numpy(dtype)
    made = object.__new__(cls)
    made._node = None
    if len(data) == 1 and isinstance(data[0], Tensor):
        if data[0]._data.dtype != kind:
            raise TypeError(
                f"expected {dtypes.as_dtype(dtype)} data for this constructor, got {data[0].dtype}; "
                "use tn.tensor or .to(dtype)"
            )
        made._data = data[0]._data
    elif len(data) == 1 and not isinstance(data[0], (int, np.integer)):
        one = data[0]
        if isinstance(one, Size):
            made._data = np.zeros(one, kind)
        else:
            source = (
                [x.item() if isinstance(x, Tensor) else x for x in one]
                if isinstance(one, (list, tuple))
                and any(isinstance(x, Tensor) and x._data.ndim == 0 for x in one)
                else one
            )
            try:
                made._data = np.array(source, dtype=kind)
            except TypeError:
                raise TypeError(
                    f"new(): data must be a sequence (got {type(one).__name__})"
                ) from None
            if made._data.ndim == 0 and not isinstance(one, np.ndarray):
                raise TypeError(f"new(): data must be a sequence (got {type(one).__name__})")
    else:
        made._data = np.zeros(data if data else (0,), kind)
    return made


def check_dim(name: str, dim: Any, ndim: int) -> int:
    """`dim` as an index from 0, or an `IndexError` with the range it must be in."""
    limit = max(ndim, 1)
    try:
        k = index(dim)
    except TypeError:
        raise TypeError(f"{name}: argument 'dim' must be an int, got {dim!r}") from None
    if not -limit <= k < limit:
        raise IndexError(
            f"{name}: Dimension out of range (expected to be in range of [{-limit}, {limit - 1}], "
            f"but got {k}): the tensor has {ndim} dimension{'' if ndim == 1 else 's'}"
        )
    return k % limit
