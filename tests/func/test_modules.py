"""Every kind of layer, as a function of its weights: per-sample gradients, forward mode, ensembles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn import func, nn
from tests.func.pairs import same

#: Name -> the model, and the shape of six examples (the batch first).
MODELS: dict[str, tuple[Callable[[Any], Any], tuple[int, ...]]] = {
    "normalised": (
        lambda nn: nn.Sequential(nn.Linear(5, 8), nn.LayerNorm(8), nn.GELU(), nn.Linear(8, 3)),
        (6, 5),
    ),
    "lstm": (lambda nn: nn.LSTM(5, 4, batch_first=True), (6, 3, 5)),
    "gru": (lambda nn: nn.GRU(5, 4, num_layers=2), (6, 3, 5)),
    "rnn": (lambda nn: nn.RNN(5, 4, bidirectional=True), (6, 3, 5)),
    "transformer": (
        lambda nn: nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True),
        (6, 3, 8),
    ),
    "images": (
        lambda nn: nn.Sequential(
            nn.Conv2d(2, 4, 3, padding=1, stride=2), nn.BatchNorm2d(4).eval(), nn.ReLU(),
            nn.AdaptiveAvgPool2d(2), nn.Flatten(),
        ),
        (6, 1, 2, 7, 7),
    ),
    "transposed": (
        lambda nn: nn.Sequential(nn.ConvTranspose2d(2, 3, 3, stride=2), nn.Tanh(), nn.AvgPool2d(2)),
        (6, 2, 4, 4),
    ),
    "grouped": (
        lambda nn: nn.Sequential(nn.Conv1d(4, 8, 3, groups=2), nn.SiLU(), nn.MaxPool1d(2)),
        (6, 4, 9),
    ),
    "upsampled": (
        lambda nn: nn.Sequential(
            nn.Conv2d(2, 4, 3), nn.GroupNorm(2, 4), nn.Upsample(scale_factor=2)
        ),
        (6, 1, 2, 5, 5),
    ),
    "volumes": (lambda nn: nn.Sequential(nn.Conv3d(1, 2, 2), nn.Softplus()), (6, 1, 3, 3, 3)),
}  # fmt: skip

#: What PyTorch's own vmap or forward mode cannot do, by layer.
BEYOND = {"lstm", "gru", "rnn", "transformer"}


@pytest.fixture(params=sorted(MODELS))
def case(request: pytest.FixtureRequest) -> tuple[str, Any, dict[str, Any], Any]:
    """A model, its weights, and examples."""
    make, shape = MODELS[request.param]
    model = make(nn).double()
    params = {name: p.detach() for name, p in model.named_parameters()}
    return request.param, model, params, tn.randn(*shape, dtype=tn.float64)


def loss_of(lib: Any, model: Any) -> Any:
    """The sum of squares of what a model gives."""

    def loss(params: Any, x: Any) -> Any:
        out = lib.functional_call(model, params, (x,))
        return ((out[0] if isinstance(out, tuple) else out) ** 2).sum()

    return loss


def assert_same(ours: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    """Stacked results are the results one by one."""
    for name, stacked in ours.items():
        for k, row in enumerate(rows):
            np.testing.assert_allclose(
                stacked[k].detach().numpy(), row[name].detach().numpy(), rtol=1e-7, atol=1e-9
            )


def test_per_sample_gradients_equal_a_loop(case: Any) -> None:
    _, model, params, x = case
    loss = loss_of(func, model)
    together = func.vmap(func.grad(loss), (None, 0))(params, x)
    assert_same(together, [func.grad(loss)(params, one) for one in x])


def test_an_ensemble_equals_a_loop(case: Any) -> None:
    _, model, params, x = case
    loss = loss_of(func, model)
    several = [{k: v * s for k, v in params.items()} for s in (1.0, 0.5, -0.7)]
    stacked = {k: tn.stack([one[k] for one in several]) for k in params}
    together = func.vmap(func.grad(loss), (0, None))(stacked, x[0])
    assert_same(together, [func.grad(loss)(one, x[0]) for one in several])


def test_forward_mode_equals_the_gradient_times_the_direction(case: Any) -> None:
    _, model, params, x = case
    loss = loss_of(func, model)
    direction = {k: v * 0.5 + 0.1 for k, v in params.items()}
    value, slope = func.jvp(lambda p: loss(p, x[0]), (params,), (direction,))
    gradient = func.grad(loss)(params, x[0])
    expected = sum((gradient[k] * direction[k]).sum() for k in params)
    np.testing.assert_allclose(slope.item(), expected.item(), rtol=1e-9)
    assert value.item() == pytest.approx(loss(params, x[0]).item())


def test_hessian_products_by_forward_over_reverse_equal_reverse_over_reverse(case: Any) -> None:
    _, model, params, x = case
    loss = loss_of(func, model)
    direction = {k: v * 0.5 + 0.1 for k, v in params.items()}
    _, ahead = func.jvp(lambda p: func.grad(loss)(p, x[0]), (params,), (direction,))

    def slope(p: Any) -> Any:
        gradient = func.grad(loss)(p, x[0])
        return sum((gradient[k] * direction[k]).sum() for k in p)

    back = func.grad(slope)(params)
    for name in params:
        np.testing.assert_allclose(ahead[name].numpy(), back[name].numpy(), rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("name", sorted(set(MODELS) - BEYOND))
@pytest.mark.filterwarnings("ignore:.torch.jit.*is deprecated")
def test_pytorch_gives_the_same(torch: Any, name: str) -> None:
    make, shape = MODELS[name]
    mine, theirs = make(nn).double(), make(torch.nn).double()
    state = {k: torch.from_numpy(v.numpy().copy()) for k, v in mine.state_dict().items()}
    theirs.load_state_dict(state)
    x = tn.randn(*shape, dtype=tn.float64)
    results = []
    for lib, model, given in (
        (func, mine, x),
        (torch.func, theirs, torch.from_numpy(x.numpy())),
    ):
        params = {k: v.detach() for k, v in model.named_parameters()}
        loss = loss_of(lib, model)
        results.append(
            [
                lib.vmap(lib.grad(loss), (None, 0))(params, given),
                lib.jvp(lambda p, f=loss, g=given: f(p, g[0]), (params,), (params,)),
            ]
        )
    same(*results, tol=1e-7)


def test_running_statistics_of_one_module_cannot_be_each_examples_own() -> None:
    model = nn.BatchNorm1d(3)
    before = model.running_mean.clone()
    with pytest.raises(RuntimeError, match="being vmapped over"):
        func.vmap(lambda x: model(x))(tn.randn(4, 5, 3))
    assert (model.running_mean == before).all()
