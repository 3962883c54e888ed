"""A line search for the strong Wolfe conditions, with cubic interpolation."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from autotn.optim.lanes import Array


class Trial(NamedTuple):
    """A point on the line: how far, the value there, its gradient, and the slope along the line."""

    t: float
    value: float
    gradient: Array
    slope: float


def cubic_minimum(a: Trial, b: Trial, bounds: tuple[float, float] | None = None) -> float:
    """Where the cubic through both values and slopes is least, within `bounds` (else between both).

    Nocedal & Wright, Numerical Optimization (2006), equation 3.59.
    """
    left, right = (a, b) if a.t <= b.t else (b, a)
    low, high = bounds or (left.t, right.t)
    # As NumPy numbers: a degenerate cubic then gives inf or nan instead of an exception.
    width = np.float64(right.t - left.t)
    mean = left.slope + right.slope - 3 * (right.value - left.value) / width
    square = mean**2 - left.slope * right.slope
    if not square >= 0:
        return (low + high) / 2.0
    root = np.sqrt(square)
    share = (right.slope + root - mean) / np.float64(right.slope - left.slope + 2 * root)
    return float(min(max(right.t - width * share, low), high))


def strong_wolfe(
    evaluate: Callable[[float], Trial],
    start: Trial,
    t: float,
    *,
    max_iter: int,
    direction_max: float,
    tolerance_change: float,
    c1: float = 1e-4,
    c2: float = 0.9,
) -> tuple[Trial, int]:
    """Find a trial that decreases enough (`c1`) and is flat enough (`c2`); count the evaluations.

    First walks until an interval must hold such a point (algorithm 3.5 of Nocedal & Wright), then
    narrows it (3.6), with the safeguards of Schmidt's minFunc.

    Parameters
    ----------
    evaluate
        Value, gradient and slope at a distance.
    start, t
        The trial at distance 0, and the first distance to try.
    direction_max
        Largest element of the direction: the search ends when it moves less than
        `tolerance_change`.
    """

    def too_high(trial: Trial) -> bool:
        return trial.value > start.value + c1 * trial.t * start.slope

    def flat(trial: Trial) -> bool:
        return abs(trial.slope) <= -c2 * start.slope

    def too_narrow(a: Trial, b: Trial) -> bool:
        return abs(a.t - b.t) * direction_max < tolerance_change

    previous, trial = start, evaluate(t)
    iteration = 0
    while iteration < max_iter:
        if too_high(trial) or (iteration > 1 and trial.value >= previous.value):
            break
        if flat(trial):
            return trial, iteration + 1
        if trial.slope >= 0:
            break
        reach = (trial.t + 0.01 * (trial.t - previous.t), trial.t * 10)
        previous, trial = trial, evaluate(cubic_minimum(previous, trial, reach))
        iteration += 1
    else:
        previous = start
    return _zoom(
        evaluate,
        [previous, trial],
        iteration,
        too_high,
        flat,
        max_iter=max_iter,
        too_narrow=too_narrow,
    )


def _zoom(
    evaluate: Callable[[float], Trial],
    bracket: list[Trial],
    iteration: int,
    too_high: Callable[[Trial], bool],
    flat: Callable[[Trial], bool],
    *,
    max_iter: int,
    too_narrow: Callable[[Trial, Trial], bool],
) -> tuple[Trial, int]:
    """Narrow `bracket` around its lower end until a trial satisfies both conditions."""

    def lower() -> int:
        return 0 if bracket[0].value <= bracket[1].value else 1

    low = lower()
    near_end = False
    while iteration < max_iter and not too_narrow(bracket[0], bracket[1]):
        t = cubic_minimum(bracket[0], bracket[1])
        left, right = sorted(trial.t for trial in bracket)
        margin = 0.1 * (right - left)
        if min(right - t, t - left) < margin:
            # Twice near an end, or on it: stay a tenth of the interval away from it.
            if near_end or t >= right or t <= left:
                t = right - margin if abs(t - right) < abs(t - left) else left + margin
                near_end = False
            else:
                near_end = True
        else:
            near_end = False
        trial = evaluate(t)
        iteration += 1
        if too_high(trial) or trial.value >= bracket[low].value:
            bracket[1 - low] = trial
            low = lower()
            continue
        done = flat(trial)
        if not done and trial.slope * (bracket[1 - low].t - bracket[low].t) >= 0:
            bracket[1 - low] = bracket[low]
        bracket[low] = trial
        if done:
            break
    return bracket[low], iteration + 1
