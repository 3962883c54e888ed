"""Keras' HDF5 weights are read, and nothing outside of the file is."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import autotn as tn
from autotn import nn
from autotn.errors import FileFormatError


def keras3(path: Path, **arrays: Any) -> None:
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            layer, number = name.rsplit("_", 1)
            file.create_dataset(f"layers/{layer}/vars/{number}", data=array)
        file.create_group("optimizer/vars")


def test_a_file_of_keras_3(tmp_path: Path) -> None:
    kernel, bias = np.random.default_rng(0).normal(size=(4, 2)).astype("float32"), np.ones(2, "f4")
    path = tmp_path / "model.weights.h5"
    keras3(path, dense_0=kernel, dense_1=bias)
    found = tn.load(path)
    assert list(found) == ["layers.dense.0", "layers.dense.1"]
    layer = nn.Linear(4, 2)
    layer.load_state_dict({"weight": found["layers.dense.0"].T, "bias": found["layers.dense.1"]})
    x = tn.randn(3, 4)
    np.testing.assert_allclose(layer(x).detach(), x.numpy() @ kernel + bias, rtol=1e-5)
    assert tn.load(io.BytesIO(path.read_bytes()))["layers.dense.1"].tolist() == [1, 1]


def test_a_file_of_keras_2(tmp_path: Path) -> None:
    path = tmp_path / "model.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("dense_1/dense_1/kernel:0", data=np.ones((2, 3)), compression="gzip")
    assert tn.load(path)["dense_1.dense_1.kernel"].shape == (2, 3)


def test_links_to_elsewhere_are_refused(tmp_path: Path) -> None:
    keras3(tmp_path / "secret.h5", dense_0=np.ones(2))
    for k, make in enumerate(
        [
            lambda f: f.__setitem__("x", h5py.ExternalLink(str(tmp_path / "secret.h5"), "/layers")),
            lambda f: f.__setitem__("x", h5py.SoftLink("/layers")),
            lambda f: f.create_dataset("x", 4, "f4", external=[(str(tmp_path / "raw"), 0, 16)]),
            lambda f: f.create_dataset("x", data="text"),
            lambda f: f.create_dataset("x", (10**9,), "f4", chunks=(10**6,), fillvalue=1.0),
        ]
    ):
        path = tmp_path / f"{k}.h5"
        with h5py.File(path, "w") as file:
            make(file)
        with pytest.raises(FileFormatError, match=str(path)):
            tn.load(path)


def test_a_cut_file_is_refused(tmp_path: Path) -> None:
    keras3(tmp_path / "model.h5", dense_0=np.ones(2000))
    data = (tmp_path / "model.h5").read_bytes()
    for size in range(10, len(data), 997):
        with pytest.raises(FileFormatError):
            tn.load(io.BytesIO(data[:size]))
