"""`autograd.Function` and its ctx: the same classes, here and in PyTorch, give the same numbers or both fail."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autotn as tn

PROGRAMS: dict[str, Callable[[Any], Any]] = {}


def program(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    PROGRAMS[function.__name__] = function
    return function


def leaf(T: Any, *shape: int, seed: int = 0) -> Any:
    return T.tensor(np.random.default_rng(seed).standard_normal(shape), requires_grad=True)


def gradients(out: Any, *leaves: Any) -> list[Any]:
    out.backward()
    return [None if x.grad is None else x.grad.numpy() for x in leaves]


def doubling(T: Any) -> Any:
    class Double(T.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return 2 * g

    return Double


def squaring(T: Any) -> Any:
    class Square(T.autograd.Function):
        @staticmethod
        def forward(ctx, a):
            ctx.save_for_backward(a)
            return a * a

        @staticmethod
        def backward(ctx, g):
            return 2 * g * ctx.saved_tensors[0]

    return Square


@program
def saved_inputs_and_outputs(T):
    class Exp(T.autograd.Function):
        @staticmethod
        def forward(ctx, x, scale):
            y = (x * scale).exp()
            ctx.save_for_backward(x, y)
            ctx.scale = scale
            return y

        @staticmethod
        def backward(ctx, g):
            _, y = ctx.saved_tensors
            return g * y * ctx.scale, None

    x = leaf(T, 3)
    return gradients(Exp.apply(x, 2.0).sum(), x)


@program
def only_needed_gradients_are_asked_for(T):
    asked = []

    class Product(T.autograd.Function):
        @staticmethod
        def forward(ctx, a, b):
            ctx.save_for_backward(a, b)
            return a * b

        @staticmethod
        def backward(ctx, g):
            asked.append(ctx.needs_input_grad)
            a, b = ctx.saved_tensors
            return g * b, g * a

    a, b = leaf(T, 3), T.tensor([1.0, 2.0, 3.0], dtype=T.float64)
    return [*gradients(Product.apply(a, b).sum(), a), np.array(asked)]


@program
def several_outputs_one_of_them_unused(T):
    seen = []

    class Split(T.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2, x * 3

        @staticmethod
        def backward(ctx, g, h):
            seen.append(None if h is None else float(h.sum()))
            return 2 * g + 3 * h

    x = leaf(T, 3)
    return [*gradients(Split.apply(x)[0].sum(), x), np.array(seen)]


@program
def unused_outputs_can_stay_none(T):
    seen = []

    class Split(T.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.set_materialize_grads(False)
            return x * 2, x * 3

        @staticmethod
        def backward(ctx, g, h):
            seen.append(h is None)
            return 2 * g

    x = leaf(T, 3)
    return [*gradients(Split.apply(x)[0].sum(), x), np.array(seen)]


@program
def an_output_without_gradient(T):
    class SortBoth(T.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            values, order = x.sort()
            ctx.mark_non_differentiable(order)
            ctx.save_for_backward(order)
            return values, order

        @staticmethod
        def backward(ctx, g, _):
            (order,) = ctx.saved_tensors
            back = T.zeros_like(g)
            back[order] = g
            return back

    x = leaf(T, 4)
    values, order = SortBoth.apply(x)
    weights = T.tensor([1.0, 2.0, 3.0, 4.0], dtype=T.float64)
    return [*gradients((values * weights).sum(), x), np.array([order.requires_grad])]


@program
def writing_in_place_and_saying_so(T):
    class Double(T.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            x.mul_(2)
            ctx.mark_dirty(x)
            return x

        @staticmethod
        def backward(ctx, g):
            return 2 * g

    x = leaf(T, 3)
    y = x * 1
    z = Double.apply(y)
    return [*gradients((y * z).sum(), x), np.array([z is y, y._version])]


@program
def setup_context_apart_from_forward(T):
    class Cube(T.autograd.Function):
        @staticmethod
        def forward(x, power):
            return x**power

        @staticmethod
        def setup_context(ctx, inputs, output):
            x, ctx.power = inputs
            ctx.save_for_backward(x)

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * ctx.power * x ** (ctx.power - 1), None

    x = leaf(T, 3)
    return gradients(Cube.apply(x, 3).sum(), x)


@program
def second_derivatives_through_backward(T):
    class Cube(T.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return 3 * g * x * x

    x = leaf(T, 3)
    (g,) = T.autograd.grad(Cube.apply(x).sum(), x, create_graph=True)
    return gradients((g * g).sum(), x)


@program
def an_input_passed_through(T):
    class Through(T.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.view_as(x)

        @staticmethod
        def backward(ctx, g):
            return g * 10

    x = leaf(T, 3)
    return gradients(Through.apply(x).sum(), x)


@program
def nothing_is_recorded_without_need(T):
    Double = doubling(T)
    with T.no_grad():
        quiet = Double.apply(leaf(T, 3))
    return [np.array([quiet.requires_grad, Double.apply(T.ones(2)).requires_grad])]


@program
def the_node_carries_the_class_name(T):
    return [np.array([doubling(T).apply(leaf(T, 2)).grad_fn.name()])]


@program
def error_second_derivative_of_once_differentiable(T):
    class Once(T.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**2

        @staticmethod
        @T.autograd.function.once_differentiable
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return 2 * g * x

    x = leaf(T, 3)
    (g,) = T.autograd.grad(Once.apply(x).sum(), x, create_graph=True)
    g.sum().backward()


@program
def error_too_few_gradients(T):
    class Short(T.autograd.Function):
        @staticmethod
        def forward(ctx, a, b):
            return a * b

        @staticmethod
        def backward(ctx, g):
            return g

    Short.apply(leaf(T, 2), leaf(T, 2)).sum().backward()


@program
def error_gradient_of_the_wrong_shape(T):
    class Bad(T.autograd.Function):
        @staticmethod
        def forward(ctx, a):
            return a * 2

        @staticmethod
        def backward(ctx, g):
            return g[:1].expand(5)

    Bad.apply(leaf(T, 2)).sum().backward()


@program
def error_saved_value_overwritten(T):
    Square = squaring(T)
    y = leaf(T, 2) * 1
    z = Square.apply(y)
    y.add_(1)
    z.sum().backward()


@program
def error_backward_a_second_time(T):
    Square = squaring(T)
    z = Square.apply(leaf(T, 2)).sum()
    z.backward()
    z.backward()


@program
def error_backward_is_not_declared(T):
    class Half(T.autograd.Function):
        @staticmethod
        def forward(ctx, a):
            return a / 2

    Half.apply(leaf(T, 2)).sum().backward()


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_same_as_pytorch(torch: Any, name: str) -> None:
    if name.startswith("error_"):
        for T in (torch, tn):
            with pytest.raises((RuntimeError, NotImplementedError)):
                PROGRAMS[name](T)
        return
    for ours, theirs in zip(PROGRAMS[name](tn), PROGRAMS[name](torch), strict=True):
        np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs))


def test_saving_what_is_no_tensor_says_where_to_put_it() -> None:
    class Bad(tn.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(3.0)
            return x * 3

    with pytest.raises(TypeError, match="keep other things as attributes of ctx"):
        Bad.apply(tn.ones(2, requires_grad=True))


def test_a_function_passes_gradcheck_of_both_orders() -> None:
    class Cube(tn.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x * x * x

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            (x,) = ctx.saved_tensors
            return 3.0 * x * x * g

    x = tn.randn(3, dtype=tn.float64, requires_grad=True)
    assert tn.autograd.gradcheck(Cube.apply, (x,))
    assert tn.autograd.gradgradcheck(Cube.apply, (x,))


def test_a_call_leaves_nothing_to_the_cyclic_collector() -> None:
    class Twice(tn.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x * 2

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * 2

    def step() -> None:
        Twice.apply(tn.ones(2, requires_grad=True)).sum().backward()
        Twice.apply(tn.tensor([1.0, tn.ones(()).item()]))

    step()
    gc.collect()
    gc.disable()
    try:
        for _ in range(5):
            step()
        assert not gc.collect()
    finally:
        gc.enable()
