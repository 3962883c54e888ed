"""PyTorch's module paths, where a file stands elsewhere here.

``from autotn.nn.modules.batchnorm import _BatchNorm`` and ``autotn.distributions.bernoulli`` lead to the
files that hold these things.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

_LAYERS = (
    "activation adaptive batchnorm channelshuffle container conv distance dropout flatten fold instancenorm "
    "lazy linear loss normalization padding pixelshuffle pooling rnn sparse transformer upsampling utils"
)
_OPTIMIZERS = "adadelta adagrad adamax adamw asgd nadam radam rmsprop rprop sparse_adam"
_DISTRIBUTIONS = (
    "bernoulli beta binomial cauchy chi2 continuous_bernoulli dirichlet exp_family exponential fishersnedecor "
    "generalized_pareto geometric gumbel half_cauchy half_normal independent inverse_gamma kumaraswamy laplace "
    "lkj_cholesky log_normal logistic_normal lowrank_multivariate_normal mixture_same_family multinomial "
    "multivariate_normal negative_binomial one_hot_categorical pareto poisson relaxed_bernoulli "
    "relaxed_categorical studentT transformed_distribution uniform von_mises weibull wishart"
)

#: PyTorch's path -> the module that stands there.
ALIASES = {
    **{f"nn.modules.{path}": "nn.modules" for path in _LAYERS.split()},
    **{f"optim.{path}": "optim" for path in _OPTIMIZERS.split()},
    **{f"distributions.{path}": "distributions" for path in _DISTRIBUTIONS.split()},
    "_tensor": "core.tensor",
    "autograd.anomaly_mode": "core.modes",
    "autograd.grad_mode": "core.modes",
    "autograd.profiler": "profiler",
    "autograd.variable": "core.legacy",
    "cuda.amp.autocast_mode": "cuda.amp",
    "cuda.amp.grad_scaler": "cuda.amp",
    "cuda.random": "cuda.seeds",
    "functional": "ops",
    "nn.parallel.distributed": "nn.parallel",
    "utils.hooks": "core.node",
    "utils.dlpack": "ops.exchange",
    "utils.model_zoo": "hub",
    "utils.data._utils": "utils.data",
    "utils.data._utils.collate": "utils.data.collate",
}


class SameModule:
    """Lets a second path lead to a module, instead of loading a second copy of it.

    Not a subclass of `importlib.abc.Loader`, whose import would take longer than ours.
    """

    def __init__(self, target: str) -> None:
        self.target = target

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        """The module itself."""
        module = importlib.import_module(self.target)
        self.spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Nothing to run; the module keeps its own name."""
        module.__spec__ = self.spec


class Paths:
    """Finds the modules of `ALIASES`."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Where `fullname` leads, if it is one of ours."""
        package, _, name = fullname.partition(".")
        if package != "autotn" or name not in ALIASES:
            return None
        loader: Any = SameModule(f"autotn.{ALIASES[name]}")
        return importlib.machinery.ModuleSpec(fullname, loader)


def install() -> None:
    """Let Python ask here first: below a second path it would find files, and load them twice."""
    sys.meta_path.insert(0, Paths())
