"""Every broken program is told what docs/errors.md promises, and more than PyTorch tells."""

from __future__ import annotations

import importlib.util
import re

import pytest

from tests.mistakes.page import PAGE, messages, page, version_on
from tests.mistakes.run import NOTHING, Program, programs

ALL = list(programs())
TEXT = PAGE.read_text()
OURS = dict(messages(TEXT, "autotn"))
THEIRS = dict(messages(TEXT, "PyTorch"))


@pytest.mark.parametrize("program", ALL, ids=str)
def test_a_broken_program_is_told_what_was_promised(program: Program) -> None:
    assert program.run() == OURS[str(program)]


def test_the_page_is_fresh() -> None:
    """Program texts and their order."""
    assert page(version_on(TEXT), THEIRS, OURS) == TEXT, "run python -m tests.mistakes.page"


def test_pytorch_says_what_the_page_claims() -> None:
    if importlib.util.find_spec("torch") is None:
        return  # nobody to ask; the page was made where there is one
    import torch

    if torch.__version__.partition("+")[0] == version_on(TEXT):
        assert {str(p): p.run("torch") for p in ALL} == THEIRS


def test_there_are_many() -> None:
    assert len(ALL) >= 60


@pytest.mark.parametrize("program", ALL, ids=str)
def test_our_message_says_more(program: Program) -> None:
    """Never silence, never only PyTorch's sentence; the kind of error is one that PyTorch's handlers catch."""
    ours, theirs = OURS[str(program)], THEIRS[str(program)]
    assert ours != NOTHING
    assert len(words(ours) - words(theirs)) >= 2, ours


def words(text: str) -> set[str]:
    return set(re.findall(r"[\w.]+", text.lower()))
