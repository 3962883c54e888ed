"""Fixtures of the tests: PyTorch as the oracle, and hypothesis without a clock."""

from __future__ import annotations

from typing import Any

import hypothesis
import pytest

from autotn.backends.mkldnn import is_available
from autotn.kernels.onednn.switch import SWITCH

# Examples come from the test's name alone and none is judged by the time it took.
hypothesis.settings.register_profile("repeatable", deadline=None, derandomize=True)
hypothesis.settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def torch() -> Any:
    """PyTorch on one thread; a test that asks for it is skipped where PyTorch is not installed."""
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    return torch


@pytest.fixture(params=["numpy", "onednn"] if is_available() else ["numpy"])
def kernels(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Who computes: NumPy alone, or oneDNN whatever it can, quicker or not."""
    monkeypatch.setattr(SWITCH, "wanted", request.param == "onednn")
    monkeypatch.setattr(SWITCH, "choosy", False)
    for topic in ("arithmetic", "elementwise", "gemm", "updates"):  # what callers look at first
        monkeypatch.setattr(f"autotn.kernels.onednn.{topic}.LEAST", 1)
    return str(request.param)
