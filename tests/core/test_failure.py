"""Exceptions keep their type and gain notes: which module, which line, where a size came from."""

from __future__ import annotations

import contextlib
import gc
import pickle
import weakref
from typing import Any

import pytest

import autotn as tn
from autotn import nn
from autotn.core import names
from autotn.errors import AutogradError, ShapeError
from autotn.testing.asking import argument_values
from autotn.testing.sample import ErrorSample
from tests.samples import all_samples


def notes(error: BaseException) -> list[str]:
    return [note.strip() for note in getattr(error, "__notes__", [])]


def told(call: Any, *args: Any) -> list[str]:
    with pytest.raises(Exception) as caught:
        call(*args)
    return notes(caught.value)


class Raising(nn.Module):
    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error

    def forward(self, x: Any) -> Any:
        raise self.error


@pytest.mark.parametrize(
    "error", [KeyError("k"), ZeroDivisionError(), OSError(2, "no file"), StopIteration(3)]
)
def test_any_exception_is_the_same_object_with_notes(error: Exception) -> None:
    model = nn.Sequential(nn.Identity(), Raising(error))
    with pytest.raises(type(error)) as caught:
        model(tn.ones(2))
    assert caught.value is error
    where, given = notes(error)
    assert where.startswith("in model[1]: Raising(), at test_failure.py:")
    assert where.endswith("raise self.error")
    assert given == "which was given Tensor (2,) tn.float32"


def test_what_is_no_error_passes_unnoted() -> None:
    stop = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        Raising(stop)(1)
    assert notes(stop) == []


def test_an_error_is_explained_once() -> None:
    error = ValueError("x")
    model = nn.Sequential(nn.Sequential(Raising(error)))
    for _ in range(2):
        with pytest.raises(ValueError):
            model(1)
    assert len(notes(error)) == 2


def test_an_explanation_that_fails_does_not_hide_the_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*args: Any) -> None:
        raise OSError("no frames here")

    monkeypatch.setattr(names, "Surroundings", fails)
    model = nn.Linear(3, 2)
    with pytest.raises(ShapeError, match="expected 3 features"):
        model(tn.ones(1, 4))


class Model(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.left = nn.Linear(4, 6)
        self.right = nn.Linear(4, 5)
        self.conv = nn.Conv2d(1, 3, 3)
        self.head = nn.Linear(7, 2)

    def forward(self, x: Any, how: str) -> Any:
        if how == "cat":
            return self.head(tn.cat([self.left(x), self.right(x)], 1))
        if how == "activated":
            return self.head(nn.functional.dropout(self.left(x).relu(), 0.5))
        if how == "flattened":
            return self.head(self.conv(x).flatten(1))
        return self.head(x)


@pytest.mark.parametrize(
    ("how", "shape", "expected"),
    [
        (
            "cat",
            (2, 4),
            ["the 11 are 6 + 5, made by cat", "the 6 come from model.left: Linear(4 → 6)"],
        ),
        ("activated", (2, 4), ["the 6 come from model.left: Linear(4 → 6)"]),
        (
            "flattened",
            (2, 1, 4, 4),
            ["the 12 are 3 × 2 × 2", "the 3 come from model.conv: Conv2d(1 → 3)"],
        ),
    ],
)
def test_sizes_are_followed_to_their_origin(
    how: str, shape: tuple[int, ...], expected: list[str]
) -> None:
    model = Model()
    found = told(lambda: model(tn.rand(shape), how))
    assert found[0].startswith("in model.head: Linear(7 → 2), at test_failure.py:")
    assert len(found) == 2 + len(expected)
    for note, beginning in zip(found[2:], expected, strict=True):
        assert note.startswith(beginning)


def test_without_a_tape_the_one_layer_of_that_size_is_named() -> None:
    model = Model()
    with tn.no_grad():
        assert (
            told(lambda: model(tn.rand(2, 4), "activated"))[2]
            == "6 is what model.left: Linear(4 → 6) gives"
        )


def test_frozen_layers_are_found_through_what_the_call_kept() -> None:
    model = Model()
    model.left.weight.requires_grad_(False)
    assert "model.left: Linear(4 → 6)" in told(lambda: model(tn.rand(2, 4), "activated"))[2]


def test_sizes_of_the_users_own_tensors_are_said_to_be() -> None:
    rows, other = tn.rand(2, 5), tn.rand(2, 3)
    assert told(lambda: rows + other) == [
        "the 5 is a size of rows, (2, 5)", "the 3 is a size of other, (2, 3)"
    ]  # fmt: skip


def test_a_models_attributes_are_found_from_methods_of_others() -> None:
    class Trainer:
        def __init__(self) -> None:
            self.net = Model()

        def run(self) -> Any:
            return self.net(tn.rand(2, 5), "")

    assert told(Trainer().run)[0].startswith("in self.net.head: Linear(7 → 2)")


def test_errors_in_hooks_are_told_of_too() -> None:
    layer = nn.Linear(2, 2)

    def hook(*args: Any) -> None:
        raise LookupError("hook")

    layer.register_forward_hook(hook)
    assert told(lambda: layer(tn.ones(1, 2)))[0].startswith(
        "in layer: Linear(2 → 2), at test_failure.py:"
    )


def test_an_error_in_a_backward_names_the_call() -> None:
    class Broken(tn.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 1

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return {}["missing"]

    loss = Broken.apply(tn.ones(2, requires_grad=True)).sum()
    (note,) = told(loss.backward)
    assert note.startswith("in the backward of Broken, called at test_failure.py:")


def test_shape_errors_can_be_pickled() -> None:
    error = pickle.loads(pickle.dumps(ShapeError("text")))
    assert str(error) == "text"


def test_blamed_arrays_are_not_kept_alive() -> None:
    with pytest.raises(ShapeError) as caught:
        tn.ones(2, 3) @ tn.ones(2, 3)
    assert "blame" not in vars(caught.value)


def test_nothing_is_kept_alive_when_the_error_is_gone() -> None:
    """Not even until the collector of cycles comes by."""

    def failing(kept: list[Any]) -> None:
        model, x = nn.Sequential(nn.Linear(4, 5), nn.Linear(6, 2)), tn.rand(3, 4)
        kept += [weakref.ref(model), weakref.ref(x)]
        with contextlib.suppress(RuntimeError):
            model(x)
        with contextlib.suppress(RuntimeError):
            model[0](x).detach().sum().backward()
        with contextlib.suppress(IndexError):
            nn.functional.cross_entropy(model[0](x), tn.tensor([0, 1, 7]))
        with contextlib.suppress(RuntimeError), tn.debug():
            (x * 0).log()

    gc.disable()
    try:
        kept: list[Any] = []
        failing(kept)
        assert [reference() for reference in kept] == [None, None]
    finally:
        gc.enable()


def test_classes_out_of_range_name_the_layer_that_has_too_few() -> None:
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 10))
    scores = model(tn.rand(3, 4))
    (note,) = told(lambda: nn.functional.cross_entropy(scores, tn.tensor([1, 10, 2])))
    assert note.startswith("the 10 come from model[2]: Linear(8 → 10)")


