"""What samples of the elementwise ops can't say: operators, overloads, warnings, aliases, memory."""

from __future__ import annotations

import operator
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import autotn as tn

BINARY = [
    "add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "and_", "or_", "xor", "lshift",
    "rshift", "lt", "le", "gt", "ge", "eq", "ne",
]  # fmt: skip
IN_PLACE = [
    "iadd",
    "isub",
    "imul",
    "ifloordiv",
    "imod",
    "ipow",
    "iand",
    "ior",
    "ixor",
    "ilshift",
    "irshift",
]


@pytest.mark.parametrize("name", BINARY)
def test_operators_agree_with_torch(name: str, torch: Any) -> None:
    """Tensor with Tensor, Tensor with number, number with Tensor, Tensor with array."""
    act = getattr(operator, name)
    a, b = np.array([5, 2, 7]), np.array([3, 1, 2])
    expected = act(torch.from_numpy(a), torch.from_numpy(b)).numpy()
    for other in (tn.from_numpy(b), b):
        np.testing.assert_array_equal(act(tn.from_numpy(a), other).numpy(), expected)
    for left, right in ((tn.from_numpy(a), 2), (2, tn.from_numpy(b))):
        ours = act(left, right)
        theirs = act(
            *(torch.from_numpy(x.numpy()) if isinstance(x, tn.Tensor) else x for x in (left, right))
        )
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
        assert str(ours.dtype)[3:] == str(theirs.dtype)[6:]


@pytest.mark.parametrize("name", BINARY)
def test_operators_leave_strangers_to_python(name: str) -> None:
    """An operand of an unknown kind is not forced: it may know the operator itself."""
    act = getattr(operator, name)
    x = tn.tensor([1, 2])
    if name in ("eq", "ne"):
        assert act(x, "text") is (name == "ne")
        assert act(x, None) is (name == "ne")
    else:
        with pytest.raises(TypeError):
            act(x, "text")


@pytest.mark.parametrize("name", IN_PLACE)
def test_in_place_operators_keep_the_tensor(name: str) -> None:
    """``x op= y`` writes into x and gives x."""
    x = tn.tensor([5, 2, 7])
    memory = x.data_ptr()
    expected = getattr(operator, name[1:] + ("_" if name in ("iand", "ior") else ""))(x, 2)
    y = getattr(operator, name)(x, 2)
    assert y is x
    assert x.data_ptr() == memory
    assert tn.equal(x, expected)


def test_in_place_division_of_integers_is_refused() -> None:
    """A quotient is not an integer."""
    x = tn.tensor([1, 2])
    with pytest.raises(RuntimeError, match="can't be cast"):
        x /= 2
    assert x.tolist() == [1, 2]


def test_unary_operators() -> None:
    """``-x``, ``+x``, ``~x`` and ``abs(x)``."""
    x = tn.tensor([1, -2])
    assert (-x).tolist() == [-1, 2]
    assert (+x) is x
    assert (~x).tolist() == [-2, 1]
    assert abs(x).tolist() == [1, 2]


@pytest.mark.parametrize("name", ["add", "sub"])
def test_the_number_may_still_come_first(name: str, torch: Any) -> None:
    """``x.add_(-lr, gradient)``, as scripts from before PyTorch 1.5 have it, works and warns."""
    x, y = np.array([1.0, 2.0]), np.array([3.0, 5.0])
    with pytest.warns(UserWarning, match="deprecated"):
        ours = getattr(tn.from_numpy(x.copy()), f"{name}_")(-0.5, tn.from_numpy(y))
    expected = getattr(torch.from_numpy(x.copy()), name)(torch.from_numpy(y), alpha=-0.5)
    np.testing.assert_array_equal(ours.numpy(), expected.numpy())


@pytest.mark.parametrize("name", ["addcmul", "addcdiv"])
def test_the_number_may_still_come_first_of_four(name: str) -> None:
    """``x.addcdiv_(-step, exp_avg, denominator)`` works and warns."""
    x, y, z = (tn.tensor([v, v + 1]) for v in (1.0, 3.0, 6.0))
    expected = getattr(x, name)(y, z, value=-0.5)
    with pytest.warns(UserWarning, match="deprecated"):
        ours = getattr(x, f"{name}_")(-0.5, y, z)
    assert ours is x
    assert tn.equal(ours, expected)


