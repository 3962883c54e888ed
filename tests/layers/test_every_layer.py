"""Every layer answers every question of `tn.testing.check_layer`, and each question can be failed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn import nn
from autotn.testing import LAYER_QUESTIONS, check_layer

draws = np.random.default_rng(3)


def array(*shape: int, distinct: bool = False) -> Any:
    """Normal numbers, or such as differ by more than finite differences move them."""
    if distinct:
        return draws.permutation(np.prod(shape)).reshape(shape) / 7
    return draws.standard_normal(shape)


def classes(*shape: int, high: int = 3) -> Any:
    return np.random.default_rng(0).integers(0, high, shape)


def signs(*shape: int) -> Any:
    return np.random.default_rng(1).choice([-1.0, 1.0], shape)


def positive(*shape: int) -> Any:
    return np.random.default_rng(2).uniform(0.1, 0.9, shape)


#: How each layer is built and called: arguments, options, inputs, questions that do not apply.
Case = tuple[tuple[Any, ...], dict[str, Any], list[Any], tuple[str, ...]]
CASES: dict[str, Case] = {}


def layer(
    name: str, *args: Any, inputs: list[Any], skip: tuple[str, ...] = (), **kwargs: Any
) -> None:
    CASES[name] = (args, kwargs, inputs, skip)


for _name in [
    "CELU",
    "ELU",
    "GELU",
    "SELU",
    "Hardshrink",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "LeakyReLU",
    "LogSigmoid",
    "Mish",
    "PReLU",
    "RReLU",
    "ReLU",
    "ReLU6",
    "SiLU",
    "Sigmoid",
    "Softplus",
    "Softshrink",
    "Softsign",
    "Tanh",
    "Tanhshrink",
    "Identity",
    "Dropout",
    "AlphaDropout",
    "FeatureAlphaDropout",
    "Flatten",
]:
    layer(_name, inputs=[array(2, 3)])
layer("GLU", inputs=[array(2, 4)])
layer("Threshold", 0.1, 0.5, inputs=[array(2, 3)])
for _name in ("LogSoftmax", "Softmax", "Softmin"):
    layer(_name, 1, inputs=[array(2, 3)])
layer("Softmax2d", inputs=[array(1, 3, 2, 2)])
# Linear and its kind
layer("Linear", 3, 2, inputs=[array(4, 3)])
layer("LazyLinear", 2, inputs=[array(4, 3)])
layer("Bilinear", 3, 2, 4, inputs=[array(5, 3), array(5, 2)])
layer("Embedding", 5, 3, inputs=[classes(4, high=5)])
layer("EmbeddingBag", 5, 3, inputs=[classes(2, 3, high=5)])
# Windows
for _d, _shape in ((1, (6,)), (2, (5, 6)), (3, (3, 4, 3))):
    layer(f"Conv{_d}d", 2, 3, 2, inputs=[array(2, 2, *_shape)])
    layer(f"ConvTranspose{_d}d", 2, 3, 2, inputs=[array(2, 2, *_shape)])
    for _lazy in (f"LazyConv{_d}d", f"LazyConvTranspose{_d}d"):
        layer(_lazy, 3, 2, inputs=[array(2, 2, *_shape)])
    layer(f"AvgPool{_d}d", 2, inputs=[array(2, 2, *_shape)])
    layer(f"MaxPool{_d}d", 2, inputs=[array(2, 2, *_shape, distinct=True)])
    layer(f"LPPool{_d}d", 2, 2, inputs=[positive(2, 2, *_shape)])
    layer(f"AdaptiveAvgPool{_d}d", 2, inputs=[array(2, 2, *_shape)])
    layer(f"AdaptiveMaxPool{_d}d", 2, inputs=[array(2, 2, *_shape, distinct=True)])
    layer(f"ConstantPad{_d}d", 1, 0.5, inputs=[array(1, 2, *_shape)])
    for _kind in ("Circular", "Reflection", "Replication", "Zero"):
        layer(f"{_kind}Pad{_d}d", 1, inputs=[array(1, 2, *_shape)])
    layer(f"BatchNorm{_d}d", 2, inputs=[array(3, 2, *_shape)])
    layer(f"InstanceNorm{_d}d", 2, affine=True, inputs=[array(2, 2, *_shape)])
    layer(f"LazyBatchNorm{_d}d", inputs=[array(3, 2, *_shape)])
    layer(f"LazyInstanceNorm{_d}d", affine=True, inputs=[array(2, 2, *_shape)])
    layer(f"Dropout{_d}d", inputs=[array(2, 3, *_shape)])
    layer(
        f"MaxUnpool{_d}d",
        2,
        inputs=[array(1, 1, *(1 for _ in _shape)), np.zeros((1, 1, *(1 for _ in _shape)), int)],
    )
layer("FractionalMaxPool2d", 2, output_size=3, inputs=[array(1, 2, 6, 6, distinct=True)])
layer("FractionalMaxPool3d", 2, output_size=2, inputs=[array(1, 2, 4, 4, 4, distinct=True)])
layer("SyncBatchNorm", 2, inputs=[array(3, 2, 4)])
layer("Fold", (3, 3), 2, inputs=[array(1, 8, 4)])
layer("Unfold", 2, inputs=[array(1, 2, 3, 3)])
# Norms
layer("LayerNorm", 4, inputs=[array(3, 4)])
layer("RMSNorm", 4, inputs=[array(3, 4)])
layer("GroupNorm", 2, 4, inputs=[array(3, 4, 2)])
layer("LocalResponseNorm", 2, inputs=[array(2, 4, 3)])
layer("CrossMapLRN2d", 2, inputs=[array(2, 4, 3, 3)])
# Shapes and images
layer("Unflatten", 1, (2, 3), inputs=[array(2, 6)])
layer("PixelShuffle", 2, inputs=[array(1, 4, 2, 2)])
layer("PixelUnshuffle", 2, inputs=[array(1, 1, 4, 4)])
layer("ChannelShuffle", 2, inputs=[array(1, 4, 2, 2)])
layer("Upsample", scale_factor=2, inputs=[array(1, 2, 3)])
layer("UpsamplingBilinear2d", scale_factor=2, inputs=[array(1, 2, 3, 3)])
layer("UpsamplingNearest2d", scale_factor=2, inputs=[array(1, 2, 3, 3)])
# Sequences
for _name in ("RNN", "LSTM", "GRU"):
    layer(_name, 3, 2, num_layers=2, bidirectional=True, inputs=[array(4, 2, 3)])
    layer(f"{_name}Cell", 3, 2, inputs=[array(2, 3)])
layer("MultiheadAttention", 4, 2, inputs=[array(3, 2, 4), array(3, 2, 4), array(3, 2, 4)])
layer("TransformerEncoderLayer", 4, 2, 8, inputs=[array(3, 2, 4)])
layer("TransformerDecoderLayer", 4, 2, 8, inputs=[array(3, 2, 4), array(2, 2, 4)])
layer("Transformer", 4, 2, 1, 1, 8, inputs=[array(3, 2, 4), array(2, 2, 4)])
# Distances and losses
layer("CosineSimilarity", inputs=[array(3, 4), array(3, 4)])
layer("PairwiseDistance", inputs=[array(3, 4), array(3, 4)])
for _name in ("L1Loss", "MSELoss", "SmoothL1Loss", "HuberLoss"):
    layer(_name, inputs=[array(3, 4), array(3, 4)])
layer("BCELoss", inputs=[positive(3, 4), positive(3, 4)])
layer("BCEWithLogitsLoss", inputs=[array(3, 4), positive(3, 4)])
layer("KLDivLoss", reduction="batchmean", inputs=[array(3, 4), positive(3, 4)])
layer("CrossEntropyLoss", inputs=[array(4, 3), classes(4)])
layer("NLLLoss", inputs=[array(4, 3), classes(4)])
layer("NLLLoss2d", inputs=[array(2, 3, 2, 2), classes(2, 2, 2)])
layer("MultiMarginLoss", inputs=[array(4, 3), classes(4)])
layer("MultiLabelMarginLoss", inputs=[array(2, 3), np.array([[0, -1, -1], [2, 1, -1]])])
layer("MultiLabelSoftMarginLoss", inputs=[array(2, 3), positive(2, 3)])
layer("SoftMarginLoss", inputs=[array(2, 3), signs(2, 3)])
layer("HingeEmbeddingLoss", inputs=[array(2, 3), signs(2, 3)])
layer("MarginRankingLoss", inputs=[array(3), array(3), signs(3)])
layer("CosineEmbeddingLoss", inputs=[array(3, 4), array(3, 4), signs(3)])
layer("TripletMarginLoss", inputs=[array(3, 4), array(3, 4), array(3, 4)])
layer("TripletMarginWithDistanceLoss", inputs=[array(3, 4), array(3, 4), array(3, 4)])
layer("PoissonNLLLoss", inputs=[array(3, 4), positive(3, 4)])
layer("GaussianNLLLoss", inputs=[array(3, 4), array(3, 4), positive(3, 4)])
layer(
    "CTCLoss",
    inputs=[array(5, 2, 4), classes(2, 2) + 1, np.array([5, 5]), np.array([2, 2])],
    skip=("gradients_are_right",),  # PyTorch's, which is right behind a log_softmax only
)
layer(
    "AdaptiveLogSoftmaxWithLoss",
    16,
    6,
    [2, 4],
    inputs=[array(8, 16), np.array([0, 1, 2, 3, 4, 5, 2, 4])],
)
layer("LinearCrossEntropyLoss", 4, 3, inputs=[array(5, 4), classes(5)])

#: Not layers of their own: bases, containers (tests/layers/test_container.py), stacks given a layer.
OTHERS = {
    *(
        "Module",
        "ModuleDict",
        "ModuleList",
        "ParameterDict",
        "ParameterList",
        "Sequential",
        "DataParallel",
    ),
    *("RNNBase", "RNNCellBase", "TransformerDecoder", "TransformerEncoder"),
}


def test_no_layer_is_forgotten() -> None:
    found = {
        name
        for name, value in vars(nn).items()
        if isinstance(value, type) and issubclass(value, nn.Module)
    }
    assert found - OTHERS == set(CASES)


@pytest.mark.filterwarnings("ignore:NLLLoss2d has been deprecated:FutureWarning")
@pytest.mark.parametrize("name", CASES)
def test_layer(name: str) -> None:
    args, kwargs, inputs, skip = CASES[name]
    asked = check_layer(getattr(nn, name), *args, inputs=inputs, skip=skip, **kwargs)
    assert asked == len(LAYER_QUESTIONS) - len(skip)


def test_stacks_and_containers() -> None:
    def encoder() -> Any:
        return nn.TransformerEncoder(
            nn.TransformerEncoderLayer(4, 2, 8), 2, enable_nested_tensor=False
        )

    check_layer(encoder, inputs=[array(3, 2, 4)])
    check_layer(
        lambda: nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)), inputs=[array(5, 3)]
    )


# -- layers with a mistake ---------------------------------------------------------------------------


class Forgetful(nn.Module):
    """Its weight is no parameter."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = tn.ones(3, requires_grad=True)

    def forward(self, x: Any) -> Any:
        return x * self.weight


