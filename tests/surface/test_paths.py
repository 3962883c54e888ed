"""PyTorch's module paths lead to our files, imported or merely written down."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import autotn as tn
from autotn.paths import ALIASES

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("path", ALIASES)
def test_a_path_is_imported_as_the_module_that_stands_there(path: str) -> None:
    assert importlib.import_module(f"autotn.{path}") is importlib.import_module(
        f"autotn.{ALIASES[path]}"
    )


def test_a_path_is_an_attribute_without_an_import() -> None:
    # In a process of its own: an import anywhere would have made the attribute.
    script = """
import importlib, operator
import autotn as tn
from autotn.paths import ALIASES

for path, target in ALIASES.items():
    found = operator.attrgetter(path)(tn)
    assert found is importlib.import_module(f"autotn.{target}"), path
print(len(ALIASES))
"""
    found = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (found.stdout.strip(), found.stderr) == (str(len(ALIASES)), "")


def test_names_at_the_end_of_a_path_are_reached() -> None:
    assert tn.optim.adamw.AdamW is tn.optim.AdamW
    assert tn.distributions.bernoulli.Bernoulli is tn.distributions.Bernoulli
    assert tn.autograd.profiler.record_function is tn.profiler.record_function


def test_a_function_stands_before_the_module_it_is_in() -> None:
    script = """
import autotn
torch = autotn.as_torch()
import autotn.autograd.gradcheck
from torch.autograd.gradcheck import gradgradcheck

assert torch.autograd.gradcheck.__name__ == "gradcheck" and callable(torch.autograd.gradcheck)
assert torch.autograd.gradgradcheck is gradgradcheck
"""
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)
