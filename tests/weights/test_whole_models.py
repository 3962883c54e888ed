"""Whole models: saved and loaded here, and PyTorch's files of them read with our layers in its place."""

from __future__ import annotations

import io
import warnings

import numpy as np
import pytest

import autotn as tn
from autotn import nn
from autotn.errors import FileFormatError

X = {
    "linear": (5, 4),
    "image": (2, 4, 8, 8),
    "sequence": (2, 5, 4),
}
#: Layers by the input they take, as PyTorch's own constructors write them.
LAYERS = {
    "Linear(4, 3)": "linear",
    "Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))": "linear",
    "BatchNorm1d(4)": "linear",
    "LayerNorm(4)": "linear",
    "GELU()": "linear",
    "LeakyReLU(0.1)": "linear",
    "Softmax(-1)": "linear",
    "PReLU()": "linear",
    "Dropout(0.5)": "linear",
    "Identity()": "linear",
    "Unflatten(1, (2, 2))": "linear",
    "Conv2d(4, 2, 3, padding=1)": "image",
    "Conv2d(4, 4, 3, padding=1, groups=2, padding_mode='reflect')": "image",
    "ConvTranspose2d(4, 2, 3, stride=2)": "image",
    "BatchNorm2d(4)": "image",
    "InstanceNorm2d(4, affine=True)": "image",
    "GroupNorm(2, 4)": "image",
    "MaxPool2d(2)": "image",
    "AvgPool2d(2)": "image",
    "AdaptiveAvgPool2d((1, 1))": "image",
    "Upsample(scale_factor=2)": "image",
    "ZeroPad2d(1)": "image",
    "PixelShuffle(2)": "image",
    "Flatten()": "image",
    "Sequential(nn.Conv2d(4, 2, 3), nn.BatchNorm2d(2), nn.ReLU(inplace=True), nn.Flatten())": "image",
    "RNN(4, 3, batch_first=True)": "sequence",
    "GRU(4, 3, num_layers=2, bidirectional=True)": "sequence",
    "LSTM(4, 3, batch_first=True, bias=False)": "sequence",
    "LSTM(4, 3, proj_size=2)": "sequence",
    "TransformerEncoderLayer(4, 2, 8, batch_first=True)": "sequence",
    "TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8), 2, enable_nested_tensor=False)": "sequence",
}


def build(library, text):
    return eval(f"nn.{text}", {"nn": library})


def load_trusted(file):
    file.seek(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tn.load(file, weights_only=False)


def first(out):
    return out[0] if isinstance(out, tuple) else out


@pytest.mark.filterwarnings("ignore:LSTM with projections")
@pytest.mark.parametrize("text", LAYERS)
def test_a_layer_of_pytorch_comes_back_as_ours(torch, text: str) -> None:
    theirs = build(torch.nn, text).eval()
    file = io.BytesIO()
    torch.save(theirs, file)
    ours = load_trusted(file)
    assert type(ours).__module__.startswith("autotn.")
    x = np.random.default_rng(0).normal(size=X[LAYERS[text]]).astype("float32")
    out = first(ours(tn.from_numpy(x)))
    expected = first(theirs(torch.from_numpy(x)))
    np.testing.assert_allclose(out.detach().numpy(), expected.detach().numpy(), atol=1e-5)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert repr(ours) == repr(theirs)
    ours.train()
    first(ours(tn.from_numpy(x).requires_grad_())).sum().backward()


@pytest.mark.parametrize("text", LAYERS)
def test_a_layer_of_ours_comes_back(text: str) -> None:
    model = build(nn, text).eval()
    file = io.BytesIO()
    tn.save(model, file)
    again = load_trusted(file)
    x = tn.randn(*X[LAYERS[text]])
    assert (first(again(x)) == first(model(x))).all()


class Mine(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 1)
        self.note = "kept"

    def forward(self, x):
        return self.layer(x)


class Other:
    pass


def test_safe_globals_let_the_listed_classes_in() -> None:
    model = Mine()
    file = io.BytesIO()
    tn.save({"model": model, "epoch": 3}, file)
    file.seek(0)
    with pytest.raises(FileFormatError, match="Mine"):
        tn.load(file)
    file.seek(0)
    with tn.serialization.safe_globals([Mine, nn.Linear]):
        again = tn.load(file)
    assert again["epoch"] == 3
    assert again["model"].note == "kept"
    x = tn.randn(3, 2)
    assert (again["model"](x) == model(x)).all()
    assert tn.serialization.get_safe_globals() == []


def test_safe_globals_let_nothing_else_in() -> None:
    file = io.BytesIO()
    tn.save([Mine(), Other()], file)
    file.seek(0)
    tn.serialization.add_safe_globals([Mine, nn.Linear])
    try:
        with pytest.raises(FileFormatError, match=r"Other.*safe globals"):
            tn.load(file)
    finally:
        tn.serialization.clear_safe_globals()
    with pytest.raises(TypeError, match="classes and functions"):
        tn.serialization.add_safe_globals(["Other"])
