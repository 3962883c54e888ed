"""check finds what it promises to find, says nothing of sound models, and leaves no trace."""

from __future__ import annotations

import copy
import random
from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn import nn, optim
from autotn.diagnose import check
from autotn.errors import MistakesFound
from autotn.nn import functional as F


def classes(count: int = 32, features: int = 4) -> tuple[Any, Any]:
    tn.manual_seed(1)
    x = tn.randn(count, features)
    return x, (x[:, 0] > 0).long() + (x[:, 1] > 0).long()


def mlp(*more: Any) -> Any:
    tn.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3), *more)


class Tagger(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(10, 8)
        self.lstm = nn.LSTM(8, 16, batch_first=True)
        self.head = nn.Linear(16, 3)

    def forward(self, words: Any) -> Any:
        return self.head(self.lstm(self.embed(words))[0][:, -1])


class Attending(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.1, batch_first=True)
        self.head = nn.Linear(16, 3)

    def forward(self, x: Any) -> Any:
        return self.head(self.encoder(x).mean(1))


def convolutional() -> Any:
    return nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(72, 3)
    )  # fmt: skip


LABELS = tn.arange(24) % 3


@pytest.mark.parametrize(
    ("make", "batch", "loss"),
    [
        (mlp, classes(), nn.CrossEntropyLoss()),
        (lambda: mlp(nn.LogSoftmax(1)), classes(), nn.NLLLoss()),
        (lambda: nn.Linear(4, 1), (tn.randn(32, 4), tn.randn(32, 1)), nn.MSELoss()),
        (lambda: nn.Sequential(nn.Linear(4, 1), nn.Sigmoid()),
         (classes()[0], (classes()[0][:, :1] > 0).float()), nn.BCELoss()),
        (convolutional, (tn.randn(24, 1, 8, 8), LABELS), nn.CrossEntropyLoss()),
        (Tagger, (tn.randint(0, 10, (24, 6)), LABELS), F.cross_entropy),
        (Attending, (tn.randn(24, 5, 16), LABELS), nn.CrossEntropyLoss(label_smoothing=0.05)),
        (lambda: nn.Sequential(nn.Linear(16, 4), nn.Tanh(), nn.Linear(4, 16)), tn.randn(32, 16), nn.MSELoss()),
    ],
    ids=["mlp", "nll", "regression", "binary", "cnn", "lstm", "transformer", "autoencoder"],
)  # fmt: skip
def test_nothing_is_said_of_sound_models(make: Any, batch: Any, loss: Any) -> None:
    tn.manual_seed(0)
    model = make()
    report = check(model, batch, loss, optim.Adam(model.parameters(), lr=1e-3))
    assert report.ok, report
    assert report.raise_if_any() is report
    assert str(report).startswith(
        f"check of {type(model).__name__}: no findings\nNothing to say about: mode,"
    )


def everything(model: Any, optimizer: Any) -> list[Any]:
    """All that check might have changed."""
    return [
        {k: v.tolist() for k, v in model.state_dict().items()},
        [id(p) for p in model.parameters()],
        [(id(p.grad), None if p.grad is None else p.grad.tolist(), p._version) for p in model.parameters()],
        [m.training for m in model.modules()],
        copy.deepcopy(vars(model)["seen"]),
        repr(optimizer.state_dict()),
        tn.get_rng_state().tolist(), random.getstate(), repr(np.random.get_state()),  # noqa: NPY002
        tn.is_grad_enabled(),
    ]  # fmt: skip


def test_all_is_left_as_it_was() -> None:
    class Noted(nn.Sequential):
        def __init__(self, *layers: Any) -> None:
            super().__init__(*layers)
            self.seen: list[int] = []

        def forward(self, input: Any) -> Any:
            self.seen.append(len(input))
            random.random()
            np.random.rand()  # noqa: NPY002
            return super().forward(input)

    model = Noted(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(0.2), nn.ReLU(), nn.Linear(8, 3))
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    x, y = classes()
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    pending = F.cross_entropy(model(x), y)
    before = everything(model, optimizer)
    check(model, (x, y), nn.CrossEntropyLoss(), optimizer)
    assert everything(model, optimizer) == before
    pending.backward()  # a graph made before is still whole


def found(
    model: Any, batch: Any, loss: Any, optimizer: Any = None, steps: int = 0
) -> dict[str, str]:
    return {f.name: f.seen for f in check(model, batch, loss, optimizer, steps=steps).findings}


def test_a_mistake_is_an_error_for_tests() -> None:
    report = check(mlp(nn.Softmax(1)), classes(), nn.CrossEntropyLoss(), steps=0)
    with pytest.raises(
        MistakesFound, match="double softmax: cross_entropy is given the result of softmax"
    ):
        report.raise_if_any()
    assert issubclass(MistakesFound, AssertionError)
    assert report.names() == {"double softmax"}


