"""Result dtypes are PyTorch's, for every op, every dtype, and every mix of two.

Each op is called with its first sample in every dtype, beside PyTorch. Where both give a result its dtypes must
agree; what PyTorch takes, we take. What we refuse on purpose stands in `REFUSED`, what we take beyond PyTorch
in `MORE`; docs/differences/dtypes.md says the same in words.
"""

from __future__ import annotations

import itertools
import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn.errors import DTypeError, NotDifferentiable
from autotn.testing.check_op import argument_values, flat_results, same_for_torch, torch_function
from autotn.testing.sample import ErrorSample, cases_of
from tests.certificate import RECORD
from tests.samples import SAMPLERS, Case

INTEGERS = ("uint8", "int8", "int16", "int32", "int64")
HALVES = ("float16", "bfloat16")
COMPLEX = ("complex64", "complex128")
KINDS = ("bool", *INTEGERS, *HALVES, "float32", "float64", *COMPLEX)

#: Refused here, taken by PyTorch: op -> dtypes.
REFUSED = {
    "bincount": COMPLEX,  # PyTorch drops the imaginary parts of weights
    "logcumsumexp": COMPLEX,
    "matrix_exp": ("float16",),
    "linalg_matrix_exp": ("float16",),
    "soft_margin_loss": COMPLEX,
    "upsample_bilinear": ("uint8",),
    "rnn_relu": INTEGERS,
    "rnn_relu_cell": INTEGERS,
    "rnn_tanh_cell": INTEGERS,
    "pow": ("bool,True",),
}

#: Taken here, refused by PyTorch, beyond half precision: op -> dtypes.
MORE = {
    **dict.fromkeys(("avg_pool1d", "avg_pool2d", "avg_pool3d", "avg_pool", "max_pool1d"), INTEGERS),
    **dict.fromkeys(("lp_pool1d", "lp_pool2d", "lp_pool3d", "fold", "unfold"), INTEGERS),
    **dict.fromkeys(("conv_transpose1d", "conv_transpose2d", "conv_transpose3d"), INTEGERS),
    **dict.fromkeys(("clamp_both", "searchsorted", "bucketize"), ("bool",)),
    **dict.fromkeys(
        ("interpolate", "upsample", "upsample_bilinear"), ("bool", *INTEGERS, *COMPLEX)
    ),
    "upsample_nearest": ("bool", *INTEGERS, *COMPLEX),
    **dict.fromkeys(("hinge_embedding_loss", "multilabel_margin_loss"), INTEGERS),
    "local_response_norm": ("bool", *INTEGERS, *COMPLEX),
    "istft": COMPLEX,
    "stft": ("bool", *INTEGERS),
}
#: PyTorch would compute in complex32, which does not exist here.
COMPLEX_HALF = ("float16,0-d complex64", "float16,(2+1j)", "(2+1j),float16")

#: Orthogonal polynomials are defined for complex numbers too.
MORE |= {name: COMPLEX for name in SAMPLERS if "_polynomial_" in name}


def turned(array: Any, kind: str) -> Any:
    """A float64 array in another dtype, with values that make sense in it."""
    if array.dtype != np.float64:
        return array
    if kind == "bool":
        return np.asarray(array > 0)
    if kind in INTEGERS:
        whole = np.rint(np.nan_to_num(array).clip(-5, 5) * 3)
        return np.asarray(np.abs(whole) if kind == "uint8" else whole).astype(kind)
    return np.asarray(array).astype(tn.bfloat16.dtype if kind == "bfloat16" else kind)


def for_torch(torch: Any, array: Any) -> Any:
    if array.dtype.kind == "V":
        return torch.from_numpy(np.asarray(array, np.float32)).to(torch.bfloat16)
    return torch.from_numpy(array.copy())


