"""The page that says what was checked is about the ops there are."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import numpy as np

from autotn.testing.sample import Sample
from tests import certificate
from tests.samples import SAMPLERS


def test_the_page_lists_every_op() -> None:
    page = certificate.PAGE.read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)
    assert sorted(listed) == sorted(SAMPLERS), "write it anew: python -m tests.certificate"


def case(name: str, against: set[str], *args: Any) -> Any:
    return SimpleNamespace(op_name=name, against=against, sample=Sample(*args))


def test_only_what_was_compared_is_ticked() -> None:
    record = certificate.Record()
    record.tick(case("exp", {"PyTorch"}, np.ones(2)), "value")
    record.tick(case("exp", set(), np.ones(2)), "second_order")
    record.tick(case("exp", {"the recorded pass"}, np.ones(2)), "raw_equals_recorded")
    record.tick(case("exp", {"its own dtype"}, np.ones(2)), "float32_stays")
    cells = {column: record.cell("exp", column) for column in certificate.COLUMNS}
    assert cells["value"] == "P"
    assert cells["float32"] == "✓"
    assert cells["gradient"] == cells["second derivative"] == cells["complex"] == ""
    assert record.samples["exp"] == 1


def test_an_op_without_gradient_has_a_dash_and_complex_samples_a_column() -> None:
    record = certificate.Record()
    record.tick(case("sign", {"PyTorch"}, np.ones(2, complex)), "value")
    assert record.cell("sign", "gradient") == "–"
    assert record.cell("sign", "complex") == "P"
    assert "| checked | 1 |" in certificate.render(record)
