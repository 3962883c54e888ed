"""What `check` found, to be read or to be raised."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field

from autotn.errors import MistakesFound

_WIDTH = 100


@dataclass(frozen=True)
class Finding:
    """One mistake: which question found it, what was seen, and how to mend it."""

    name: str
    seen: str
    advice: str

    def __str__(self) -> str:
        lines = textwrap.wrap(f"{self.name}: {self.seen}", _WIDTH, subsequent_indent="    ")
        lines += textwrap.wrap(
            f"To mend it: {self.advice}", _WIDTH, initial_indent="    ", subsequent_indent="    "
        )
        return "\n".join(lines)


@dataclass
class Report:
    """The findings of one `check`, and the questions that were asked."""

    title: str
    findings: list[Finding] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """True when nothing was found."""
        return not self.findings

    def names(self) -> set[str]:
        """The questions that found something."""
        return {finding.name for finding in self.findings}

    def raise_if_any(self) -> Report:
        """Raise `MistakesFound` with the whole report when there is a finding; else return it.

        Raises
        ------
        MistakesFound
            An AssertionError, for tests.
        """
        if self.findings:
            raise MistakesFound(str(self))
        return self

    def __str__(self) -> str:
        count = len(self.findings)
        lines = [f"{self.title}: {count or 'no'} finding{'' if count == 1 else 's'}"]
        for number, finding in enumerate(self.findings, 1):
            lines.append(textwrap.indent(str(finding), "   ").replace("  ", f"{number:>2}", 1))
        quiet = [name for name in self.asked if name not in self.names()]
        if quiet:
            asked = "Nothing to say about: " + ", ".join(quiet)
            lines += textwrap.wrap(asked, _WIDTH, subsequent_indent="    ")
        return "\n".join(lines)

    __repr__ = __str__
