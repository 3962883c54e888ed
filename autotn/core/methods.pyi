"""Generated from the declarations by ``python -m autotn.core.stub``; do not edit."""

from typing import Any

from autotn.core.tensor import Tensor

NUMPY: dict[Any, Any]

def stand_for(numpy_function: Any, function: Any) -> None: ...
def attach(made: Any, names: list[str], inplace: bool) -> tuple[str, ...]: ...
def attach_method(name: str) -> Any: ...

class TensorMethods:
    def __abs__(self, *, out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def __add__(self, other: Any) -> Any: ...  # autotn.ops.arithmetic
    def __getitem__(self, index: Any) -> Any: ...  # autotn.ops.index
    def __iabs__(self, other: Any) -> Any: ...  # autotn.core.inplace
    def __iadd__(self, other: Any) -> Any: ...  # autotn.core.inplace
    def __imul__(self, other: Any) -> Any: ...  # autotn.core.inplace
    def __ineg__(self, other: Any) -> Any: ...  # autotn.core.inplace
    def __ipow__(self, other: Any) -> Any: ...  # autotn.core.inplace
    def __isub__(self, other: Any) -> Any: ...  # autotn.core.inplace
    def __itruediv__(self, other: Any) -> Any: ...  # autotn.core.inplace
    def __matmul__(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.matmul
    def __mul__(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def __neg__(self, *, out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def __pow__(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def __radd__(self, other: Any) -> Any: ...  # autotn.ops.arithmetic
    def __rmatmul__(self, other: Any) -> Any: ...  # autotn.core.callpath
    def __rmul__(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def __rpow__(self, other: Any) -> Any: ...  # autotn.core.callpath
    def __rsub__(self, other: Any) -> Any: ...  # autotn.core.callpath
    def __rtruediv__(self, other: Any) -> Any: ...  # autotn.core.callpath
    def __setitem__(self, index: Any, value: Any) -> None: ...  # autotn.ops.index
    def __sub__(self, other: Any) -> Any: ...  # autotn.ops.arithmetic
    def __truediv__(self, other: Any) -> Any: ...  # autotn.ops.arithmetic
    def _stack_with(self, others: Any) -> Any: ...  # autotn.ops.join
    def abs(self, *, out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def abs_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def absolute(self, *, out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def absolute_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def add(
        self, other: Any, *, alpha: Any = ..., out: Any = ...
    ) -> Any: ...  # autotn.ops.arithmetic
    def add_(
        self, other: Any, *, alpha: Any = ..., out: Any = ...
    ) -> Any: ...  # autotn.ops.arithmetic
    def backward(
        self,
        gradient: Any = ...,
        retain_graph: Any = ...,
        create_graph: Any = ...,
        inputs: Any = ...,
    ) -> None: ...  # autotn.core.engine
    def clone(self, *, memory_format: Any = ...) -> Any: ...  # autotn.ops.convert
    def copy_(self, src: Any, non_blocking: Any = ...) -> Any: ...  # autotn.ops.convert
    def div(
        self, other: Any, *, rounding_mode: Any = ..., out: Any = ...
    ) -> Any: ...  # autotn.ops.arithmetic
    def div_(
        self, other: Any, *, rounding_mode: Any = ..., out: Any = ...
    ) -> Any: ...  # autotn.ops.arithmetic
    def divide(
        self, other: Any, *, rounding_mode: Any = ..., out: Any = ...
    ) -> Any: ...  # autotn.ops.arithmetic
    def divide_(
        self, other: Any, *, rounding_mode: Any = ..., out: Any = ...
    ) -> Any: ...  # autotn.ops.arithmetic
    def expand(self, *sizes: Any) -> Any: ...  # autotn.ops.shape
    def log_softmax(self, dim: Any, dtype: Any = ...) -> Any: ...  # autotn.ops.softmax
    def matmul(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.matmul
    def mean(
        self, dim: Any = ..., keepdim: Any = ..., *, dtype: Any = ..., out: Any = ...
    ) -> Any: ...  # autotn.ops.reduce
    def mul(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def mul_(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def multiply(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def multiply_(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def neg(self, *, out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def neg_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def negative(self, *, out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def negative_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def new_zeros(
        self, *size: Any, dtype: Any = ..., device: Any = ..., requires_grad: Any = ...
    ) -> Any: ...  # autotn.ops.create
    def pow(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def pow_(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def relu(self) -> Any: ...  # autotn.ops.activation
    def relu_(self) -> Any: ...  # autotn.ops.activation
    def reshape(self, *shape: Any) -> Any: ...  # autotn.ops.shape
    def retain_grad(self) -> Any: ...  # autotn.core.engine
    def softmax(self, dim: Any, dtype: Any = ...) -> Any: ...  # autotn.ops.softmax
    def sub(
        self, other: Any, *, alpha: Any = ..., out: Any = ...
    ) -> Any: ...  # autotn.ops.arithmetic
    def sub_(
        self, other: Any, *, alpha: Any = ..., out: Any = ...
    ) -> Any: ...  # autotn.ops.arithmetic
    def subtract(
        self, other: Any, *, alpha: Any = ..., out: Any = ...
    ) -> Any: ...  # autotn.ops.arithmetic
    def subtract_(
        self, other: Any, *, alpha: Any = ..., out: Any = ...
    ) -> Any: ...  # autotn.ops.arithmetic
    def sum(
        self, dim: Any = ..., keepdim: Any = ..., *, dtype: Any = ..., out: Any = ...
    ) -> Any: ...  # autotn.ops.reduce
    def to(self, *args: Any, **kwargs: Any) -> Any: ...  # autotn.ops.convert
    def transpose(self, dim0: Any, dim1: Any) -> Any: ...  # autotn.ops.shape
    def true_divide(
        self, other: Any, *, rounding_mode: Any = ..., out: Any = ...
    ) -> Any: ...  # autotn.ops.arithmetic
    def true_divide_(
        self, other: Any, *, rounding_mode: Any = ..., out: Any = ...
    ) -> Any: ...  # autotn.ops.arithmetic