def test_probabilities_are_recognised_by_their_values_too() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 3)

        def forward(self, x: Any) -> Any:
            e = self.fc(x).exp()
            return e / e.sum(1, keepdim=True)

    assert (
        "looks like probabilities"
        in found(Net(), classes(), nn.CrossEntropyLoss())["double softmax"]
    )


def test_targets_out_of_range_are_named_with_their_place() -> None:
    x, _ = classes()
    seen = found(nn.Linear(4, 3), (x, tn.arange(32) % 4), nn.CrossEntropyLoss())
    assert (
        "IndexError: cross_entropy: Target 3 is out of bounds: at position (3,)" in seen["targets"]
    )


def test_a_forward_that_fails_is_reported_with_its_place() -> None:
    seen = found(nn.Sequential(nn.Linear(4, 3), nn.Linear(4, 3)), classes(), nn.CrossEntropyLoss())
    assert "the forward fails with ShapeError: linear: expected 4 features" in seen["step"]
    assert "Linear(4 → 3)" in seen["step"]


def test_a_loss_that_is_not_reduced() -> None:
    seen = found(mlp(), classes(), nn.CrossEntropyLoss(reduction="none"))
    assert seen["step"] == "the loss has shape (32,)"


def test_bad_numbers_are_followed_to_the_op() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 3)

        def forward(self, x: Any) -> Any:
            return self.fc(x).relu().log()

    assert "log made" in found(Net(), classes(), nn.CrossEntropyLoss())["finite"]


def test_frozen_models_and_layers_in_the_wrong_mode() -> None:
    model = mlp(nn.Dropout(0.1)).requires_grad_(False)
    model[3].eval()
    seen = found(model, classes(), nn.CrossEntropyLoss())
    assert seen["gradients"] == "no parameter of the model requires a gradient"
    assert "in training mode, but 3: Dropout(p=0.1, inplace=False) is in eval mode" in seen["mode"]


@pytest.mark.parametrize(
    "make",
    [
        lambda p: optim.SGD(p, lr=0.1, momentum=0.9),
        lambda p: optim.RMSprop(p),
        lambda p: optim.Adam(p),
        lambda p: optim.AdamW(p, lr=3e-3),
        lambda p: optim.Adagrad(p),
        lambda p: optim.Adadelta(p),
    ],
)
def test_usual_learning_rates_are_fine(make: Any) -> None:
    model = nn.Sequential(nn.Linear(64, 32), nn.SELU(), nn.Linear(32, 64))
    assert "learning rate" not in found(
        model, tn.rand(32, 64), nn.MSELoss(), make(model.parameters())
    )


@pytest.mark.parametrize(("rate", "advice"), [(0.5, "lower"), (1e-9, "raise")])
def test_unusual_ones_are_not(rate: float, advice: str) -> None:
    model = mlp()
    report = check(
        model, classes(), nn.CrossEntropyLoss(), optim.Adam(model.parameters(), lr=rate), steps=0
    )
    (finding,) = [f for f in report.findings if f.name == "learning rate"]
    assert f"{advice} the learning rate" in finding.advice


def test_parameters_the_optimizer_lacks() -> None:
    model = mlp()
    seen = found(model, classes(), nn.CrossEntropyLoss(), optim.SGD(model[0].parameters(), lr=0.1))
    assert seen["optimizer"] == "the optimizer does not have 2.weight, 2.bias"


def test_a_model_that_keeps_results_of_its_last_call() -> None:
    class Keeping(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 3)
            self.last: Any = None

        def forward(self, x: Any) -> Any:
            self.last = {"scores": [self.fc(x)]}
            return self.last["scores"][0]

    model, batch = Keeping(), classes()
    kept = model(batch[0])
    assert check(model, batch, nn.CrossEntropyLoss()).ok
    assert model.last["scores"][0] is kept


def test_several_inputs_and_inputs_by_name() -> None:
    class Pair(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Bilinear(4, 4, 3)

        def forward(self, left: Any, right: Any) -> Any:
            return self.fc(left, right)

    x, y = classes()
    for batch in ((x, x, y), ({"left": x, "right": x}, y)):
        assert check(Pair(), batch, nn.CrossEntropyLoss()).ok


def test_a_batch_must_have_targets() -> None:
    with pytest.raises(TypeError, match="batch must be a tuple \\(inputs, targets\\)"):
        check(mlp(), 3, nn.CrossEntropyLoss())


def test_time_first_layers_are_not_taken_for_mixed_examples() -> None:
    class Recurrent(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm = nn.LSTM(4, 8)
            self.head = nn.Linear(8, 3)

        def forward(self, x: Any) -> Any:
            return self.head(self.lstm(x)[0])

    batch = tn.randn(6, 5, 4), tn.arange(30).reshape(6, 5) % 3
    loss = lambda scores, y: F.cross_entropy(scores.flatten(0, 1), y.flatten())  # noqa: E731
    assert "separate examples" not in found(Recurrent(), batch, loss)
