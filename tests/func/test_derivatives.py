"""Derivatives of functions are PyTorch's, alone and nested in each other in every order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn import func, nn
from autotn.transforms import trees
from tests.func.pairs import Library, arrays, compare

# PyTorch's own forward mode compiles its formulas by a function it has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.*is deprecated")


def wave(lib: Library) -> Any:
    """A scalar function with interesting derivatives of any order."""
    return lambda x: (lib.m.tanh(x) ** 2 * x).sum()


def net(lib: Library, x: Any, w: Any) -> Any:
    """A vector function of two arguments."""
    return lib.F.softmax(lib.F.linear(x.sin(), w).relu(), -1).log()


DERIVATIVES = {
    "grad": lambda lib: lib.func.grad(wave(lib)),
    "jacrev": lambda lib: lib.func.jacrev(lambda x: (x**3).sum(0)),
    "jacfwd": lambda lib: lib.func.jacfwd(lambda x: (x**3).sum(0)),
    "hessian": lambda lib: lib.func.hessian(wave(lib)),
    "grad of grad": lambda lib: lib.func.grad(lambda x: lib.func.grad(wave(lib))(x).sum()),
    "jvp of grad": lambda lib: lambda x: lib.func.jvp(lib.func.grad(wave(lib)), (x,), (x * x,)),
    "grad of jvp": lambda lib: lib.func.grad(
        lambda x: lib.func.jvp(wave(lib), (x,), (x.cos(),))[1]
    ),
    "jvp of jvp": lambda lib: (
        lambda x: lib.func.jvp(lambda y: lib.func.jvp(lib.m.sin, (y,), (y * 2,))[1], (x,), (x * 3,))
    ),
    "jacrev of jacfwd": lambda lib: lib.func.jacrev(lib.func.jacfwd(wave(lib))),
    "jacfwd of jacfwd": lambda lib: lib.func.jacfwd(lib.func.jacfwd(wave(lib))),
    "third order": lambda lib: lib.func.jacfwd(lib.func.hessian(wave(lib))),
    "vmap of grad": lambda lib: lib.func.vmap(lib.func.grad(wave(lib))),
    "vmap of jvp": lambda lib: lib.func.vmap(
        lambda x: lib.func.jvp(wave(lib), (x,), (x.cos(),))[1]
    ),
    "vmap of hessian": lambda lib: lib.func.vmap(lib.func.hessian(wave(lib))),
    "grad of vmap": lambda lib: lib.func.grad(lambda x: lib.func.vmap(wave(lib))(x).prod()),
    "jvp of vmap": lambda lib: lambda x: lib.func.jvp(lib.func.vmap(wave(lib)), (x,), (x * x,)),
    "jacrev of vmap": lambda lib: lib.func.jacrev(lib.func.vmap(wave(lib))),
    "vmap of vmap of grad": lambda lib: lib.func.vmap(lib.func.vmap(lib.func.grad(wave(lib)))),
    "grad of vmap of grad": lambda lib: lib.func.grad(
        lambda x: lib.func.vmap(lib.func.grad(wave(lib)))(x).square().sum()
    ),
}


@pytest.mark.parametrize("name", DERIVATIVES)
def test_a_derivative_is_pytorchs(torch: Any, name: str) -> None:
    compare(torch, lambda lib, x: DERIVATIVES[name](lib)(x), *arrays((3, 2)))


@pytest.mark.parametrize("name", ["grad", "hessian", "vmap of grad", "jvp of grad", "grad of jvp"])
def test_results_stay_connected_to_what_is_outside(torch: Any, name: str) -> None:
    """The outer tape differentiates the derivative again."""

    def program(lib: Library, x: Any, w: Any) -> Any:
        x, w = x.requires_grad_(), w.requires_grad_()
        found = DERIVATIVES[name](lib)(x * w)
        last = found[-1] if isinstance(found, tuple) else found
        (last**2).sum().backward()
        return last, x.grad, w.grad

    compare(torch, program, *arrays((3, 2), (3, 2)))


def test_a_closure_that_requires_grad_is_differentiated_from_outside(torch: Any) -> None:
    def program(lib: Library, x: Any, w: Any) -> Any:
        w.requires_grad_()
        g = lib.func.grad(lambda x: (w * x**3).sum())(x)
        alone = lib.func.grad(lambda x: (w.detach() * x**3).sum())(x)
        return g, alone, lib.m.autograd.grad(g.sum(), w)

    compare(torch, program, *arrays((4,), (4,)))


def test_tangents_of_different_levels_are_not_confused(torch: Any) -> None:
    """``d/dx x * d/dy (x + y)`` is 1: the inner derivative must not see the outer's tangent."""

    def program(lib: Library, one: Any) -> Any:
        def inner(x: Any) -> Any:
            return x * lib.func.jvp(lambda y: x + y, (one,), (one,))[1]

        return lib.func.jvp(inner, (one * 2,), (one,))

    compare(torch, program, np.array(1.0))