class Unused(nn.Module):
    """One parameter is never used."""

    def __init__(self) -> None:
        super().__init__()
        self.used, self.idle = nn.Parameter(tn.ones(3)), nn.Parameter(tn.ones(3))

    def forward(self, x: Any) -> Any:
        return x * self.used


class Writing(nn.Module):
    """It writes into its input."""

    def forward(self, x: Any) -> Any:
        with tn.no_grad():
            x *= 2
        return x * 1


class Widening(nn.Module):
    """A NumPy number widens float32."""

    def forward(self, x: Any) -> Any:
        return x * tn.tensor([1.5], dtype=tn.float64)


class Counting(nn.Module):
    """It changes a buffer in evaluation mode."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("count", tn.zeros(1))

    def forward(self, x: Any) -> Any:
        self.count += 1
        return x + 0 * self.count


class Stateful(nn.Module):
    """What it computes with is not in its state."""

    made = 0

    def __init__(self) -> None:
        super().__init__()
        type(self).made += 1
        self.offset = type(self).made

    def forward(self, x: Any) -> Any:
        return x + self.offset


class StuckInTraining(nn.Module):
    """Its train() forgets its member."""

    def __init__(self) -> None:
        super().__init__()
        self.member = nn.Dropout()

    def train(self, mode: bool = True) -> Any:
        self.training = mode
        return self

    def forward(self, x: Any) -> Any:
        return self.member(x)


class _WrongSlope(tn.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x * 3

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g * 2


class Mistaken(nn.Module):
    """Its gradient is wrong."""

    def forward(self, x: Any) -> Any:
        return _WrongSlope.apply(x)


@pytest.mark.parametrize(
    ("made", "question", "words"),
    [
        (Forgetful, "knows_its_parameters", "assign them as nn.Parameter"),
        (Unused, "parameters_learn", "'idle' gets no gradient"),
        (Writing, "inputs_stay", "input 0 was changed"),
        (Widening, "dtype_follows", "result 0 is tn.float64"),
        (Counting, "repeats_itself", "buffer 'count' changed in eval mode"),
        (Stateful, "state_travels", "after load_state_dict"),
        (StuckInTraining, "modes_reach_everything", "does not reach member"),
        (Mistaken, "gradients_are_right", ""),
    ],
)
def test_a_mistake_is_found_by_the_question_about_it(
    made: Callable[[], Any], question: str, words: str
) -> None:
    others = [q.__name__ for q in LAYER_QUESTIONS if q.__name__ != question]
    with pytest.raises(AssertionError, match=f"(?s)question '{question}'.*{words}"):
        check_layer(made, inputs=[array(2, 3)], skip=others)


def test_what_is_no_module_is_refused() -> None:
    with pytest.raises(AssertionError, match="gives a int, not a Module"):
        check_layer(lambda: 3, inputs=[array(2)])  # type: ignore[arg-type, return-value]


def test_an_unknown_question_is_refused() -> None:
    with pytest.raises(ValueError, match="the questions are repeats_itself"):
        check_layer(nn.ReLU, inputs=[array(2)], skip=("speed",))


def test_the_generator_is_left_as_it_was() -> None:
    before = tn.get_rng_state()
    check_layer(nn.Linear, 3, 2, inputs=[array(4, 3)])
    assert tn.equal(tn.get_rng_state(), before)