def test_a_call_with_other_arguments_shows_the_signature() -> None:
    class Pair(nn.Module):
        def forward(self, left: int, right: int = 2) -> int:
            return left + right

    pair = Pair()
    assert (
        told(lambda: pair(1, up=3))[2]
        == "its forward is called with (left: 'int', right: 'int' = 2) -> 'int'"
    )
    assert len(told(lambda: pair("1"))) == 2


def cut_in_a_function(model: Any, x: Any) -> Any:
    hidden = model(x).detach()
    return hidden * 2


@tn.no_grad()
def decorated(model: Any, x: Any) -> Any:
    return model(x)


class Cutting(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(2, 2)

    def forward(self, x: Any) -> Any:
        return tn.tensor(self.fc(x).tolist())


def test_a_cut_inside_a_function_is_found() -> None:
    model, x = nn.Linear(2, 2), tn.ones(1, 2)
    loss = cut_in_a_function(model, x).sum()
    with pytest.raises(AutogradError) as caught:
        loss.backward()
    (found,) = notes(caught.value)
    assert found.endswith("hidden = model(x).detach(): detach() cuts the history off")


class Trainer:
    """Its steps are methods, as in many a script."""

    def __init__(self) -> None:
        self.net = nn.Linear(2, 2)

    def scores(self, x: Any) -> Any:
        out = self.net(x)
        return out.detach()

    def loss(self, x: Any) -> Any:
        return self.scores(x).sum()


def test_a_cut_inside_methods_is_found() -> None:
    trainer = Trainer()
    loss = trainer.loss(tn.ones(1, 2))
    with pytest.raises(AutogradError) as caught:
        loss.backward()
    (found,) = notes(caught.value)
    assert found.endswith("return out.detach(): detach() cuts the history off")


def test_a_decorator_that_stops_recording_is_found() -> None:
    model, x = nn.Linear(2, 2), tn.ones(1, 2)
    (found,) = told(lambda: decorated(model, x).sum().backward())
    assert "return model(x): recording is off from line" in found


def test_a_cut_inside_a_models_forward_is_found() -> None:
    model = Cutting()
    with pytest.raises(AutogradError) as caught:
        model(tn.ones(1, 2)).sum().backward()
    assert "return tn.tensor(self.fc(x).tolist()): tensor() makes something new" in "\n".join(
        notes(caught.value)
    )


class Doing(nn.Module):
    def forward(self, call: Any) -> Any:
        return call()


def with_history(a: Any) -> Any:
    t = tn.from_numpy(a.copy())
    return t.requires_grad_() * 1 if t.is_floating_point() else t


def test_every_error_of_every_op_can_be_explained() -> None:
    """Whatever fails, inside a module and on tensors with a history, the explanation itself does not."""
    model, explained = Doing(), 0
    for case in all_samples():
        if not isinstance(case.sample, ErrorSample):
            continue
        args, kwargs = argument_values(case.sample, with_history)
        try:
            model(lambda call=case.function, a=args, k=kwargs: call(*a, **k))
        except Exception as error:  # noqa: BLE001 - the samples say which
            found = notes(error)
            assert found[0].startswith("in model: Doing(), at test_failure.py:")
            assert not [n for n in found if "known" in n], found
            explained += 1
    assert explained > 500
