"""The questions asked of every op × sample, public so that users can ask them of their own ops.

Each question is a function of a `Case`; its name is what a sample's ``_skip`` refers to. One that did
compare something says so by ``case.checked(with what)``: from that the page docs/certificate.md is made.
"""

from __future__ import annotations

import gc
import re
import warnings
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from autotn.core import dtypes
from autotn.core.op import Op
from autotn.core.tensor import Tensor, wrap
from autotn.errors import LinAlgError
from autotn.testing.asking import (
    argument_values,
    arrays_in as _arrays_in,
    assert_close as _assert_close,
    flat_results,
    gradients as _gradients,
    is_differentiable_case as _differentiable,
    leaf as _leaf,
    weights as _weights,
)
from autotn.testing.gradcheck import gradcheck, gradgradcheck
from autotn.testing.sample import Case, ErrorSample, Sample
from autotn.testing.transform_questions import forward_mode, vmap

__all__ = ["QUESTIONS", "check_op"]

# -- the questions -------------------------------------------------------------------------------------


def torch_function(name: str) -> Any:
    import torch

    found: Any = torch
    for part in name.split("."):
        found = getattr(found, part)
    return found


def _asked(name: str, args: Any, kwargs: Any) -> Any:
    """PyTorch's answer; what it says about its own plans for the function is not our business."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch_function(name)(*args, **kwargs)


def value(case: Case) -> None:
    """Values, shapes and dtypes equal PyTorch's, the reference's, or the sample's own."""
    sample: Sample = case.sample
    args, kwargs = argument_values(sample, lambda a: wrap(a.copy()))
    got = flat_results(case.function(*args, **kwargs))
    if sample.expect is not None:
        for g, e in zip(got, flat_results(sample.expect), strict=True):
            _assert_close(g._data if isinstance(g, Tensor) else g, e, "value", sample.tol)
        case.checked("the stated result")
        return
    if case.torch_name is None:
        return
    try:
        import torch
    except ImportError:
        return
    args, kwargs = argument_values(sample, lambda a: torch.from_numpy(a.copy()))
    kwargs = {k: same_for_torch(v) for k, v in kwargs.items()}
    args = [same_for_torch(a) for a in args]
    expected = flat_results(_asked(case.torch_name, args, kwargs))
    assert len(got) == len(expected), f"{len(got)} results, PyTorch gives {len(expected)}"
    for k, (g, e) in enumerate(zip(got, expected, strict=True)):
        if isinstance(e, torch.Tensor):
            assert isinstance(g, Tensor), f"result {k} is {type(g).__name__}, not a Tensor"
            assert str(g.dtype)[3:] == str(e.dtype)[6:], (
                f"result {k}: {g.dtype}, PyTorch: {e.dtype}"
            )
            _assert_close(
                g._data, e.detach().resolve_conj().resolve_neg().numpy(), f"result {k}", sample.tol
            )
        else:
            assert g == e, f"result {k}: {g!r}, PyTorch: {e!r}"
    case.checked("PyTorch")


def same_for_torch(value: Any) -> Any:
    """Our dtypes as PyTorch's."""
    import torch

    return getattr(torch, value.name) if isinstance(value, dtypes.dtype) else value


def _is_varied(array: np.ndarray[Any, Any]) -> bool:
    """True for what is differentiated: floats that no sample calls constant."""
    return array.dtype.kind in "fc" and array.flags.writeable


