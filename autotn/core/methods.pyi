"""Generated from the declarations by ``python -m autotn.core.stub``; do not edit."""

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F")

NUMPY: dict[Any, Any]

def stand_for(numpy_function: Any, function: Any) -> None: ...
def attach(made: Any, names: list[str], inplace: bool) -> tuple[str, ...]: ...
def attach_method(name: str) -> Callable[[F], F]: ...

class TensorMethods:
    @property
    def H(self) -> Any: ...
    @property
    def T(self) -> Any: ...
    def __abs__(self, *, out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def __add__(self, other: Any) -> Any: ...  # autotn.ops.arithmetic
    def __and__(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.bitwise
    def __eq__(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.logic
    def __floordiv__(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.rounding
    def __ge__(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.logic
    def __getitem__(self, index: Any) -> Any: ...  # autotn.ops.index
    def __gt__(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.logic
    def __iabs__(self, other: Any) -> Any: ...  # autotn.core.inplace
    def __iadd__(self, other: Any) -> Any: ...  # autotn.core.inplace
    def __iand__(self, other: Any) -> Any: ...  # autotn.core.inplace
    def __ieq__(self, other: Any) -> Any: ...  # autotn.core.inplace
    def __ifloordiv__(self, other: Any) -> Any: ...  # autotn.core.inplace
    def __ige__(self, other: Any) -> Any: ...  # autotn.core.inplace
    def __igt__(self, other: Any) -> Any: ...  # autotn.core.inplace
    def __iinvert__(self, other: Any) -> Any: ...  # autotn.core.inplace
    def __ile__(self, other: Any) -> Any: ...  # autotn.core.inplace
    def __ilshift__(self, other: Any) -> Any: ...  # autotn.core.inplace
    def __ilt__(self, other: Any) -> Any: ...  # autotn.core.inplace
    def __imod__(self, other: Any) -> Any: ...  # autotn.core.inplace
    def __imul__(self, other: Any) -> Any: ...  # autotn.core.inplace
    def __ine__(self, other: Any) -> Any: ...  # autotn.core.inplace
    def __ineg__(self, other: Any) -> Any: ...  # autotn.core.inplace
    def __invert__(self, *, out: Any = ...) -> Any: ...  # autotn.ops.bitwise
    def __ior__(self, other: Any) -> Any: ...  # autotn.core.inplace
    def __ipow__(self, other: Any) -> Any: ...  # autotn.core.inplace
    def __irshift__(self, other: Any) -> Any: ...  # autotn.core.inplace
    def __isub__(self, other: Any) -> Any: ...  # autotn.core.inplace
    def __itruediv__(self, other: Any) -> Any: ...  # autotn.core.inplace
    def __ixor__(self, other: Any) -> Any: ...  # autotn.core.inplace
    def __le__(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.logic
    def __lshift__(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.bitwise
    def __lt__(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.logic
    def __matmul__(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.matmul
    def __mod__(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.rounding
    def __mul__(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def __ne__(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.logic
    def __neg__(self, *, out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def __or__(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.bitwise
    def __pos__(self) -> Any: ...  # autotn.ops.arithmetic
    def __pow__(self, exponent: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.power
    def __radd__(self, other: Any) -> Any: ...  # autotn.ops.arithmetic
    def __rand__(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.bitwise
    def __rfloordiv__(self, other: Any) -> Any: ...  # autotn.core.callpath
    def __rlshift__(self, other: Any) -> Any: ...  # autotn.core.callpath
    def __rmatmul__(self, other: Any) -> Any: ...  # autotn.core.callpath
    def __rmod__(self, other: Any) -> Any: ...  # autotn.core.callpath
    def __rmul__(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def __ror__(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.bitwise
    def __rpow__(self, other: Any) -> Any: ...  # autotn.core.callpath
    def __rrshift__(self, other: Any) -> Any: ...  # autotn.core.callpath
    def __rshift__(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.bitwise
    def __rsub__(self, other: Any) -> Any: ...  # autotn.core.callpath
    def __rtruediv__(self, other: Any) -> Any: ...  # autotn.core.callpath
    def __rxor__(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.bitwise
    def __setitem__(self, index: Any, value: Any) -> None: ...  # autotn.ops.index
    def __sub__(self, other: Any) -> Any: ...  # autotn.ops.arithmetic
    def __truediv__(self, other: Any) -> Any: ...  # autotn.ops.arithmetic
    def __xor__(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.bitwise
    def _stack_with(self, others: Any) -> Any: ...  # autotn.ops.join
    def abs(self, *, out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def abs_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def absolute(self, *, out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def absolute_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def acos(self, *, out: Any = ...) -> Any: ...  # autotn.ops.trigonometry
    def acos_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.trigonometry
    def acosh(self, *, out: Any = ...) -> Any: ...  # autotn.ops.trigonometry
    def acosh_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.trigonometry
    def add(self, other: Any, *number_first: Any, alpha: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def add_(self, other: Any, *number_first: Any, alpha: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def addbmm(self, batch1: Any, batch2: Any, *, beta: Any = ..., alpha: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.products
    def addbmm_(self, batch1: Any, batch2: Any, *, beta: Any = ..., alpha: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.products
    def addcdiv(self, tensor1: Any, tensor2: Any, *number_first: Any, value: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def addcdiv_(self, tensor1: Any, tensor2: Any, *number_first: Any, value: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def addcmul(self, tensor1: Any, tensor2: Any, *number_first: Any, value: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def addcmul_(self, tensor1: Any, tensor2: Any, *number_first: Any, value: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def addmm(self, mat1: Any, mat2: Any, *, beta: Any = ..., alpha: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.products
    def addmm_(self, mat1: Any, mat2: Any, *, beta: Any = ..., alpha: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.products
    def addmv(self, mat: Any, vec: Any, *, beta: Any = ..., alpha: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.products
    def addmv_(self, mat: Any, vec: Any, *, beta: Any = ..., alpha: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.products
    def addr(self, vec1: Any, vec2: Any, *, beta: Any = ..., alpha: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.products
    def addr_(self, vec1: Any, vec2: Any, *, beta: Any = ..., alpha: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.products
    def adjoint(self) -> Any: ...  # autotn.ops.shape
    def all(self, dim: Any = ..., keepdim: Any = ..., *, out: Any = ...) -> Any: ...  # autotn.ops.reduce
    def allclose(self, other: Any, rtol: Any = ..., atol: Any = ..., equal_nan: Any = ...) -> Any: ...  # autotn.ops.logic
    def amax(self, dim: Any = ..., keepdim: Any = ..., *, out: Any = ...) -> Any: ...  # autotn.ops.extremes
    def amin(self, dim: Any = ..., keepdim: Any = ..., *, out: Any = ...) -> Any: ...  # autotn.ops.extremes
    def aminmax(self, *, dim: Any = ..., keepdim: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.extremes
    def angle(self, *, out: Any = ...) -> Any: ...  # autotn.ops.complex
    def any(self, dim: Any = ..., keepdim: Any = ..., *, out: Any = ...) -> Any: ...  # autotn.ops.reduce
    def apply_(self, callable: Any) -> Any: ...  # autotn.ops.memory
    def arccos(self, *, out: Any = ...) -> Any: ...  # autotn.ops.trigonometry
    def arccos_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.trigonometry
    def arccosh(self, *, out: Any = ...) -> Any: ...  # autotn.ops.trigonometry
    def arccosh_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.trigonometry
    def arcsin(self, *, out: Any = ...) -> Any: ...  # autotn.ops.trigonometry
    def arcsin_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.trigonometry
    def arcsinh(self, *, out: Any = ...) -> Any: ...  # autotn.ops.trigonometry
    def arcsinh_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.trigonometry
    def arctan(self, *, out: Any = ...) -> Any: ...  # autotn.ops.trigonometry
    def arctan2(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.trigonometry
    def arctan2_(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.trigonometry
    def arctan_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.trigonometry
    def arctanh(self, *, out: Any = ...) -> Any: ...  # autotn.ops.trigonometry
    def arctanh_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.trigonometry
    def argmax(self, dim: Any = ..., keepdim: Any = ..., *, out: Any = ...) -> Any: ...  # autotn.ops.extremes
    def argmin(self, dim: Any = ..., keepdim: Any = ..., *, out: Any = ...) -> Any: ...  # autotn.ops.extremes
    def argsort(self, dim: Any = ..., descending: Any = ..., stable: Any = ...) -> Any: ...  # autotn.ops.order
    def argwhere(self) -> Any: ...  # autotn.ops.masks
    def as_strided(self, size: Any, stride: Any, storage_offset: Any = ...) -> Any: ...  # autotn.ops.arrange
    def as_strided_(self, size: Any, stride: Any, storage_offset: Any = ...) -> Any: ...  # autotn.ops.memory
    def as_strided_scatter(self, src: Any, size: Any, stride: Any, storage_offset: Any = ...) -> Any: ...  # autotn.ops.memory
    def asin(self, *, out: Any = ...) -> Any: ...  # autotn.ops.trigonometry
    def asin_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.trigonometry
    def asinh(self, *, out: Any = ...) -> Any: ...  # autotn.ops.trigonometry
    def asinh_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.trigonometry
    def atan(self, *, out: Any = ...) -> Any: ...  # autotn.ops.trigonometry
    def atan2(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.trigonometry
    def atan2_(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.trigonometry
    def atan_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.trigonometry
    def atanh(self, *, out: Any = ...) -> Any: ...  # autotn.ops.trigonometry
    def atanh_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.trigonometry
    def backward(self, gradient: Any = ..., retain_graph: Any = ..., create_graph: Any = ..., inputs: Any = ...) -> None: ...  # autotn.core.engine
    def baddbmm(self, batch1: Any, batch2: Any, *, beta: Any = ..., alpha: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.products
    def baddbmm_(self, batch1: Any, batch2: Any, *, beta: Any = ..., alpha: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.products
    def bernoulli(self, p: Any = ..., *, generator: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.stochastic
    def bernoulli_(self, p: Any = ..., *, generator: Any = ...) -> Any: ...  # autotn.ops.stochastic
    def bfloat16(self, memory_format: Any = ...) -> Any: ...  # autotn.ops.convert
    def bincount(self, weights: Any = ..., minlength: Any = ...) -> Any: ...  # autotn.ops.counting
    def bitwise_and(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.bitwise
    def bitwise_and_(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.bitwise
    def bitwise_left_shift(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.bitwise
    def bitwise_left_shift_(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.bitwise
    def bitwise_not(self, *, out: Any = ...) -> Any: ...  # autotn.ops.bitwise
    def bitwise_not_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.bitwise
    def bitwise_or(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.bitwise
    def bitwise_or_(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.bitwise
    def bitwise_right_shift(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.bitwise
    def bitwise_right_shift_(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.bitwise
    def bitwise_xor(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.bitwise
    def bitwise_xor_(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.bitwise
    def bmm(self, mat2: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.products
    def bool(self, memory_format: Any = ...) -> Any: ...  # autotn.ops.convert
    def broadcast_to(self, *sizes: Any, size: Any = ...) -> Any: ...  # autotn.ops.shape
    def byte(self, memory_format: Any = ...) -> Any: ...  # autotn.ops.convert
    def cauchy_(self, median: Any = ..., sigma: Any = ..., *, generator: Any = ...) -> Any: ...  # autotn.ops.stochastic
    def cdouble(self, memory_format: Any = ...) -> Any: ...  # autotn.ops.convert
    def ceil(self, *, out: Any = ...) -> Any: ...  # autotn.ops.rounding
    def ceil_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.rounding
    def cfloat(self, memory_format: Any = ...) -> Any: ...  # autotn.ops.convert
    def char(self, memory_format: Any = ...) -> Any: ...  # autotn.ops.convert
    def cholesky(self, upper: Any = ..., *, out: Any = ...) -> Any: ...  # autotn.ops.decompose
    def cholesky_inverse(self, upper: Any = ..., *, out: Any = ...) -> Any: ...  # autotn.ops.decompose
    def cholesky_solve(self, input2: Any, upper: Any = ..., *, out: Any = ...) -> Any: ...  # autotn.ops.decompose
    def chunk(self, chunks: Any, dim: Any = ...) -> Any: ...  # autotn.ops.shape
    def clamp(self, min: Any = ..., max: Any = ..., *, out: Any = ...) -> Any: ...  # autotn.ops.compare
    def clamp_(self, min: Any = ..., max: Any = ..., *, out: Any = ...) -> Any: ...  # autotn.ops.compare
    def clamp_max(self, max: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.compare
    def clamp_max_(self, max: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.compare
    def clamp_min(self, min: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.compare
    def clamp_min_(self, min: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.compare
    def clip(self, min: Any = ..., max: Any = ..., *, out: Any = ...) -> Any: ...  # autotn.ops.compare
    def clip_(self, min: Any = ..., max: Any = ..., *, out: Any = ...) -> Any: ...  # autotn.ops.compare
    def clone(self, *, memory_format: Any = ...) -> Any: ...  # autotn.ops.convert
    def conj(self) -> Any: ...  # autotn.ops.complex
    def conj_physical(self, *, out: Any = ...) -> Any: ...  # autotn.ops.complex
    def conj_physical_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.complex
    def contiguous(self, memory_format: Any = ...) -> Any: ...  # autotn.ops.convert
    def copy_(self, other: Any, non_blocking: Any = ...) -> Any: ...  # autotn.ops.convert
    def copysign(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def copysign_(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def corrcoef(self) -> Any: ...  # autotn.ops.statistics
    def cos(self, *, out: Any = ...) -> Any: ...  # autotn.ops.trigonometry
    def cos_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.trigonometry
    def cosh(self, *, out: Any = ...) -> Any: ...  # autotn.ops.trigonometry
    def cosh_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.trigonometry
    def count_nonzero(self, dim: Any = ...) -> Any: ...  # autotn.ops.reduce
    def cov(self, *, correction: Any = ..., fweights: Any = ..., aweights: Any = ...) -> Any: ...  # autotn.ops.statistics
    def cpu(self, memory_format: Any = ...) -> Any: ...  # autotn.ops.convert
    def cross(self, other: Any, dim: Any = ..., *, out: Any = ...) -> Any: ...  # autotn.ops.products
    def cuda(self, device: Any = ..., non_blocking: Any = ..., memory_format: Any = ...) -> Any: ...  # autotn.ops.convert
    def cummax(self, dim: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.extremes
    def cummin(self, dim: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.extremes
    def cumprod(self, dim: Any, *, dtype: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.scan
    def cumprod_(self, dim: Any, *, dtype: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.scan
    def cumsum(self, dim: Any, *, dtype: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.scan
    def cumsum_(self, dim: Any, *, dtype: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.scan
    def deg2rad(self, *, out: Any = ...) -> Any: ...  # autotn.ops.trigonometry
    def deg2rad_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.trigonometry
    def det(self) -> Any: ...  # autotn.ops.solve
    def diag(self, diagonal: Any = ..., *, out: Any = ...) -> Any: ...  # autotn.ops.diagonal
    def diag_embed(self, offset: Any = ..., dim1: Any = ..., dim2: Any = ...) -> Any: ...  # autotn.ops.diagonal
    def diagflat(self, offset: Any = ...) -> Any: ...  # autotn.ops.diagonal
    def diagonal(self, offset: Any = ..., dim1: Any = ..., dim2: Any = ...) -> Any: ...  # autotn.ops.diagonal
    def diagonal_scatter(self, src: Any, offset: Any = ..., dim1: Any = ..., dim2: Any = ...) -> Any: ...  # autotn.ops.masks
    def diff(self, n: Any = ..., dim: Any = ..., prepend: Any = ..., append: Any = ..., *, out: Any = ...) -> Any: ...  # autotn.ops.arrange
    def digamma(self, *, out: Any = ...) -> Any: ...  # autotn.ops.gamma
    def digamma_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.gamma
    def dist(self, other: Any, p: Any = ...) -> Any: ...  # autotn.ops.distance
    def div(self, other: Any, *, rounding_mode: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def div_(self, other: Any, *, rounding_mode: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def divide(self, other: Any, *, rounding_mode: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def divide_(self, other: Any, *, rounding_mode: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def dot(self, tensor: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.products
    def double(self, memory_format: Any = ...) -> Any: ...  # autotn.ops.convert
    def dsplit(self, indices_or_sections: Any = ..., *, sections: Any = ..., indices: Any = ...) -> Any: ...  # autotn.ops.splitting
    def eq(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.logic
    def eq_(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.logic
    def equal(self, other: Any) -> Any: ...  # autotn.ops.logic
    def erf(self, *, out: Any = ...) -> Any: ...  # autotn.ops.transcendental
    def erf_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.transcendental
    def erfc(self, *, out: Any = ...) -> Any: ...  # autotn.ops.transcendental
    def erfc_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.transcendental
    def erfinv(self, *, out: Any = ...) -> Any: ...  # autotn.ops.transcendental
    def erfinv_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.transcendental
    def exp(self, *, out: Any = ...) -> Any: ...  # autotn.ops.transcendental
    def exp2(self, *, out: Any = ...) -> Any: ...  # autotn.ops.transcendental
    def exp2_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.transcendental
    def exp_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.transcendental
    def expand(self, *sizes: Any, size: Any = ...) -> Any: ...  # autotn.ops.shape
    def expand_as(self, other: Any) -> Any: ...  # autotn.ops.shape
    def expm1(self, *, out: Any = ...) -> Any: ...  # autotn.ops.transcendental
    def expm1_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.transcendental
    def exponential_(self, lambd: Any = ..., *, generator: Any = ...) -> Any: ...  # autotn.ops.stochastic
    def fill_(self, value: Any) -> Any: ...  # autotn.ops.convert
    def fill_diagonal_(self, fill_value: Any, wrap: Any = ...) -> Any: ...  # autotn.ops.memory
    def fix(self, *, out: Any = ...) -> Any: ...  # autotn.ops.rounding
    def fix_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.rounding
    def flatten(self, start_dim: Any = ..., end_dim: Any = ...) -> Any: ...  # autotn.ops.shape
    def flip(self, *axes: Any, dims: Any = ...) -> Any: ...  # autotn.ops.arrange
    def fliplr(self) -> Any: ...  # autotn.ops.arrange
    def flipud(self) -> Any: ...  # autotn.ops.arrange
    def float(self, memory_format: Any = ...) -> Any: ...  # autotn.ops.convert
    def float_power(self, exponent: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.power
    def float_power_(self, exponent: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.power
    def floor(self, *, out: Any = ...) -> Any: ...  # autotn.ops.rounding
    def floor_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.rounding
    def floor_divide(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.rounding
    def floor_divide_(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.rounding
    def fmax(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.compare
    def fmin(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.compare
    def fmod(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.rounding
    def fmod_(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.rounding
    def frac(self, *, out: Any = ...) -> Any: ...  # autotn.ops.rounding
    def frac_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.rounding
    def frexp(self, *, out: Any = ...) -> Any: ...  # autotn.ops.power
    def gather(self, dim: Any, index: Any, *, sparse_grad: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.gather
    def gcd(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.bitwise
    def gcd_(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.bitwise
    def ge(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.logic
    def ge_(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.logic
    def geometric_(self, p: Any, *, generator: Any = ...) -> Any: ...  # autotn.ops.stochastic
    def geqrf(self, *, out: Any = ...) -> Any: ...  # autotn.ops.householder
    def ger(self, vec2: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.products
    def greater(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.logic
    def greater_(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.logic
    def greater_equal(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.logic
    def greater_equal_(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.logic
    def gt(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.logic
    def gt_(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.logic
    def half(self, memory_format: Any = ...) -> Any: ...  # autotn.ops.convert
    def hardshrink(self, lambd: Any = ...) -> Any: ...  # autotn.ops.activation
    def heaviside(self, values: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.compare
    def heaviside_(self, values: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.compare
    def histc(self, bins: Any = ..., min: Any = ..., max: Any = ..., *, out: Any = ...) -> Any: ...  # autotn.ops.counting
    def histogram(self, bins: Any, *, range: Any = ..., weight: Any = ..., density: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.counting
    def hsplit(self, indices_or_sections: Any = ..., *, sections: Any = ..., indices: Any = ...) -> Any: ...  # autotn.ops.splitting
    def hypot(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.power
    def hypot_(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.power
    def i0(self, *, out: Any = ...) -> Any: ...  # autotn.ops.bessel
    def i0_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.bessel
    def igamma(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.gamma
    def igamma_(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.gamma
    def igammac(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.gamma
    def igammac_(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.gamma
    @property
    def imag(self) -> Any: ...
    @imag.setter
    def imag(self, value: Any) -> None: ...
    def index_add(self, dim: Any, index: Any, source: Any, *, alpha: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.gather
    def index_add_(self, dim: Any, index: Any, source: Any, *, alpha: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.gather
    def index_copy(self, dim: Any, index: Any, source: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.gather
    def index_copy_(self, dim: Any, index: Any, source: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.gather
    def index_fill(self, dim: Any, index: Any, value: Any) -> Any: ...  # autotn.ops.gather
    def index_fill_(self, dim: Any, index: Any, value: Any) -> Any: ...  # autotn.ops.gather
    def index_put(self, indices: Any, values: Any, accumulate: Any = ...) -> Any: ...  # autotn.ops.placing
    def index_put_(self, indices: Any, values: Any, accumulate: Any = ...) -> Any: ...  # autotn.ops.placing
    def index_reduce(self, dim: Any, index: Any, source: Any, reduce: Any, *, include_self: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.gather
    def index_reduce_(self, dim: Any, index: Any, source: Any, reduce: Any, *, include_self: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.gather
    def index_select(self, dim: Any, index: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.gather
    def inner(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.products
    def int(self, memory_format: Any = ...) -> Any: ...  # autotn.ops.convert
    def inverse(self, *, out: Any = ...) -> Any: ...  # autotn.ops.solve
    def is_conj(self) -> Any: ...  # autotn.ops.complex
    def is_neg(self) -> Any: ...  # autotn.ops.complex
    def is_nonzero(self) -> Any: ...  # autotn.ops.logic
    def is_pinned(self, device: Any = ...) -> Any: ...  # autotn.ops.convert
    def is_same_size(self, other: Any) -> Any: ...  # autotn.ops.queries
    def isclose(self, other: Any, rtol: Any = ..., atol: Any = ..., equal_nan: Any = ...) -> Any: ...  # autotn.ops.logic
    def isfinite(self) -> Any: ...  # autotn.ops.logic
    def isinf(self) -> Any: ...  # autotn.ops.logic
    def isnan(self) -> Any: ...  # autotn.ops.logic
    def isneginf(self, *, out: Any = ...) -> Any: ...  # autotn.ops.logic
    def isposinf(self, *, out: Any = ...) -> Any: ...  # autotn.ops.logic
    def isreal(self) -> Any: ...  # autotn.ops.logic
    def istft(self, n_fft: Any, hop_length: Any = ..., win_length: Any = ..., window: Any = ..., center: Any = ..., normalized: Any = ..., onesided: Any = ..., length: Any = ..., return_complex: Any = ...) -> Any: ...  # autotn.ops.stft
    def kron(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.products
    def kthvalue(self, k: Any, dim: Any = ..., keepdim: Any = ..., *, out: Any = ...) -> Any: ...  # autotn.ops.order
    def lcm(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.bitwise
    def lcm_(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.bitwise
    def ldexp(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.power
    def ldexp_(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.power
    def le(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.logic
    def le_(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.logic
    def lerp(self, end: Any, weight: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def lerp_(self, end: Any, weight: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def less(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.logic
    def less_(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.logic
    def less_equal(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.logic
    def less_equal_(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.logic
    def lgamma(self, *, out: Any = ...) -> Any: ...  # autotn.ops.gamma
    def lgamma_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.gamma
    def log(self, *, out: Any = ...) -> Any: ...  # autotn.ops.transcendental
    def log10(self, *, out: Any = ...) -> Any: ...  # autotn.ops.transcendental
    def log10_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.transcendental
    def log1p(self, *, out: Any = ...) -> Any: ...  # autotn.ops.transcendental
    def log1p_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.transcendental
    def log2(self, *, out: Any = ...) -> Any: ...  # autotn.ops.transcendental
    def log2_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.transcendental
    def log_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.transcendental
    def log_normal_(self, mean: Any = ..., std: Any = ..., *, generator: Any = ...) -> Any: ...  # autotn.ops.stochastic
    def log_softmax(self, dim: Any = ..., dtype: Any = ..., *, out: Any = ...) -> Any: ...  # autotn.ops.softmax
    def logaddexp(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.transcendental
    def logaddexp2(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.transcendental
    def logcumsumexp(self, dim: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.scan
    def logdet(self) -> Any: ...  # autotn.ops.solve
    def logical_and(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.logic
    def logical_and_(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.logic
    def logical_not(self, *, out: Any = ...) -> Any: ...  # autotn.ops.logic
    def logical_not_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.logic
    def logical_or(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.logic
    def logical_or_(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.logic
    def logical_xor(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.logic
    def logical_xor_(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.logic
    def logit(self, eps: Any = ..., *, out: Any = ...) -> Any: ...  # autotn.ops.transcendental
    def logit_(self, eps: Any = ..., *, out: Any = ...) -> Any: ...  # autotn.ops.transcendental
    def logsumexp(self, dim: Any, keepdim: Any = ..., *, out: Any = ...) -> Any: ...  # autotn.ops.reduce
    def long(self, memory_format: Any = ...) -> Any: ...  # autotn.ops.convert
    def lt(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.logic
    def lt_(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.logic
    def lu(self, pivot: Any = ..., get_infos: Any = ..., *, out: Any = ...) -> Any: ...  # autotn.ops.elimination
    def lu_solve(self, LU_data: Any, LU_pivots: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.elimination
    @property
    def mH(self) -> Any: ...
    @property
    def mT(self) -> Any: ...
    def map2_(self, x: Any, y: Any, callable: Any) -> Any: ...  # autotn.ops.memory
    def map_(self, tensor: Any, callable: Any) -> Any: ...  # autotn.ops.memory
    def masked_fill(self, mask: Any, value: Any) -> Any: ...  # autotn.ops.masks
    def masked_fill_(self, mask: Any, value: Any) -> Any: ...  # autotn.ops.masks
    def masked_scatter(self, mask: Any, source: Any) -> Any: ...  # autotn.ops.masks
    def masked_scatter_(self, mask: Any, source: Any) -> Any: ...  # autotn.ops.masks
    def masked_select(self, mask: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.masks
    def matmul(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.matmul
    def matrix_exp(self) -> Any: ...  # autotn.ops.matrix
    def matrix_power(self, n: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.matrix
    def max(self, other: Any = ..., keepdim: Any = ..., *, dim: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.extremes
    def maximum(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.compare
    def mean(self, dim: Any = ..., keepdim: Any = ..., *, dtype: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.reduce
    def median(self, dim: Any = ..., keepdim: Any = ..., *, out: Any = ...) -> Any: ...  # autotn.ops.order
    def min(self, other: Any = ..., keepdim: Any = ..., *, dim: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.extremes
    def minimum(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.compare
    def mm(self, mat2: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.products
    def mode(self, dim: Any = ..., keepdim: Any = ..., *, out: Any = ...) -> Any: ...  # autotn.ops.order
    def moveaxis(self, source: Any, destination: Any) -> Any: ...  # autotn.ops.shape
    def movedim(self, source: Any, destination: Any) -> Any: ...  # autotn.ops.shape
    def msort(self, *, out: Any = ...) -> Any: ...  # autotn.ops.order
    def mul(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def mul_(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def multinomial(self, num_samples: Any, replacement: Any = ..., *, generator: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.stochastic
    def multiply(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def multiply_(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def mv(self, vec: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.products
    def mvlgamma(self, p: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.gamma
    def mvlgamma_(self, p: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.gamma
    def nan_to_num(self, nan: Any = ..., posinf: Any = ..., neginf: Any = ..., *, out: Any = ...) -> Any: ...  # autotn.ops.compare
    def nan_to_num_(self, nan: Any = ..., posinf: Any = ..., neginf: Any = ..., *, out: Any = ...) -> Any: ...  # autotn.ops.compare
    def nanmean(self, dim: Any = ..., keepdim: Any = ..., *, dtype: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.reduce
    def nanmedian(self, dim: Any = ..., keepdim: Any = ..., *, out: Any = ...) -> Any: ...  # autotn.ops.order
    def nanquantile(self, q: Any, dim: Any = ..., keepdim: Any = ..., *, interpolation: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.order
    def nansum(self, dim: Any = ..., keepdim: Any = ..., *, dtype: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.reduce
    def narrow(self, dim: Any, start: Any, length: Any) -> Any: ...  # autotn.ops.shape
    def narrow_copy(self, *args: Any, **kwargs: Any) -> Any: ...  # autotn.ops.copies
    def ne(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.logic
    def ne_(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.logic
    def neg(self, *, out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def neg_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def negative(self, *, out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def negative_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def new(self, *args: Any) -> Any: ...  # autotn.ops.create
    def new_empty(self, *sizes: Any, size: Any = ..., dtype: Any = ..., layout: Any = ..., device: Any = ..., pin_memory: Any = ..., requires_grad: Any = ..., **_unknown: Any) -> Any: ...  # autotn.ops.create
    def new_empty_strided(self, size: Any, stride: Any, dtype: Any = ..., layout: Any = ..., device: Any = ..., pin_memory: Any = ..., requires_grad: Any = ...) -> Any: ...  # autotn.ops.exchange
    def new_full(self, size: Any, fill_value: Any, *, dtype: Any = ..., layout: Any = ..., device: Any = ..., pin_memory: Any = ..., requires_grad: Any = ..., **_unknown: Any) -> Any: ...  # autotn.ops.create
    def new_ones(self, *sizes: Any, size: Any = ..., dtype: Any = ..., layout: Any = ..., device: Any = ..., pin_memory: Any = ..., requires_grad: Any = ..., **_unknown: Any) -> Any: ...  # autotn.ops.create
    def new_tensor(self, data: Any, *, dtype: Any = ..., device: Any = ..., requires_grad: Any = ..., **_unknown: Any) -> Any: ...  # autotn.ops.create
    def new_zeros(self, *sizes: Any, size: Any = ..., dtype: Any = ..., layout: Any = ..., device: Any = ..., pin_memory: Any = ..., requires_grad: Any = ..., **_unknown: Any) -> Any: ...  # autotn.ops.create
    def nextafter(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.rounding
    def nextafter_(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.rounding
    def nonzero(self, *, as_tuple: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.masks
    def nonzero_static(self, *, size: Any, fill_value: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.masks
    def norm(self, p: Any = ..., dim: Any = ..., keepdim: Any = ..., dtype: Any = ..., *, out: Any = ...) -> Any: ...  # autotn.ops.products
    def normal_(self, mean: Any = ..., std: Any = ..., *, generator: Any = ...) -> Any: ...  # autotn.ops.stochastic
    def not_equal(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.logic
    def not_equal_(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.logic
    def orgqr(self, input2: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.householder
    def ormqr(self, input2: Any, input3: Any, left: Any = ..., transpose: Any = ..., *, out: Any = ...) -> Any: ...  # autotn.ops.householder
    def outer(self, vec2: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.products
    def permute(self, *order: Any, dims: Any = ...) -> Any: ...  # autotn.ops.shape
    def pin_memory(self, device: Any = ...) -> Any: ...  # autotn.ops.convert
    def pinverse(self, rcond: Any = ...) -> Any: ...  # autotn.ops.matrix
    def polygamma(self, n: Any) -> Any: ...  # autotn.ops.gamma
    def polygamma_(self, n: Any) -> Any: ...  # autotn.ops.gamma
    def positive(self) -> Any: ...  # autotn.ops.arithmetic
    def pow(self, exponent: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.power
    def pow_(self, exponent: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.power
    def prelu(self, weight: Any) -> Any: ...  # autotn.ops.activation
    def prod(self, dim: Any = ..., keepdim: Any = ..., *, dtype: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.reduce
    def put(self, index: Any, source: Any, accumulate: Any = ...) -> Any: ...  # autotn.ops.placing
    def put_(self, index: Any, source: Any, accumulate: Any = ...) -> Any: ...  # autotn.ops.placing
    def qr(self, some: Any = ..., *, out: Any = ...) -> Any: ...  # autotn.ops.decompose
    def quantile(self, q: Any, dim: Any = ..., keepdim: Any = ..., *, interpolation: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.order
    def rad2deg(self, *, out: Any = ...) -> Any: ...  # autotn.ops.trigonometry
    def rad2deg_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.trigonometry
    def random_(self, from_: Any = ..., to: Any = ..., *, generator: Any = ..., **named: Any) -> Any: ...  # autotn.ops.stochastic
    def ravel(self) -> Any: ...  # autotn.ops.shape
    @property
    def real(self) -> Any: ...
    @real.setter
    def real(self, value: Any) -> None: ...
    def reciprocal(self, *, out: Any = ...) -> Any: ...  # autotn.ops.power
    def reciprocal_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.power
    def relu(self) -> Any: ...  # autotn.ops.activation
    def relu_(self) -> Any: ...  # autotn.ops.activation
    def remainder(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.rounding
    def remainder_(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.rounding
    def renorm(self, p: Any, dim: Any, maxnorm: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.memory
    def renorm_(self, p: Any, dim: Any, maxnorm: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.memory
    def repeat(self, *counts: Any, repeats: Any = ...) -> Any: ...  # autotn.ops.arrange
    def repeat_interleave(self, repeats: Any = ..., dim: Any = ..., *, output_size: Any = ...) -> Any: ...  # autotn.ops.arrange
    def reshape(self, *sizes: Any, shape: Any = ...) -> Any: ...  # autotn.ops.shape
    def reshape_as(self, other: Any) -> Any: ...  # autotn.ops.shape
    def resize(self, *sizes: Any) -> Any: ...  # autotn.ops.memory
    def resize_(self, *sizes: Any, size: Any = ..., memory_format: Any = ...) -> Any: ...  # autotn.ops.memory
    def resize_as(self, tensor: Any) -> Any: ...  # autotn.ops.memory
    def resize_as_(self, the_template: Any, *, memory_format: Any = ...) -> Any: ...  # autotn.ops.memory
    def resolve_conj(self) -> Any: ...  # autotn.ops.complex
    def resolve_neg(self) -> Any: ...  # autotn.ops.complex
    def retain_grad(self) -> Any: ...  # autotn.core.retain
    def roll(self, shifts: Any, dims: Any = ...) -> Any: ...  # autotn.ops.arrange
    def rot90(self, k: Any = ..., dims: Any = ...) -> Any: ...  # autotn.ops.arrange
    def round(self, *, decimals: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.rounding
    def round_(self, *, decimals: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.rounding
    def rsqrt(self, *, out: Any = ...) -> Any: ...  # autotn.ops.power
    def rsqrt_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.power
    def scatter(self, dim: Any, index: Any, src: Any = ..., *, value: Any = ..., reduce: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.gather
    def scatter_(self, dim: Any, index: Any, src: Any = ..., *, value: Any = ..., reduce: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.gather
    def scatter_add(self, dim: Any, index: Any, src: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.gather
    def scatter_add_(self, dim: Any, index: Any, src: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.gather
    def scatter_reduce(self, dim: Any, index: Any, src: Any, reduce: Any, *, include_self: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.gather
    def scatter_reduce_(self, dim: Any, index: Any, src: Any, reduce: Any, *, include_self: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.gather
    def select(self, dim: Any, index: Any) -> Any: ...  # autotn.ops.shape
    def select_scatter(self, src: Any, dim: Any, index: Any) -> Any: ...  # autotn.ops.masks
    def set_(self, source: Any = ...) -> Any: ...  # autotn.ops.memory
    def sgn(self, *, out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def sgn_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def short(self, memory_format: Any = ...) -> Any: ...  # autotn.ops.convert
    def sigmoid(self, *, out: Any = ...) -> Any: ...  # autotn.ops.transcendental
    def sigmoid_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.transcendental
    def sign(self, *, out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def sign_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def signbit(self, *, out: Any = ...) -> Any: ...  # autotn.ops.logic
    def sin(self, *, out: Any = ...) -> Any: ...  # autotn.ops.trigonometry
    def sin_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.trigonometry
    def sinc(self, *, out: Any = ...) -> Any: ...  # autotn.ops.trigonometry
    def sinc_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.trigonometry
    def sinh(self, *, out: Any = ...) -> Any: ...  # autotn.ops.trigonometry
    def sinh_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.trigonometry
    def slice_scatter(self, src: Any, dim: Any = ..., start: Any = ..., end: Any = ..., step: Any = ..., *, out: Any = ...) -> Any: ...  # autotn.ops.masks
    def slogdet(self, *, out: Any = ...) -> Any: ...  # autotn.ops.solve
    def softmax(self, dim: Any = ..., dtype: Any = ..., *, out: Any = ...) -> Any: ...  # autotn.ops.softmax
    def sort(self, dim: Any = ..., descending: Any = ..., stable: Any = ..., *, out: Any = ...) -> Any: ...  # autotn.ops.order
    def split(self, split_size: Any, dim: Any = ...) -> Any: ...  # autotn.ops.shape
    def split_with_sizes(self, split_sizes: Any, dim: Any = ...) -> Any: ...  # autotn.ops.shape
    def sqrt(self, *, out: Any = ...) -> Any: ...  # autotn.ops.power
    def sqrt_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.power
    def square(self, *, out: Any = ...) -> Any: ...  # autotn.ops.power
    def square_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.power
    def squeeze(self, dim: Any = ...) -> Any: ...  # autotn.ops.shape
    def squeeze_(self, *args: Any, **kwargs: Any) -> Any: ...  # autotn.ops.in_place_shapes
    def std(self, dim: Any = ..., unbiased: Any = ..., keepdim: Any = ..., *, correction: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.reduce
    def stft(self, n_fft: Any, hop_length: Any = ..., win_length: Any = ..., window: Any = ..., center: Any = ..., pad_mode: Any = ..., normalized: Any = ..., onesided: Any = ..., return_complex: Any = ..., align_to_window: Any = ...) -> Any: ...  # autotn.ops.stft
    def storage(self) -> Any: ...  # autotn.ops.storages
    def storage_type(self) -> Any: ...  # autotn.ops.storages
    def sub(self, other: Any, *number_first: Any, alpha: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def sub_(self, other: Any, *number_first: Any, alpha: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def subtract(self, other: Any, *number_first: Any, alpha: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def subtract_(self, other: Any, *number_first: Any, alpha: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def sum(self, dim: Any = ..., keepdim: Any = ..., *, dtype: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.reduce
    def sum_to_size(self, *sizes: Any, size: Any = ...) -> Any: ...  # autotn.ops.reduce
    def svd(self, some: Any = ..., compute_uv: Any = ...) -> Any: ...  # autotn.ops.decompose
    def swapaxes(self, axis0: Any, axis1: Any) -> Any: ...  # autotn.ops.shape
    def swapaxes_(self, *args: Any, **kwargs: Any) -> Any: ...  # autotn.ops.in_place_shapes
    def swapdims(self, dim0: Any, dim1: Any) -> Any: ...  # autotn.ops.shape
    def swapdims_(self, *args: Any, **kwargs: Any) -> Any: ...  # autotn.ops.in_place_shapes
    def t(self) -> Any: ...  # autotn.ops.shape
    def t_(self, *args: Any, **kwargs: Any) -> Any: ...  # autotn.ops.in_place_shapes
    def take(self, index: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.gather
    def take_along_dim(self, indices: Any, dim: Any = ..., *, out: Any = ...) -> Any: ...  # autotn.ops.gather
    def tan(self, *, out: Any = ...) -> Any: ...  # autotn.ops.trigonometry
    def tan_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.trigonometry
    def tanh(self, *, out: Any = ...) -> Any: ...  # autotn.ops.trigonometry
    def tanh_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.trigonometry
    def tensor_split(self, indices_or_sections: Any = ..., dim: Any = ..., *, sections: Any = ..., indices: Any = ...) -> Any: ...  # autotn.ops.splitting
    def tile(self, *counts: Any, dims: Any = ...) -> Any: ...  # autotn.ops.arrange
    def to(self, *args: Any, **kwargs: Any) -> Any: ...  # autotn.ops.convert
    def to_dense(self, dtype: Any = ..., *, masked_grad: Any = ...) -> Any: ...  # autotn.ops.convert
    def topk(self, k: Any, dim: Any = ..., largest: Any = ..., sorted: Any = ..., *, out: Any = ...) -> Any: ...  # autotn.ops.order
    def trace(self) -> Any: ...  # autotn.ops.diagonal
    def transpose(self, dim0: Any, dim1: Any) -> Any: ...  # autotn.ops.shape
    def transpose_(self, *args: Any, **kwargs: Any) -> Any: ...  # autotn.ops.in_place_shapes
    def triangular_solve(self, A: Any, upper: Any = ..., transpose: Any = ..., unitriangular: Any = ...) -> Any: ...  # autotn.ops.solve
    def tril(self, diagonal: Any = ..., *, out: Any = ...) -> Any: ...  # autotn.ops.diagonal
    def tril_(self, diagonal: Any = ..., *, out: Any = ...) -> Any: ...  # autotn.ops.diagonal
    def triu(self, diagonal: Any = ..., *, out: Any = ...) -> Any: ...  # autotn.ops.diagonal
    def triu_(self, diagonal: Any = ..., *, out: Any = ...) -> Any: ...  # autotn.ops.diagonal
    def true_divide(self, other: Any, *, rounding_mode: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def true_divide_(self, other: Any, *, rounding_mode: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.arithmetic
    def trunc(self, *, out: Any = ...) -> Any: ...  # autotn.ops.rounding
    def trunc_(self, *, out: Any = ...) -> Any: ...  # autotn.ops.rounding
    def type(self, dtype: Any = ..., non_blocking: Any = ...) -> Any: ...  # autotn.ops.convert
    def type_as(self, other: Any) -> Any: ...  # autotn.ops.convert
    def unbind(self, dim: Any = ...) -> Any: ...  # autotn.ops.shape
    def unflatten(self, dim: Any, sizes: Any) -> Any: ...  # autotn.ops.shape
    def unfold(self, dimension: Any, size: Any, step: Any) -> Any: ...  # autotn.ops.arrange
    def uniform_(self, from_: Any = ..., to: Any = ..., *, generator: Any = ..., **named: Any) -> Any: ...  # autotn.ops.stochastic
    def unique(self, sorted: Any = ..., return_inverse: Any = ..., return_counts: Any = ..., dim: Any = ...) -> Any: ...  # autotn.ops.order
    def unique_consecutive(self, return_inverse: Any = ..., return_counts: Any = ..., dim: Any = ...) -> Any: ...  # autotn.ops.order
    def unsafe_chunk(self, chunks: Any, dim: Any = ...) -> Any: ...  # autotn.ops.shape
    def unsafe_split(self, split_size: Any, dim: Any = ...) -> Any: ...  # autotn.ops.copies
    def unsafe_split_with_sizes(self, split_sizes: Any, dim: Any = ...) -> Any: ...  # autotn.ops.shape
    def unsqueeze(self, dim: Any) -> Any: ...  # autotn.ops.shape
    def unsqueeze_(self, *args: Any, **kwargs: Any) -> Any: ...  # autotn.ops.in_place_shapes
    def untyped_storage(self) -> Any: ...  # autotn.ops.storages
    def var(self, dim: Any = ..., unbiased: Any = ..., keepdim: Any = ..., *, correction: Any = ..., out: Any = ...) -> Any: ...  # autotn.ops.reduce
    def vdot(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.products
    def view(self, *shape: Any, size: Any = ..., dtype: Any = ...) -> Any: ...  # autotn.ops.shape
    def view_as(self, other: Any) -> Any: ...  # autotn.ops.shape
    def vsplit(self, indices_or_sections: Any = ..., *, sections: Any = ..., indices: Any = ...) -> Any: ...  # autotn.ops.splitting
    def where(self, condition: Any, other: Any) -> Any: ...  # autotn.ops.compare
    def xlogy(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.gamma
    def xlogy_(self, other: Any, *, out: Any = ...) -> Any: ...  # autotn.ops.gamma
    def zero_(self) -> Any: ...  # autotn.ops.convert
