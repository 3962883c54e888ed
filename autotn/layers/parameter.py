"""Parameter and Buffer: tensors that a Module registers when they are assigned to it."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.core import dtypes
from autotn.core.device import check_device
from autotn.core.node import Leaf
from autotn.core.storage import storage_of
from autotn.core.tensor import Tensor, canonical


def _around(cls: Any, data: Any) -> Any:
    """A leaf of class `cls` on the memory of `data`."""
    made = object.__new__(cls)
    made._node = None
    if data is None:
        made._data = np.empty(0, dtypes.get_default_dtype().dtype)
    elif isinstance(data, Tensor):
        made._data = data._data
        # They share memory, so they share what is known about writes to it.
        made._storage = storage_of(data)
    elif isinstance(data, np.ndarray):
        made._data = canonical(data)
    else:
        raise TypeError(
            f"{cls.__name__}: expected a Tensor, got {type(data).__name__}; make one with tn.tensor"
        )
    return made


class Parameter(Tensor):
    """A tensor to be trained: assigned to a Module, it is among its ``parameters()``.

    >>> nn.Parameter(tn.ones(2))
    Parameter containing:
    tensor([1., 1.], requires_grad=True)
    """

    _copies_grad = False  # a copied model starts without gradients, as PyTorch's does

    def __new__(cls, data: Any = None, requires_grad: bool = True) -> Any:
        made = _around(cls, data)
        return made.requires_grad_() if requires_grad else made

    def __repr__(self, *, tensor_contents: Any = None) -> str:  # type: ignore[override]
        return "Parameter containing:\n" + super().__repr__()


class Buffer(Tensor):
    """A tensor that is part of a Module's state but not trained.

    Parameters
    ----------
    persistent : bool
        Whether it is part of the module's ``state_dict``.

    >>> layer = nn.Module()
    >>> layer.count = nn.Buffer(tn.zeros(1))
    >>> list(layer.state_dict())
    ['count']
    """

    persistent: bool

    def __new__(cls, data: Any = None, *, persistent: bool = True) -> Any:
        made = _around(cls, data)
        made.persistent = persistent
        if isinstance(data, Tensor) and data.requires_grad:
            made.requires_grad_()
        return made


class UninitializedTensorMixin(Tensor):
    """A tensor that gets its shape later, by `materialize`."""

    cls_to_become: type[Tensor] = Tensor
    _kind: dtypes.dtype

    def __new__(cls, requires_grad: bool, device: Any, dtype: Any) -> Any:
        check_device(device)
        made = object.__new__(cls)
        made._kind = dtypes.get_default_dtype() if dtype is None else dtypes.as_dtype(dtype)
        made._node = None
        return made.requires_grad_(requires_grad)

    def _refuse(self, *value: Any) -> Any:
        kind = "buffer" if isinstance(self, UninitializedBuffer) else "parameter"
        raise ValueError(
            f"an uninitialized {kind} has no shape and no values yet. Run the module once on an "
            "input, or load a state_dict that has its values, before using it"
        )

    _data = property(_refuse)

    def materialize(self, shape: Any, device: Any = None, dtype: Any = None) -> None:
        """Become an ordinary parameter or buffer of this shape, its values not yet set."""
        check_device(device)
        kind = self._kind if dtype is None else dtypes.as_dtype(dtype)
        del self._kind
        this: Any = self
        this.__class__ = self.cls_to_become
        this._data = np.empty(shape, kind.dtype)

    @property
    def dtype(self) -> dtypes.dtype:
        """The element type it will have."""
        return self._kind

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Whether to collect the gradient."""
        if requires_grad:
            self._leaf = self._leaf or Leaf(self)
        self._node = self._leaf if requires_grad else None
        return self

    def detach(self) -> Tensor:
        """The same tensor: there is nothing to detach yet."""
        return self

    def share_memory_(self) -> Tensor:
        """The same tensor: there is no memory yet."""
        return self

    def __repr__(self, *, tensor_contents: Any = None) -> str:  # type: ignore[override]
        return f"<{type(self).__name__}>"

    def _again(self) -> Any:
        return type(self)(self.requires_grad, None, self._kind)

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        made = memo[id(self)] = self._again()
        return made

    def __reduce_ex__(self, protocol: Any) -> Any:
        return type(self), (self.requires_grad, None, self._kind)


class UninitializedParameter(UninitializedTensorMixin, Parameter):  # type: ignore[misc]
    """A parameter whose shape is not known yet; lazy modules have them.

    >>> nn.LazyLinear(3).weight
    <UninitializedParameter>
    """

    cls_to_become = Parameter

    def __new__(cls, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> Any:
        return super().__new__(cls, requires_grad, device, dtype)


class UninitializedBuffer(UninitializedTensorMixin, Buffer):
    """A buffer whose shape is not known yet."""

    def __new__(
        cls,
        requires_grad: bool = False,
        device: Any = None,
        dtype: Any = None,
        persistent: bool = True,
    ) -> Any:
        made = super().__new__(cls, requires_grad, device, dtype)
        made.persistent = persistent
        return made

    def _again(self) -> Any:
        return type(self)(self.requires_grad, None, self._kind, self.persistent)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return type(self), (self.requires_grad, None, self._kind, self.persistent)


def is_lazy(param: Any) -> bool:
    """True for a parameter or buffer that has no shape yet."""
    return isinstance(param, UninitializedTensorMixin)
