"""Train in many threads at once and compare with the same trainings one after the other.

``python -m tests.hardening.side_by_side --minutes 3`` does it for a while.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.hardening.jobs import JOBS


@contextmanager
def restless() -> Iterator[None]:
    """Let Python change threads as often as it can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def together(seeds: range, steps: int) -> dict[tuple[str, int], str]:
    """The fingerprint of every job with every seed, each in a thread of its own, all begun at once."""
    found: dict[tuple[str, int], str] = {}
    gate = threading.Barrier(len(JOBS) * len(seeds))

    def run(number: int, seed: int) -> None:
        gate.wait()
        try:
            found[JOBS[number].__name__, seed] = JOBS[number](seed, steps)
        except Exception as error:  # noqa: BLE001 - compared with what was expected
            found[JOBS[number].__name__, seed] = repr(error)

    threads = [
        threading.Thread(target=run, args=(number, seed))
        for number in range(len(JOBS))
        for seed in seeds
    ]
    with restless():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return found


def alone(seeds: range, steps: int) -> dict[tuple[str, int], str]:
    """The same, one after the other."""
    return {(job.__name__, seed): job(seed, steps) for job in JOBS for seed in seeds}


def main() -> None:
    """Compare until the time is up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--steps", type=int, default=20)
    options = parser.parse_args()
    end, first, rounds = time.monotonic() + 60 * options.minutes, 0, 0
    while time.monotonic() < end:
        seeds = range(first, first + 2)
        threaded, expected = together(seeds, options.steps), alone(seeds, options.steps)
        different = {key: threaded[key] for key in expected if threaded[key] != expected[key]}
        if different:
            sys.exit(f"these differ: {different}")
        first, rounds = first + 2, rounds + 1
    sys.stdout.write(f"{rounds} rounds of {2 * len(JOBS)} threads: all as alone\n")


if __name__ == "__main__":
    main()