def test_jacobians_by_both_ways_agree_on_a_network(torch: Any) -> None:
    x, w = arrays((2, 4), (3, 4))
    for way in ("jacrev", "jacfwd"):
        compare(
            torch,
            lambda lib, x, w, way=way: getattr(lib.func, way)(
                lambda x, w: net(lib, x, w), argnums=(0, 1)
            )(x, w),
            x,
            w,
        )


def test_arguments_outputs_and_aux_may_be_nested(torch: Any) -> None:
    def program(lib: Library, x: Any, w: Any) -> Any:
        def f(params: Any, scale: Any) -> Any:
            y = (params["w"] * params["x"][0]).sum() * scale
            return y, {"half": y / 2, "list": [scale]}

        params = {"w": w, "x": (x,)}
        return [
            lib.func.grad(f, has_aux=True)(params, x.sum()),
            lib.func.grad_and_value(f, argnums=(0, 1), has_aux=True)(params, x.sum()),
            lib.func.jacrev(f, has_aux=True)(params, x.sum()),
            lib.func.jacfwd(f, has_aux=True)(params, x.sum()),
        ]

    compare(torch, program, *arrays((3,), (3,)))


def test_vjp_takes_nested_outputs_and_can_be_asked_again(torch: Any) -> None:
    def program(lib: Library, x: Any, w: Any) -> Any:
        output, pull, aux = lib.func.vjp(
            lambda x, w: ({"a": x * w, "b": [x.sin()]}, w.sum()), x, w, has_aux=True
        )
        first = pull({"a": w, "b": [x]})
        return output, first, pull({"a": x, "b": [w]}), aux

    compare(torch, program, *arrays((3,), (3,)))


@pytest.mark.filterwarnings("ignore:Attempted to insert a get_attr Node")
def test_linearize_pushes_tangents(torch: Any) -> None:
    def program(lib: Library, x: Any, t: Any) -> Any:
        output, push = lib.func.linearize(lambda x: (x.exp(), x.sum()), x)
        return output, push(t), push(t * 2)

    compare(torch, program, *arrays((3,), (3,)))


def test_jacrev_in_chunks_is_the_same() -> None:
    x = tn.randn(3, 2, dtype=tn.float64)
    whole = func.jacrev(lambda x: x.exp() * x.sum())(x)
    parts = func.jacrev(lambda x: x.exp() * x.sum(), chunk_size=4)(x)
    np.testing.assert_array_equal(whole.numpy(), parts.numpy())


def test_value_and_grad_has_the_value_first() -> None:
    value, gradient = func.value_and_grad(lambda x: (x * x).sum())(tn.tensor([3.0]))
    assert value.item() == 9
    assert gradient.tolist() == [6.0]


