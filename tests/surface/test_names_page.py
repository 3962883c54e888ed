"""The page of names says what is true today."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from autotn.absent import PAGE, REASONS, TENSOR, reason

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_of_names_is_fresh(torch) -> None:
    path = ROOT / "docs" / "make_names.py"
    spec = importlib.util.spec_from_file_location("make_names", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    written = (ROOT / PAGE).read_text(encoding="utf-8")
    assert written == module.render(torch), "write it anew: python docs/make_names.py"


def test_every_absent_method_has_a_reason() -> None:
    assert [name for name in TENSOR if not reason(f"Tensor.{name}")] == []


def test_reasons_are_sentences() -> None:
    assert all(why and not why.endswith(".") for _, why in REASONS)
