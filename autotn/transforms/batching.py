"""Batching rules by families: elementwise ops, ops along dimensions, ops on planes, and shapes.

A rule turns one call on examples into one call on the batch, which has one axis more, in front.
"""

from __future__ import annotations

from typing import Any

from autotn.core.op import Op
from autotn.core.tensor import check_dim
from autotn.transforms.batched_call import (
    RULES,
    BatchedCall,
    NoRule,
    aligned,
    as_tensor,
    each,
    expanded,
    merge_batch,
    rule,
    split_batch,
)

__all__ = ["rule_for"]


def rule_for(op: Op) -> Any:
    """The batching rule of an op, or None: its own, that of its name, or that of its form."""
    if op.batch_rule is not None:
        return op.batch_rule
    found = RULES.get(op.name)
    if found is None and op.form == "elementwise":
        return elementwise
    return found


# -- element by element ----------------------------------------------------------------------------------


@rule(
    "alias clone cast in_order masked_scale where masked_fill sloped scale_rows isposinf isneginf isreal"
)
@rule(
    "bitwise_not isnan isinf isfinite signbit logical_not real imag conj view_as_real deg2rad rad2deg"
)
def elementwise(c: BatchedCall) -> Any:
    """All inputs aligned from the right; the op broadcasts them."""
    places = [i.index for i in c.op.inputs] + c.op.fixed
    given = [k for k in places if c.args[k] is not None and hasattr(c.args[k], "ndim")]
    rank = max(c.args[k].ndim - bool(c.batched[k]) for k in given)
    args = list(c.args)
    for k in given:
        args[k] = aligned(c.args[k], bool(c.batched[k]), rank)
    names = c.op.parameters
    result = c.call(**{names[k]: args[k] for k in given})
    if not c.batched[c.op.inputs[0].index] and len(c.op.inputs) == 1:
        # One input that decides the shape, and only a mask is batched: the input must be stretched.
        first = names[c.op.inputs[0].index]
        changed = {names[k]: args[k] for k in given}
        changed[first] = expanded(args[c.op.inputs[0].index], c.size)
        return c.call(**changed)
    return result


@rule("copy")
def copy(c: BatchedCall) -> Any:
    """The target decides the shape, so it is stretched if it must."""
    rank = c.rank("input")
    src = aligned(c["src"], c.is_batched("src"), rank)
    return c.call(input=c.whole("input"), src=src)


# -- along dimensions ------------------------------------------------------------------------------------

_ALONG = ("dim", "dims", "dim0", "dim1", "dim2", "dimension")


def _shifted(c: BatchedCall, value: Any, rank: int) -> Any:
    """A dimension of an example, or several, as dimensions of the batch."""
    if value is None:
        return tuple(range(1, rank + 1))
    if isinstance(value, (tuple, list)):
        return tuple(check_dim(c.op.name, d, rank) + 1 for d in value)
    return check_dim(c.op.name, value, rank) + 1


@rule(
    "transpose flip unfold_dimension softmax log_softmax diagonal cummax cummin sort topk kth mode cumsum"
)
@rule("reversed_cumsum exclusive_products cumprod transform max_along min_along unbind parts")
@rule("sum nansum mean prod any all count_nonzero var logsumexp amax amin p_norm")
def along_dimensions(c: BatchedCall) -> Any:
    """The same op with every dimension one further to the right."""
    first = c.op.inputs[0].name
    c.only(first)
    x, rank = c[first], c.rank(first)
    lifted = rank == 0  # PyTorch lets a number have a dimension 0
    if lifted:
        x, rank = x.reshape((c.size, 1)), 1
    changed: dict[str, Any] = {first: x}
    for name in _ALONG:
        if name in c.place:
            given = c[name]
            if isinstance(given, (tuple, list)) and not given and name == "dim":
                given = None  # an empty tuple means all dimensions
            changed[name] = _shifted(c, given, rank)
    result = c.call(**changed)
    return each(result, lambda r: r.reshape((c.size,))) if lifted else result


