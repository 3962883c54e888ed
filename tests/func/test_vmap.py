"""vmap gives what a loop gives, and its arguments and errors are PyTorch's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn import func, nn
from autotn.nn import functional as F
from autotn.testing.transform_questions import REFUSED_BY_VMAP, refused
from tests.func.pairs import Library, arrays, compare
from tests.samples import all_samples

pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.*is deprecated")

#: Programs of one example x of shape (4, 3), a second example y of that shape, shared w (3, 3).
PROGRAMS = {
    "arithmetic": lambda lib, x, y, w: (x * y + 2) / (1 + y**2) - x[0],
    "matmul": lambda lib, x, y, w: x @ w @ y.T @ x[:, 0],
    "matvec": lambda lib, x, y, w: w @ x[0] + y[0] @ w,
    "shared first": lambda lib, x, y, w: w @ x.T,
    "einsum": lambda lib, x, y, w: lib.m.einsum("ij,jk,lk->il", x, w, y),
    "reductions": lambda lib, x, y, w: (x.sum(), x.mean(-1), x.std(0), x.amax((0, 1)), y.prod(1)),
    "extremes": lambda lib, x, y, w: (*x.max(0), *x.sort(-1), *x.topk(2, 0), x.argmin()),
    "shapes": lambda lib, x, y, w: (
        x.reshape(2, 6), x.T, x.flatten(), x.unsqueeze(-1), x[None].expand(5, 4, 3), x.flip(0),
        x.roll(1, 0), x.repeat(2, 1), lib.m.cat([x, y], 1), lib.m.stack([x, w.sum() * y]),
    ),
    "parts": lambda lib, x, y, w: (*x.split(2), *x.unbind(1), x[1:, ::2], x[..., -1], x.diagonal()),
    "indices": lambda lib, x, y, w: (
        x[lib.m.tensor([2, 0, 2])], x[:, lib.m.tensor([1, 1])], x[lib.m.tensor([0, 1]), lib.m.tensor([2, 0])],
        w[x[:2].argmax(1)], x[x.argmax(0)],
    ),
    "gather": lambda lib, x, y, w: x.gather(1, x.argsort(1)).scatter_add(0, x.argsort(0) % 4, y),
    "softmax": lambda lib, x, y, w: lib.F.softmax(x, 1) + lib.F.log_softmax(y, 0),
    "losses": lambda lib, x, y, w: (
        lib.F.cross_entropy(x, y.argmax(1)), lib.F.mse_loss(x, y), lib.F.smooth_l1_loss(x, y),
        lib.F.nll_loss(x, lib.m.tensor([0, 2, 1, 1])), lib.F.binary_cross_entropy_with_logits(x, y.sigmoid()),
    ),
    "norms": lambda lib, x, y, w: (
        lib.F.layer_norm(x, (3,)), lib.F.group_norm(x[None], 2), x.norm(), lib.F.normalize(x, dim=1),
        lib.F.layer_norm(x, (3,), y[0], y[1]),
    ),
    "convolutions": lambda lib, x, y, w: (
        lib.F.conv1d(x[None], w[:2, None].expand(2, 4, 3)[..., :2]), lib.F.conv1d(w[None], y[None, :3, :1]),
        lib.F.conv1d(x[None], y[:2].reshape(2, 3, 1).repeat(1, 2, 1)[:, :4]),
        lib.F.conv_transpose1d(x[None], y.reshape(4, 1, 3)), lib.F.max_pool1d(x[None], 2),
        lib.F.avg_pool1d(x, 2), lib.F.unfold(x[None, None], 2),
    ),
    "linear algebra": lambda lib, x, y, w: (
        lib.m.linalg.inv(x[:3] + 5 * lib.m.eye(3, dtype=x.dtype)), lib.m.linalg.det(x[:3]),
        lib.m.linalg.solve(x[:3] + 5 * lib.m.eye(3, dtype=x.dtype), y[:3]),
        lib.m.linalg.cholesky(x @ x.T + lib.m.eye(4, dtype=x.dtype)),
    ),
    "choices": lambda lib, x, y, w: (
        lib.m.where(x > 0, x, y), x.clamp(-0.5, 0.5), lib.m.maximum(x, y), x.masked_fill(y > 0, 0.0),
        (x > 0).any(0), lib.m.cumsum(x, 0), lib.m.logsumexp(x, 1), x.abs().pow(y), x.tril(),
    ),
    "embedding": lambda lib, x, y, w: lib.F.embedding(x.argmax(1), w) + lib.F.embedding(
        lib.m.tensor([0, 1, 2, 0]), x
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_over_a_batch_is_pytorchs(torch: Any, name: str) -> None:
    def program(lib: Library, x: Any, y: Any, w: Any) -> Any:
        return lib.func.vmap(lambda x, y: PROGRAMS[name](lib, x, y, w))(x, y)

    compare(torch, program, *arrays((5, 4, 3), (5, 4, 3), (3, 3)))


def _total(result: Any) -> Any:
    parts = result if isinstance(result, tuple) else (result,)
    return sum((p * p).sum() for p in parts if p.is_floating_point())


@pytest.mark.parametrize("name", PROGRAMS)
def test_gradients_of_each_example_are_pytorchs(torch: Any, name: str) -> None:
    """By the example, and by what all share: there, too, one gradient for each example."""

    def program(lib: Library, x: Any, y: Any, w: Any) -> Any:
        loss = lambda x, y, w: _total(PROGRAMS[name](lib, x, y, w))  # noqa: E731
        return lib.func.vmap(lib.func.grad(loss, (0, 1, 2)), (0, 0, None))(x, y, w)

    if name in {"linear algebra", "choices"}:
        pytest.importorskip("torch")
    compare(torch, program, *arrays((5, 4, 3), (5, 4, 3), (3, 3)), tol=1e-7)


@pytest.mark.parametrize("name", ["arithmetic", "matmul", "norms", "losses", "convolutions"])
def test_the_gradient_of_a_batch_is_pytorchs(torch: Any, name: str) -> None:
    def program(lib: Library, x: Any, y: Any, w: Any) -> Any:
        batch = lambda x, y, w: _total(  # noqa: E731
            lib.func.vmap(lambda x, y: PROGRAMS[name](lib, x, y, w))(x, y)
        )
        return lib.func.grad(batch, (0, 1, 2))(x, y, w)

    compare(torch, program, *arrays((5, 4, 3), (5, 4, 3), (3, 3)), tol=1e-7)


def test_dimensions_go_in_and_out_where_they_are_asked(torch: Any) -> None:
    def program(lib: Library, x: Any, y: Any) -> Any:
        v = lib.func.vmap
        return [
            v(lambda a, b: a * b, (1, 0))(x, y),
            v(lambda a, b: a * b, (None, 0), 1)(x[:, 0], y),
            v(lambda a, b: a * b, (-1, -2), -1)(x, y),
            v(lambda d: {"p": d["a"] * d["b"], "q": d["b"]}, ({"a": 1, "b": None},), {"p": 1, "q": 0})(
                {"a": x, "b": y[0]}
            ),
            v(v(lambda a, b: a - b, (0, None)), (None, 0))(x[:, 0], y[0]),
            v(lambda a: (a, y[0]), out_dims=(0, None))(x),
        ]  # fmt: skip

    compare(torch, program, *arrays((3, 4), (4, 3)))


def test_chunks_give_what_the_whole_gives() -> None:
    x = tn.randn(7, 3)
    whole = func.vmap(lambda x: (x.sum(), x * 2), out_dims=(0, 1))(x)
    parts = func.vmap(lambda x: (x.sum(), x * 2), out_dims=(0, 1), chunk_size=3)(x)
    for a, b in zip(whole, parts, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    assert tn.vmap is func.vmap


def test_per_sample_gradients_of_a_convolutional_network_equal_a_loop() -> None:
    model = nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(27, 4)
    )
    params = {name: p.detach() for name, p in model.named_parameters()}
    images, labels = tn.randn(5, 1, 8, 8), tn.tensor([0, 1, 2, 3, 0])

    def loss(params: Any, image: Any, label: Any) -> Any:
        logits = func.functional_call(model, params, (image[None],))
        return F.cross_entropy(logits, label[None])

    together = func.vmap(func.grad(loss), (None, 0, 0))(params, images, labels)
    for k in range(5):
        alone = func.grad(loss)(params, images[k], labels[k])
        for name, g in alone.items():
            np.testing.assert_allclose(together[name][k].numpy(), g.numpy(), rtol=1e-4, atol=1e-6)
            assert not together[name].requires_grad


def test_randomness_is_refused_shared_or_drawn_for_each() -> None:
    x = tn.ones(4, 6)
    noisy = lambda x: x + tn.randn(6)  # noqa: E731
    with pytest.raises(RuntimeError, match="randomness error mode"):
        func.vmap(noisy)(x)
    same = func.vmap(noisy, randomness="same")(x)
    assert (same == same[0]).all()
    different = func.vmap(noisy, randomness="different")(x)
    assert different.unique().numel() == 24
    dropped = func.vmap(lambda x: F.dropout(x, 0.5), randomness="different")(tn.ones(4, 100))
    assert (dropped[0] != dropped[1]).any()
    assert set(dropped.flatten().tolist()) == {0.0, 2.0}
    assert func.vmap(lambda x: x * tn.randint(5, (2, 3)).sum(), randomness="different")(
        x
    ).shape == (4, 6)
    fresh = func.vmap(lambda x: x.clone().normal_(), randomness="different")(x)
    assert fresh.unique().numel() == 24
    with pytest.raises(NotImplementedError, match="geometric"):
        func.vmap(lambda x: x.clone().geometric_(0.5), randomness="different")(x)


def test_writing_in_place_reaches_each_example(torch: Any) -> None:
    def program(lib: Library, x: Any, y: Any) -> Any:
        def f(x: Any, y: Any) -> Any:
            z = x.clone()
            z[0] = y[1]
            z[1].mul_(2)
            z += y
            z[:, 1:2].add_(1)
            return z

        before = x.clone()
        lib.func.vmap(lambda x: x.mul_(3))(before)
        return lib.func.vmap(f)(x, y), before

    compare(torch, program, *arrays((5, 3, 2), (5, 3, 2)))
    buffer = tn.zeros(3)
    with pytest.raises(RuntimeError, match="being vmapped over"):
        func.vmap(lambda x: buffer.add_(x))(tn.ones(2, 3))
    assert buffer.tolist() == [0, 0, 0]


def test_gradients_pass_through_writes_in_place(torch: Any) -> None:
    def program(lib: Library, x: Any, y: Any) -> Any:
        def loss(x: Any, y: Any) -> Any:
            z = x * 1
            z[0] = y[1] * x[2]
            z[1].mul_(y[0])
            return (z**2).sum()

        return lib.func.vmap(lib.func.grad(loss, (0, 1)))(x, y)

    compare(torch, program, *arrays((5, 3, 2), (5, 3, 2)))


def test_a_result_may_be_shared_by_all(torch: Any) -> None:
    compare(torch, lambda lib, x, w: lib.func.vmap(lambda x: w * 2)(x), *arrays((3,), (2,)))


@pytest.mark.parametrize("name", sorted(REFUSED_BY_VMAP))
def test_what_vmap_refuses_is_refused(name: str) -> None:
    """No silent wrong answer where values would decide the shape or the way."""
    cases = [
        c for c in all_samples()
        if c.op_name == name and hasattr(c.sample, "skip") and any(isinstance(a, np.ndarray) for a in c.sample.args)
    ]  # fmt: skip
    assert any(refused(case) for case in cases)


def test_reading_a_value_inside_says_what_to_do() -> None:
    x = tn.ones(3)
    for read in (
        lambda x: x.item(),
        lambda x: x if x > 0 else -x,
        lambda x: x.numpy(),
        lambda x: np.asarray(x),
        lambda x: float(x),
    ):
        with pytest.raises(RuntimeError, match="one value for each example"):
            func.vmap(read)(x)


def test_a_tensor_kept_from_inside_is_known_for_it() -> None:
    kept = []
    func.vmap(lambda x: kept.append(x) or x)(tn.ones(3))
    with pytest.raises(RuntimeError, match="after vmap ended"):
        (kept[0] + 1).numpy()


def test_an_example_prints_as_one() -> None:
    shown = []
    func.vmap(lambda x: shown.append(repr(x)) or x)(tn.ones(3, 2))
    assert shown == ["tensor(one of 3 examples of vmap, shape (2,), tn.float32)"]


def test_an_error_speaks_of_one_example() -> None:
    x = tn.ones(3, 4, 5)
    with pytest.raises(RuntimeError, match=r"\(4, 5\) and \(4, 5\) cannot be multiplied"):
        func.vmap(lambda x: x @ x)(x)
    with pytest.raises(IndexError, match="index 9 is out of bounds for dimension 0 with size 4"):
        func.vmap(lambda x: x[9])(x)


def test_wrong_dimensions_are_named() -> None:
    x = tn.ones(3, 2)
    double = lambda x: x * 2  # noqa: E731
    with pytest.raises(ValueError, match="got no inputs"):
        func.vmap(double)()
    with pytest.raises(ValueError, match="in_dim to satisfy -2 <= in_dim < 2"):
        func.vmap(double, 2)(x)
    with pytest.raises(ValueError, match="not compatible with the structure"):
        func.vmap(double, (0, 0))(x)
    with pytest.raises(ValueError, match="same size in the mapped dimension"):
        func.vmap(lambda a, b: a)(x, tn.ones(2, 2))
    with pytest.raises(ValueError, match="cannot vmap over non-Tensor"):
        func.vmap(lambda a, b: a)(x, 3)
    with pytest.raises(ValueError, match="must only return Tensors, got type int"):
        func.vmap(lambda x: 3)(x)
    with pytest.raises(ValueError, match="when out_dim is None"):
        func.vmap(double, out_dims=None)(x)
    with pytest.raises(ValueError, match="int or a"):
        func.vmap(double, "rows")(x)
    with pytest.raises(RuntimeError, match="'error', 'different', or 'same'"):
        func.vmap(double, randomness="some")
    with pytest.raises(ValueError, match="chunk_size"):
        func.vmap(double, chunk_size=0)


def test_listeners_and_checks_work_inside() -> None:
    x = tn.randn(3, 4)
    each = func.vmap(func.grad(lambda x: x.sin().sum()))
    with tn.debug(), tn.autograd.detect_anomaly():
        assert each(x).shape == (3, 4)
    with tn.profile() as found:
        each(x)
    assert "sin" in str(found)
    with tn.debug(), pytest.raises(RuntimeError, match="div made"):
        func.vmap(lambda x: x / 0)(x)
    with tn.autograd.detect_anomaly(), pytest.raises(RuntimeError, match="under a transform"):
        func.vmap(func.grad(lambda x: (x - x).sqrt().sum() * 0))(x)
