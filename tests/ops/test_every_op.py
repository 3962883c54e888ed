"""Every question of the house, asked of every sample of every op.

Select with ``-k``: ``pytest tests/ops/test_every_op.py -k "softmax and second_order"``.
"""

from __future__ import annotations

from typing import Any

import pytest

from autotn.testing.check_op import QUESTIONS, error
from autotn.testing.sample import ErrorSample
from tests.certificate import RECORD
from tests.samples import SAMPLERS, all_samples

CASES = all_samples()
ORDINARY = [c for c in CASES if not isinstance(c.sample, ErrorSample)]
ERRORS = [c for c in CASES if isinstance(c.sample, ErrorSample)]


#: Ops with a second kernel, oneDNN's, where it is installed.
TWICE = [
    *("_conv_input", "_conv_weight", "_gru_sweep", "_lstm_sweep", "_rnn_sweep"),
    *("conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"),
    *(
        "_avg_pool",
        "_avg_pool_spread",
        "_max_pool_spread",
        "_batch_norm",
        "_normalise_rows",
        "_channel_affine",
    ),
    *("_attention", "_gelu_erf", "_gelu_tanh", "_relu", "_silu", "sigmoid", "tanh"),
    *("linear", "log_softmax", "matmul", "softmax"),
]


@pytest.mark.parametrize("name", sorted(SAMPLERS))
def test_op(name: str) -> None:
    """Each sample of the op answers each question."""
    ask_all(name)


@pytest.mark.parametrize("name", TWICE)
def test_op_with_either_kernel(name: str, kernels: str) -> None:
    """And it does so whoever computes, even what is not worth calling a library for."""
    ask_all(name)


def ask_all(name: str) -> None:
    failures: list[str] = []
    for case in ORDINARY:
        if case.op_name != name:
            continue
        for question in QUESTIONS:
            if question.__name__ in case.sample.skip:
                continue
            _ask(question, case, failures)
    assert not failures, f"{len(failures)} failed:\n" + "\n".join(failures[:12])


def _ask(question: Any, case: Any, failures: list[str]) -> None:
    case.against = set()
    try:
        question(case)
        RECORD.tick(case, question.__name__)
    except Exception as failure:  # noqa: BLE001 - every failure is collected and reported
        text = str(failure).strip().replace("\n", " ")[:400]
        failures.append(f"  {case} {question.__name__}: {type(failure).__name__}: {text}")


@pytest.mark.parametrize("case", ERRORS, ids=str)
def test_error(case: Any) -> None:
    """A call that must fail says why, and changes nothing."""
    error(case)
