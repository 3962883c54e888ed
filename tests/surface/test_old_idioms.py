"""Spellings that PyTorch has outgrown, and that scripts still use."""

from __future__ import annotations

import numpy as np
import pytest

import autotn as tn
from autotn import nn
from autotn.nn import functional as F


@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 3, 4), (2, 3, 4, 5)])
@pytest.mark.parametrize("name", ["softmax", "log_softmax", "softmin"])
def test_softmax_chooses_a_dimension_with_a_warning(torch, shape, name) -> None:
    x = np.random.default_rng(0).normal(size=shape)
    ours, theirs = tn.tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    with pytest.warns(UserWarning, match="Implicit dimension"):
        out = getattr(F, name)(ours)
    with pytest.warns(UserWarning, match="Implicit dimension"):
        expected = getattr(torch.nn.functional, name)(theirs)
    (out * out).sum().backward()
    (expected * expected).sum().backward()
    np.testing.assert_allclose(out.detach().numpy(), expected.detach().numpy(), atol=1e-12)
    np.testing.assert_allclose(ours.grad.numpy(), theirs.grad.numpy(), atol=1e-12)


def test_softmax_layers_too() -> None:
    with pytest.warns(UserWarning, match="Implicit dimension"):
        assert float(nn.Softmax()(tn.ones(2, 3))[0].sum()) == pytest.approx(1)


def test_grad_takes_only_inputs_in_its_place() -> None:
    x = tn.tensor(3.0, requires_grad=True)
    (g,) = tn.autograd.grad(x**2, x, None, True, True, True, True)
    assert g.item() == 6
    (g,) = tn.autograd.grad(x**2, x, create_graph=True, only_inputs=True)
    assert tn.autograd.grad(g, x)[0].item() == 2


def test_the_plateau_schedule_takes_verbose() -> None:
    optimizer = tn.optim.SGD([tn.ones(1, requires_grad=True)], lr=1.0)
    with pytest.warns(UserWarning, match="verbose"):
        tn.optim.lr_scheduler.ReduceLROnPlateau(optimizer, "min", verbose=True)


def test_the_default_generator_is_a_generator() -> None:
    generator = tn.default_generator
    assert isinstance(generator, tn.Generator)
    generator.manual_seed(3)
    first = tn.rand(2, generator=tn.random.default_generator)
    tn.manual_seed(3)
    assert (tn.rand(2) == first).all()


def test_names_for_annotations_and_subclasses() -> None:
    from autotn.nn.modules.module import _addindent
    from autotn.types import Device, Number, _size
    from autotn.utils.hooks import RemovableHandle

    assert Device is not None
    assert Number is not None
    assert _size is not None
    assert RemovableHandle is not None
    assert _addindent("a\nb", 2) == "a\n  b"
    assert tn.typename(tn.zeros(1)) == "tn.FloatTensor"
    assert tn.typename(nn.Linear) == "autotn.layers.linear.Linear"


@pytest.mark.parametrize("index", [0, 1])
def test_a_function_may_fill_in_its_input_through_data(torch, index: int) -> None:
    """Solvers write their next stage behind the back of the version check, where nothing kept is touched."""

    def gradient(library) -> list[float]:
        class Assign(library.autograd.Function):
            @staticmethod
            def forward(ctx, scratch, value, index):
                ctx.index = index
                scratch.data[index] = value
                return scratch

            @staticmethod
            def backward(ctx, grad):
                return grad, grad[ctx.index], None

        f = library.tensor([1.0, 2.0], requires_grad=True)
        k = Assign.apply(library.zeros(2, 3), f, (..., 0))
        y = (k[..., :1] * f[:1]).sum(dim=-1)
        k = Assign.apply(k, y * 3, (..., 1))
        z = (k[..., :2] * f).sum(dim=-1)
        k = Assign.apply(k, z, (..., 2))
        return library.autograd.grad(k.sum() + z[index], f)[0].tolist()

    assert gradient(tn) == gradient(torch)


def test_other_writes_through_data_are_noticed() -> None:
    x = tn.ones(2, requires_grad=True)
    y = x * 2
    z = y * y
    y.data[0] = 5
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.sum().backward()
