"""Products of vectors and matrices: the family around matmul, einsum, norms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autotn.core.node import named
from autotn.core.op import Arr, acts, alias, composite, op
from autotn.core.tensor import Tensor, check_dim
from autotn.errors import DTypeError, ShapeError
from autotn.ops.matmul import matmul

__all__ = [
    "addbmm", "addmm", "addmv", "addr", "baddbmm", "bilinear", "bmm", "chain_matmul", "cross", "dot",
    "einsum", "ger", "inner", "kron", "mm", "mv", "norm", "outer", "tensordot", "vdot",
]  # fmt: skip


def _need(name: str, x: Any, ndim: int, what: str) -> None:
    if x.ndim != ndim:
        fit = {0: "mul", 1: "dot", 2: "mm", 3: "bmm"}.get(x.ndim, "matmul")
        raise ShapeError(
            f"{name}: {what} must be {ndim}-D, got shape {tuple(x.shape)}"
            + (f"; {fit} takes {x.ndim}-D tensors, matmul (@) any" if fit != name else "")
        )


@composite(method="mm", out=True)
def mm(input: Any, mat2: Any) -> Any:
    """Product of two matrices.

    >>> tn.mm(tn.tensor([[1.0, 2.0]]), tn.tensor([[3.0], [4.0]]))
    tensor([[11.]])
    """
    _need("mm", input, 2, "'input'")
    _need("mm", mat2, 2, "'mat2'")
    return matmul(input, mat2)


@composite(method="bmm", out=True)
def bmm(input: Any, mat2: Any) -> Any:
    """Products of two batches of matrices, of the same batch size.

    >>> tn.bmm(tn.ones(2, 1, 3), tn.ones(2, 3, 1)).shape
    tn.Size([2, 1, 1])
    """
    _need("bmm", input, 3, "'input'")
    _need("bmm", mat2, 3, "'mat2'")
    if input.shape[0] != mat2.shape[0]:
        raise ShapeError(
            f"bmm: batch sizes must agree, got {tuple(input.shape)} and {tuple(mat2.shape)}"
        )
    return named(matmul(input, mat2), "BmmBackward0")


@composite(method="mv", out=True)
def mv(input: Any, vec: Any) -> Any:
    """Product of a matrix and a vector.

    >>> tn.mv(tn.tensor([[1.0, 2.0]]), tn.tensor([3.0, 4.0]))
    tensor([11.])
    """
    _need("mv", input, 2, "'input'")
    _need("mv", vec, 1, "'vec'")
    return named(matmul(input, vec), "MvBackward0")


@composite(method="dot", out=True)
def dot(input: Any, tensor: Any) -> Any:
    r"""Product of two vectors: :math:`\sum_i x_i y_i`.

    >>> tn.dot(tn.tensor([1.0, 2.0]), tn.tensor([3.0, 4.0]))
    tensor(11.)
    """
    _need("dot", input, 1, "'input'")
    _need("dot", tensor, 1, "'tensor'")
    return named(matmul(input, tensor), "DotBackward0")


@composite(method="vdot", out=True, numpy=np.vdot)
def vdot(input: Any, other: Any) -> Any:
    r"""Product of two vectors, the first conjugated: :math:`\sum_i \bar x_i y_i`.

    >>> tn.vdot(tn.tensor([1.0, 2.0]), tn.tensor([3.0, 4.0]))
    tensor(11.)
    """
    _need("vdot", input, 1, "'input'")
    _need("vdot", other, 1, "'other'")
    return matmul(_conjugated(input), other)


def _conjugated(x: Any) -> Any:
    return x.conj() if (x._data if isinstance(x, Tensor) else x).dtype.kind == "c" else x


@composite(method="outer", out=True, numpy=np.outer)
def outer(input: Any, vec2: Any) -> Any:
    r"""All products of two vectors' elements: :math:`x_i y_j`.

    >>> tn.outer(tn.tensor([1.0, 2.0]), tn.tensor([3.0, 4.0]))
    tensor([[3., 4.],
            [6., 8.]])
    """
    _need("outer", input, 1, "'input'")
    _need("outer", vec2, 1, "'vec2'")
    return input.reshape((input.shape[0], 1)) * vec2


ger = alias(outer, "ger")


@composite(method="inner", out=True, numpy=np.inner)
def inner(input: Any, other: Any) -> Any:
    """Products over the last dimensions of both.

    >>> tn.inner(tn.tensor([1.0, 2.0]), tn.tensor([3.0, 4.0]))
    tensor(11.)
    """
    if not input.ndim or not other.ndim:
        return input * other
    return tensordot(input, other, ([-1], [-1]))


@composite(numpy=np.tensordot, out=True)
def tensordot(a: Any, b: Any, dims: Any = 2) -> Any:
    """Products summed over pairs of dimensions: the last `dims` of `a` with the first of `b`, or lists of them.

    >>> tn.tensordot(tn.ones(2, 3), tn.ones(3, 4), 1).shape
    tn.Size([2, 4])
    """
    from autotn.ops.shape import permute

    if isinstance(dims, Tensor):
        dims = dims.tolist()
    if isinstance(dims, int):
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
        over_a, over_b = list(range(a.ndim - dims, a.ndim)), list(range(dims))
    else:
        over_a = [check_dim("tensordot", d, a.ndim) for d in _listed(dims[0])]
        over_b = [check_dim("tensordot", d, b.ndim) for d in _listed(dims[1])]
    if len(over_a) != len(over_b):
        raise RuntimeError("tensordot: both dimension lists should have same length")
    for i, j in zip(over_a, over_b, strict=True):
        if a.shape[i] != b.shape[j]:
            raise ShapeError(
                f"tensordot: contracted dimensions need to match, but first has size {a.shape[i]} in dim {i} and "
                f"second has size {b.shape[j]} in dim {j}"
            )
    free_a = [k for k in range(a.ndim) if k not in over_a]
    free_b = [k for k in range(b.ndim) if k not in over_b]
    shape = [a.shape[k] for k in free_a] + [b.shape[k] for k in free_b]
    common = math.prod(a.shape[k] for k in over_a)
    left = permute(a, (*free_a, *over_a)).reshape((math.prod(a.shape[k] for k in free_a), common))
    right = permute(b, (*over_b, *free_b)).reshape((common, math.prod(b.shape[k] for k in free_b)))
    return matmul(left, right).reshape(tuple(shape))


def _listed(dims: Any) -> list[int]:
    return list(dims) if isinstance(dims, (tuple, list)) else [dims]


@composite(method="kron", out=True, numpy=np.kron)
def kron(input: Any, other: Any) -> Any:
    """Each element of the first times the whole of the second, side by side.

    >>> tn.kron(tn.tensor([1, 2]), tn.tensor([1, 1]))
    tensor([1, 1, 2, 2])
    """
    ndim = max(input.ndim, other.ndim)
    a = (1,) * (ndim - input.ndim) + tuple(input.shape)
    b = (1,) * (ndim - other.ndim) + tuple(other.shape)
    left = input.reshape(tuple(n for x in a for n in (x, 1)))
    right = other.reshape(tuple(n for x in b for n in (1, x)))
    return (left * right).reshape(tuple(x * y for x, y in zip(a, b, strict=True)))


def _scaled_sum(name: str, input: Any, product: Any, beta: Any, alpha: Any) -> Any:
    shape, own = tuple(product.shape), tuple(input.shape)
    if own != shape and (
        len(own) > len(shape)
        or any(n not in (1, m) for n, m in zip(reversed(own), reversed(shape), strict=False))
    ):
        raise ShapeError(
            f"{name}: 'input' of shape {own} does not expand to the shape {shape} of the product"
        )
    kind = (product._data if isinstance(product, Tensor) else product).dtype.kind
    for what, value in (("alpha", alpha), ("beta", beta)):
        if isinstance(value, float) and kind in "biu":
            raise DTypeError(
                f"{name}: for integers {what} must not be a floating-point number, got {value}"
            )
    product = product if alpha == 1 else product * alpha
    if beta == 0:  # PyTorch: what input holds is then ignored, NaN included
        return product
    return named((input if beta == 1 else input * beta) + product, f"{name.capitalize()}Backward0")


@composite(method="addmm", inplace=True, out=True)
def addmm(input: Any, mat1: Any, mat2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    r""":math:`\beta\,x + \alpha\,A B`.

    >>> tn.addmm(tn.ones(1), tn.tensor([[1.0, 2.0]]), tn.tensor([[3.0], [4.0]]))
    tensor([[12.]])
    """
    return _scaled_sum("addmm", input, mm(mat1, mat2), beta, alpha)


@composite(method="addmv", inplace=True, out=True)
def addmv(input: Any, mat: Any, vec: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    r""":math:`\beta\,x + \alpha\,A v`.

    >>> tn.addmv(tn.ones(1), tn.tensor([[1.0, 2.0]]), tn.tensor([3.0, 4.0]))
    tensor([12.])
    """
    return _scaled_sum("addmv", input, mv(mat, vec), beta, alpha)


@composite(method="addr", inplace=True, out=True)
def addr(input: Any, vec1: Any, vec2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    r""":math:`\beta\,x + \alpha\,u v^\top`.

    >>> tn.addr(tn.zeros(1, 2), tn.tensor([2.0]), tn.tensor([3.0, 4.0]))
    tensor([[6., 8.]])
    """
    return _scaled_sum("addr", input, outer(vec1, vec2), beta, alpha)


@composite(method="baddbmm", inplace=True, out=True)
def baddbmm(input: Any, batch1: Any, batch2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    r""":math:`\beta\,x_i + \alpha\,A_i B_i` for each of a batch.

    >>> tn.baddbmm(tn.ones(1), tn.ones(2, 1, 3), tn.ones(2, 3, 1)).shape
    tn.Size([2, 1, 1])
    """
    return _scaled_sum("baddbmm", input, bmm(batch1, batch2), beta, alpha)


@composite(method="addbmm", inplace=True, out=True)
def addbmm(input: Any, batch1: Any, batch2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    r""":math:`\beta\,x + \alpha \sum_i A_i B_i`.

    >>> tn.addbmm(tn.ones(1), tn.ones(2, 1, 3), tn.ones(2, 3, 1))
    tensor([[7.]])
    """
    return _scaled_sum("addbmm", input, bmm(batch1, batch2).sum(0, dtype=batch1.dtype), beta, alpha)


@composite()
def chain_matmul(*matrices: Any, out: Any = None) -> Any:
    """The product of several matrices, in the order that takes the fewest multiplications.

    >>> tn.chain_matmul(tn.ones(2, 3), tn.ones(3, 4), tn.ones(4, 1)).shape
    tn.Size([2, 1])
    """
    listed = list(matrices)
    for m in listed:
        _need("chain_matmul", m, 2, "each input")
    sizes = [m.shape[0] for m in listed] + [listed[-1].shape[1]]
    count = len(listed)
    cost = [[0] * count for _ in range(count)]
    cut = [[0] * count for _ in range(count)]
    for length in range(2, count + 1):  # Cormen et al., section 15.2
        for i in range(count - length + 1):
            j = i + length - 1
            cost[i][j], cut[i][j] = min(
                (cost[i][k] + cost[k + 1][j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k)
                for k in range(i, j)
            )

    def product(i: int, j: int) -> Any:
        return listed[i] if i == j else matmul(product(i, cut[i][j]), product(cut[i][j] + 1, j))

    return product(0, count - 1)


# -- einsum ----------------------------------------------------------------------------------------------


def _parse(equation: str, shapes: list[tuple[int, ...]]) -> tuple[list[str], str]:
    """The subscripts of each operand and of the result, ellipses replaced by letters."""
    text = equation.replace(" ", "")
    left, arrow, right = text.partition("->")
    operands = left.split(",")
    if len(operands) != len(shapes):
        raise ShapeError(
            f"einsum: the equation names {len(operands)} operands, but {len(shapes)} were given"
        )
    used = {c for c in text if c.isalpha()}
    spare = [chr(k) for k in (*range(65, 91), *range(97, 123)) if chr(k) not in used]
    widest = 0
    for term, shape in zip(operands, shapes, strict=True):
        letters = term.replace("...", "")
        if not all(c.isalpha() for c in letters) or term.count("...") > 1:
            raise ShapeError(f"einsum: invalid subscript given in {term!r}")
        extra = len(shape) - len(letters)
        if extra < 0 or (extra and "..." not in term):
            raise ShapeError(
                f"einsum: {term!r} has {len(letters)} subscripts, but its operand has shape {shape}"
            )
        widest = max(widest, extra)
    dots = "".join(spare[:widest])
    full = []
    for term, shape in zip(operands, shapes, strict=True):
        extra = len(shape) - len(term.replace("...", ""))
        full.append(term.replace("...", dots[widest - extra :] if extra else ""))
    if arrow:
        result = right.replace("...", dots)
    else:
        joined = "".join(t.replace("...", "") for t in operands)
        result = dots + "".join(sorted(c for c in set(joined) if joined.count(c) == 1))
    for c in result:
        if result.count(c) > 1:
            raise ShapeError(f"einsum: output subscript {c} appears more than once in the output")
        if not any(c in t for t in full):
            raise ShapeError(
                f"einsum: output subscript {c} does not appear in the equation for any input operand"
            )
    return full, result


def _diagonals(x: Any, term: str) -> tuple[Any, str]:
    """Repeated subscripts of one operand: take the diagonal."""
    from autotn.ops.diagonal import diagonal

    for c in dict.fromkeys(term):
        while term.count(c) > 1:
            i = term.index(c)
            j = term.index(c, i + 1)
            if x.shape[i] != x.shape[j]:
                raise ShapeError(
                    f"einsum: subscript {c} is repeated but its sizes are {x.shape[i]} and {x.shape[j]}"
                )
            x = diagonal(x, 0, i, j)
            term = term[:i] + term[i + 1 : j] + term[j + 1 :] + c
    return x, term


def _summed(x: Any, term: str, keep: set[str]) -> tuple[Any, str]:
    """Subscripts nobody else needs: sum them away."""
    gone = tuple(k for k, c in enumerate(term) if c not in keep)
    if gone:
        x = x.sum(gone)
        term = "".join(c for c in term if c in keep)
    return x, term


def _contract(a: Any, ta: str, b: Any, tb: str, keep: set[str]) -> tuple[Any, str]:
    """Two operands to one, as one batched matrix product."""
    from autotn.ops.shape import permute

    a, ta = _summed(a, ta, keep | set(tb))
    b, tb = _summed(b, tb, keep | set(ta))
    batch = [c for c in ta if c in tb and c in keep]
    inner_ = [c for c in ta if c in tb and c not in keep]
    rows = [c for c in ta if c not in tb]
    columns = [c for c in tb if c not in ta]
    size: dict[str, int] = {}
    for term, x in ((ta, a), (tb, b)):
        for c, n in zip(term, x.shape, strict=True):
            if size.get(c, 1) not in (1, n) and n != 1:
                raise ShapeError(
                    f"einsum: subscript {c} stands for two sizes, {size[c]} and {n}: the operands are "
                    f"{''.join(ta)} {tuple(a.shape)} and {''.join(tb)} {tuple(b.shape)}"
                )
            size[c] = max(size.get(c, 1), n) if 0 not in (size.get(c, 1), n) else 0

    def shaped(x: Any, term: str, first: list[str], second: list[str]) -> Any:
        order = [*batch, *first, *second]
        x = permute(x, tuple(term.index(c) for c in order))
        if any(x.shape[k] != size[c] for k, c in enumerate(order)):
            full = tuple(size[c] for c in order)
            x = np.broadcast_to(x, full) if isinstance(x, np.ndarray) else x.expand(full)
        lead = tuple(size[c] for c in batch)
        return x.reshape(
            (*lead, math.prod(size[c] for c in first), math.prod(size[c] for c in second))
        )

    product = matmul(shaped(a, ta, rows, inner_), shaped(b, tb, inner_, columns))
    order = [*batch, *rows, *columns]
    return product.reshape(tuple(size[c] for c in order)), "".join(order)


@composite()
def einsum(equation: Any, *operands: Any) -> Any:
    """Sums of products by Einstein's convention, one batched matrix product for each pair.

    With three operands and more the pairs are chosen greedily by the size of what they make.

    >>> tn.einsum("ij,jk->ik", tn.ones(2, 3), tn.ones(3, 1))
    tensor([[3.],
            [3.]])
    """
    if not isinstance(equation, str):  # the sublist form: einsum(x, [0, 1], y, [1, 2], [0, 2])
        return _sublists(equation, operands)
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = tuple(operands[0])
    terms, result = _parse(equation, [tuple(x.shape) for x in operands])
    parts = [_diagonals(x, t) for x, t in zip(operands, terms, strict=True)]
    while len(parts) > 1:
        i, j = _cheapest(parts, result)
        (a, ta), (b, tb) = parts[i], parts[j]
        rest = [p for k, p in enumerate(parts) if k not in (i, j)]
        keep = set(result).union(*(t for _, t in rest))
        parts = [*rest, _contract(a, ta, b, tb, keep)]
    x, term = _summed(*parts[0], set(result))
    from autotn.ops.shape import permute

    order = tuple(term.index(c) for c in result)
    return x if order == tuple(range(len(order))) else permute(x, order)


def _sublists(first: Any, rest: tuple[Any, ...]) -> Any:
    items = [first, *rest]
    letters = [chr(k) for k in (*range(97, 123), *range(65, 91))]

    def text(sub: Any) -> str:
        return "".join("..." if s is Ellipsis else letters[s] for s in sub)

    pairs = [(items[k], items[k + 1]) for k in range(0, len(items) - 1, 2)]
    equation = ",".join(text(s) for _, s in pairs)
    if len(items) % 2:
        equation += "->" + text(items[-1])
    return einsum(equation, *(x for x, _ in pairs))


def _cheapest(parts: list[tuple[Any, str]], result: str) -> tuple[int, int]:
    """The pair whose product is smallest."""
    if len(parts) == 2:
        return 0, 1
    size = {c: n for x, t in parts for c, n in zip(t, x.shape, strict=True)}
    best, choice = math.inf, (0, 1)
    for i in range(len(parts)):
        for j in range(i + 1, len(parts)):
            others = set(result).union(*(t for k, (_, t) in enumerate(parts) if k not in (i, j)))
            made = [c for c in set(parts[i][1]) | set(parts[j][1]) if c in others]
            weight = math.prod(size[c] for c in made)
            if weight < best:
                best, choice = weight, (i, j)
    return choice


@op()
def bilinear(input1: Arr, input2: Arr, weight: Arr, bias: Arr | None = None) -> Arr:
    r"""Bilinear form: :math:`x_1^\top A x_2 + b`.

    >>> F.bilinear(tn.ones(1, 2), tn.ones(1, 2), tn.ones(1, 2, 2))
    tensor([[4.]])
    """
    if input1.shape[:-1] != input2.shape[:-1]:
        raise ShapeError(
            f"bilinear: batch dimensions {input1.shape[:-1]} and {input2.shape[:-1]} must be equal"
        )
    if weight.ndim != 3 or weight.shape[1:] != (input1.shape[-1], input2.shape[-1]):
        raise ShapeError(
            f"bilinear: weight of shape {weight.shape} does not take inputs of {input1.shape[-1]} and "
            f"{input2.shape[-1]} features"
        )
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ShapeError(f"bilinear: bias must have shape {weight.shape[:1]}, got {bias.shape}")
    found = np.einsum("...i,oij,...j->...o", input1, weight, input2, optimize=True)
    return found if bias is None else found + bias


@bilinear.reference
def _(input1: Any, input2: Any, weight: Any, bias: Any = None) -> Any:
    found = einsum("...i,oij,...j->...o", input1, weight, input2)
    return found if bias is None else found + bias


bilinear.takes("ifc", "Bools are not multiplied; use .int()")


# -- norms ---------------------------------------------------------------------------------------------------


@op(promote="same")
def _p_norm(input: Arr, p: float, dim: Any, keepdim: bool) -> Arr:
    r"""The p-norm: :math:`(\sum_i |x_i|^p)^{1/p}`, scaled so that squares neither overflow nor vanish.

    >>> tn.norm(tn.tensor([3.0, 4.0]))
    tensor(5.)
    """
    from autotn.ops.reduce import add_reduce, axes_of, maximum_reduce, minimum_reduce

    axes = axes_of("norm", dim, input.ndim)
    whole = axes is None or len(axes) == input.ndim
    if p == 2 and whole and input.dtype.char in "fd" and input.flags.c_contiguous:
        flat = input.reshape(-1)
        square = flat.dot(flat)
        if 1e-30 < square < math.inf:
            root = np.sqrt(square)
            return np.full((1,) * input.ndim, root) if keepdim else np.asarray(root)
    size = np.abs(input)
    if p == 0:
        return add_reduce((size != 0).astype(size.dtype), axes, keepdims=keepdim)
    if not size.size:
        if math.isinf(p):
            raise RuntimeError("norm: an empty tensor has no norm of infinite order")
        return add_reduce(size, axes, keepdims=keepdim)
    if p == math.inf:
        return maximum_reduce(size, axes, keepdims=keepdim)
    if p == -math.inf:
        return minimum_reduce(size, axes, keepdims=keepdim)
    if p == 1:
        return add_reduce(size, axes, keepdims=keepdim)
    if p == 2:
        with np.errstate(over="ignore"):
            total = np.asarray(np.sqrt(add_reduce(size * size, axes, keepdims=keepdim)))
        if np.isfinite(total).all() and (total > 1e-15).all():
            return total
    top = maximum_reduce(size, axes, keepdims=True)
    unit = np.where((top > 0) & np.isfinite(top), top, size.dtype.type(1))
    scaled = size / unit
    total = add_reduce(scaled * scaled if p == 2 else scaled**p, axes, keepdims=True)
    root = np.asarray(np.sqrt(total) if p == 2 else total ** (1 / p)) * unit
    return root if keepdim else root.reshape(add_reduce(size, axes).shape)


def _p_norm_rule(g: Any, input: Any, out: Any, p: float, dim: Any, keepdim: bool) -> Any:
    """Derivatives with the value 0 where the norm is 0, as PyTorch's."""
    from autotn.ops.reduce import add_reduce, axes_of, kept

    values = input._data if isinstance(input, Tensor) else input
    shape = tuple(values.shape)
    if p == 0:
        return (
            g * 0
            if not shape
            else kept(g, shape, dim, keepdim) * np.zeros(shape, values.real.dtype)
        )
    g, level = kept(g, shape, dim, keepdim), kept(out, shape, dim, keepdim)
    plain = level._data if isinstance(level, Tensor) else level
    if p == 2:
        zero = (plain == 0).astype(plain.dtype)
        towards = _conjugated(input) if values.dtype.kind == "c" else input
        return towards * (g * (1 - zero) / (level + zero))
    size = np.abs(values)
    direction = np.where(size > 0, np.conj(values) / np.where(size > 0, size, 1), 0).astype(
        values.dtype
    )
    if p == 1:
        return g * direction
    if math.isinf(p):
        hit = (size == plain).astype(size.dtype)
        axes = axes_of("norm", dim, len(shape))
        share = hit / np.maximum(add_reduce(hit, axes, keepdims=True), 1)
        return g * (direction * share)
    zero = (plain == 0).astype(plain.dtype)
    small = (size == 0).astype(size.dtype)
    ratio = (abs(input) + small) / (level + zero)
    return g * ((1 - zero) * (1 - small)) * direction * ratio ** (p - 1)