def gradient_like_torch(case: Case) -> None:
    """Gradients, and their dtypes, equal PyTorch's; also where several subgradients are right."""
    if case.torch_name is None or not _differentiable(case):
        return
    try:
        import torch
    except ImportError:
        return
    sample: Sample = case.sample
    leaves: list[Tensor] = []
    args, kwargs = argument_values(
        sample, lambda a: _leaf(a.copy(), leaves) if _is_varied(a) else wrap(a.copy())
    )
    outs = [o for o in flat_results(case.function(*args, **kwargs)) if isinstance(o, Tensor)]
    ours = _gradients(outs, leaves)
    theirs_leaves: list[Any] = []

    def turn(a: np.ndarray[Any, Any]) -> Any:
        t = torch.from_numpy(a.copy())
        if _is_varied(a):
            theirs_leaves.append(t.requires_grad_())
        return t

    args, kwargs = argument_values(sample, turn)
    args = [same_for_torch(a) for a in args]
    kwargs = {k: same_for_torch(v) for k, v in kwargs.items()}
    results = flat_results(_asked(case.torch_name, args, kwargs))
    live = [o for o in results if isinstance(o, torch.Tensor) and o.requires_grad]
    seeds = [
        torch.from_numpy(_weights(o.detach().resolve_conj().resolve_neg().numpy())) for o in live
    ]
    theirs = torch.autograd.grad(live, theirs_leaves, seeds, allow_unused=True)
    for k, (g, e) in enumerate(zip(ours, theirs, strict=True)):
        zero = np.zeros_like(leaves[k]._data)
        expected = zero if e is None else e.resolve_conj().resolve_neg().numpy()
        _assert_close(zero if g is None else g._data, expected, f"gradient {k}", sample.tol)
    case.checked("PyTorch")


def gradient(case: Case) -> None:
    """Gradients agree with finite differences in double precision."""
    if not _double(case):
        return
    function, leaves = _as_function_of_leaves(case)
    gradcheck(function, leaves, atol=1e-5 * case.sample.tol, rtol=1e-3 * case.sample.tol)
    case.checked("finite differences")


def second_order(case: Case) -> None:
    """Second derivatives agree with finite differences of the first."""
    if not _double(case):
        return
    function, leaves = _as_function_of_leaves(case)
    gradgradcheck(function, leaves, atol=1e-5 * case.sample.tol, rtol=1e-3 * case.sample.tol)
    case.checked("finite differences")


def _double(case: Case) -> bool:
    arrays = [a for a in _arrays_in(case.sample) if a.dtype.kind in "fc"]
    wide = all(a.dtype in (np.dtype(np.float64), np.dtype(np.complex128)) for a in arrays)
    finite = all(np.isfinite(a).all() for a in arrays)
    small = sum(a.size for a in arrays) <= 400
    return bool(arrays) and wide and finite and small and _differentiable(case)


def _as_function_of_leaves(case: Case) -> tuple[Callable[..., Any], list[Tensor]]:
    leaves: list[Tensor] = []
    argument_values(case.sample, lambda a: _leaf(a.copy(), leaves) if _is_varied(a) else a)

    def function(*given: Tensor) -> Any:
        rest = iter(given)
        args, kwargs = argument_values(
            case.sample, lambda a: next(rest) if _is_varied(a) else wrap(a.copy())
        )
        outs = flat_results(case.function(*args, **kwargs))
        return tuple(o for o in outs if isinstance(o, Tensor))

    return function, leaves


def raw_equals_recorded(case: Case) -> None:
    """The rule gives the same gradient on arrays and on Tensors."""
    if not _differentiable(case):
        return
    found = []
    for create_graph in (False, True):
        leaves: list[Tensor] = []
        args, kwargs = argument_values(case.sample, lambda a, made=leaves: _leaf(a.copy(), made))  # type: ignore[misc]
        outs = flat_results(case.function(*args, **kwargs))
        found.append(_gradients(outs, leaves, create_graph))
    for k, (a, b) in enumerate(zip(*found, strict=True)):
        assert (a is None) == (b is None), f"gradient {k}: one pass has none"
        if a is not None:
            assert a.dtype == b.dtype, f"gradient {k}: {a.dtype} raw, {b.dtype} recorded"
            _assert_close(a._data, b._data, f"gradient {k}, raw against recorded", case.sample.tol)
    case.checked("the recorded pass")