def test_where_with_bytes_warns() -> None:
    """A uint8 condition is read as bool, with a warning."""
    with pytest.warns(UserWarning, match="uint8"):
        chosen = tn.where(tn.tensor([1, 0], dtype=tn.uint8), 1.0, 2.0)
    assert chosen.tolist() == [1.0, 2.0]


def test_where_does_not_let_infinite_gradients_through() -> None:
    """The gradient of what is not chosen is exactly 0, even where infinity comes from above."""
    for size in (4, 5000):
        x = tn.ones(size, requires_grad=True)
        mask = tn.arange(size) % 2 == 0
        tn.log(tn.where(mask, x, 0.0)).backward(tn.ones(size))
        assert x.grad is not None
        assert tn.equal(x.grad, mask.to(tn.float32))


def test_parts_of_complex_tensors_share_memory() -> None:
    """Writing to the real or imaginary part changes the tensor, and gradients follow."""
    z = tn.tensor([1 + 2j, 3 + 4j])
    z.real[0] = 10.0
    z.imag = 0.5
    assert z.tolist() == [10 + 0.5j, 3 + 0.5j]
    w = tn.tensor([1 + 2j], dtype=tn.complex128, requires_grad=True)
    y = w * 1
    y.real.mul_(3.0)
    y.abs().square().sum().backward()
    assert w.grad is not None
    assert w.grad.tolist() == pytest.approx([18 + 4j])
    pairs = tn.view_as_real(z)
    pairs[1, 1] = -1.0
    assert z[1].item() == 3 - 1j
    with pytest.raises(RuntimeError, match="non-complex"):
        _ = tn.ones(2).imag


def test_values_of_no_consequence_come_back_themselves() -> None:
    """Parts, conjugates and plus of a real tensor are the tensor."""
    x = tn.ones(2)
    assert x.real is x
    assert x.conj() is x
    assert tn.resolve_conj(x) is x


def test_second_names_are_the_same_functions() -> None:
    """An alias is no copy."""
    for one, other in (
        ("absolute", "abs"), ("arccos", "acos"), ("arctan2", "atan2"), ("clip", "clamp"),
        ("divide", "div"), ("true_divide", "div"), ("fix", "trunc"), ("greater", "gt"),
        ("less_equal", "le"), ("multiply", "mul"), ("negative", "neg"), ("subtract", "sub"),
    ):  # fmt: skip
        assert getattr(tn, one) is getattr(tn, other)
        assert getattr(tn.Tensor, one) is getattr(tn.Tensor, other)
        if hasattr(tn.Tensor, f"{other}_"):
            assert getattr(tn.Tensor, f"{one}_") is getattr(tn.Tensor, f"{other}_")


def test_in_place_functions() -> None:
    """``tn.exp_(x)`` is ``x.exp_()``."""
    x = tn.zeros(2)
    assert tn.exp_(x) is x
    assert tn.clamp_(x, max=0.5).tolist() == [0.5, 0.5]


def test_numpy_functions_answer_with_tensors() -> None:
    """NumPy's spelling of arguments is understood."""
    x = tn.tensor([1.25, float("nan")], requires_grad=True)
    assert np.round(x, 1)[0].item() == pytest.approx(1.2)
    assert np.nan_to_num(x, nan=2.0).tolist() == [1.25, 2.0]
    assert np.where(np.isnan(x), 0.0, x).tolist() == [1.25, 0.0]
    root: Any = np.sqrt(x)
    assert root.requires_grad
    assert np.clip(x, 0.0, 1.0)[0].item() == 1.0


def test_derivatives_that_do_not_exist_are_refused() -> None:
    """They raise when asked for, by name, and not before."""
    x = tn.ones(2, requires_grad=True)
    for name, y in (
        ("heaviside", tn.heaviside(x, x)),
        ("igamma", tn.igamma(x, tn.ones(2))),
        ("zeta", tn.special.zeta(x + 1, tn.ones(2))),
    ):
        with pytest.raises(RuntimeError, match=f"{name}: the derivative"):
            y.sum().backward()


