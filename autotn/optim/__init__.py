"""Optimizers, learning rate schedules and weight averaging."""

from __future__ import annotations

from typing import Any as _Any

from autotn.absent import attribute_of as _attribute_of
from autotn.optim import lr_scheduler, swa_utils
from autotn.optim.adafactor import Adafactor
from autotn.optim.adam import Adam, Adamax, AdamW, NAdam, RAdam, SparseAdam
from autotn.optim.lbfgs import LBFGS
from autotn.optim.minimize import minimize
from autotn.optim.muon import Muon
from autotn.optim.optimizer import (
    Optimizer,
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)
from autotn.optim.rms import Adadelta, Adagrad, RMSprop
from autotn.optim.sgd import ASGD, SGD, Rprop

__all__ = [
    "Optimizer",
    "SGD",
    "ASGD",
    "Rprop",
    "Adam",
    "AdamW",
    "Adamax",
    "NAdam",
    "RAdam",
    "SparseAdam",
    "RMSprop",
    "Adagrad",
    "Adadelta",
    "Adafactor",
    "Muon",
    "LBFGS",
    "minimize",
    "lr_scheduler",
    "swa_utils",
    "register_optimizer_step_pre_hook",
    "register_optimizer_step_post_hook",
]


def __getattr__(name: str) -> _Any:
    return _attribute_of(__name__, name)
