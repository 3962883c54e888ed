"""The op library: one declaration each, by topic."""

from __future__ import annotations

from types import ModuleType

from autotn.core import call, engine, retain, views
from autotn.core.views import alias as alias
from autotn.ops.activation import *
from autotn.ops.arithmetic import *
from autotn.ops.arrange import *
from autotn.ops.attention import *
from autotn.ops.bessel import *
from autotn.ops.bitwise import *
from autotn.ops.classify import *
from autotn.ops.compare import *
from autotn.ops.complex import *
from autotn.ops.conv import *
from autotn.ops.convert import *
from autotn.ops.copies import *
from autotn.ops.counting import *
from autotn.ops.create import *
from autotn.ops.decompose import *
from autotn.ops.diagonal import *
from autotn.ops.distance import *
from autotn.ops.dropout import *
from autotn.ops.eigen import *
from autotn.ops.elimination import *
from autotn.ops.embedding import *
from autotn.ops.exchange import *
from autotn.ops.extremes import *
from autotn.ops.gamma import *
from autotn.ops.gather import *
from autotn.ops.gelu import *
from autotn.ops.householder import *
from autotn.ops.in_place_names import *
from autotn.ops.in_place_shapes import *
from autotn.ops.index import *
from autotn.ops.integrate import *
from autotn.ops.join import *
from autotn.ops.logic import *
from autotn.ops.loss import *
from autotn.ops.lowrank import *
from autotn.ops.margin import *
from autotn.ops.masks import *
from autotn.ops.matmul import *
from autotn.ops.matrix import *
from autotn.ops.memory import *
from autotn.ops.norm import *
from autotn.ops.numpy_names import *
from autotn.ops.order import *
from autotn.ops.pad import *
from autotn.ops.placing import *
from autotn.ops.polynomials import *
from autotn.ops.pool import *
from autotn.ops.pool_adaptive import *
from autotn.ops.pool_indices import *
from autotn.ops.power import *
from autotn.ops.products import *
from autotn.ops.queries import *
from autotn.ops.recurrent import *
from autotn.ops.reduce import *
from autotn.ops.rounding import *
from autotn.ops.scan import *
from autotn.ops.segments import *
from autotn.ops.sequence import *
from autotn.ops.shape import *
from autotn.ops.softmax import *
from autotn.ops.solve import *
from autotn.ops.spectral import *
from autotn.ops.splitting import *
from autotn.ops.statistics import *
from autotn.ops.stft import *
from autotn.ops.stochastic import *
from autotn.ops.storages import *
from autotn.ops.transcendental import *
from autotn.ops.trigonometry import *
from autotn.ops.vision import *
from autotn.ops.windows import *

#: What `from autotn.ops import *` hands on: the functions, not the topic files they stand in.
__all__ = [
    name
    for name, value in dict(globals()).items()
    if not name.startswith("_") and not isinstance(value, ModuleType) and value is not ModuleType
]