def test_an_unused_argument_has_a_gradient_of_zeros(torch: Any) -> None:
    def program(lib: Library, x: Any, w: Any) -> Any:
        f = lambda x, w: x.sum()  # noqa: E731
        return [
            lib.func.grad(f, (0, 1))(x, w),
            lib.func.jacfwd(f, (0, 1))(x, w),
            lib.func.jvp(lambda x: w, (x,), (x,)),
        ]

    compare(torch, program, *arrays((3,), (2,)))


def test_no_grad_inside_counts_and_outside_does_not(torch: Any) -> None:
    def program(lib: Library, x: Any) -> Any:
        def f(x: Any) -> Any:
            with lib.m.no_grad():
                constant = x**2
            return (x * constant).sum()

        with lib.m.no_grad():
            outside = lib.func.grad(lambda x: (x**3).sum())(x)
        return lib.func.grad(f)(x), outside

    compare(torch, program, *arrays((3,)))


def test_a_module_is_a_function_of_its_weights(torch: Any) -> None:
    def program(lib: Library, x: Any, *weights: Any) -> Any:
        model = lib.m.nn.Sequential(lib.m.nn.Linear(4, 3), lib.m.nn.Tanh(), lib.m.nn.Linear(3, 2))
        names = [name for name, _ in model.named_parameters()]
        params = dict(zip(names, weights, strict=True))
        loss = lambda p, x: (lib.func.functional_call(model, p, (x,)) ** 2).mean()  # noqa: E731
        return lib.func.grad(loss)(params, x), lib.func.hessian(loss, 1)(params, x)

    compare(torch, program, *arrays((5, 4), (3, 4), (3,), (2, 3), (2,)))


def test_what_cannot_be_differentiated_is_said_so() -> None:
    x = tn.ones(3)
    with pytest.raises(RuntimeError, match="scalar tensor, got tensor with 1 dims"):
        func.grad(lambda x: x * 2)(x)
    with pytest.raises(RuntimeError, match="to return a tensor, got float"):
        func.grad(lambda x: 1.0)(x)
    with pytest.raises(RuntimeError, match="Got argnum=1, but only 1 positional inputs"):
        func.grad(lambda x: x.sum(), 1)(x)
    with pytest.raises(RuntimeError, match=r"should be a tuple: \(output, aux\)"):
        func.grad(lambda x: x.sum(), has_aux=True)(x)
    with pytest.raises(RuntimeError, match=r"int64"):
        func.grad(lambda x: x.sum())(tn.ones(3, dtype=tn.int64))
    with pytest.raises(RuntimeError, match="Expected primals to be a tuple"):
        func.jvp(tn.sin, x, (x,))
    with pytest.raises(RuntimeError, match="same python structure"):
        func.jvp(tn.sin, (x,), (x, x))
    with pytest.raises(RuntimeError, match="must agree"):
        func.jvp(tn.sin, (x,), (tn.ones(2),))
    with pytest.raises(RuntimeError, match="independent"):
        func.jvp(lambda y: x, (x,), (x,), strict=True)
    with pytest.raises(RuntimeError, match="pytree structure of cotangents"):
        func.vjp(tn.sin, x)[1]((x, x))
    with pytest.raises(NotImplementedError, match="functionalize"):
        func.functionalize(lambda x: x)


class Straight(tn.autograd.Function):
    """Rounding whose gradient passes: its own rule, not that of its body."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x.round()

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g * 2


def test_a_function_of_ones_own_keeps_its_rule_in_every_mode() -> None:
    x = tn.tensor([0.4, 1.6])
    assert func.jvp(Straight.apply, (x,), (tn.ones(2),))[1].tolist() == [2.0, 2.0]
    total = lambda x: Straight.apply(x).sum()  # noqa: E731
    assert func.vmap(func.grad(total))(x[:, None]).tolist() == [[2.0], [2.0]]
    assert func.grad(lambda x: func.vmap(total)(x).sum())(x[:, None]).tolist() == [[2.0], [2.0]]
    assert func.vmap(Straight.apply)(x).tolist() == [0.0, 2.0]


class Cosine(tn.autograd.Function):
    """A sine whose declared tangent is not its body's."""

    @staticmethod
    def forward(ctx: Any, x: Any, scale: float) -> Any:
        ctx.save_for_forward(x)
        ctx.scale = scale
        return x.sin() * scale

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g, None

    @staticmethod
    def jvp(ctx: Any, x_tangent: Any, _: Any) -> Any:
        (x,) = ctx.saved_tensors
        return x.cos() * ctx.scale * 10 * x_tangent