def reference_agrees(case: Case) -> None:
    """A fused op's kernel equals its reference, and so do the gradients."""
    op = case.op
    if not isinstance(op, Op) or op.reference_function is None:
        return
    both = []
    for function in (case.function, op.reference_function):
        leaves: list[Tensor] = []
        args, kwargs = argument_values(case.sample, lambda a, made=leaves: _leaf(a.copy(), made))  # type: ignore[misc]
        outs = flat_results(function(*args, **kwargs))
        both.append((outs, _gradients(outs, leaves)))
    for k, (a, b) in enumerate(zip(both[0][0], both[1][0], strict=True)):
        _assert_close(a._data, b._data, f"output {k} against the reference", case.sample.tol)
    for k, (a, b) in enumerate(zip(both[0][1], both[1][1], strict=True)):
        if a is not None or b is not None:
            zero = np.zeros(())
            _assert_close(
                zero if a is None else a._data, zero if b is None else b._data,
                f"gradient {k} against the reference's", case.sample.tol,
            )  # fmt: skip
    case.checked("the reference")


def float32_stays(case: Case) -> None:
    """float32 in means float32 out, in results and gradients."""
    arrays = _arrays_in(case.sample)
    if not any(a.dtype == np.float64 for a in arrays) or any(a.dtype.kind == "c" for a in arrays):
        return
    if any(isinstance(v, dtypes.dtype) for v in (*case.sample.args, *case.sample.kwargs.values())):
        return
    leaves: list[Tensor] = []
    args, kwargs = argument_values(
        case.sample,
        lambda a: _leaf(a.astype(np.float32) if a.dtype == np.float64 else a.copy(), leaves),
    )
    outs = flat_results(case.function(*args, **kwargs))
    for k, o in enumerate(outs):
        if isinstance(o, Tensor) and o._data.dtype.kind in "fc":
            assert o._data.dtype in (np.float32, np.complex64), f"result {k} became {o.dtype}"
    for create_graph in (False, True):
        for k, g in enumerate(_gradients(outs, leaves, create_graph)):
            if g is not None:
                assert g._data.dtype == leaves[k]._data.dtype, f"gradient {k} became {g.dtype}"
                assert g._data.shape == leaves[k]._data.shape, (
                    f"gradient {k}: shape {g._data.shape}"
                )
    case.checked("its own dtype")


def inputs_unchanged(case: Case) -> None:
    """Neither the call nor its backward changes the inputs."""
    leaves: list[Tensor] = []
    given: list[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]] = []

    def turn(a: np.ndarray[Any, Any]) -> Tensor:
        mine = a.copy()
        given.append((mine, a))
        return _leaf(mine, leaves)

    args, kwargs = argument_values(case.sample, turn)
    outs = flat_results(case.function(*args, **kwargs))
    _gradients(outs, leaves)
    for mine, before in given:
        np.testing.assert_array_equal(mine, before, err_msg="an input was changed")


def strided_inputs(case: Case) -> None:
    """Transposed, reversed and zero-stride inputs give what contiguous ones give."""

    def transposed(a: np.ndarray[Any, Any]) -> Any:
        return np.ascontiguousarray(a.T).T if a.ndim else a

    def reversed_(a: np.ndarray[Any, Any]) -> Any:
        return np.ascontiguousarray(a[::-1])[::-1] if a.ndim else a

    args, kwargs = argument_values(case.sample, lambda a: wrap(a.copy()))
    expected = flat_results(case.function(*args, **kwargs))
    for way in (transposed, reversed_):
        args, kwargs = argument_values(case.sample, lambda a, way=way: wrap(way(a)))  # type: ignore[misc]
        got = flat_results(case.function(*args, **kwargs))
        for k, (g, e) in enumerate(zip(got, expected, strict=True)):
            if isinstance(e, Tensor):
                _assert_close(
                    g._data, e._data, f"result {k} of {way.__name__} inputs", case.sample.tol
                )
    if not any(a.ndim and a.shape[0] > 1 for a in _arrays_in(case.sample)):
        return

    def flat(a: np.ndarray[Any, Any]) -> Any:
        return np.broadcast_to(a[:1], a.shape) if a.ndim and a.dtype.kind in "fc" else a

    args, kwargs = argument_values(case.sample, lambda a: wrap(np.array(flat(a))))
    try:
        expected = flat_results(case.function(*args, **kwargs))
    except LinAlgError:  # equal rows make a singular matrix
        return
    args, kwargs = argument_values(case.sample, lambda a: wrap(flat(a)))
    got = flat_results(case.function(*args, **kwargs))
    for k, (g, e) in enumerate(zip(got, expected, strict=True)):
        if isinstance(e, Tensor):
            _assert_close(g._data, e._data, f"result {k} of zero-stride inputs", case.sample.tol)


