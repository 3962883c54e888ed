"""Command line of the benchmarks."""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from benchmarks import report
from benchmarks.compare import run
from benchmarks.peer import ROOT, Peer
from benchmarks.row import Row, all_rows


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Time autotn and PyTorch side by side, in separate processes.",
    )
    add = parser.add_argument
    add("--cpu", action="store_true", help="one thread each, processor time: for a busy machine")
    add("--rounds", type=int, default=7, help="how often each library is timed (default: 7)")
    add("--seconds", type=float, default=0.3, help="work per round (default: 0.3)")
    add("--only", action="append", metavar="ROW", help="rows whose name contains this; repeatable")
    add("--list", action="store_true", help="name the rows and stop")
    add("--json", type=Path, metavar="FILE", help="write every round's times, too")
    add("--page", type=Path, metavar="FILE", help="write the table between a page's markers, too")
    add("--fast", action="store_true", help="time autotn with the extra `fast`, too")
    add("--compare", metavar="REV", help="compare with autotn of this git revision, not with torch")
    add("--subject", default="autotn", help=argparse.SUPPRESS)
    add("--reference", default="torch", help=argparse.SUPPRESS)
    return parser.parse_args()


def extract(revision: str, folder: str) -> None:
    """Put the package as it was at `revision` into `folder`."""
    command = ["git", "archive", "--format=tar", revision, "autotn"]
    archive = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if archive.returncode:
        raise SystemExit(archive.stderr.decode().strip())
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
        tar.extractall(folder, filter="data")


def chosen(only: list[str] | None) -> list[Row]:
    """Rows whose key contains one of the words given; all of them without any."""
    rows = list(all_rows().values())
    if only is None:
        return rows
    for word in only:
        if not any(word in row.key for row in rows):
            raise SystemExit(f"no row is called {word!r}; there are: {', '.join(all_rows())}")
    return [row for row in rows if any(word in row.key for word in only)]


def describe(versions: dict[str, str | None], options: argparse.Namespace) -> str:
    """Say what was measured, how and where."""
    libraries = ", ".join(f"{name} {version}" for name, version in versions.items())
    clock = "processor time, one thread each" if options.cpu else "wall time, default threads"
    return (
        f"{libraries}; {clock}; times are the best, ratios the median and the worst of "
        f"{options.rounds} interleaved rounds; {report.machine()}; "
        f"load {os.getloadavg()[0]:.1f} at the start."
    )


def main() -> int:
    options = arguments()
    with tempfile.TemporaryDirectory(prefix="autotn-then-") as folder:
        if options.compare and not options.list:
            extract(options.compare, folder)
        return measure(options, folder)


def measure(options: argparse.Namespace, folder: str) -> int:
    """Time the rows and report; `folder` holds the revision to compare with, if one was given."""
    rows = chosen(options.only)
    if options.list:
        width = max(len(row.key) for row in rows)
        print("\n".join(f"{row.key:{width}}  {row.title}" for row in rows))
        return 0

    mode = "cpu" if options.cpu else "wall"
    subject, reference = options.subject, options.reference
    if reference == subject:
        reference += " again"
    libraries = {subject: options.subject, reference: options.reference}
    if options.compare:
        reference = f"autotn at {options.compare}"
        libraries = {subject: options.subject, reference: f"autotn@{folder}"}
    subjects = [subject]
    if options.fast:
        subjects.append(f"{subject}[fast]")
        libraries[subjects[1]] = f"{options.subject}[fast]"
    libraries |= {name: name for row in rows for name in row.beside}
    versions = {}
    for label, library in list(libraries.items()):
        with Peer(library, mode, label) as peer:
            if peer.missing:
                print(f"{label} cannot be imported here ({peer.missing}): it has no times.")
                del libraries[label]
            else:
                versions[label] = peer.version
    if subject not in libraries:
        return 1
    subjects = [name for name in subjects if name in libraries]

    caption = describe(versions, options)
    print(caption, flush=True)
    results = []
    for row in rows:
        print(f"  {row.title}", file=sys.stderr, flush=True)
        wanted = {*subjects, reference, *row.beside}
        taking_part = {name: libraries[name] for name in libraries if name in wanted}
        results.append(run(row, taking_part, mode, options.rounds, options.seconds))

    print("\n" + report.text(results, subjects, reference))
    if options.page:
        report.write_into(options.page, report.markdown(results, subjects, reference, caption))
    if options.json:
        record = {
            "caption": caption,
            "mode": mode,
            "versions": versions,
            "rows": [result.as_json(subject, reference) for result in results],
        }
        options.json.write_text(json.dumps(record, indent=1), encoding="utf-8")
    return 1 if any(result.problem for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