@rule("argmax argmin")
def argument(c: BatchedCall) -> Any:
    """Without a dimension the place counts in the flattened example."""
    if c["dim"] is not None:
        return along_dimensions(c)
    found = c.call(input=c["input"].reshape((c.size, -1)), dim=1, keepdim=False)
    return found.reshape((c.size, *(1,) * c.rank("input"))) if c["keepdim"] else found


@rule("permute")
def permute(c: BatchedCall) -> Any:
    return c.call(dims=(0, *_shifted(c, c["dims"], c.rank("input"))))


@rule("roll")
def roll(c: BatchedCall) -> Any:
    dims = c["dims"]
    if dims is None or dims == ():
        flat = c["input"].reshape((c.size, -1))
        return c.call(input=flat, dims=1).reshape(c["input"].shape)
    return c.call(dims=_shifted(c, dims, c.rank("input")))


@rule("gather scatter scatter_add scatter_reduce")
def along_index(c: BatchedCall) -> Any:
    """Input and index (and source) have the same number of dimensions, so all get the batch axis."""
    c.only("input", "index", "src")
    rank = c.rank("input")
    shape = () if rank else (1,)
    changed = {
        name: c.whole(name).reshape((*c.whole(name).shape, *shape)) if shape else c.whole(name)
        for name in ("input", "index", "src")
        if name in c.place
    }
    for name, value in changed.items():
        if value.ndim != max(rank, 1) + 1:
            raise NoRule
        changed[name] = value.contiguous() if name == "index" else value
    result = c.call(**changed, dim=_shifted(c, c["dim"], max(rank, 1)))
    return result.reshape((c.size,)) if shape and c.rank("index") == 0 else result


@rule("scatter_into_zeros")
def scatter_into_zeros(c: BatchedCall) -> Any:
    if not c["shape"]:
        raise NoRule
    return c.call(
        input=c.whole("input"), index=c.whole("index").contiguous(),
        shape=(c.size, *c["shape"]), dim=_shifted(c, c["dim"], len(c["shape"])),
    )  # fmt: skip


@rule("index_select")
def index_select(c: BatchedCall) -> Any:
    x, index, rank = c["input"], as_tensor(c["index"]), c.rank("input")
    if not rank or index.ndim - c.is_batched("index") != 1:
        raise NoRule
    axis = check_dim("index_select", c["dim"], rank)
    if not c.is_batched("index"):
        return c.call(dim=axis + 1)
    if not c.is_batched("input"):
        count = index.shape[1]
        found = c.call(index=index.reshape((-1,)), dim=axis)
        shape = (*found.shape[:axis], c.size, count, *found.shape[axis + 1 :])
        return found.reshape(shape).movedim(axis, 0)
    if axis:
        raise NoRule
    return c.call(input=merge_batch(x), index=_offset(c, index, x.shape[1]), dim=0).reshape(
        (c.size, index.shape[1], *x.shape[2:])
    )


def _offset(c: BatchedCall, index: Any, length: int) -> Any:
    """Indices into each example as indices into all examples laid end to end."""
    from autotn.ops.create import arange

    index = index + (index < 0).to(index.dtype) * length
    steps = arange(c.size, dtype=index.dtype).reshape((c.size, *(1,) * (index.ndim - 1))) * length
    return (index + steps).reshape((-1,))


@rule("add_slices")
def add_slices(c: BatchedCall) -> Any:
    shape = c["shape"]
    if not shape:
        raise NoRule
    axis = check_dim("index_add", c["dim"], len(shape))
    if not c.is_batched("index"):
        return c.call(shape=(c.size, *shape), dim=axis + 1)
    if axis:
        raise NoRule
    found = c.call(
        input=merge_batch(c.whole("input")), index=_offset(c, c["index"], shape[0]), dim=0,
        shape=(c.size * shape[0], *shape[1:]),
    )  # fmt: skip
    return split_batch(found, c.size)


@rule("index_copy")
def index_copy(c: BatchedCall) -> Any:
    if c.is_batched("index") or not c.rank("input"):
        raise NoRule
    return c.call(
        input=c.whole("input"), source=c.whole("source"),
        dim=_shifted(c, c["dim"], c.rank("input")),
    )  # fmt: skip