def test_a_function_of_ones_own_may_declare_its_tangent() -> None:
    x = tn.zeros(2)
    value, tangent = func.jvp(lambda x: Cosine.apply(x, 2.0), (x,), (tn.ones(2),))
    assert value.tolist() == [0.0, 0.0]
    assert tangent.tolist() == [20.0, 20.0]
    assert func.vmap(lambda x: func.jvp(lambda x: Cosine.apply(x, 1.0), (x,), (x + 1,))[1])(
        x
    ).tolist() == [10.0, 10.0]


def test_writing_in_place_carries_tangents_and_gradients(torch: Any) -> None:
    def program(lib: Library, x: Any) -> Any:
        def f(x: Any) -> Any:
            y = lib.m.zeros(3, 2, dtype=x.dtype)
            y[0] = x[1]
            row = y[1]
            row.add_(x[0] * x[2])
            z = x * 1
            z[0] *= 3
            z.mul_(x)
            y += z
            return (y**2).sum()

        return lib.func.jvp(f, (x,), (x.cos(),)), lib.func.grad(f)(x)

    compare(torch, program, *arrays((3, 2)))


def test_ensembles_run_as_one(torch: Any) -> None:
    models = [nn.Linear(3, 2) for _ in range(4)]
    params, buffers = func.stack_module_state(models)
    assert buffers == {}
    assert params["weight"].shape == (4, 2, 3)
    assert params["weight"].requires_grad
    x = tn.randn(5, 3)
    together = func.vmap(
        lambda p: func.functional_call(models[0], p, (x,)),
    )({k: v.detach() for k, v in params.items()})
    for k, model in enumerate(models):
        np.testing.assert_allclose(
            together[k].numpy(), model(x).detach().numpy(), rtol=1e-5, atol=1e-6
        )
    with pytest.raises(RuntimeError, match="at least one model"):
        func.stack_module_state([])
    with pytest.raises(RuntimeError, match="same class"):
        func.stack_module_state([nn.Linear(2, 2), nn.ReLU()])


COMPLEX = {
    "gradient": lambda lib, z, t: lib.func.grad(lambda z: (z * z.conj() * z.exp()).real.sum())(z),
    "tangent": lambda lib, z, t: lib.func.jvp(lambda z: (z * z.abs()).sin() / (1 + z), (z,), (t,)),
    "parts": lambda lib, z, t: lib.func.jvp(
        lambda z: lib.m.complex(z.real, z.imag * 2) * z.conj() + z.angle(), (z,), (t,)
    ),
    "transform": lambda lib, z, t: lib.func.jvp(
        lambda z: lib.m.fft.ifft(lib.m.fft.fft(z) * z), (z,), (t,)
    ),
    "each": lambda lib, z, t: lib.func.vmap(lib.func.grad(lambda z: (z @ z.conj()).real ** 2))(z),
    "inverse": lambda lib, z, t: lib.func.jvp(
        lambda z: lib.m.linalg.inv(z[:2] @ z[:2].conj().T + lib.m.eye(2)), (z,), (t,)
    ),
}


@pytest.mark.parametrize("name", COMPLEX)
def test_complex_numbers_follow_pytorchs_convention(torch: Any, name: str) -> None:
    a, b, c, d = arrays((3, 2), (3, 2), (3, 2), (3, 2))
    compare(
        torch,
        lambda lib, z, t: [x.resolve_conj() for x in trees.flatten(COMPLEX[name](lib, z, t))[0]],
        a + 1j * b,
        c + 1j * d,
    )