def test_special_names_are_all_there(torch: Any) -> None:
    """``tn.special`` offers what ``torch.special`` offers."""
    theirs = {
        n
        for n in dir(torch.special)
        if not n.startswith("_") and callable(getattr(torch.special, n))
    }
    assert theirs - {"Tensor"} <= set(dir(tn.special))


def test_scipy_is_not_imported_before_it_is_needed() -> None:
    """``import autotn`` and ordinary arithmetic do without SciPy."""
    code = (
        "import sys, autotn as tn; tn.special; (tn.ones(3).exp().sigmoid() ** 2).sum();"
        "assert 'scipy' not in sys.modules; tn.lgamma(tn.ones(1)); assert 'scipy' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    "name",
    [
        "abs", "atan", "deg2rad", "digamma", "erf", "erfinv", "exp2", "floor", "lgamma", "log2", "log10",
        "logit", "round", "rsqrt", "sigmoid", "sinc", "square", "tanh",
        "add", "atan2", "copysign", "div", "fmod", "hypot", "maximum", "mul", "pow", "remainder", "xlogy",
    ],
)  # fmt: skip
def test_bfloat16_stays(name: str, torch: Any) -> None:
    """bfloat16 in means bfloat16 out, in results and gradients."""
    pytest.importorskip("ml_dtypes")
    given = [np.array([0.25, 0.5, 0.75], np.float32), np.array([1.5, 0.25, 2.0], np.float32)]
    count = 2 if name in ("add", "atan2", "copysign", "div", "fmod", "hypot", "maximum", "mul",
                          "pow", "remainder", "xlogy") else 1  # fmt: skip
    ours = [tn.from_numpy(x).to(tn.bfloat16).requires_grad_() for x in given[:count]]
    theirs = [torch.from_numpy(x).bfloat16().requires_grad_() for x in given[:count]]
    result, expected = getattr(tn, name)(*ours), getattr(torch, name)(*theirs)
    result.sum().backward()
    expected.sum().backward()
    for a, b in (
        (result, expected),
        *((x.grad, y.grad) for x, y in zip(ours, theirs, strict=True)),
    ):
        assert a.dtype == tn.bfloat16
        np.testing.assert_allclose(
            a.detach().numpy().astype(np.float32), b.detach().float().numpy(), rtol=0.03, atol=0.01
        )


def test_result_type_agrees_with_torch(torch: Any) -> None:
    """Ranks and categories: tensors with dimensions, 0-d tensors, numbers. There is no complex32."""
    kinds = ["bool", "uint8", "int64", "float16", "float32", "float64", "complex64"]
    for a in kinds:
        for b in kinds:
            for shapes in (((2,), (2,)), ((2,), ()), ((), ())):
                ours = tn.result_type(
                    *(
                        tn.zeros(s, dtype=getattr(tn, k))
                        for s, k in zip(shapes, (a, b), strict=True)
                    )
                )
                theirs = torch.result_type(
                    *(
                        torch.zeros(s, dtype=getattr(torch, k))
                        for s, k in zip(shapes, (a, b), strict=True)
                    )
                )
                assert ours.name == str(theirs)[6:].replace("complex32", "complex64")
        for number in (True, 2, 1.5, 1j):
            x, y = tn.zeros(2, dtype=getattr(tn, a)), torch.zeros(2, dtype=getattr(torch, a))
            expected = str(torch.result_type(y, number))[6:].replace("complex32", "complex64")
            assert tn.result_type(x, number).name == expected
    with pytest.raises(TypeError, match="result_type"):
        tn.result_type(tn.ones(1), "text")


def test_questions_want_a_tensor() -> None:
    """Anything else is an error that says so; is_tensor answers."""
    for name in ("numel", "is_floating_point", "is_complex", "is_signed", "is_same_size"):
        given = ([1.0], [1.0]) if name == "is_same_size" else ([1.0],)
        with pytest.raises(TypeError, match=f"{name}: argument 'input' must be a Tensor"):
            getattr(tn, name)(*given)
    assert not tn.is_tensor([1.0])
    assert tn.ones(2).is_same_size(tn.zeros(2))