def dtypes_of(call: Callable[[], Any]) -> list[str] | Exception:
    """The dtypes of the results of a call, or why there are none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            results = flat_results(call())
    except (RuntimeError, TypeError, ValueError, NotImplementedError, IndexError) as refusal:
        return refusal
    except AttributeError as refusal:  # a number where only a Tensor will do
        if not re.search("'(bool|int|float|complex)' object", str(refusal)):
            raise
        return refusal
    return [
        str(r.dtype).rpartition(".")[2] if hasattr(r, "dtype") else type(r).__name__
        for r in results
    ]


def first_cases() -> Iterator[Case]:
    """The first sample of each op that has a float64 input and PyTorch as its oracle."""
    for name in sorted(SAMPLERS):
        for case in cases_of(name):
            if isinstance(case.sample, ErrorSample) or case.torch_name is None:
                continue
            inputs = itertools.chain.from_iterable(
                a if isinstance(a, (list, tuple)) else (a,)
                for a in (*case.sample.args, *case.sample.kwargs.values())
            )
            if any(isinstance(a, np.ndarray) and a.dtype == np.float64 for a in inputs):
                yield case
                break


CASES = list(first_cases())


def judge(
    case: Case, what: str, ours: Any, theirs: Any, failures: list[str], *, more: bool = True
) -> None:
    """Note what is neither equal nor a difference that is written down."""
    name = case.op_name
    if isinstance(ours, Exception) and isinstance(theirs, Exception):
        return
    if isinstance(ours, Exception):
        known = "complex32" in theirs or what in REFUSED.get(name, ())
        if not known:
            failures.append(f"{what}: refused ({ours}), PyTorch gives {theirs}")
    elif isinstance(theirs, Exception):
        if more and what not in MORE.get(name, ()) and what not in HALVES:
            failures.append(f"{what}: gives {ours}, PyTorch refuses ({theirs})")
    elif ours != theirs and "complex32" not in theirs and what not in COMPLEX_HALF:
        failures.append(f"{what}: {ours}, PyTorch: {theirs}")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.op_name)
def test_every_dtype(torch: Any, case: Case) -> None:
    if case.op_name == "clamp_between":  # in PyTorch the numbers decide, in `clamp` here
        return
    failures: list[str] = []
    for kind in KINDS:

        def ours(kind: str = kind) -> Any:
            args, kwargs = argument_values(case.sample, lambda a: tn.from_numpy(turned(a, kind)))
            return case.function(*args, **kwargs)

        def theirs(kind: str = kind) -> Any:
            args, kwargs = argument_values(case.sample, lambda a: for_torch(torch, turned(a, kind)))
            args = [same_for_torch(a) for a in args]
            kwargs = {k: same_for_torch(v) for k, v in kwargs.items()}
            assert case.torch_name is not None
            return torch_function(case.torch_name)(*args, **kwargs)

        judge(case, kind, dtypes_of(ours), dtypes_of(theirs), failures)
    assert not failures, "\n".join(failures)
    RECORD.note(case.op_name, "dtypes", {"PyTorch"})


# -- two dtypes ------------------------------------------------------------------------------------------

PAIRED = (
    "bool",
    "uint8",
    "int32",
    "int64",
    "float16",
    "bfloat16",
    "float32",
    "float64",
    "complex64",
)
NUMBERS = (True, 2, 2.5, 2 + 1j)

#: PyTorch's rules for them are their own: losses often take the dtype of the input or the target.
OF_THEIR_OWN = {
    "linalg_solve_triangular", "clamp_between", "multi_head_attention_forward",
    *(name for name in SAMPLERS if "loss" in name or "entropy" in name or name == "kl_div"),
}  # fmt: skip

#: What takes two arrays that need not be of one dtype.
BINARY = [
    case
    for case in CASES
    if len(case.sample.args) >= 2
    and all(isinstance(a, np.ndarray) and a.dtype == np.float64 for a in case.sample.args[:2])
    and case.op_name not in OF_THEIR_OWN
]


def mixes(a: Any, b: Any) -> Iterator[tuple[str, Any, Any]]:
    """Both operands in two dtypes; the second one 0-d; a Python number on either side."""
    one = b.reshape(-1)[:1].reshape(())
    for first, second in itertools.product(PAIRED, PAIRED):
        yield f"{first},{second}", turned(a, first), turned(b, second)
        yield f"{first},0-d {second}", turned(a, first), turned(one, second)
    for kind, number in itertools.product(PAIRED, NUMBERS):
        yield f"{kind},{number}", turned(a, kind), number
        yield f"{number},{kind}", number, turned(b, kind)


@pytest.mark.parametrize("case", BINARY, ids=lambda case: case.op_name)
def test_every_mix(torch: Any, case: Case) -> None:
    first, second, *rest = case.sample.args
    failures: list[str] = []

    def call(function: Any, make: Any, x: Any, y: Any) -> Any:
        args = [make(v) if isinstance(v, np.ndarray) else v for v in (x, y, *rest)]
        kwargs = {
            k: make(v) if isinstance(v, np.ndarray) else v for k, v in case.sample.kwargs.items()
        }
        return function(*args, **kwargs)

    assert case.torch_name is not None
    oracle = torch_function(case.torch_name)
    for what, x, y in mixes(first, second):
        ours = dtypes_of(lambda x=x, y=y: call(case.function, tn.from_numpy, x, y))  # type: ignore[misc]
        theirs = dtypes_of(lambda x=x, y=y: call(oracle, lambda a: for_torch(torch, a), x, y))  # type: ignore[misc]
        judge(case, what, ours, theirs, failures, more=False)
    assert not failures, "\n".join(failures)


# -- gradients in half precision -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", HALVES)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.op_name)
def test_gradients_in_half_precision(case: Case, kind: str) -> None:
    """They have the dtype of the inputs, and are those of double precision, as near as that goes."""

    def gradients(precision: str) -> list[Any] | None:
        leaves: list[Any] = []

        def leaf(array: Any) -> Any:
            if array.dtype != np.float64:
                return tn.from_numpy(array)
            # The very numbers that half precision has, in either precision.
            made = tn.from_numpy(turned(turned(array, kind).astype(np.float64), precision))
            leaves.append(made.requires_grad_())
            return made

        args, kwargs = argument_values(case.sample, leaf)
        results = flat_results(case.function(*args, **kwargs))
        live = [r for r in results if isinstance(r, tn.Tensor) and r.requires_grad]
        if not live:
            return None
        for one in live:
            (one.sum() if not one.is_complex() else one.real.sum()).backward(retain_graph=True)
        return [x.grad for x in leaves]

    try:
        found = gradients(kind)
    except (DTypeError, NotDifferentiable):
        return
    for ours, exact in zip(found or (), gradients("float64") or (), strict=True):
        if exact is None:
            continue
        assert ours.dtype.name == kind
        got, expected = ours.double().numpy(), exact.numpy()
        eps = float(tn.finfo(ours.dtype).eps)
        room = 20 * eps * (1 + np.abs(expected).max(initial=0))
        assert np.all((np.abs(got - expected) <= room) | ~np.isfinite(expected)), (got, expected)


HALF_SUMS = {
    "mean": lambda lib, x: x.mean(),
    "var": lambda lib, x: x.var(),
    "norm": lambda lib, x: x.norm(),
    "softmax": lambda lib, x: lib.softmax(x, 0)[:3],
    "layer_norm": lambda lib, x: lib.nn.functional.layer_norm(x, (100_000,))[:3],
}


@pytest.mark.parametrize("kind", HALVES)
@pytest.mark.parametrize("name", HALF_SUMS)
def test_half_precision_is_added_up_in_single(torch: Any, name: str, kind: str) -> None:
    """What is added up in float16 would be too large, or too coarse, long before the end."""
    values = np.linspace(1, 3, 100_000, dtype=np.float32)
    ours = HALF_SUMS[name](tn, tn.from_numpy(values).to(getattr(tn, kind)))
    theirs = HALF_SUMS[name](torch, torch.from_numpy(values).to(getattr(torch, kind)))
    assert ours.dtype.name == kind
    np.testing.assert_allclose(
        ours.double(), theirs.double(), rtol=float(tn.finfo(ours.dtype).eps) * 2, atol=1e-6
    )
