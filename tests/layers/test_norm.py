"""Normalisation layers against PyTorch's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn import nn
from tests.layers.against import compare, normal, run_both

SPATIAL = {1: (5,), 2: (3, 4), 3: (2, 3, 2)}
TRACKING = [
    {},
    {"momentum": 0.3, "eps": 0.1},
    {"momentum": None},
    {"affine": False},
    {"bias": False},
    {"track_running_stats": False},
]


@pytest.mark.parametrize("options", TRACKING, ids=str)
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_batch_norm(torch: Any, rank: int, options: dict[str, Any]) -> None:
    shape = (4, 3, *SPATIAL[rank])
    compare(torch, f"BatchNorm{rank}d", (3,), options, inputs=[normal(*shape)])


@pytest.mark.parametrize("options", TRACKING, ids=str)
def test_batch_norm_of_vectors(torch: Any, options: dict[str, Any]) -> None:
    compare(torch, "BatchNorm1d", (3,), options, inputs=[normal(6, 3)])


@pytest.mark.parametrize("momentum", [0.2, None])
def test_running_statistics_follow_several_batches(torch: Any, momentum: float | None) -> None:
    ours = nn.BatchNorm1d(3, momentum=momentum, dtype=tn.float64)
    theirs = torch.nn.BatchNorm1d(3, momentum=momentum, dtype=torch.float64)
    rng = np.random.default_rng(0)
    for _ in range(4):
        x = rng.standard_normal((5, 3)) * 3 + 1
        ours(tn.tensor(x))
        theirs(torch.tensor(x))
    for name, value in theirs.state_dict().items():
        np.testing.assert_allclose(ours.state_dict()[name].numpy(), value.numpy(), rtol=1e-12)
    assert ours.num_batches_tracked.dtype == tn.int64
    ours.eval()
    theirs.eval()
    x = rng.standard_normal((2, 3))
    expected = theirs(torch.tensor(x)).detach().numpy()
    np.testing.assert_allclose(ours(tn.tensor(x)).detach().numpy(), expected, rtol=1e-12)
    ours.reset_running_stats()
    assert ours.num_batches_tracked.item() == 0
    assert ours.running_var.tolist() == [1.0, 1.0, 1.0]


def test_a_state_without_count_of_batches_loads() -> None:
    layer = nn.BatchNorm1d(2)
    state = {k: v for k, v in layer.state_dict().items() if k != "num_batches_tracked"}
    nn.BatchNorm1d(2).load_state_dict(state)


def test_batch_norm_of_nothing(torch: Any) -> None:
    compare(torch, "BatchNorm1d", (3,), inputs=[normal(0, 3)])


@pytest.mark.parametrize("options", TRACKING, ids=str)
@pytest.mark.parametrize("single", [True, False])
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_instance_norm(torch: Any, rank: int, single: bool, options: dict[str, Any]) -> None:
    options = {"affine": True, "track_running_stats": True} | options
    shape = (3, *SPATIAL[rank]) if single else (4, 3, *SPATIAL[rank])
    compare(torch, f"InstanceNorm{rank}d", (3,), options, inputs=[normal(*shape)])


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_plain_instance_norm(torch: Any, rank: int) -> None:
    inputs = [normal(2, 3, *SPATIAL[rank])]
    compare(torch, f"InstanceNorm{rank}d", (3,), inputs=inputs)


@pytest.mark.parametrize("size", [(5,), (4, 5)])
@pytest.mark.parametrize("options", [{}, {"elementwise_affine": False}, {"bias": False}], ids=str)
def test_layer_norm(torch: Any, size: Any, options: dict[str, Any]) -> None:
    for lead in ((), (3,), (2, 3), (0,)):
        compare(torch, "LayerNorm", (size,), options, inputs=[normal(*lead, *size)])


@pytest.mark.parametrize("options", [{}, {"affine": False}, {"bias": False}, {"eps": 0.1}], ids=str)
@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize("shape", [(3, 8), (3, 8, 5), (2, 8, 3, 2)])
def test_group_norm(torch: Any, groups: int, shape: Any, options: dict[str, Any]) -> None:
    compare(torch, "GroupNorm", (groups, 8), options, inputs=[normal(*shape)])


@pytest.mark.parametrize("size", [5, (5,), (4, 5)])
@pytest.mark.parametrize("options", [{}, {"elementwise_affine": False}, {"eps": 0.1}], ids=str)
def test_rms_norm(torch: Any, size: Any, options: dict[str, Any]) -> None:
    compare(torch, "RMSNorm", (size,), options, inputs=[normal(3, 4, 5)])


RESPONSE = {"alpha": 0.5, "beta": 0.6, "k": 2.0}


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("shape", [(2, 4, 3), (2, 4, 3, 2)])
def test_local_response_norm(torch: Any, size: int, shape: Any) -> None:
    compare(torch, "LocalResponseNorm", (size,), RESPONSE, inputs=[normal(*shape)])
    compare(torch, "LocalResponseNorm", (size,), inputs=[normal(*shape)])


@pytest.mark.parametrize(("size", "channels"), [(3, 2), (5, 3)])
def test_cross_map_response_norm(torch: Any, size: int, channels: int) -> None:
    ours, theirs = (n.CrossMapLRN2d(size, **RESPONSE) for n in (nn, torch.nn))
    assert repr(ours) == repr(theirs)
    x = np.random.default_rng(0).standard_normal((2, channels, 3, 2))
    np.testing.assert_allclose(ours(tn.tensor(x)).numpy(), theirs(torch.tensor(x)).numpy())
    # PyTorch's gradient does not belong to its values.
    assert tn.autograd.gradcheck(ours, (tn.tensor(x, requires_grad=True),))


@pytest.mark.parametrize("size", [1, 3, 5])
def test_the_two_response_norms_agree_where_a_window_has_a_middle(size: int) -> None:
    x = tn.randn(2, 9, 3, 2)
    ours = nn.CrossMapLRN2d(size, **RESPONSE)(x)
    assert tn.equal(ours, nn.LocalResponseNorm(size, **RESPONSE)(x))


@pytest.mark.parametrize("kind", ["BatchNorm", "InstanceNorm"])
@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("options", TRACKING, ids=str)
def test_lazy(torch: Any, kind: str, rank: int, options: dict[str, Any]) -> None:
    name = f"Lazy{kind}{rank}d"
    ours, theirs = getattr(nn, name)(**options), getattr(torch.nn, name)(**options)
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    run_both(torch, ours, theirs, [normal(4, 3, *SPATIAL[rank])])
    assert repr(ours) == repr(theirs)
    assert type(ours) is getattr(nn, f"{kind}{rank}d")


def test_sync_batch_norm() -> None:
    net = nn.Sequential(nn.BatchNorm2d(3, eps=0.1), nn.Sequential(nn.BatchNorm1d(2), nn.ReLU()))
    weight = net[0].weight
    made = nn.SyncBatchNorm.convert_sync_batchnorm(net)
    assert isinstance(made[0], nn.SyncBatchNorm)
    assert isinstance(made[1][0], nn.SyncBatchNorm)
    assert made[0].weight is weight
    assert made[0].eps == 0.1
    x = tn.rand(4, 3, 2, 2)
    assert tn.equal(made[0](x), nn.BatchNorm2d(3, eps=0.1)(x))


def test_second_derivatives_pass_through() -> None:
    for layer in (nn.BatchNorm1d(3), nn.LayerNorm(3), nn.GroupNorm(1, 3), nn.RMSNorm(3)):
        layer.double()
        x = tn.randn(4, 3, dtype=tn.float64, requires_grad=True)

        def function(x: Any, layer: Any = layer) -> Any:
            return layer(x)

        assert tn.autograd.gradgradcheck(function, (x,))


@pytest.mark.parametrize(
    ("layer", "shape", "match"),
    [
        (lambda: nn.BatchNorm1d(3), (3,), "expected 2D or 3D input"),
        (lambda: nn.BatchNorm2d(3), (2, 3), "expected 4D input"),
        (lambda: nn.BatchNorm1d(3), (1, 3), "Expected more than 1 value per channel"),
        (lambda: nn.BatchNorm1d(3), (2, 4), "running_mean should contain 4 elements"),
        (lambda: nn.InstanceNorm1d(3, affine=True), (2, 4, 5), "expected input's size at dim=1"),
        (lambda: nn.InstanceNorm2d(3), (2, 3, 1, 1), "Expected more than 1 spatial element"),
        (lambda: nn.SyncBatchNorm(3), (3,), "at least 2D"),
        (lambda: nn.GroupNorm(2, 3), (), "must be divisible by num_groups"),
        (lambda: nn.CrossMapLRN2d(3), (2, 3, 4), "to be 4D"),
        (lambda: nn.LocalResponseNorm(3), (2, 3), "Expected 3D or higher"),
        (lambda: nn.LayerNorm(3), (3, 4), r"expected input with shape \[\*, 3\]"),
    ],
)
def test_refusals(layer: Any, shape: Any, match: str) -> None:
    with pytest.raises((ValueError, RuntimeError), match=match):
        layer()(tn.ones(*shape))


def test_instance_norm_without_parameters_warns_of_another_size() -> None:
    with pytest.warns(UserWarning, match="does not match|expected input's size"):
        nn.InstanceNorm1d(3)(tn.rand(2, 4, 5))


FUNCTIONS = [
    ("layer_norm", [(3, 4, 5)], {"normalized_shape": (4, 5)}, {"weight": (4, 5), "bias": (4, 5)}),
    ("group_norm", [(3, 4, 5)], {"num_groups": 2}, {"weight": (4,), "bias": (4,)}),
    ("instance_norm", [(3, 4, 5)], {}, {"weight": (4,), "bias": (4,)}),
    ("rms_norm", [(3, 4, 5)], {"normalized_shape": (5,)}, {"weight": (5,)}),
    ("local_response_norm", [(3, 4, 5)], {"size": 3, "alpha": 0.3}, {}),
]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("strided", [False, True])
@pytest.mark.parametrize(("name", "shapes", "options", "weights"), FUNCTIONS, ids=str)
def test_functions(
    torch: Any, name: str, shapes: Any, options: Any, weights: Any, strided: bool, dtype: str
) -> None:
    tolerance = 1e-10 if dtype == "float64" else 3e-5
    for chosen in ({}, dict(list(weights.items())[:1]), weights):
        found = []
        for library in (tn, torch):
            rng = np.random.default_rng(0)
            args = [
                library.tensor(rng.standard_normal(s).astype(dtype), requires_grad=True)
                for s in (*shapes, *chosen.values())
            ]
            x = args[0].transpose(0, 1).contiguous().transpose(0, 1) if strided else args[0]
            named = dict(zip(chosen, args[1:]))
            out = getattr(library.nn.functional, name)(x, **options, **named)
            (
                out * library.tensor(rng.standard_normal(tuple(out.shape)).astype(dtype))
            ).sum().backward()
            found.append([out.detach().numpy()] + [a.grad.numpy() for a in args])
        for ours, theirs in zip(*found, strict=True):
            assert ours.dtype == theirs.dtype
            np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", ["batch_norm", "instance_norm"])
@pytest.mark.parametrize("measure", [True, False])
@pytest.mark.parametrize("affine", [True, False])
def test_functions_with_running_statistics(
    torch: Any, name: str, measure: bool, affine: bool, dtype: str
) -> None:
    tolerance = 1e-10 if dtype == "float64" else 3e-5
    found = []
    for library in (tn, torch):
        rng = np.random.default_rng(0)
        x = library.tensor(rng.standard_normal((3, 4, 5)).astype(dtype), requires_grad=True)
        mean, weight, bias = (
            library.tensor(rng.standard_normal(4).astype(dtype)) for _ in range(3)
        )
        var = library.tensor(rng.uniform(0.5, 2, 4).astype(dtype))
        scale = (weight.requires_grad_(), bias.requires_grad_()) if affine else (None, None)
        out = getattr(library.nn.functional, name)(x, mean, var, *scale, measure, 0.3, 0.1)
        (out**2).sum().backward()
        found.append([out.detach(), mean, var, x.grad, *(s.grad for s in scale if affine)])
    for ours, theirs in zip(*found, strict=True):
        assert ours.numpy().dtype == theirs.numpy().dtype
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda F, x: F.batch_norm(x, None, None), "Expected running_mean and running_var"),
        (lambda F, x: F.batch_norm(x, tn.ones(3), tn.ones(4)), "running_mean should contain 4"),
        (lambda F, x: F.group_norm(x, 3), "divisible by num_groups"),
        (lambda F, x: F.group_norm(x[:1, :, :1], 4), "more than 1 value per channel"),
        (lambda F, x: F.group_norm(x, 2, tn.ones(2)), "expected weight to be a vector"),
        (lambda F, x: F.layer_norm(x, (4,)), "normalized_shape"),
        (lambda F, x: F.layer_norm(x, (5,), tn.ones(4)), "expected weight to be of same shape"),
        (lambda F, x: F.layer_norm(x, ()), "at least 1-dimensional"),
        (lambda F, x: F.rms_norm(x, (4,)), "normalized_shape"),
    ],
)
def test_refusals_of_functions(call: Any, match: str) -> None:
    with pytest.raises((ValueError, RuntimeError), match=match):
        call(nn.functional, tn.ones(2, 4, 5))