def method_agrees(case: Case) -> None:
    """The method forms and the function are one."""
    for name in case.op.methods:
        if name.startswith("__"):
            continue
        args, kwargs = argument_values(case.sample, lambda a: wrap(a.copy()))
        if not args or not isinstance(args[0], Tensor):
            return
        expected = flat_results(case.function(*args, **kwargs))
        got = flat_results(getattr(args[0], name)(*args[1:], **kwargs))
        for k, (g, e) in enumerate(zip(got, expected, strict=True)):
            if isinstance(e, Tensor):
                _assert_close(g._data, e._data, f"result {k} of method {name}", case.sample.tol)


def in_place_agrees(case: Case) -> None:
    """The in-place form leaves what the ordinary form gives, with the same gradients."""
    form = case.op.in_place
    if form is None:
        return
    args, kwargs = argument_values(case.sample, lambda a: wrap(a.copy()))
    if not isinstance(args[0], Tensor):
        return
    out = case.function(*args, **kwargs)
    if not isinstance(out, Tensor) or out.shape != args[0].shape:
        return
    if not dtypes.can_cast(out.dtype, args[0].dtype):
        return
    both = []
    for way in (case.function, form):
        leaves: list[Tensor] = []
        args, kwargs = argument_values(case.sample, lambda a, made=leaves: _leaf(a.copy(), made))  # type: ignore[misc]
        args[0] = args[0].clone()
        result = way(*args, **kwargs)
        if way is form:
            assert result is args[0], "the in-place form must return its first argument"
        both.append((result, _gradients([result], leaves)))
    expected = both[0][0]._data.astype(both[1][0]._data.dtype)
    _assert_close(both[1][0]._data, expected, "in-place result", case.sample.tol)
    if both[0][0].dtype == both[1][0].dtype:
        for k, (a, b) in enumerate(zip(both[0][1], both[1][1], strict=True)):
            if a is not None and b is not None:
                _assert_close(
                    b._data, a._data, f"gradient {k} of the in-place form", case.sample.tol
                )


def out_agrees(case: Case) -> None:
    """``out=`` receives what the ordinary call returns."""
    if not getattr(case.op, "has_out", False):
        return
    args, kwargs = argument_values(case.sample, lambda a: wrap(a.copy()))
    expected = case.function(*args, **kwargs)
    if isinstance(expected, Tensor):
        out = wrap(np.zeros_like(expected._data))
        assert case.function(*args, out=out, **kwargs) is out, "out= must be returned"
        _assert_close(out._data, expected._data, "out=", case.sample.tol)
    else:
        outs = tuple(wrap(np.zeros_like(e._data)) for e in expected)
        case.function(*args, out=outs, **kwargs)
        for o, e in zip(outs, expected, strict=True):
            _assert_close(o._data, e._data, "out=", case.sample.tol)


def arrays_in_arrays_out(case: Case) -> None:
    """Given arrays, an op returns arrays of the same values."""
    if not isinstance(case.op, Op):
        return
    arrays = _arrays_in(case.sample)
    if (
        not arrays
        or any(a.dtype.kind not in "fc" for a in arrays)
        or len({a.dtype for a in arrays}) > 1
    ):
        return
    args, kwargs = argument_values(case.sample, lambda a: a.copy())
    got = flat_results(case.function(*args, **kwargs))
    args, kwargs = argument_values(case.sample, lambda a: wrap(a.copy()))
    expected = flat_results(case.function(*args, **kwargs))
    for k, (g, e) in enumerate(zip(got, expected, strict=True)):
        assert not isinstance(g, Tensor), f"result {k} is a Tensor"
        if isinstance(e, Tensor):
            _assert_close(g, e._data, f"result {k} on arrays", case.sample.tol)


