"""The op library: one declaration each, by topic."""

from autotn.core import call, engine, views  # noqa: F401 - the engine's methods go on Tensor
from autotn.ops.arithmetic import *
from autotn.ops.convert import *
from autotn.ops.create import *
from autotn.ops.index import *
from autotn.ops.reduce import *
from autotn.ops.shape import *
