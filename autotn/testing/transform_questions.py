"""The questions of `check_op` about function transforms: forward mode and vmap."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from autotn.core import engine
from autotn.core.modes import transforming
from autotn.core.tensor import Tensor, is_differentiable, wrap
from autotn.core.traced import Unreadable
from autotn.core.transform import fresh_leaf
from autotn.errors import NotDifferentiable
from autotn.testing.asking import (
    argument_values,
    arrays_in,
    assert_close,
    flat_results,
    gradients,
    is_differentiable_case,
    leaf,
    weights,
)
from autotn.testing.sample import Case
from autotn.transforms.batch import Batch
from autotn.transforms.forward import Forward

#: What vmap refuses, with the reason; there is nothing to compare, and no certificate for it.
REFUSED_BY_VMAP = {
    **dict.fromkeys(
        ["argwhere", "nonzero", "nonzero_static", "repeat_interleave", "unique",
         "unique_consecutive", "where"],
        "the values decide the shape of the result",
    ),
    **dict.fromkeys(["allclose", "equal", "is_nonzero"], "the result is one Python bool"),
    **dict.fromkeys(["pca_lowrank", "svd_lowrank"], "draws random numbers"),
    **dict.fromkeys(
        ["as_strided_scatter", "cov", "embedding_bag", "histogram", "histogramdd", "linalg_cholesky_ex",
         "linalg_inv_ex", "linalg_lstsq", "linalg_lu", "linalg_lu_solve", "linalg_matrix_rank", "linalg_solve_ex",
         "linalg_svd", "lu_solve", "lu_unpack", "masked_scatter",
         "multilabel_margin_loss"],
        "it computes outside the ops, from the values",
    ),
}  # fmt: skip


def _tensors(value: Any) -> list[Tensor]:
    return [o for o in flat_results(value) if isinstance(o, Tensor)]


def _size(array: Any) -> float:
    return float(np.abs(array).sum())


def forward_mode(case: Case) -> None:
    """The jvp agrees with the vjp: for all t and w, ``<w, J t> = <Jᵀ w, t>``; and the values are the same."""
    if not is_differentiable_case(case):
        return
    leaves: list[Tensor] = []
    args, kwargs = argument_values(case.sample, lambda a: leaf(a.copy(), leaves))
    outs = _tensors(case.function(*args, **kwargs))
    try:
        found = gradients(outs, leaves)
    except (NotDifferentiable, NotImplementedError):
        return
    level = Forward()
    tangents: list[Tensor] = []

    def turn(a: np.ndarray[Any, Any]) -> Tensor:
        primal = wrap(a.copy())
        if not is_differentiable(primal):
            return primal
        rng = np.random.default_rng(len(tangents))
        tangents.append(wrap(np.asarray(weights(a) * rng.uniform(0.5, 1.5, a.shape), a.dtype)))
        return level.dual(primal, tangents[-1])

    if not all(np.isfinite(g._data).all() for g in found if g is not None):
        return  # where the slope is infinite, products with it say nothing
    with transforming(level):
        args, kwargs = argument_values(case.sample, turn)
        duals = _tensors(case.function(*args, **kwargs))
        moved = [(level.primal(o), level.tangent(o)) for o in duals]
    ahead = scale = 0.0
    for k, (o, (p, t)) in enumerate(zip(outs, moved, strict=True)):
        assert_close(p._data, o._data, f"result {k}", case.sample.tol)
        if t is None:
            continue
        assert t._data.shape == o._data.shape, f"tangent {k}: shape {tuple(t.shape)}"
        assert t._data.dtype == o._data.dtype, f"tangent {k}: {t.dtype} for {o.dtype}"
        if o.requires_grad:
            w = weights(o._data)
            ahead += np.vdot(w, t._data).real
            scale += _size(w * t._data)
    back = 0.0
    for g, t in zip(found, tangents, strict=True):
        if g is not None:
            back += np.vdot(g._data, t._data).real
            scale += _size(g._data * t._data)
    tolerance = _tolerance([*outs, *leaves]) * case.sample.tol
    assert abs(ahead - back) <= tolerance * max(scale, 1.0), f"<w, Jt> = {ahead}, <Jᵀw, t> = {back}"
    if any(t is not None for _, t in moved):
        case.checked("backward")


def _tolerance(tensors: list[Tensor]) -> float:
    kinds = {t._data.dtype.name for t in tensors}
    if kinds & {"float16", "bfloat16"}:
        return 2e-2
    return 1e-4 if kinds & {"float32", "complex64"} else 1e-8


def vmap(case: Case) -> None:
    """Over a batch of two, vmap gives what a loop gives, and so do the gradients of each example."""
    arrays = arrays_in(case.sample)
    if not arrays or case.op_name in REFUSED_BY_VMAP:
        return
    _over_two(case, lambda k: True, with_gradients=True)
    if len(arrays) > 1:
        _over_two(case, lambda k: k == 0, with_gradients=True)
        _over_two(case, lambda k: k != 0, with_gradients=False)


def _over_two(case: Case, batched: Callable[[int], bool], with_gradients: bool) -> None:
    arrays = arrays_in(case.sample)
    twins = [
        (a, np.roll(a.reshape(-1), 1).reshape(a.shape)) if batched(k) else (a, a)
        for k, a in enumerate(arrays)
    ]
    try:
        rows = [_alone(case, twins, e, with_gradients) for e in range(2)]
    except Exception:  # noqa: BLE001 - elements exchanged may be no legal argument: then two of the same
        twins = [(a, a) for a in arrays]
        rows = [_alone(case, twins, e, with_gradients) for e in range(2)]
    if [o.shape for o in rows[0][0]] != [o.shape for o in rows[1][0]]:
        return
    level, leaves = Batch(2), []
    with transforming(level):
        places = iter(range(len(arrays)))

        def turn(a: np.ndarray[Any, Any]) -> Tensor:
            k = next(places)
            t = level.batched(wrap(np.stack(twins[k]))) if batched(k) else wrap(a.copy())
            if with_gradients and is_differentiable(t):
                t = fresh_leaf(t)
                leaves.append(t)
            return t

        args, kwargs = argument_values(case.sample, turn)
        outs = _tensors(case.function(*args, **kwargs))
        found = _level_gradients(outs, leaves) if with_gradients and rows[0][1] is not None else []
    for k, o in enumerate(outs):
        whole = level.whole_batch(o)._data
        for e in range(2):
            expected = rows[e][0][k]._data
            assert whole.dtype == expected.dtype, (
                f"result {k}: {whole.dtype}, alone {expected.dtype}"
            )
            assert_close(whole[e], expected, f"result {k} of example {e}", case.sample.tol)
    for k, g in enumerate(found):
        for e in range(2):
            expected = rows[e][1][k]
            if g is None and expected is None:
                continue
            zero = np.zeros_like(leaves[k]._data)
            got = zero if g is None else level.whole_batch(g)._data[e]
            expected = zero if expected is None else expected._data
            assert_close(got, expected, f"gradient {k} of example {e}", case.sample.tol * 10)
    if outs:
        case.checked("a loop")


def _alone(case: Case, twins: Any, example: int, with_gradients: bool) -> tuple[Any, Any]:
    """Results and gradients of one example."""
    leaves: list[Tensor] = []
    rest: Iterator[Any] = iter(twins)
    args, kwargs = argument_values(case.sample, lambda a: leaf(next(rest)[example].copy(), leaves))
    outs = _tensors(case.function(*args, **kwargs))
    if not with_gradients:
        return outs, None
    try:
        return outs, gradients(outs, leaves)
    except (NotDifferentiable, NotImplementedError):
        return outs, None


def _level_gradients(outs: list[Tensor], leaves: list[Tensor]) -> list[Any]:
    live = [o for o in outs if o.requires_grad]
    if not live or not leaves:
        return []
    seeds = [wrap(weights(np.empty(o._data.shape, o._data.dtype))) for o in live]
    return list(engine.grad(live, leaves, seeds, allow_unused=True))


def refused(case: Case) -> bool:
    """True when vmap refuses the op by a clear error: asked in the tests of what `REFUSED_BY_VMAP` says."""
    level = Batch(2)
    try:
        with transforming(level):
            args, kwargs = argument_values(
                case.sample, lambda a: level.batched(wrap(np.stack([a, a])))
            )
            case.function(*args, **kwargs)
    except (Unreadable, RuntimeError, TypeError):
        return True
    return False