def keeps_only_what_is_named(case: Case) -> None:
    """After the call, the node keeps alive no input that its rules do not name."""
    op = case.op
    if not isinstance(op, Op) or op.view or op.several:
        return
    leaves: list[Tensor] = []
    holder: dict[str, Any] = {}

    def turn(a: np.ndarray[Any, Any]) -> Tensor:
        return _leaf(a.copy(), leaves)

    args, kwargs = argument_values(case.sample, turn)
    holder["out"] = case.function(*args, **kwargs)
    if not holder["out"].requires_grad:
        return
    watched = {}
    for i in op.inputs:
        if i.kind == "one" and i.index < len(args) and isinstance(args[i.index], Tensor):
            unnamed = i.name not in op.saved_names
            result = holder["out"]._data
            shares = np.may_share_memory(result, args[i.index]._data)
            if unnamed and not shares and sum(a is args[i.index] for a in args) == 1:
                watched[i.name] = weakref.ref(args[i.index])
    del args, kwargs
    leaves.clear()
    if any(ref() is not None for ref in watched.values()):
        gc.collect()  # slow, so only when a cycle may be what keeps it
    alive = [name for name, ref in watched.items() if ref() is not None]
    assert not alive, f"{op.name} keeps {alive} alive, which no rule names"


def error(case: Case) -> None:
    """A call that must fail raises what it promises, with words that help, and changes nothing."""
    sample: ErrorSample = case.sample
    before = [a.copy() for a in _arrays_in(sample)]  # type: ignore[arg-type]
    made = []

    def turn(a: np.ndarray[Any, Any]) -> Tensor:
        made.append(a.copy())
        return wrap(made[-1])

    args, kwargs = argument_values(sample, turn)  # type: ignore[arg-type]
    raised: Exception | None = None
    try:
        case.function(*args, **kwargs)
    except sample.raises as caught:
        raised = caught
    assert raised is not None, f"{sample.raises} was not raised"
    assert re.search(sample.match, str(raised)), f"{sample.match!r} is not in: {raised}"
    for mine, original in zip(made, before, strict=True):
        np.testing.assert_array_equal(mine, original, err_msg="the failed call changed an input")


#: All questions asked of an ordinary sample.
QUESTIONS: list[Callable[[Case], None]] = [
    value, gradient_like_torch, gradient, second_order, raw_equals_recorded, reference_agrees,
    float32_stays, inputs_unchanged, strided_inputs, method_agrees, in_place_agrees, out_agrees,
    arrays_in_arrays_out, keeps_only_what_is_named, forward_mode, vmap,
]  # fmt: skip


def check_op(function: Any, samples: list[Any], torch: str | None = None) -> int:
    """Ask every question of an op of your own, and return how many were answered.

    Parameters
    ----------
    function
        An op declared with `tn.op`, or a function made of ops.
    samples : list of Sample or ErrorSample
    torch : str, optional
        The name after ``torch.`` of the function it must agree with.

    Raises
    ------
    AssertionError
        With the question and the sample that failed.

    >>> from autotn.testing import Sample, make_array
    >>> tn.testing.check_op(tn.exp, [Sample(make_array(3, 2))])
    16
    """
    made = getattr(function, "op", None)
    if made is None:
        from autotn.core.op import Composite

        made = Composite(getattr(function, "__name__", "function"), function)
    asked = 0
    for k, sample in enumerate(samples):
        case = _Direct(made.name, k, sample, torch)
        case.target = function
        case.record = made
        questions = [error] if isinstance(sample, ErrorSample) else QUESTIONS
        for question in questions:
            if question.__name__ in getattr(sample, "skip", ()):
                continue
            try:
                question(case)
            except Exception as failure:
                raise AssertionError(
                    f"{made.name}, sample {k} {sample!r}, question {question.__name__!r}: {failure}"
                ) from failure
            asked += 1
    return asked


class _Direct(Case):
    """A case of a function that need not be registered."""

    target: Any
    record: Any

    @property
    def function(self) -> Any:
        return self.target

    @property
    def op(self) -> Any:
        return self.record
