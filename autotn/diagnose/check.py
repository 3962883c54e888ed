"""`check`: look a model, a batch and a loss over for mistakes that nothing else mentions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from autotn.diagnose import behaviour, loops, objective, signals, wiring
from autotn.diagnose.report import Finding, Report
from autotn.diagnose.trial import Subject, Trial, same_luck

Question = tuple[str, Callable[[], Iterable[Finding]]]


def check(
    model: Any,
    batch: Any,
    loss: Callable[[Any, Any], Any],
    optimizer: Any = None,
    *,
    steps: int = 60,
) -> Report:
    """Look for silent mistakes: run copies of `model` on `batch` and report what is odd.

    Asked is: parameters that get no gradient and where their path breaks, modules that run but are not
    registered, a softmax before a loss that has its own, a loss that broadcasts, targets out of range,
    dead units, vanishing and exploding gradients, updates out of proportion to the weights, the wrong mode,
    loops in the calling file without ``zero_grad``, runs that differ from one seed, examples that influence
    each other, and whether eight examples can be learnt by heart.

    The model, its gradients, the optimizer and all random generators are left exactly as they were.

    Parameters
    ----------
    model : Module
    batch : tuple
        ``(inputs, targets)``, or more inputs before the targets; a dict of inputs is passed by name.
        One Tensor stands for both.
    loss : callable
        Called as ``loss(output, targets)``.
    optimizer : Optimizer, optional
        To have its parameters and its learning rate checked too.
    steps : int
        How long to try to learn eight examples; 0 leaves that out.

    Returns
    -------
    Report
        To be printed, or ``raise_if_any()`` in a test.

    >>> model = nn.Sequential(nn.Linear(4, 3), nn.Softmax(1))
    >>> report = tn.check(model, (tn.rand(16, 4), tn.arange(16) % 3), nn.CrossEntropyLoss(), steps=0)
    >>> report.names()
    {'double softmax'}
    """
    subject = Subject(model, batch, loss, optimizer)
    report = Report(f"check of {type(model).__name__}")
    with same_luck():
        _ask(report, [("mode", lambda: wiring.modes(subject))])
        _ask(report, [("optimizer", lambda: wiring.optimized(subject))])
        _ask(report, [("zero_grad", lambda: loops.loops(subject))])
        _ask(report, [("inputs", lambda: objective.looks(subject))])
        trial = Trial(subject)
        _ask(report, _about_one_step(trial))
        if trial.error is None and "step" not in report.names():
            _ask(report, _about_more(report, subject, steps))
    return report


def _about_one_step(trial: Trial) -> list[Question]:
    questions: list[Question] = [("step", lambda: objective.runs(trial))]
    if trial.error is not None:
        return questions
    return [
        *questions,
        ("gradients", lambda: wiring.reached(trial)),
        ("registered", lambda: wiring.registered(trial)),
        ("double softmax", lambda: objective.squashed(trial)),
        ("loss broadcasting", lambda: objective.broadcast(trial)),
        ("targets", lambda: objective.targets(trial)),
        ("dead units", lambda: signals.dead(trial)),
        ("vanishing gradients", lambda: signals.slopes(trial)),
    ]


def _about_more(report: Report, subject: Subject, steps: int) -> list[Question]:
    trial = Trial(subject)
    questions: list[Question] = [("finite", lambda: objective.finite(subject, trial))]
    if not trial.loss.requires_grad:
        return questions
    return [
        *questions,
        ("learning rate", lambda: signals.steps(subject)),
        ("determinism", lambda: behaviour.repeats(subject)),
        # What changes from run to run can't be compared with itself.
        (
            "separate examples",
            lambda: () if "determinism" in report.names() else behaviour.separate(subject),
        ),
        ("overfit", lambda: behaviour.learns(subject, steps)),
    ]


def _ask(report: Report, questions: list[Question]) -> None:
    for name, question in questions:
        report.asked.append(name)
        report.findings += question()
