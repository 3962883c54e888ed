"""What every test and every documented example starts from: one thread, a seed, the usual names."""

from __future__ import annotations

import gc
import os

# Before NumPy is loaded: one BLAS thread, so that rounding does not depend on the machine
# and parallel test processes do not fight for its cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import random
from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn import nn
from autotn.nn import functional as F


def pytest_configure(config: pytest.Config) -> None:
    """With ``-n``, a process that is done takes tests from one that is not: some take a thousand times as long."""
    if getattr(config.option, "dist", "no") == "load":
        config.option.dist = "worksteal"


def pytest_sessionstart() -> None:
    """Nothing becomes garbage while tests are collected."""
    gc.disable()


def pytest_collection_finish() -> None:
    """What was collected stays to the end: `gc.collect`, which some tests call, need not look at it."""
    gc.freeze()
    gc.enable()


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Every test draws the same numbers, alone or among others, in any order."""
    tn.manual_seed(0)
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002 - PyTorch's and scikit-learn's helpers draw from it


@pytest.fixture(autouse=True)
def names_for_examples(doctest_namespace: dict[str, Any]) -> None:
    """Names an example in a docstring or on a page may use without importing them."""
    doctest_namespace.update(tn=tn, np=np, nn=nn, F=F)