_p_norm.grad(input=_p_norm_rule)
acts("reducing", _p_norm)


@composite(method="norm", out=True, numpy=np.linalg.norm)
def norm(
    input: Any, p: Any = "fro", dim: Any = None, keepdim: bool = False, dtype: Any = None
) -> Any:
    r"""The p-norm of all elements, or along `dim`: :math:`(\sum_i |x_i|^p)^{1/p}`.

    >>> tn.norm(tn.tensor([3.0, 4.0]))
    tensor(5.)
    """
    if dtype is not None:
        input = input.to(dtype)
    kind = (input._data if isinstance(input, Tensor) else input).dtype
    if kind.kind in "biu":
        raise RuntimeError(
            f"norm: expected a floating point or complex tensor as input. Got {kind}; use .float() first"
        )
    if p is None or p == "fro":
        return _p_norm(input, 2.0, dim, keepdim)
    if p == "nuc":
        from autotn.ops.matrix import linalg_norm

        return linalg_norm(input, "nuc", dim, keepdim)
    if isinstance(p, str):
        raise RuntimeError(f"norm: order {p!r}; expected a number, 'fro' or 'nuc'")
    return _p_norm(input, float(p), dim, keepdim)


@composite(method="cross", out=True)
def cross(input: Any, other: Any, dim: Any = None) -> Any:
    """Cross products of 3-vectors along `dim` (the first of size 3, if left out).

    >>> tn.cross(tn.tensor([1.0, 0.0, 0.0]), tn.tensor([0.0, 1.0, 0.0]))
    tensor([0., 0., 1.])
    """
    from autotn.ops.arrange import roll

    ndim = max(input.ndim, other.ndim)
    shape = np.broadcast_shapes(tuple(input.shape), tuple(other.shape))
    if dim is None:
        found = [k for k, n in enumerate(shape) if n == 3]
        if not found:
            raise RuntimeError("cross: no dimension of size 3 in input")
        axis = found[0]
    else:
        axis = check_dim("cross", dim, ndim)
    if shape[axis] != 3 or input.ndim != other.ndim:
        raise RuntimeError(
            f"cross: inputs dimension {axis} must have length 3. Got {tuple(input.shape)} and {tuple(other.shape)}"
        )
    return roll(input, -1, axis) * roll(other, 1, axis) - roll(input, 1, axis) * roll(
        other, -1, axis
    )
