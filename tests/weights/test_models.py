"""Whole models with random weights: PyTorch's weights work here, ours there, to the last digits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autotn as tn
from tests.weights.models import MODELS

SUFFIXES = [".pt", ".safetensors"]


@pytest.fixture(autouse=True)
def same_weights_each_time(torch: Any) -> None:
    """A unit exactly at its kink would fall to either side: rare, and no fault of either library."""
    torch.manual_seed(0)
    tn.manual_seed(0)


def example(name: str) -> np.ndarray[Any, Any]:
    _, shape, tokens = MODELS[name]
    draws = np.random.default_rng(0)
    if tokens:
        drawn = draws.integers(1, tokens, size=shape)
        drawn[-1, -3:] = 0
        return drawn
    return draws.normal(size=shape).astype(np.float32)


def output_and_gradients(
    model: Any, library: Any, x: np.ndarray[Any, Any]
) -> tuple[np.ndarray[Any, Any], dict[str, np.ndarray[Any, Any]]]:
    model.zero_grad()
    out = model(library.from_numpy(x))
    weights = np.random.default_rng(1).normal(size=tuple(out.shape)).astype(np.float32)
    (out * library.from_numpy(weights)).mean().backward()
    gradients = {n: p.grad.numpy().copy() for n, p in model.named_parameters()}
    return out.detach().numpy(), gradients


@pytest.mark.parametrize("training", [False, True], ids=["eval", "train"])
@pytest.mark.parametrize("name", MODELS)
def test_a_model_of_pytorch_gives_the_same_here(
    torch: Any, tmp_path: Path, name: str, training: bool
) -> None:
    build, *_ = MODELS[name]
    theirs, ours = build(torch).train(training), build(tn).train(training)
    torch.save(theirs.state_dict(), tmp_path / "model.pt")
    assert not any(ours.load_state_dict(tn.load(tmp_path / "model.pt")))
    x = example(name)
    out, gradients = output_and_gradients(ours, tn, x)
    expected, expected_gradients = output_and_gradients(theirs, torch, x)
    np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-5)
    assert gradients.keys() == expected_gradients.keys()
    for key, gradient in gradients.items():
        scale = max(1e-3, np.abs(expected_gradients[key]).max())
        np.testing.assert_allclose(
            gradient, expected_gradients[key], rtol=1e-4, atol=1e-4 * scale, err_msg=key
        )
    for key, buffer in ours.named_buffers():  # running statistics moved alike
        wanted = dict(theirs.named_buffers())[key].numpy()
        np.testing.assert_allclose(buffer.numpy(), wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", MODELS)
def test_a_model_of_ours_gives_the_same_in_pytorch(
    torch: Any, tmp_path: Path, name: str, suffix: str
) -> None:
    build, *_ = MODELS[name]
    ours, theirs = build(tn).eval(), build(torch).eval()
    path = tmp_path / f"model{suffix}"
    state = ours.state_dict()
    if name == "gpt2" and suffix == ".safetensors":
        del state["lm_head.weight"]  # tied: safetensors keeps each tensor once
    tn.save(state, path)
    if suffix == ".pt":
        found = torch.load(path, weights_only=True)
    else:
        from safetensors.torch import load_file

        found = load_file(path)
    theirs.load_state_dict(found, strict=len(state) == len(theirs.state_dict()))
    x = example(name)
    out, gradients = output_and_gradients(ours, tn, x)
    expected, expected_gradients = output_and_gradients(theirs, torch, x)
    np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-5)
    for key, gradient in gradients.items():
        scale = max(1e-3, np.abs(expected_gradients[key]).max())
        np.testing.assert_allclose(gradient, expected_gradients[key], rtol=1e-4, atol=1e-4 * scale)


@pytest.mark.parametrize("name", MODELS)
def test_an_optimizer_goes_on_in_the_other_library(torch: Any, tmp_path: Path, name: str) -> None:
    """Two steps here equal one in PyTorch, saved, and one here."""
    build, *_ = MODELS[name]
    x = example(name)
    theirs, ours = build(torch).eval(), build(tn).eval()
    other = torch.optim.AdamW(theirs.parameters(), lr=1e-3)
    output_and_gradients(theirs, torch, x)
    other.step()
    torch.save({"model": theirs.state_dict(), "optimizer": other.state_dict()}, tmp_path / "c.pt")
    optimizer = tn.optim.AdamW(ours.parameters(), lr=1e-3)
    checkpoint = tn.load(tmp_path / "c.pt")
    ours.load_state_dict(checkpoint["model"])
    optimizer.load_state_dict(checkpoint["optimizer"])
    for library, model, stepper in ((tn, ours, optimizer), (torch, theirs, other)):
        output_and_gradients(model, library, x)
        stepper.step()
    expected = theirs.state_dict()
    for key, value in ours.state_dict().items():
        np.testing.assert_allclose(value.numpy(), expected[key].numpy(), atol=2e-5, err_msg=key)
