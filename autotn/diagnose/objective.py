"""Questions about the loss: whether it gets what it wants, and says what was meant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autotn.core.tensor import Tensor
from autotn.diagnose.report import Finding
from autotn.diagnose.trial import Subject, Trial
from autotn.diagnose.watch import Watch
from autotn.errors import NonFiniteError

_SQUASHING = {"softmax", "sigmoid"}
#: Losses that squash their input themselves.
_WANT_SCORES = {
    "cross_entropy": "cross_entropy takes scores and does the softmax itself",
    "bce_with_logits": "binary_cross_entropy_with_logits takes scores and does the sigmoid itself",
}
_MANY = 2


def runs(trial: Trial) -> Iterator[Finding]:
    """The step fails."""
    error = trial.error
    if error is not None:
        notes = " ".join(note.strip() + "." for note in getattr(error, "__notes__", []))
        kind = type(error).__name__
        name = "targets" if trial.output is not None and isinstance(error, IndexError) else "step"
        yield Finding(
            name,
            f"the {'loss' if trial.output is not None else 'forward'} fails with {kind}: {error}. {notes}",
            "see the message",
        )
    elif not isinstance(trial.loss, Tensor):
        yield Finding(
            "step",
            f"the loss is a {type(trial.loss).__name__}, not a Tensor",
            "let the loss function return a Tensor, without .item() or .numpy()",
        )
    elif trial.loss.numel() != 1:
        yield Finding(
            "step",
            f"the loss has shape {tuple(trial.loss.shape)}",
            "reduce it, for instance with .mean()",
        )


def finite(subject: Subject, trial: Trial) -> Iterator[Finding]:
    """A loss or gradients that are nan or inf, and the op that made them."""
    parameters = list(trial.subject.model.parameters())
    gradients = [p.grad._data for p in parameters if p.grad is not None]
    if np.isfinite(trial.loss._data).all() and all(np.isfinite(g).all() for g in gradients):
        return
    from autotn.diagnose.debug import debug

    told = "the op that made it could not be found again"
    made = subject.copied()
    try:
        with debug():
            made.loss(made.forward(), made.targets).sum().backward()
    except NonFiniteError as error:
        notes = [note.strip() for note in getattr(error, "__notes__", [])]
        told = ", ".join([str(error).removeprefix("debug: "), *notes[:1]])
    yield Finding(
        "finite",
        f"the loss is {float(trial.loss.sum()):g} and gradients may be too: {told}",
        "keep the input of that op in its domain: add an epsilon, clamp, or use a stable form such as "
        "log_softmax",
    )


def squashed(trial: Trial) -> Iterator[Finding]:
    """A softmax or sigmoid before a loss that has its own, or twice in a row, or over one number."""
    for call in trial.calls:
        if not call.inputs:
            continue
        before = trial.producer(call.inputs[0])
        twice = (
            call.name in _SQUASHING and before is not None and before.name == call.name == "softmax"
        )
        if (
            (call.name in _WANT_SCORES or twice)
            and before is not None
            and before.name in _SQUASHING
        ):
            yield Finding(
                "double softmax",
                f"{call.name} is given the result of {before}; "
                + _WANT_SCORES.get(call.name, "the second flattens the probabilities"),
                f"leave out the {before.name}, and apply it only where probabilities are shown",
            )
        elif call.name == "cross_entropy" and _are_probabilities(call.inputs[0]):
            yield Finding(
                "double softmax",
                f"what {call} is given looks like probabilities: no number is negative and rows sum to 1. "
                + _WANT_SCORES[call.name],
                "give the scores before the softmax",
            )
        if call.name == "softmax" and call.outputs:
            dim = call.static.get("dim")
            shape = call.outputs[0].shape
            if isinstance(dim, int) and len(shape) and shape[dim] == 1:
                yield Finding(
                    "double softmax",
                    f"{call} runs over dimension {dim} of {tuple(shape)}, of size 1: it gives ones",
                    "choose the dimension of the classes, or use a sigmoid for one score",
                )
        if (
            call.name == "nll"
            and before is not None
            and before.name not in ("log_softmax", "logsigmoid")
        ):
            total = np.exp(np.minimum(call.inputs[0]._data, 50.0)).sum(-1)
            if not np.allclose(total, 1, atol=1e-2):
                yield Finding(
                    "double softmax",
                    f"nll_loss wants log-probabilities, but is given the result of {before}",
                    "use cross_entropy on the scores, or log_softmax before nll_loss",
                )


def _are_probabilities(rows: Tensor) -> bool:
    values = rows._data
    return bool(
        values.ndim > 1
        and values.shape[0] > _MANY
        and (values >= 0).all()
        and np.allclose(values.sum(1), 1, atol=1e-3)
    )


def broadcast(trial: Trial) -> Iterator[Finding]:
    """A loss that pairs everything with everything."""
    for text in trial.warnings:
        if "target size" in text or "broadcasting" in text:
            yield Finding("loss broadcasting", text, "give both the same shape")
            return
    for call in trial.calls[trial.boundary :]:
        if len(call.inputs) < _MANY or not call.outputs:
            continue
        first, second = (tuple(t.shape) for t in call.inputs[:2])
        made = tuple(call.outputs[0].shape)
        outer = all(len(s) and np.prod(s) < np.prod(made) for s in (first, second))
        if (
            call.name in ("add", "sub", "mul", "div")
            and outer
            and max(first) > 1
            and max(second) > 1
        ):
            yield Finding(
                "loss broadcasting",
                f"{call} makes {made} of {first} and {second}: every number of one with every of the other",
                "give prediction and target the same shape: squeeze(-1) or unsqueeze(-1) one of them",
            )
            return


def targets(trial: Trial) -> Iterator[Finding]:
    """Targets outside the range of what the loss can mean."""
    for call in trial.calls[trial.boundary :]:
        if call.name in ("bce_with_logits", "bce") and len(call.inputs) >= _MANY:
            wanted = call.inputs[1]._data
            if wanted.size and (wanted.min() < 0 or wanted.max() > 1):
                yield Finding(
                    "targets",
                    f"the targets of {call} lie between {wanted.min():g} and {wanted.max():g}, not "
                    "between 0 and 1",
                    "give 0 and 1 (or probabilities); labels of -1 and 1 become (target + 1) / 2",
                )
    wanted = trial.subject.targets
    if isinstance(wanted, Tensor) and wanted.numel() > _MANY and wanted.dtype.category == 1:
        values: Any = wanted._data
        if values.min() == values.max():
            yield Finding(
                "targets",
                f"all {values.size} targets of the batch are {values.flat[0]}",
                "shuffle the data: a batch of one class teaches nothing",
            )


def looks(subject: Subject) -> Iterator[Finding]:
    """Inputs that are nan, or far from the size that initial weights expect."""
    watch = Watch(nan=True, inf=True, backward=False, when=None)
    for k, t in enumerate(t for t in subject.inputs if isinstance(t, Tensor)):
        name = f"input {k}" if k else "the input"
        if watch.is_bad(t._data):
            yield Finding(
                "inputs",
                f"{name} {tuple(t.shape)} has {int((~np.isfinite(t._data)).sum())} numbers that are nan or "
                "inf",
                "clean the data before it comes here",
            )
        elif t.is_floating_point() and t.numel() > _MANY:
            spread, middle = float(t._data.std()), float(t._data.mean())
            if max(spread, abs(middle)) > 50:
                yield Finding(
                    "inputs",
                    f"{name} {tuple(t.shape)} has mean {middle:.4g} and standard deviation {spread:.4g}",
                    "bring inputs near mean 0 and deviation 1 (bytes of pictures: divide by 255)",
                )
