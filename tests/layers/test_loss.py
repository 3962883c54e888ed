"""Every loss module against PyTorch's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn import nn
from tests.layers.against import compare, fixed, given, integers, label, normal, signs, uniform

PAIR = [normal(4, 3), normal(4, 3)]
SCORES = [normal(5, 3), integers(5)]
MAPS = [normal(2, 3, 4, 2), integers(2, 4, 2)]
WEIGHTS = np.array([0.2, 1.5, 0.7], np.float32)
PROBABILITIES = [uniform(4, 3), fixed(uniform(4, 3))]
LOGITS = [normal(4, 3), fixed(uniform(4, 3))]

CASES: list[tuple[Any, ...]] = [
    ("L1Loss", {}, PAIR),
    ("MSELoss", {}, PAIR),
    ("SmoothL1Loss", {}, PAIR),
    ("SmoothL1Loss", {"beta": 0.3}, PAIR),
    ("SmoothL1Loss", {"beta": 0.0}, PAIR),
    ("HuberLoss", {}, PAIR),
    ("HuberLoss", {"delta": 0.3}, PAIR),
    ("NLLLoss", {}, SCORES),
    ("NLLLoss", {"weight": WEIGHTS, "ignore_index": 1}, SCORES),
    ("NLLLoss", {}, MAPS),
    ("CrossEntropyLoss", {}, SCORES),
    ("CrossEntropyLoss", {"weight": WEIGHTS}, SCORES),
    ("CrossEntropyLoss", {"ignore_index": 2}, SCORES),
    ("CrossEntropyLoss", {"label_smoothing": 0.2, "weight": WEIGHTS, "ignore_index": 0}, SCORES),
    ("CrossEntropyLoss", {"weight": WEIGHTS, "label_smoothing": 0.1}, MAPS),
    ("CrossEntropyLoss", {"weight": WEIGHTS, "label_smoothing": 0.1}, LOGITS),
    ("CrossEntropyLoss", {}, [normal(3), given(np.array(2))]),
    ("LinearCrossEntropyLoss", {"in_features": 4, "num_classes": 3}, [normal(5, 4), integers(5)]),
    (
        "LinearCrossEntropyLoss",
        {
            "in_features": 4,
            "num_classes": 3,
            "out_features": (2, 3),
            "bias": True,
            "weight": WEIGHTS,
            "label_smoothing": 0.1,
        },
        [normal(5, 4), integers(5, 2, 3)],
    ),
    ("PoissonNLLLoss", {}, [normal(4, 3), fixed(uniform(4, 3, high=5.0))]),
    (
        "PoissonNLLLoss",
        {"log_input": False, "full": True},
        [uniform(4, 3, high=2.0), fixed(uniform(4, 3, high=5.0))],
    ),
    ("GaussianNLLLoss", {}, [normal(4, 3), normal(4, 3), uniform(4, 3)]),
    ("GaussianNLLLoss", {"full": True, "eps": 0.5}, [normal(4, 3), normal(4, 3), uniform(4, 1)]),
    ("KLDivLoss", {}, [normal(4, 3), fixed(uniform(4, 3))]),
    ("KLDivLoss", {"log_target": True}, PAIR),
    ("BCELoss", {}, PROBABILITIES),
    ("BCELoss", {"weight": WEIGHTS}, PROBABILITIES),
    ("BCEWithLogitsLoss", {}, LOGITS),
    ("BCEWithLogitsLoss", {"weight": WEIGHTS, "pos_weight": WEIGHTS + 1}, LOGITS),
    ("HingeEmbeddingLoss", {}, [normal(4, 3), signs(4, 3)]),
    ("HingeEmbeddingLoss", {"margin": 2.0}, [normal(4, 3), signs(4, 3)]),
    ("MultiLabelMarginLoss", {}, [normal(2, 4), given(np.array([[3, 0, -1, 1], [1, -1, 0, 0]]))]),
    ("SoftMarginLoss", {}, [normal(4, 3), signs(4, 3)]),
    ("MultiLabelSoftMarginLoss", {}, LOGITS),
    ("MultiLabelSoftMarginLoss", {"weight": WEIGHTS}, LOGITS),
    ("CosineEmbeddingLoss", {}, [normal(4, 3), normal(4, 3), signs(4)]),
    ("CosineEmbeddingLoss", {"margin": 0.3}, [normal(4, 3), normal(4, 3), signs(4)]),
    ("MarginRankingLoss", {"margin": 0.3}, [normal(6), normal(6), signs(6)]),
    ("MultiMarginLoss", {}, SCORES),
    ("MultiMarginLoss", {"p": 2, "margin": 0.5, "weight": WEIGHTS}, SCORES),
    ("TripletMarginLoss", {}, [normal(4, 3), normal(4, 3), normal(4, 3)]),
    (
        "TripletMarginLoss",
        {"margin": 2.0, "p": 1.0, "swap": True},
        [normal(4, 3), normal(4, 3), normal(4, 3)],
    ),
    ("TripletMarginWithDistanceLoss", {}, [normal(4, 3), normal(4, 3), normal(4, 3)]),
    (
        "TripletMarginWithDistanceLoss",
        {"margin": 2.0, "swap": True},
        [normal(4, 3), normal(4, 3), normal(4, 3)],
    ),
]


@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides")
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(("name", "kwargs", "inputs"), CASES, ids=label)
def test_loss(torch: Any, name: str, kwargs: Any, inputs: Any, reduction: str) -> None:
    compare(torch, name, (), {**kwargs, "reduction": reduction}, inputs=inputs, modes=[True])


def test_batchmean_is_the_divergence(torch: Any) -> None:
    inputs = [normal(4, 3), fixed(uniform(4, 3))]
    compare(torch, "KLDivLoss", (), {"reduction": "batchmean"}, inputs=inputs, modes=[True])


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("blank", [0, 4])
def test_ctc(torch: Any, reduction: str, blank: int) -> None:
    def log_probs(rng: np.random.Generator) -> Any:
        x = rng.standard_normal((6, 2, 5))
        return (x - np.log(np.exp(x).sum(2, keepdims=True))).astype(np.float32)

    labels = integers(2, 3, low=1, high=4)
    lengths = [given(np.array([6, 5])), given(np.array([3, 2]))]
    kwargs = {"blank": blank, "reduction": reduction}
    compare(torch, "CTCLoss", (), kwargs, inputs=[log_probs, labels, *lengths], modes=[True])


def test_ctc_of_impossible_alignments(torch: Any) -> None:
    def log_probs(rng: np.random.Generator) -> Any:
        return np.full((2, 1, 3), -np.log(3), np.float32)

    inputs = [log_probs, given(np.array([[1, 1, 2]])), given((2,)), given((3,))]
    compare(torch, "CTCLoss", (), {"zero_infinity": True}, inputs=inputs, modes=[True])


@pytest.mark.parametrize(
    ("size_average", "reduce", "expected"),
    [(True, None, "mean"), (False, None, "sum"), (None, False, "none"), (True, True, "mean")],
)
def test_old_words_for_reduction(size_average: Any, reduce: Any, expected: str) -> None:
    with pytest.warns(UserWarning, match=f"reduction='{expected}'"):
        assert nn.MSELoss(size_average, reduce).reduction == expected


def test_old_name_of_nll() -> None:
    with pytest.warns(FutureWarning, match="NLLLoss2d"):
        assert isinstance(nn.NLLLoss2d(), nn.NLLLoss)


def test_a_distance_that_is_a_module_is_trained() -> None:
    class Learned(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(tn.ones(3))

        def forward(self, a: Any, b: Any) -> Any:
            return ((a - b) * self.weight).abs().sum(-1)

    loss = nn.TripletMarginWithDistanceLoss(distance_function=Learned())
    assert [name for name, _ in loss.named_parameters()] == ["distance_function.weight"]
    loss(tn.zeros(2, 3), tn.ones(2, 3), tn.ones(2, 3) * 2).backward()
    assert next(loss.parameters()).grad is not None


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: nn.MultiMarginLoss(p=3), "only p == 1 and p == 2"),
        (lambda: nn.MultiMarginLoss(weight=tn.ones(2, 2)), "one dimension"),
        (lambda: nn.TripletMarginLoss(margin=0), "margin to be greater than 0, got 0"),
        (lambda: nn.TripletMarginWithDistanceLoss(margin=-1), "margin to be greater than 0"),
    ],
)
def test_impossible_arguments_are_refused(make: Any, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        make()


# --------------------------------------------------------------------- adaptive softmax


@pytest.mark.parametrize(
    "kwargs", [{"div_value": 2.0}, {"div_value": 1.5, "head_bias": True}], ids=["plain", "bias"]
)
def test_adaptive_softmax(torch: Any, kwargs: Any) -> None:
    args = (16, 20, [5, 10, 15])
    inputs = [normal(12, 16), integers(12, high=20)]
    compare(torch, "AdaptiveLogSoftmaxWithLoss", args, kwargs, inputs=inputs, modes=[True])
    ours = nn.AdaptiveLogSoftmaxWithLoss(*args, **kwargs)
    theirs = torch.nn.AdaptiveLogSoftmaxWithLoss(*args, **kwargs)
    ours.load_state_dict(theirs.state_dict())
    x = np.random.default_rng(3).standard_normal((9, 16)).astype(np.float32)
    np.testing.assert_allclose(
        ours.log_prob(tn.tensor(x)).detach().numpy(),
        theirs.log_prob(torch.tensor(x)).detach().numpy(),
        rtol=1e-5,
        atol=1e-5,
    )
    assert ours.predict(tn.tensor(x)).tolist() == theirs.predict(torch.tensor(x)).tolist()
    single = ours(tn.tensor(x[0]), tn.tensor(17))
    assert single.output.shape == ()
    assert float(single.loss) == pytest.approx(-float(single.output))


@pytest.mark.parametrize(
    ("cutoffs", "match"),
    [
        ([], "length larger than 0"),
        ([5, 5], "unique"),
        ([0, 5], "positive"),
        ([5, 20], "n_classes"),
    ],
)
def test_impossible_cutoffs_are_refused(cutoffs: Any, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        nn.AdaptiveLogSoftmaxWithLoss(16, 20, cutoffs)


def test_adaptive_softmax_checks_its_targets() -> None:
    softmax = nn.AdaptiveLogSoftmaxWithLoss(16, 20, [5])
    with pytest.raises(
        RuntimeError, match=r"should be in \[0, 19\], but values in range \[0, 20\]"
    ):
        softmax(tn.ones(2, 16), tn.tensor([0, 20]))
    with pytest.raises(ValueError, match="3 inputs but 2 targets"):
        softmax(tn.ones(3, 16), tn.tensor([0, 2]))
    with pytest.raises(ValueError, match="0-d target"):
        softmax(tn.ones(3, 16), tn.tensor([[0, 2]]))
