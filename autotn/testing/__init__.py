"""Questions to ask of an op or a layer, of the house or of your own."""

from __future__ import annotations

from autotn.testing.check_layer import LAYER_QUESTIONS, check_layer
from autotn.testing.check_op import QUESTIONS, check_op
from autotn.testing.closeness import assert_close
from autotn.testing.gradcheck import gradcheck, gradgradcheck
from autotn.testing.sample import ErrorSample, Sample, constant, make_array, make_tensor, samples

__all__ = [
    "LAYER_QUESTIONS", "check_layer",
    "QUESTIONS", "ErrorSample", "Sample", "assert_close", "check_op", "constant", "gradcheck", "gradgradcheck",
    "make_array", "make_tensor", "samples",
]  # fmt: skip