@rule("put_on_diagonal")
def put_on_diagonal(c: BatchedCall) -> Any:
    rank = len(c["shape"])
    return c.call(
        shape=(c.size, *c["shape"]),
        dim1=_shifted(c, c["dim1"], rank),
        dim2=_shifted(c, c["dim2"], rank),
    )


@rule("cat")
def cat(c: BatchedCall) -> Any:
    flags, tensors = c.batched[0], c["tensors"]
    ranks = {t.ndim - bool(f) for t, f in zip(tensors, flags, strict=True)}
    if len(ranks) > 1 or 0 in ranks:
        raise NoRule
    (rank,) = ranks
    whole = [t if f else expanded(t, c.size) for t, f in zip(tensors, flags, strict=True)]
    return c.call(tensors=whole, dim=_shifted(c, c["dim"], rank))


# -- shapes ----------------------------------------------------------------------------------------------


@rule("reshape")
def reshape(c: BatchedCall) -> Any:
    return c.call(shape=(c.size, *c["shape"]))


@rule("expand")
def expand(c: BatchedCall) -> Any:
    x = aligned(c["input"], True, len(c["shape"]))
    return c.call(input=x, shape=(c.size, *c["shape"]))


@rule("tile")
def tile(c: BatchedCall) -> Any:
    reps, rank = tuple(c["reps"]), c.rank("input")
    reps = (1,) * (rank - len(reps)) + reps
    return c.call(input=aligned(c["input"], True, len(reps)), reps=(1, *reps))


@rule("pad_constant pad_copies")
def pad(c: BatchedCall) -> Any:
    return c.call(widths=((0, 0), *c["widths"]))


@rule(
    "frexp view_as_complex tril triu linalg_inv slogdet linalg_det cholesky qr eigh svd view_dtype"
)
def trailing(c: BatchedCall) -> Any:
    """Ops on the last dimensions take any number of dimensions before them."""
    if c.op.name == "view_dtype" and not c.rank("input"):
        raise NoRule
    return c.call()


@rule("solve")
def solve(c: BatchedCall) -> Any:
    rank = max(c.rank("A"), c.rank("B"))
    if c.rank("A") < 2 or c.rank("B") < 2:
        raise NoRule
    return c.call(A=aligned(c.whole("A"), True, rank), B=aligned(c.whole("B"), True, rank))


# -- planes and images -----------------------------------------------------------------------------------


@rule(
    "pick_planes max_pool max_pool_with_indices max_pool_spread max_pool_pick max_unpool put_planes"
)
@rule("avg_pool avg_pool_spread adaptive_avg_pool adaptive_avg_pool_spread adaptive_max_pool")
@rule(
    "fractional_max_pool interpolate interpolate_transpose affine_grid affine_grid_transpose unfold fold"
)
@rule("grid_sample")
def by_sample(c: BatchedCall) -> Any:
    """Ops on a batch of samples: the batch of batches is one larger batch."""
    places = [i.index for i in c.op.inputs] + c.op.fixed
    names = [c.op.parameters[k] for k in places if c.args[k] is not None]
    changed: dict[str, Any] = {name: merge_batch(c.whole(name)) for name in names}
    first = names[0]
    count = changed[first].shape[0]
    for name in ("shape", "size"):
        sizes = c[name] if name in c.place else None
        if isinstance(sizes, tuple) and len(sizes) and c.op.name in _WITH_BATCH_SIZE:
            changed[name] = (count, *sizes[1:])
    return each(c.call(**changed), lambda r: split_batch(r, c.size))


#: Ops whose shape or size counts the samples too.
_WITH_BATCH_SIZE = {
    "avg_pool_spread", "adaptive_avg_pool_spread", "affine_grid", "affine_grid_transpose",
    "interpolate_transpose",
}  # fmt: skip


@rule("normalise_rows rms_rows")
def rows(c: BatchedCall) -> Any:
    """A matrix row by row: more rows, if all share weight and bias."""
    c.only("input")
    return split_batch(c.call(input=merge_batch(c["input"])), c.size)


@rule("channel_affine")
def channel_affine(c: BatchedCall) -> Any:
    c.only("input")
    return split_batch(c.call(input=merge_batch(c["input"])), c.size)
