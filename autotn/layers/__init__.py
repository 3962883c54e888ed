"""Layers: modules that own parameters and call ops."""

from __future__ import annotations

import importlib

from autotn.layers.activation import (
    CELU,
    ELU,
    GELU,
    GLU,
    SELU,
    Hardshrink,
    Hardsigmoid,
    Hardswish,
    Hardtanh,
    LeakyReLU,
    LogSigmoid,
    LogSoftmax,
    Mish,
    PReLU,
    ReLU,
    ReLU6,
    RReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softmax2d,
    Softmin,
    Softplus,
    Softshrink,
    Softsign,
    Tanh,
    Tanhshrink,
    Threshold,
)
from autotn.layers.adaptive import AdaptiveLogSoftmaxWithLoss
from autotn.layers.container import (
    DataParallel,
    ModuleDict,
    ModuleList,
    ParameterDict,
    ParameterList,
    Sequential,
)
from autotn.layers.distance import CosineSimilarity, PairwiseDistance
from autotn.layers.dropout import (
    AlphaDropout,
    Dropout,
    Dropout1d,
    Dropout2d,
    Dropout3d,
    FeatureAlphaDropout,
)
from autotn.layers.lazy import LazyModuleMixin
from autotn.layers.linear import Bilinear, Identity, LazyLinear, Linear
from autotn.layers.loss import (
    BCELoss,
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    GaussianNLLLoss,
    HuberLoss,
    KLDivLoss,
    L1Loss,
    LinearCrossEntropyLoss,
    LinearCrossEntropyOptions,
    MSELoss,
    NLLLoss,
    NLLLoss2d,
    PoissonNLLLoss,
    SmoothL1Loss,
)
from autotn.layers.module import Module
from autotn.layers.parameter import Buffer, Parameter, UninitializedBuffer, UninitializedParameter
from autotn.layers.reshape import Flatten, Unflatten

for _file in (
    "padding",
    "margin",
    "ctc",
    "vision",
    "conv",
    "pool",
    "norm",
    "embedding",
    "recurrent",
    "attention",
    "transformer",
):
    try:
        _module = importlib.import_module(f"autotn.layers.{_file}")
    except ImportError:  # its ops are being written
        continue
    globals().update({name: getattr(_module, name) for name in _module.__all__})
